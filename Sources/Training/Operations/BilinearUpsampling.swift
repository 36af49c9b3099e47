// SPDX-License-Identifier: Apache-2.0
import CTraining

/// Bilinear interpolation to another size, corners not aligned: output pixel `i` looks at `(i + ½) · H / OH − ½`, clamped
/// to the picture. Smaller sizes work too, without a filter.
///
/// - Parameters:
///   - x: `(N, H, W, C)`.
///   - height: OH.
///   - width: OW.
/// - Returns: `(N, OH, OW, C)`.
public func bilinearUpsampling(_ x: Tensor, height: Int, width: Int) -> Tensor {
    let (n, h, w, channels) = x.extents
    precondition(h > 0 && w > 0 && height > 0 && width > 0, "bilinear: from \(x.shape) to \(height)×\(width)")
    let rows = Interpolation(from: h, to: height), columns = Interpolation(from: w, to: width)
    let input = x.storage, result = Storage(count: n * height * width * channels)

    // Forward: y = (1−v)((1−h) x00 + h x01) + v ((1−h) x10 + h x11).
    Workers.forEach(n) { picture, _ in
        ct_bilinear(
            input.pointer + picture * h * w * channels, Int32(w), Int32(channels), rows.first, rows.second,
            rows.weight, columns.first, columns.second, columns.weight, Int32(height), Int32(width),
            result.pointer + picture * height * width * channels)
    }

    let xLineage = x.lineage
    return Tensor.result(shape: [n, height, width, channels], storage: result, of: [x]) { lineage in
        // Backward: the same four weights spread dy.
        guard let dy = lineage.stored(), let xLineage else { return }
        let dx = xLineage.target()
        Workers.forEach(n) { picture, _ in
            let to = dx.pointer + picture * h * w * channels
            if dx.isFresh { to.update(repeating: 0, count: h * w * channels) }
            ct_bilinear_backward(
                dy.pointer + picture * height * width * channels, Int32(w), Int32(channels), rows.first,
                rows.second, rows.weight, columns.first, columns.second, columns.weight, Int32(height),
                Int32(width), to)
        }
    }
}

/// For each output coordinate the two input coordinates and the weight of the second.
private struct Interpolation {
    var first: [Int32] = [], second: [Int32] = []
    var weight: [Float] = []

    init(from input: Int, to output: Int) {
        let scale = Double(input) / Double(output)
        for i in 0..<output {
            let place = max(0, (Double(i) + 0.5) * scale - 0.5)
            let low = min(input - 1, Int(place))
            first.append(Int32(low))
            second.append(Int32(min(input - 1, low + 1)))
            weight.append(Float(place - Double(low)))
        }
    }
}
