// SPDX-License-Identifier: Apache-2.0

import CKernels

/// The steps that each kind of node becomes.
extension IntegerLowering {
    /// The map that a node reads.
    private func source(_ value: Int, _ results: [Result], of node: NetworkGraph.Node) throws(InspectionError) -> Int {
        guard case .value(let map) = results[value] else {
            throw InspectionError(
                .badGraph, "\(role) node \(node.name)", expected: "an input that is stored",
                found: "one that another node swallowed", hint: "this is an error of the planner: report it")
        }
        guard map > 0 || node.operation == .convolution else {
            throw InspectionError(
                .badGraph, "\(role) node \(node.name)", expected: "the picture read by convolutions only",
                found: "\(node.operation.rawValue) of it", hint: "this network can't run in integers")
        }
        return map
    }

    func checkUnsigned(_ map: Int, _ program: IntegerProgram, user: String) throws(InspectionError) {
        guard program.values[map].kind == CK_U8 else {
            throw InspectionError(
                .badGraph, "\(role) \(user)", expected: "a map behind a ReLU",
                found: "\(program.values[map].name), which may be negative",
                hint: "only additions read a convolution without ReLU")
        }
    }

    private func unsigned(_ position: Int, maximum: Int? = nil, scale: Double) -> IntegerProgram.Value {
        IntegerProgram.Value(
            name: "\(role) \(network.graph.nodes[position].name)", kind: CK_U8, shape: shapes[position + 1],
            maximum: maximum ?? network.activationMaximum, scale: scale)
    }

    func convolution(
        _ position: Int, _ results: [Result], _ program: inout IntegerProgram
    ) throws(InspectionError) -> Int {
        let node = network.graph.nodes[position]
        let input = try source(inputs[position][0], results, of: node)
        try checkUnsigned(input, program, user: "node \(node.name)")
        let scale = try network.scale(of: node.name, role: role)
        let weights = try network.weights(
            of: node, input: program.values[input], outputScale: scale, role: role)
        var output = unsigned(position, scale: scale)
        if !node.relu {
            output = IntegerProgram.Value(
                name: output.name, kind: CK_S16, shape: output.shape, maximum: 32767, scale: scale)
        }
        let value = program.add(output)
        program.add(
            .init(
                name: output.name, operation: CK_CONVOLUTION, input: input, kernel: node.kernel, stride: node.stride,
                padding: node.padding, groups: [.init(output: value, weights: weights)], work: work(of: position)))
        return value
    }

    /// A pooling of a map, or with the convolution of the picture that it follows.
    func maximumPooling(
        _ position: Int, _ results: [Result], _ program: inout IntegerProgram
    ) throws(InspectionError) -> Int {
        let node = network.graph.nodes[position]
        let before = inputs[position][0] - 1
        if before >= 0, fusingPooling(of: before) == position {
            let convolution = network.graph.nodes[before]
            let scale = try network.scale(of: convolution.name, or: node.name, role: role)
            let weights = try network.weights(
                of: convolution, input: program.values[0], outputScale: scale, role: role)
            return program.addPooled(
                .init(
                    name: "\(role) \(convolution.name)", operation: CK_POOLED_CONVOLUTION, input: 0,
                    kernel: convolution.kernel, stride: convolution.stride, padding: convolution.padding, groups: [],
                    work: work(of: before)),
                weights: weights, output: unsigned(position, scale: scale))
        }
        let input = try source(inputs[position][0], results, of: node)
        try checkUnsigned(input, program, user: "node \(node.name)")
        let scale = program.values[input].scale
        if let own = network.activations[node.name], Double(own) != scale {
            throw InspectionError(
                .badSetting, "\(role) scale of \(node.name)", expected: "\(scale), that of the pooled map",
                found: "\(own)", hint: "a maximum keeps its scale: quantise again")
        }
        let value = program.add(unsigned(position, maximum: program.values[input].maximum, scale: scale))
        program.add(
            .init(
                name: program.values[value].name, operation: CK_MAXIMUM_POOLING, input: input, kernel: node.kernel,
                stride: node.stride, padding: node.padding, groups: [.init(output: value)],
                work: poolingWork(position)))
        return value
    }

    func averagePooling(
        _ position: Int, _ results: [Result], _ program: inout IntegerProgram
    ) throws(InspectionError) -> Result {
        let node = network.graph.nodes[position]
        let input = try source(inputs[position][0], results, of: node)
        try checkUnsigned(input, program, user: "node \(node.name)")
        let (from, to) = (shapes[inputs[position][0]], shapes[position + 1])
        if foldsPooling, users[position + 1].isEmpty, (node.kernel, node.stride) == (2, 2),
            from.height == 2 * to.height, from.width == 2 * to.width
        {
            return .pooledByComparison(of: input)
        }
        let scale = try network.scale(of: node.name, role: role)
        let value = program.add(unsigned(position, scale: scale))
        program.add(
            .init(
                name: program.values[value].name, operation: CK_AVERAGE_POOLING, input: input, kernel: node.kernel,
                stride: node.stride, groups: [.init(output: value)],
                secondScale: try network.factor(
                    program.values[input].scale / scale / Double(node.kernel * node.kernel), of: node.name, role: role),
                work: poolingWork(position)))
        return .value(value)
    }

    private func poolingWork(_ position: Int) -> Int {
        let (node, shape) = (network.graph.nodes[position], shapes[position + 1])
        return shape.height * shape.width * shape.channels * node.kernel * node.kernel
    }

    /// An addition on its own, or done by the convolution that is its first summand.
    func addition(
        _ position: Int, _ results: [Result], _ program: inout IntegerProgram
    ) throws(InspectionError) -> Int {
        let node = network.graph.nodes[position]
        let scale = try network.scale(of: node.name, role: role)
        let second = try source(inputs[position][1], results, of: node)
        let secondScale = try network.factor(program.values[second].scale / scale, of: node.name, role: role)
        let before = inputs[position][0] - 1
        let output = unsigned(position, scale: scale)
        let fused = before >= 0 && fusingAddition(of: before) == position
        let first = fused ? second : try source(inputs[position][0], results, of: node)
        let signed = fused || [first, second].contains { program.values[$0].kind != CK_U8 }
        guard node.relu || !signed else {
            throw InspectionError(
                .badGraph, "\(role) node \(node.name)", expected: "a ReLU after adding maps that may be negative",
                found: "none", hint: "this network can't run in integers")
        }
        let value = program.add(output)
        if fused {
            let convolution = network.graph.nodes[before]
            let input = try source(inputs[before][0], results, of: convolution)
            try checkUnsigned(input, program, user: "node \(convolution.name)")
            let weights = try network.weights(
                of: convolution, input: program.values[input], outputScale: scale, role: role)
            program.add(
                .init(
                    name: output.name, operation: CK_CONVOLUTION, input: input, second: second,
                    kernel: convolution.kernel, stride: convolution.stride, padding: convolution.padding,
                    groups: [.init(output: value, weights: weights)], secondScale: secondScale,
                    work: work(of: before)))
        } else {
            let firstScale = try network.factor(program.values[first].scale / scale, of: node.name, role: role)
            program.add(
                .init(
                    name: output.name, operation: CK_ADDITION, input: first, second: second,
                    groups: [.init(output: value, firstScale: firstScale)], secondScale: secondScale,
                    work: output.shape.height * output.shape.width * output.shape.channels))
        }
        return value
    }
}
