// SPDX-License-Identifier: Apache-2.0

import COpenBLAS

/// The lower triangle L of a symmetric matrix H = L Lᵀ, `(side, side)`, row major, in double precision.
package struct CholeskyFactor {
    let side: Int
    /// Row major; what stands above the diagonal means nothing.
    package private(set) var values: [Double]

    private static let block = 64

    /// Factorises in place, block by block; the same bits on any number of threads.
    ///
    /// - Parameters:
    ///   - matrix: the lower triangle is read.
    ///   - floor: smallest pivot, > 0; what rounding pushed below it is lifted.
    package init(_ matrix: [Double], side: Int, floor: Double) {
        self.side = side
        values = matrix
        values.withUnsafeMutableBufferPointer { buffer in
            guard let a = buffer.baseAddress else { return }
            for start in stride(from: 0, to: side, by: Self.block) {
                let end = min(side, start + Self.block)
                for row in start..<end {
                    Self.eliminate(a, side: side, row: row, from: start, to: row)
                    var pivot = a[row * side + row]
                    for k in start..<row { pivot -= a[row * side + k] * a[row * side + k] }
                    a[row * side + row] = max(pivot, floor).squareRoot()
                }
                let rest = side - end
                Workers.forEach(rest) { index, _ in
                    Self.eliminate(a, side: side, row: end + index, from: start, to: end)
                }
                // What the finished columns explain is taken from the rows below, a strip of rows at a time.
                let strips = (rest + Self.block - 1) / Self.block
                Workers.forEach(strips) { strip, _ in
                    OpenBLASCore.useOneThread()
                    let row = end + strip * Self.block
                    let rows = min(Self.block, side - row)
                    cblas_dgemm(
                        CblasRowMajor, CblasNoTrans, CblasTrans, blasint(rows), blasint(row + rows - end),
                        blasint(end - start), -1, a + row * side + start, blasint(side), a + end * side + start,
                        blasint(side), 1, a + row * side + end, blasint(side))
                }
            }
        }
    }

    /// Solves one row of L for some columns of a block that stand left of the diagonal.
    private static func eliminate(
        _ a: UnsafeMutablePointer<Double>, side: Int, row: Int, from start: Int, to end: Int
    ) {
        let own = a + row * side
        for column in start..<end {
            let other = a + column * side
            var sum = own[column]
            for k in start..<column { sum -= own[k] * other[k] }
            own[column] = sum / other[column]
        }
    }
}
