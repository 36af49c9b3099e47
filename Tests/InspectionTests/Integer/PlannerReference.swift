// SPDX-License-Identifier: Apache-2.0

import Inspection

/// What a quantised network means, node by node, slow and plain: nothing is fused, packed, padded or shared.
struct PlannerReference {
    /// A map as integers, channels last.
    struct Map {
        var height: Int
        var width: Int
        var channels: Int
        var values: [Int]
        var scale: Double

        func at(_ y: Int, _ x: Int, _ c: Int) -> Int { values[(y * width + x) * channels + c] }
    }

    let network: QuantisedNetwork
    /// By node name; convolutions that an addition takes up directly are missing.
    private(set) var maps: [String: Map] = [:]
    /// Sums of such a convolution with its factors.
    private var pending: [String: (map: Map, factors: [Float])] = [:]

    init(_ network: QuantisedNetwork, pixels: [UInt8], size: Int) {
        self.network = network
        maps["input"] = Map(height: size, width: size, channels: 3, values: pixels.map { Int($0) }, scale: 1)
        for node in network.graph.nodes { run(node) }
    }

    /// The teacher's map of a level as the comparison sees it: sums over 2 × 2 where the graph takes a mean for it alone.
    func compared(_ level: Level) -> Map? {
        guard let name = network.graph.outputs[level] else { return nil }
        guard let node = network.graph.nodes.first(where: { $0.name == name }), node.operation == .averagePooling,
            network.graph.users(of: name) == 1, let input = maps[node.inputs[0]]
        else { return maps[name] }
        return window(node, input) { values, _ in values.reduce(0, +) }
    }

    /// Distances of a level, `(side, side)`.
    static func distances(_ teacher: PlannerReference, _ student: PlannerReference, _ level: Level) -> [Float] {
        guard let t = teacher.compared(level), let name = student.network.graph.outputs[level],
            let s = student.maps[name]
        else { return [] }
        return (0..<s.height * s.width).map { place in
            var (ts, tt, ss) = (0, 0, 0)
            for c in 0..<s.channels {
                let (a, b) = (t.values[place * s.channels + c], s.values[place * s.channels + c])
                ts += a * b
                tt += a * a
                ss += b * b
            }
            guard tt > 0, ss > 0 else { return .nan }
            return Float(max(0, 1 - Double(ts) / (Double(tt) * Double(ss)).squareRoot()))
        }
    }

    private func scale(_ name: String) -> Double? { network.activations[name].map { Double($0) } }

    private func rounded(_ value: Float, _ low: Float, _ high: Float) -> Int {
        Int(min(max(value, low), high).rounded(.toNearestOrEven))
    }

    private mutating func run(_ node: NetworkGraph.Node) {
        let high = Float(network.activationMaximum)
        guard let input = maps[node.inputs[0]] ?? pending[node.inputs[0]]?.map else { return }
        switch node.operation {
        case .convolution:
            guard let weights = network.convolutions[node.name] else { return }
            let sums = convolve(node, weights, input)
            // A stem's scale may stand with the pooling that follows it.
            let after = network.graph.nodes.first { $0.inputs == [node.name] && $0.operation == .maximumPooling }
            guard let scale = scale(node.name) ?? after.flatMap({ self.scale($0.name) }) else {
                guard let addition = network.graph.nodes.first(where: { $0.inputs.first == node.name }) else { return }
                let out = self.scale(addition.name) ?? 1
                pending[node.name] = (sums, weights.scale.map { Float(Double($0) * input.scale / out) })
                return
            }
            var map = sums
            map.scale = scale
            for i in map.values.indices {
                let factor = Float(Double(weights.scale[i % map.channels]) * input.scale / scale)
                map.values[i] = rounded(Float(map.values[i]) * factor, node.relu ? 0 : -32767, node.relu ? high : 32767)
            }
            maps[node.name] = map
        case .maximumPooling:
            maps[node.name] = window(node, input) { values, _ in values.max() ?? 0 }
        case .averagePooling:
            let scale = scale(node.name) ?? input.scale
            let factor = Float(input.scale / scale / Double(node.kernel * node.kernel))
            var map = window(node, input) { values, _ in rounded(Float(values.reduce(0, +)) * factor, 0, high) }
            map.scale = scale
            maps[node.name] = map
        case .add:
            guard let second = maps[node.inputs[1]], let scale = scale(node.name) else { return }
            var map = input
            map.scale = scale
            let factors = pending[node.inputs[0]]?.factors
            let secondFactor = Float(second.scale / scale)
            for i in map.values.indices {
                let factor = factors?[i % map.channels] ?? Float(input.scale / scale)
                map.values[i] = rounded(
                    Float(input.values[i]) * factor + Float(second.values[i]) * secondFactor, 0, high)
            }
            maps[node.name] = map
        }
    }

    private func convolve(
        _ node: NetworkGraph.Node, _ weights: QuantisedNetwork.Convolution, _ input: Map
    ) -> Map {
        let border = node.inputs[0] == "input" ? [124, 116, 104] : [Int](repeating: 0, count: input.channels)
        let extent = { (length: Int) in (length + 2 * node.padding - node.kernel) / node.stride + 1 }
        var map = Map(
            height: extent(input.height), width: extent(input.width), channels: weights.shape[0], values: [],
            scale: 0)
        for y in 0..<map.height {
            for x in 0..<map.width {
                for o in 0..<map.channels {
                    var sum = Int(weights.bias[o])
                    for c in 0..<input.channels {
                        for ky in 0..<node.kernel {
                            for kx in 0..<node.kernel {
                                let (iy, ix) = (
                                    y * node.stride + ky - node.padding, x * node.stride + kx - node.padding
                                )
                                let inside = (0..<input.height).contains(iy) && (0..<input.width).contains(ix)
                                let weight = weights.weights[
                                    ((o * input.channels + c) * node.kernel + ky) * node.kernel + kx]
                                sum += Int(weight) * (inside ? input.at(iy, ix, c) : border[c])
                            }
                        }
                    }
                    map.values.append(sum)
                }
            }
        }
        return map
    }

    private func window(_ node: NetworkGraph.Node, _ input: Map, _ body: ([Int], Int) -> Int) -> Map {
        let extent = { (length: Int) in (length + 2 * node.padding - node.kernel) / node.stride + 1 }
        var map = input
        (map.height, map.width, map.values) = (extent(input.height), extent(input.width), [])
        for y in 0..<map.height {
            for x in 0..<map.width {
                for c in 0..<map.channels {
                    var values: [Int] = []
                    for iy in (y * node.stride - node.padding)..<(y * node.stride - node.padding + node.kernel) {
                        for ix in (x * node.stride - node.padding)..<(x * node.stride - node.padding + node.kernel)
                        where (0..<input.height).contains(iy) && (0..<input.width).contains(ix) {
                            values.append(input.at(iy, ix, c))
                        }
                    }
                    map.values.append(body(values, c))
                }
            }
        }
        return map
    }
}
