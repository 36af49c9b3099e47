// SPDX-License-Identifier: Apache-2.0

import CTraining
import Inspection

/// Makes a float32 network one of integers, layer after layer, each with the integer layers before it in place.
///
/// - Ranges: a histogram of every map over the select parts, cut by a `RangeMethod`.
/// - Weights: symmetric, one scale per output channel, rounded with feedback (`FeedbackRounding`) on the inputs that the integer
///   network really gives.
/// - Bias: whatever makes each output channel's mean over the select parts that of the float32 network, so that errors of
///   earlier layers and of rounding do not add up to a shift (bias correction; Nagel et al., ICCV 2019).
///
/// The integer network is simulated in float32, which holds its sums up to 2²⁴ exactly: more than enough for statistics.
package struct NetworkQuantiser {
    /// Samples of its inputs that a layer's rounding learns from.
    private static let samples = 8192

    private let graph: NetworkGraph
    private let weights: Weights
    private let method: RangeMethod
    private let levels: Int
    private let size: Int
    private let pictures: [[UInt8]]
    /// Convolutions whose only use is the first input of an addition, and that addition.
    private let fused: [String: String]
    /// How many nodes still read a map.
    private var readers: [String: Int]

    /// Maps of all pictures, `(N, H, W, C)`.
    private var exact: [String: Tensor] = [:]
    private var codes: [String: Tensor] = [:]
    private var scales: [String: Float] = [:]
    private var convolutions: [String: QuantisedNetwork.Convolution] = [:]

    /// Quantises a network.
    ///
    /// - Parameters:
    ///   - weights: batch norm folded.
    ///   - pictures: select parts, `(size, size, 3)` bytes each.
    ///   - activationMaximum: 127 or 255.
    /// - Throws: `TrainingError` for a graph that the integer engine does not know, or maps that are not finite.
    package static func quantise(
        graph: NetworkGraph, weights: Weights, pictures: [[UInt8]], size: Int, method: RangeMethod,
        activationMaximum: Int
    ) throws(TrainingError) -> QuantisedNetwork {
        var quantiser = NetworkQuantiser(
            graph: graph, weights: weights, pictures: pictures, size: size, method: method, levels: activationMaximum)
        for node in graph.nodes { try quantiser.take(node) }
        return QuantisedNetwork(
            graph: graph, convolutions: quantiser.convolutions, activations: quantiser.scales,
            activationMaximum: activationMaximum)
    }

    private init(
        graph: NetworkGraph, weights: Weights, pictures: [[UInt8]], size: Int, method: RangeMethod, levels: Int
    ) {
        self.graph = graph
        self.weights = weights
        self.pictures = pictures
        self.size = size
        self.method = method
        self.levels = levels
        var readers: [String: Int] = [:]
        for node in graph.nodes { for input in node.inputs { readers[input, default: 0] += 1 } }
        var fused: [String: String] = [:]
        for addition in graph.nodes where addition.operation == .add {
            let first = addition.inputs[0]
            if let node = graph.nodes.first(where: { $0.name == first }), node.operation == .convolution, !node.relu,
                readers[first] == 1, !graph.outputs.values.contains(first)
            {
                fused[first] = addition.name
            }
        }
        self.readers = readers
        self.fused = fused
    }

    private mutating func take(_ node: NetworkGraph.Node) throws(TrainingError) {
        switch node.operation {
        case .convolution:
            // One that an addition follows is taken together with it.
            guard fused[node.name] == nil else { return }
            try quantise(node, name: node.name, relu: node.relu, residual: nil)
        case .add:
            guard fused[node.inputs[0]] == node.name,
                let convolution = graph.nodes.first(where: { $0.name == node.inputs[0] })
            else { throw unknown(node, "an addition whose first input is a convolution of its own") }
            try quantise(convolution, name: node.name, relu: node.relu, residual: node.inputs[1])
            release(node.inputs[1])
        case .maximumPooling, .averagePooling:
            guard let x = exact[node.inputs[0]], let q = codes[node.inputs[0]] else { throw unknown(node, "maps") }
            func pool(_ map: Tensor) -> Tensor {
                node.operation == .maximumPooling
                    ? maxPooling(map, kernel: node.kernel, stride: node.stride, padding: node.padding)
                    : averagePooling(map, kernel: node.kernel, stride: node.stride)
            }
            exact[node.name] = pool(x)
            codes[node.name] = pool(q)
            scales[node.name] = scales[node.inputs[0]]
            release(node.inputs[0])
        }
        if (readers[node.name] ?? 0) == 0 { drop(node.name) }
    }

    private mutating func release(_ name: String) {
        readers[name, default: 1] -= 1
        if readers[name] == 0 { drop(name) }
    }

    private mutating func drop(_ name: String) {
        exact[name] = nil
        codes[name] = nil
    }

    /// One convolution with what it adds to itself: `name` is the map that results.
    private mutating func quantise(
        _ node: NetworkGraph.Node, name: String, relu: Bool, residual: String?
    ) throws(TrainingError) {
        guard let weight = weights[node.name + ".weight"], weight.shape.count == 4 else {
            throw unknown(node, "weights (out, in, height, width)")
        }
        let input = node.inputs[0]
        let isPicture = input == "input"
        guard let x = isPicture ? normalised() : exact[input],
            let q = isPicture ? bordered(node.padding) : codes[input]
        else { throw unknown(node, "maps") }
        let padding = isPicture ? 0 : node.padding
        let inputScale = isPicture ? 1 : scales[input] ?? 1
        let bias = weights[node.name + ".bias"]?.values ?? .init(repeating: 0, count: weight.shape[0])

        // float32, with what is added: the target.
        var layout = WeightLayout(weight)
        let target = convolution(
            x, weight: layout.tensor(layout.values), bias: Tensor(shape: [bias.count], values: bias),
            stride: node.stride, padding: node.padding)
        if let residual {
            guard let other = exact[residual] else { throw unknown(node, "maps") }
            target.add(other, scale: 1)
        }

        // Weights. Those that read the picture take up the deviation that pixels are divided by.
        if isPicture { layout.divide(byChannel: PixelNormalisation.deviation.map { 255 * $0 }) }
        let order = QuantisedNetwork.packedOrder(kernel: node.kernel, channels: layout.channels)
        let limit = QuantisedNetwork.pairLimit(inputMaximum: isPicture ? 255 : levels)
        let steps = layout.scales(order: order, pairLimit: limit, bias: bias, inputScale: inputScale)
        let (samples, count) = sample(q, node, padding: padding)
        let rounded = FeedbackRounding(samples: samples, count: count, order: order).round(
            layout.values, scales: steps, pairLimit: limit)

        // The integer sums, and the bias that brings their mean to the target's.
        let sums = convolution(
            q, weight: layout.tensor(rounded.map { Float($0) }), stride: node.stride, padding: padding)
        var wanted = target.channelMeans()
        if let residual, let other = codes[residual] {
            let scale = Double(scales[residual] ?? 1)
            for (channel, mean) in other.channelMeans().enumerated() { wanted[channel] -= mean * scale }
        }
        let means = sums.channelMeans()
        let biases = try steps.indices.map { channel throws(TrainingError) -> Int32 in
            let value = wanted[channel] / (Double(steps[channel]) * Double(inputScale)) - means[channel]
            // Far from the ends of 32 bits: the sums of the products still have to fit.
            guard abs(value) <= 1_073_741_824 else {
                throw TrainingError(
                    .value, "\(node.name), channel \(channel)", expected: "a bias within 2³⁰ steps", found: "\(value)",
                    hint: "the network is broken there: train again")
            }
            return Int32(value.rounded(.toNearestOrEven))
        }
        convolutions[node.name] = .init(
            shape: weight.shape, weights: layout.torchvision(rounded), bias: biases, scale: steps)

        // The map: bytes after a ReLU, 16-bit numbers before an addition.
        if relu { target.clampBelow() }
        let histogram = ActivationHistogram(UnsafeBufferPointer(target.data))
        guard histogram.maximum.isFinite else {
            throw TrainingError(
                .value, name, expected: "finite maps", found: "infinity", hint: "the network is broken: train again")
        }
        let scale = relu ? histogram.scale(method, levels: levels) : max(histogram.maximum, 1e-6) * 1.25 / 32767
        sums.requantise(
            bias: biases.map { Float($0) }, factors: steps.map { $0 * inputScale / scale },
            residual: residual.flatMap { codes[$0] }, residualFactor: residual.map { (scales[$0] ?? 1) / scale } ?? 0,
            low: relu ? 0 : -32767, high: relu ? Float(levels) : 32767)
        exact[name] = target
        codes[name] = sums
        scales[name] = scale
        if !isPicture { release(input) }
    }

    /// Receptive fields spread evenly over pictures and places, `(count, taps)`, as the integer network sees them.
    private func sample(_ map: Tensor, _ node: NetworkGraph.Node, padding: Int) -> ([Float], Int) {
        let (n, height, width, channels) = map.extents
        var window = ct_window(
            height: height, width: width, channels: channels, kernelHeight: node.kernel, kernelWidth: node.kernel,
            stride: node.stride, padding: padding)
        let pixels = Int(window.out_height) * Int(window.out_width)
        let each = min(pixels, max(1, Self.samples / n))
        let taps = node.kernel * node.kernel * channels
        var result = [Float](repeating: 0, count: n * each * taps)
        result.withUnsafeMutableBufferPointer { result in
            guard let to = result.baseAddress, let from = map.data.baseAddress else { return }
            for picture in 0..<n {
                for index in 0..<each {
                    // Another shift in every picture, so that the places do not repeat.
                    let place = (index * pixels / each + picture * 7) % pixels
                    ct_im2col(
                        &window, from + picture * height * width * channels, place, 1,
                        to + (picture * each + index) * taps)
                }
            }
        }
        return (result, n * each)
    }

    /// The pictures as float32 networks see them, `(N, size, size, 3)`.
    private func normalised() -> Tensor {
        let table = PixelNormalisation().table
        let result = Tensor.zeros([pictures.count, size, size, 3])
        for (number, pixels) in pictures.enumerated() {
            let start = number * size * size * 3
            for (index, pixel) in pixels.enumerated() {
                result.data[start + index] = table[index % 3 * 256 + Int(pixel)]
            }
        }
        return result
    }

    /// The pictures as the integer network sees them, in a border of the rounded mean colour.
    private func bordered(_ border: Int) -> Tensor {
        let side = size + 2 * border
        let colour = PixelNormalisation.mean.map { ($0 * 255).rounded(.toNearestOrEven) }
        let result = Tensor.zeros([pictures.count, side, side, 3])
        for (number, pixels) in pictures.enumerated() {
            let start = number * side * side * 3
            for y in 0..<side {
                for x in 0..<side * 3 {
                    let (row, column) = (y - border, x - 3 * border)
                    let isInside = row >= 0 && row < size && column >= 0 && column < 3 * size
                    result.data[start + y * side * 3 + x] =
                        isInside ? Float(pixels[row * size * 3 + column]) : colour[x % 3]
                }
            }
        }
        return result
    }

    private func unknown(_ node: NetworkGraph.Node, _ expected: String) -> TrainingError {
        TrainingError(
            .value, "node \(node.name)", expected: expected, found: "something else",
            hint: "the integer engine does not know this network: keep it in float32")
    }
}
