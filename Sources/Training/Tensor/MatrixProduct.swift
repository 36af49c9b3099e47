// SPDX-License-Identifier: Apache-2.0
import COpenBLAS

/// A row-major matrix inside some array: `rows × columns` after `isTransposed` has been applied.
struct Matrix {
    /// The first element.
    let pointer: UnsafePointer<Float>
    /// Distance between stored rows, in floats.
    let stride: Int
    /// Whether the stored matrix is the transpose of the one meant.
    let isTransposed: Bool

    init(_ pointer: UnsafePointer<Float>, stride: Int, isTransposed: Bool = false) {
        self.pointer = pointer
        self.stride = stride
        self.isTransposed = isTransposed
    }
}

/// `result (rows, columns) = a (rows, inner) · b (inner, columns)`, or `+=` when accumulating. Runs on the calling thread.
@inline(__always)
func multiply(
    _ a: Matrix, _ b: Matrix, rows: Int, inner: Int, columns: Int, into result: UnsafeMutablePointer<Float>,
    stride: Int, accumulating: Bool = false
) {
    OpenBLASCore.useOneThread()
    cblas_sgemm(
        CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans,
        blasint(rows), blasint(columns), blasint(inner), 1, a.pointer, blasint(a.stride), b.pointer,
        blasint(b.stride), accumulating ? 1 : 0, result, blasint(stride))
}
