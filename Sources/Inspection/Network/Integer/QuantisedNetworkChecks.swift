// SPDX-License-Identifier: Apache-2.0

/// What the planner asks of the numbers of a quantised network; every error names the tensor.
extension QuantisedNetwork {
    /// Largest factor that a plan may hold, 2²⁰.
    private static let largestFactor = 1_048_576.0

    /// Output channels of a convolution whose counts fit its shape and its node.
    func checkedFilters(
        of node: NetworkGraph.Node, channels: Int, role: String
    ) throws(InspectionError) -> Int {
        guard let convolution = convolutions[node.name] else {
            throw InspectionError(
                .missingTensor, "\(role) \(node.name).weight", expected: "the weights of a convolution",
                found: "nothing", hint: "the file does not hold this network")
        }
        let found = convolution.shape
        guard found.count == 4, (1...NetworkPlan.limits.channels).contains(found[0]), found[1] == channels,
            found[2] == node.kernel, found[3] == node.kernel
        else {
            throw InspectionError(
                .wrongShape, "\(role) \(node.name).weight",
                expected: "(out, \(channels), \(node.kernel), \(node.kernel))", found: "\(found)",
                hint: "the file does not hold this network")
        }
        let counts = [
            ("weight", convolution.weights.count, found.reduce(1, *)), ("bias", convolution.bias.count, found[0]),
            ("scale", convolution.scale.count, found[0]),
        ]
        for (name, count, wanted) in counts where count != wanted {
            throw InspectionError(
                .wrongShape, "\(role) \(node.name).\(name)", expected: "\(wanted) values", found: "\(count)",
                hint: "the file does not hold this network")
        }
        return found[0]
    }

    /// The scale of a node's map.
    ///
    /// - Parameter other: a node that may carry it instead; where both do, they must agree.
    func scale(of name: String, or other: String? = nil, role: String) throws(InspectionError) -> Double {
        let second = other.flatMap { activations[$0] }
        guard let scale = activations[name] ?? second else {
            throw InspectionError(
                .missingTensor, "\(role) scale of \(name)", expected: "the scale of a map that is stored",
                found: "nothing", hint: "quantise again")
        }
        guard scale.isFinite, scale > 0 else {
            throw InspectionError(
                .notFinite, "\(role) scale of \(name)", expected: "a finite number above 0", found: "\(scale)",
                hint: "quantise again")
        }
        guard second == nil || second == scale else {
            throw InspectionError(
                .badSetting, "\(role) scale of \(other ?? name)", expected: "\(scale), that of \(name)",
                found: "\(second ?? 0)", hint: "a maximum keeps its scale: quantise again")
        }
        return Double(scale)
    }

    /// A factor between scales as plans hold it.
    func factor(_ value: Double, of name: String, role: String) throws(InspectionError) -> Float {
        guard value > 0, value <= Self.largestFactor, Float(value) > 0 else {
            throw InspectionError(
                value.isFinite ? .badSetting : .notFinite, "\(role) scales of \(name)",
                expected: "a ratio above 0, at most 2²⁰", found: "\(value)", hint: "quantise again")
        }
        return Float(value)
    }

    /// The checked weights of a convolution with what brings its sums to the scale of its result.
    func weights(
        of node: NetworkGraph.Node, input: IntegerProgram.Value, outputScale: Double, role: String
    ) throws(InspectionError) -> IntegerProgram.Weights {
        let out = try checkedFilters(of: node, channels: input.shape.channels, role: role)
        guard let convolution = convolutions[node.name] else { preconditionFailure("checked above") }
        var factors: [Float] = []
        for scale in convolution.scale {
            guard scale.isFinite, scale > 0 else {
                throw InspectionError(
                    .notFinite, "\(role) \(node.name).scale", expected: "finite numbers above 0", found: "\(scale)",
                    hint: "quantise again")
            }
            factors.append(try factor(Double(scale) * input.scale / outputScale, of: node.name, role: role))
        }
        let places = Self.packedPlaces(kernel: node.kernel, channels: input.shape.channels)
        var signedBias: [Int32] = []
        for channel in 0..<out {
            signedBias.append(
                try checkedSignedBias(
                    convolution, channel, node: node, places: places, maximum: input.maximum, role: role))
        }
        return IntegerProgram.Weights(
            shape: convolution.shape, weights: convolution.weights, bias: convolution.bias, signedBias: signedBias,
            factors: factors)
    }

    /// bias + 128 · Σ weights of a channel, after checking every weight, every pair and the largest sum.
    private func checkedSignedBias(
        _ convolution: Convolution, _ channel: Int, node: NetworkGraph.Node, places: [Int], maximum: Int, role: String
    ) throws(InspectionError) -> Int32 {
        let thing = "\(role) \(node.name).weight, channel \(channel)"
        let limit = Self.pairLimit(inputMaximum: maximum)
        var (sum, magnitudes, before) = (0, 0, 0)
        var largestPair = 0
        var smallest: Int8 = 0
        convolution.weights.withUnsafeBufferPointer { weights in
            let first = channel * places.count
            for (position, place) in places.enumerated() {
                let weight = weights[first + place]
                let magnitude = abs(Int(weight))
                sum += Int(weight)
                magnitudes += magnitude
                smallest = min(smallest, weight)
                if position % 2 == 1 { largestPair = max(largestPair, before + magnitude) }
                before = magnitude
            }
        }
        guard smallest > -128 else {
            throw InspectionError(
                .badSetting, thing, expected: "weights from −127 to 127", found: "−128", hint: "quantise again")
        }
        guard largestPair <= limit else {
            throw InspectionError(
                .badSetting, thing, expected: "|a| + |b| ≤ \(limit) for each even-odd pair of weights",
                found: "\(largestPair)", hint: "quantise again with inputs up to \(maximum)")
        }
        let bias = Int(convolution.bias[channel])
        let signed = bias + 128 * sum
        let largest = max(abs(bias), abs(signed)) + magnitudes * max(128, maximum)
        guard largest <= Int(Int32.max) else {
            throw InspectionError(
                .badSetting, "\(role) \(node.name).bias, channel \(channel)", expected: "sums within 32 bits",
                found: "\(largest)", hint: "the channel's scale is too small: quantise again")
        }
        return Int32(signed)
    }
}
