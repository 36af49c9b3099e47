// SPDX-License-Identifier: Apache-2.0
import CTraining

private let elementGrain = 1 << 15

/// `max(x, 0)` of each element; NaN stays NaN, the gradient at 0 is 0.
public func relu(_ x: Tensor) -> Tensor {
    let input = x.storage, result = Storage(count: x.count)
    Workers.forEachRun(of: x.count, grain: elementGrain) { at, count in
        ct_relu(input.pointer + at, count, result.pointer + at)
    }
    let xLineage = x.lineage
    return Tensor.result(shape: x.shape, storage: result, of: [x]) { lineage in
        // dx = dy where y > 0.
        guard let dy = lineage.takeWritable() else { return }
        Workers.forEachRun(of: dy.count, grain: elementGrain) { at, count in
            ct_relu_backward(dy.pointer + at, result.pointer + at, count, dy.pointer + at)
        }
        xLineage?.accumulate(dy)
    }
}

/// `x + y` of two tensors of one shape, then optionally ReLU.
public func add(_ x: Tensor, _ y: Tensor, relu: Bool = false) -> Tensor {
    precondition(x.shape == y.shape, "add: shapes \(x.shape) and \(y.shape) differ")
    let (first, second, result) = (x.storage, y.storage, Storage(count: x.count))
    Workers.forEachRun(of: x.count, grain: elementGrain) { at, count in
        ct_add(first.pointer + at, second.pointer + at, count, relu, result.pointer + at)
    }
    let (xLineage, yLineage) = (x.lineage, y.lineage)
    let output = relu ? result : nil
    return Tensor.result(shape: x.shape, storage: result, of: [x, y]) { lineage in
        // dx = dy = dresult (where the result is > 0).
        guard let gradient = output == nil ? lineage.stored() : lineage.takeWritable() else { return }
        if let output {
            Workers.forEachRun(of: gradient.count, grain: elementGrain) { at, count in
                ct_relu_backward(gradient.pointer + at, output.pointer + at, count, gradient.pointer + at)
            }
        }
        xLineage?.accumulate(gradient)
        yLineage?.accumulate(gradient)
    }
}

/// Each element times a constant.
public func scaled(_ x: Tensor, by factor: Float) -> Tensor {
    let input = x.storage, result = Storage(count: x.count)
    Workers.forEachRun(of: x.count, grain: elementGrain) { at, count in
        ct_scale(input.pointer + at, factor, count, result.pointer + at)
    }
    let xLineage = x.lineage
    return Tensor.result(shape: x.shape, storage: result, of: [x]) { lineage in
        guard let dy = lineage.takeWritable() else { return }
        Workers.forEachRun(of: dy.count, grain: elementGrain) { at, count in
            ct_scale(dy.pointer + at, factor, count, dy.pointer + at)
        }
        xLineage?.accumulate(dy)
    }
}

/// The sum of all elements, as a tensor of shape `[]`; added up in double precision, in a fixed order.
public func sum(_ x: Tensor) -> Tensor {
    let input = x.storage, count = x.count
    let result = number(Float(sumOfRuns(count) { at, count in ct_sum(input.pointer + at, count) }))
    let xLineage = x.lineage
    return Tensor.result(shape: [], storage: result, of: [x]) { lineage in
        // dx = dy everywhere.
        guard let dy = lineage.stored() else { return }
        let dx = Storage(count: count)
        dx.pointer.update(repeating: dy.pointer[0], count: count)
        xLineage?.accumulate(dx)
    }
}

/// The mean of `(a − b)²` over all elements, as a tensor of shape `[]`; both sides may receive a gradient.
public func meanSquaredError(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.shape == b.shape, "meanSquaredError: shapes \(a.shape) and \(b.shape) differ")
    let (first, second, count) = (a.storage, b.storage, a.count)
    let total = sumOfRuns(count) { at, count in
        ct_squared_difference(first.pointer + at, second.pointer + at, count)
    }
    let (aLineage, bLineage) = (a.lineage, b.lineage)
    return Tensor.result(shape: [], storage: number(Float(total / Double(max(1, count)))), of: [a, b]) { lineage in
        // da = 2 (a − b) / count · dy = −db.
        guard let dy = lineage.stored() else { return }
        let factor = 2 * dy.pointer[0] / Float(max(1, count))
        for (target, left, right) in [(aLineage, first, second), (bLineage, second, first)] {
            guard let target else { continue }
            let gradient = Storage(count: count)
            Workers.forEachRun(of: count, grain: elementGrain) { at, count in
                ct_scaled_difference(
                    left.pointer + at, right.pointer + at, factor, count, gradient.pointer + at)
            }
            target.accumulate(gradient)
        }
    }
}

/// A storage of one number.
func number(_ value: Float) -> Storage {
    let storage = Storage(count: 1)
    storage.pointer[0] = value
    return storage
}

/// Σ of `part` over runs of `0..<count`, added in order.
func sumOfRuns(
    _ count: Int, grain: Int = 1 << 15, _ part: (_ start: Int, _ count: Int) -> Double
) -> Double {
    var sums = [Double](repeating: 0, count: (count + grain - 1) / grain)
    sums.withUnsafeMutableBufferPointer { sums in
        Workers.forEachRun(of: count, grain: grain) { start, count in sums[start / grain] = part(start, count) }
    }
    return sums.reduce(0, +)
}
