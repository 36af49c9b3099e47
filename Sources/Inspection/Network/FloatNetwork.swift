// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Runs a plan in float32 on one thread: the golden reference of every other engine.
///
/// All buffers are made once; a run allocates nothing. One runner belongs to one thread, a plan may be shared.
public final class FloatNetwork {
    /// The plan that is run.
    public let plan: NetworkPlan
    private let normalisation = PixelNormalisation()
    /// One bordered map per value, in the plan's order; nil where fusion left no value.
    private let maps: [BorderedMap?]

    /// Makes the buffers of one runner.
    public init(plan: NetworkPlan) {
        self.plan = plan
        var used = Set([0])
        for (position, step) in plan.steps.enumerated() where !step.inputs.isEmpty { used.insert(position + 1) }
        maps = plan.shapes.enumerated().map { value, shape in
            used.contains(value) ? BorderedMap(shape: shape, border: plan.borders[value]) : nil
        }
    }

    /// Runs the network on one picture.
    ///
    /// - Parameter pixels: `(size, size, 3)` bytes, RGB.
    /// - Precondition: as many bytes as the plan's input size wants.
    public func run(_ pixels: [UInt8]) {
        let size = plan.inputSize
        precondition(pixels.count == size * size * 3, "a picture of the plan's input size")
        guard let input = maps[0] else { return }
        pixels.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            for y in 0..<size {
                normalisation.apply(base + y * size * 3, to: input.interior + y * input.row, width: size)
            }
        }
        for (position, step) in plan.steps.enumerated() {
            guard let output = maps[position + 1] else { continue }
            run(step, into: output)
        }
    }

    /// The map of a level after a run: first value, floats from row to row, shape. Valid until the next run.
    public func map(of level: Level) -> (values: UnsafePointer<Float>, row: Int, shape: NetworkPlan.Shape)? {
        guard let output = plan.outputs.first(where: { $0.level == level }), let map = maps[output.value] else {
            return nil
        }
        return (UnsafePointer(map.interior), map.row, map.shape)
    }

    /// A copy of a level's map, `(height, width, channels)`, without border.
    public func values(of level: Level) -> [Float] {
        guard let (values, row, shape) = map(of: level) else { return [] }
        var result: [Float] = []
        result.reserveCapacity(shape.height * shape.width * shape.channels)
        for y in 0..<shape.height {
            result.append(contentsOf: UnsafeBufferPointer(start: values + y * row, count: shape.width * shape.channels))
        }
        return result
    }

    private func run(_ step: NetworkPlan.Step, into output: BorderedMap) {
        guard let first = step.inputs.first, let input = maps[first] else { return }
        switch step.node.operation {
        case .convolution: convolve(step, input, into: output)
        case .maximumPooling, .averagePooling: pool(step, input, into: output)
        case .add:
            guard let other = maps[step.inputs[1]] else { return }
            for y in 0..<output.shape.height {
                ck_add_f32(
                    input.interior + y * input.row, other.interior + y * other.row, output.interior + y * output.row,
                    output.shape.width * output.shape.channels, step.node.relu ? 1 : 0)
            }
        }
    }

    private func convolve(_ step: NetworkPlan.Step, _ input: BorderedMap, into output: BorderedMap) {
        let node = step.node
        let residual = step.residual >= 0 ? maps[step.residual] : nil
        var work = ck_convolution_work_f32()
        work.input = UnsafePointer(
            input.interior - node.padding * input.row - node.padding * input.shape.channels)
        work.input_row = input.row
        work.input_pixel = input.shape.channels
        work.weights = UnsafePointer(step.weights)
        work.bias = UnsafePointer(step.bias)
        work.residual = UnsafePointer(residual?.interior)
        work.residual_row = residual?.row ?? 0
        work.output = output.interior
        work.output_row = output.row
        work.height = Int32(output.shape.height)
        work.width = Int32(output.shape.width)
        work.channels = Int32(output.shape.channels)
        work.kernel_height = Int32(node.kernel)
        work.run = Int32(node.kernel * input.shape.channels)
        work.stride = Int32(node.stride)
        work.relu = node.relu ? 1 : 0
        ck_convolution_f32(&work)
    }

    private func pool(_ step: NetworkPlan.Step, _ input: BorderedMap, into output: BorderedMap) {
        var work = ck_pooling_work_f32()
        work.input = UnsafePointer(input.interior)
        work.input_row = input.row
        work.input_height = Int32(input.shape.height)
        work.input_width = Int32(input.shape.width)
        work.output = output.interior
        work.output_row = output.row
        work.height = Int32(output.shape.height)
        work.width = Int32(output.shape.width)
        work.channels = Int32(output.shape.channels)
        work.kernel = Int32(step.node.kernel)
        work.stride = Int32(step.node.stride)
        work.padding = Int32(step.node.padding)
        if step.node.operation == .maximumPooling {
            ck_maximum_pooling_f32(&work)
        } else {
            ck_average_pooling_f32(&work)
        }
    }
}

/// A channels-last map with a border of zeros that convolutions read and nothing writes.
final class BorderedMap {
    let shape: NetworkPlan.Shape
    /// Floats from one row to the next.
    let row: Int
    /// First value inside the border.
    let interior: UnsafeMutablePointer<Float>
    private let storage: UnsafeMutablePointer<Float>

    init(shape: NetworkPlan.Shape, border: Int) {
        self.shape = shape
        row = (shape.width + 2 * border) * shape.channels
        let count = row * (shape.height + 2 * border)
        storage = .allocate(capacity: count)
        storage.initialize(repeating: 0, count: count)
        interior = storage + border * row + border * shape.channels
    }

    deinit { storage.deallocate() }
}
