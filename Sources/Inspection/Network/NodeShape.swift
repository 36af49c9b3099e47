// SPDX-License-Identifier: Apache-2.0

/// What a node makes of its inputs' shapes: the same for every engine.
extension NetworkGraph.Node {
    /// The values that the node reads.
    ///
    /// - Parameter index: values by name, of all nodes before this one.
    /// - Throws: `InspectionError` for an unknown input, a wrong number of them or a name that is taken.
    func resolvedInputs(in index: [String: Int]) throws(InspectionError) -> [Int] {
        var values: [Int] = []
        for name in inputs {
            guard let value = index[name] else {
                throw InspectionError(
                    .badGraph, "node \(self.name)", expected: "inputs that were computed before", found: name,
                    hint: "the model file is damaged or not ours")
            }
            values.append(value)
        }
        let wanted = operation == .add ? 2 : 1
        guard values.count == wanted, index[name] == nil else {
            throw InspectionError(
                .badGraph, "node \(name)", expected: "\(wanted) input(s) and a name of its own",
                found: "\(values.count) input(s)\(index[name] == nil ? "" : ", a name used twice")",
                hint: "the model file is damaged or not ours")
        }
        return values
    }

    /// The shape of the result.
    ///
    /// - Parameters:
    ///   - shapes: of the inputs, as many as the operation takes.
    ///   - filters: output channels of a convolution; ignored for others.
    /// - Throws: `InspectionError` for a window that makes no sense or doesn't fit.
    func shape(of shapes: [NetworkPlan.Shape], filters: Int) throws(InspectionError) -> NetworkPlan.Shape {
        let input = shapes[0]
        guard (1...NetworkPlan.limits.kernel).contains(kernel), (1...kernel).contains(stride) || stride == 2,
            (0..<kernel).contains(padding) || padding == 0,
            operation != .averagePooling || padding == 0,
            operation != .maximumPooling || 2 * padding <= kernel,
            operation != .add || (kernel, stride, padding) == (1, 1, 0)
        else {
            throw InspectionError(
                .badGraph, "node \(name)", expected: "a sensible window",
                found: "kernel \(kernel), stride \(stride), padding \(padding)",
                hint: "the model file is damaged or not ours")
        }
        // What no kernel does must not be asked for in silence.
        guard !relu || operation == .convolution || operation == .add else {
            throw InspectionError(
                .badGraph, "node \(name)", expected: "a pooling without ReLU", found: "one with",
                hint: "the model file is damaged or not ours")
        }
        if operation == .add {
            guard shapes[1] == input else {
                throw InspectionError(
                    .wrongShape, "node \(name)", expected: "two inputs of one shape",
                    found: "\(input) and \(shapes[1])", hint: "the model file is damaged or not ours")
            }
            return input
        }
        guard min(input.height, input.width) + 2 * padding >= kernel else {
            throw InspectionError(
                .wrongShape, "node \(name)", expected: "a map of at least \(kernel) pixels", found: "\(input)",
                hint: "use a larger input size")
        }
        func extent(_ length: Int) -> Int { (length + 2 * padding - kernel) / stride + 1 }
        return NetworkPlan.Shape(
            height: extent(input.height), width: extent(input.width),
            channels: operation == .convolution ? filters : input.channels)
    }
}
