// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Turns one network into steps of a program: fuses what can be fused and finds the map of each level.
struct IntegerLowering {
    /// What a level compares: a map, and how much it is pooled while it is compared.
    struct Output {
        let value: Int
        let pooling: Int
    }

    /// Where a node's result is.
    enum Result {
        /// In a map.
        case value(Int)
        /// Nowhere: another node's step makes it on the way.
        case fused
        /// Nowhere: the comparison pools this map itself.
        case pooledByComparison(of: Int)
    }

    let network: QuantisedNetwork
    /// `teacher` or `student`, for messages.
    let role: String
    /// Whether a 2 × 2 mean that feeds only a level is left to the comparison.
    let foldsPooling: Bool
    let shapes: [NetworkPlan.Shape]
    /// Values as `NetworkPlan` counts them: 0 is the picture, node i makes i + 1.
    let inputs: [[Int]]
    let outputs: [Level: Int]
    let live: [Bool]
    /// Nodes that read each value.
    let users: [[Int]]

    /// Checks the graph and works out shapes and users.
    ///
    /// - Throws: `InspectionError` that names the node or level.
    init(
        _ network: QuantisedNetwork, role: String, levels: [Level], inputSize: Int, foldsPooling: Bool
    ) throws(InspectionError) {
        self.network = network
        self.role = role
        self.foldsPooling = foldsPooling
        let nodes = network.graph.nodes
        guard (1...NetworkPlan.limits.nodes).contains(nodes.count) else {
            throw InspectionError(
                .badGraph, "\(role) graph", expected: "1 to \(NetworkPlan.limits.nodes) nodes",
                found: "\(nodes.count)", hint: "the model file is damaged or not ours")
        }
        guard network.activationMaximum == 127 || network.activationMaximum == 255 else {
            throw InspectionError(
                .badSetting, "\(role) activation maximum", expected: "127 or 255",
                found: "\(network.activationMaximum)", hint: "quantise again")
        }
        var index = ["input": 0]
        var inputs: [[Int]] = []
        for (position, node) in nodes.enumerated() {
            inputs.append(try node.resolvedInputs(in: index))
            index[node.name] = position + 1
        }
        var outputs: [Level: Int] = [:]
        for level in levels {
            guard let name = network.graph.outputs[level], let value = index[name], value > 0 else {
                throw InspectionError(
                    .badGraph, "\(role) output \(level.rawValue)", expected: "the name of a node",
                    found: network.graph.outputs[level] ?? "none", hint: "choose levels that the network gives")
            }
            outputs[level] = value
        }
        var live = [Bool](repeating: false, count: nodes.count)
        for value in outputs.values { live[value - 1] = true }
        for position in nodes.indices.reversed() where live[position] {
            for input in inputs[position] where input > 0 { live[input - 1] = true }
        }
        var users = [[Int]](repeating: [], count: nodes.count + 1)
        var shapes = [NetworkPlan.Shape(height: inputSize, width: inputSize, channels: 3)]
        var held = 0
        for (position, node) in nodes.enumerated() {
            guard live[position] else {
                shapes.append(shapes[0])
                continue
            }
            for input in inputs[position] { users[input].append(position) }
            let from = inputs[position].map { shapes[$0] }
            let filters =
                node.operation == .convolution
                ? try network.checkedFilters(of: node, channels: from[0].channels, role: role) : 0
            shapes.append(try node.shape(of: from, filters: filters))
            held += shapes[position + 1].height * shapes[position + 1].width * shapes[position + 1].channels
            guard held <= NetworkPlan.limits.values else {
                throw InspectionError(
                    .badGraph, "\(role) node \(node.name)",
                    expected: "maps of at most \(NetworkPlan.limits.values) values together", found: "\(held)",
                    hint: "use a smaller input size, or the model file is damaged")
            }
        }
        (self.inputs, self.outputs, self.live, self.users, self.shapes) = (inputs, outputs, live, users, shapes)
    }

    /// Adds the network's steps.
    ///
    /// - Returns: the map of each level.
    /// - Throws: `InspectionError` that names the node or tensor.
    func lower(into program: inout IntegerProgram) throws(InspectionError) -> [Level: Output] {
        var results: [Result] = [.value(0)]
        for (position, node) in network.graph.nodes.enumerated() {
            guard live[position] else {
                results.append(.fused)
                continue
            }
            let result: Result
            switch node.operation {
            case .convolution:
                program.multiplyAccumulates += work(of: position)
                if fusingAddition(of: position) != nil || fusingPooling(of: position) != nil {
                    result = .fused
                } else {
                    result = .value(try convolution(position, results, &program))
                }
            case .maximumPooling: result = .value(try maximumPooling(position, results, &program))
            case .averagePooling: result = try averagePooling(position, results, &program)
            case .add: result = .value(try addition(position, results, &program))
            }
            results.append(result)
        }
        var found: [Level: Output] = [:]
        for (level, value) in outputs {
            switch results[value] {
            case .value(let map): found[level] = Output(value: map, pooling: 1)
            case .pooledByComparison(let map): found[level] = Output(value: map, pooling: 2)
            case .fused: break
            }
            if let output = found[level] { try checkUnsigned(output.value, program, user: "level \(level.rawValue)") }
        }
        return found
    }

    // MARK: - What is fused

    private func isOutput(_ position: Int) -> Bool { outputs.values.contains(position + 1) }

    /// The addition that a convolution without ReLU ends in, when that is its only use.
    func fusingAddition(of position: Int) -> Int? {
        let (nodes, readers) = (network.graph.nodes, users[position + 1])
        guard nodes[position].operation == .convolution, !nodes[position].relu, !isOutput(position), readers.count == 1,
            nodes[readers[0]].operation == .add, inputs[readers[0]][0] == position + 1
        else { return nil }
        return readers[0]
    }

    /// The 3 × 3 maximum pooling that a convolution of the picture ends in, when that is its only use.
    func fusingPooling(of position: Int) -> Int? {
        let (nodes, readers) = (network.graph.nodes, users[position + 1])
        guard nodes[position].operation == .convolution, nodes[position].relu, inputs[position] == [0],
            !isOutput(position), readers.count == 1
        else { return nil }
        let pooling = nodes[readers[0]]
        guard pooling.operation == .maximumPooling, (pooling.kernel, pooling.stride, pooling.padding) == (3, 2, 1)
        else { return nil }
        return readers[0]
    }

    /// Multiply-accumulates of a convolution.
    func work(of position: Int) -> Int {
        let (node, shape) = (network.graph.nodes[position], shapes[position + 1])
        return shape.height * shape.width * shape.channels * node.kernel * node.kernel
            * shapes[inputs[position][0]].channels
    }
}
