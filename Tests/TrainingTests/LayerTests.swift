// SPDX-License-Identifier: Apache-2.0
import Testing
import Training

@Suite struct LayerTests {
    /// Puts the case's inputs and state into the layer's parameters; the prefix is `p.` for blocks.
    private func fill(_ layer: any Layer, _ golden: Golden.Case, prefix: String) throws {
        var arrays: [NamedArray] = []
        for parameter in layer.parameters {
            let short = String(parameter.name.dropFirst(prefix.count))
            let array = try #require(golden.inputs[short] ?? golden.extra[short], "\(short)")
            arrays.append(NamedArray(name: parameter.name, shape: array.shape, values: array.floats))
        }
        try layer.parameters.load(arrays)
    }

    private func check(_ layer: any Layer, _ golden: Golden.Case, prefix: String) throws {
        let values = try #require(golden.inputs["x"])
        try fill(layer, golden, prefix: prefix)
        let evaluated = try #require(golden.extra["evaluated"])
        let evaluation = withoutGradients { layer(values.tensor(), training: false) }
        expectClose(evaluation.values, evaluated.values, "evaluation")
        for convolution in layer.folded() {
            let short = "folded." + convolution.name.dropFirst(prefix.count)
            let weight = try #require(golden.extra[short + ".weight"]),
                bias = try #require(golden.extra[short + ".bias"])
            #expect(convolution.shape == weight.shape)
            expectClose(convolution.weight, weight.values, short + ".weight")
            expectClose(convolution.bias, bias.values, short + ".bias")
            #expect(convolution.arrays.map(\.name) == [convolution.name + ".weight", convolution.name + ".bias"])
        }

        let x = values.tensor(requiresGradient: true)
        let y = layer(x, training: true)
        #expect(y.shape == golden.output.shape)
        expectClose(y.values, golden.output.values, "training")
        y.backward(gradient: golden.seed.floats)
        expectClose(x.gradient, try #require(golden.gradients["x"]).values, tolerance: 2e-4, "gradient of x")
        for parameter in layer.parameters {
            let short = String(parameter.name.dropFirst(prefix.count))
            if parameter.isTrained {
                let expected = try #require(golden.gradients[short])
                expectClose(parameter.gradient, expected.values, tolerance: 2e-4, "gradient of \(short)")
            } else {
                #expect(parameter.gradient == nil)
                let expected = try #require(golden.extra["new." + short])
                expectClose(parameter.tensor.values, expected.values, short)
            }
        }
    }

    @Test("a basic block gives the golden values, gradients, running statistics and folded weights")
    func basicBlock() throws {
        for golden in try Golden.cases(of: "BasicBlock") {
            var random = RandomSource(seed: 1)
            let block = BasicBlock(
                "layer1.0", in: golden.integer("channels"), out: golden.integer("outputs"),
                stride: golden.integer("stride"), random: &random)
            try check(block, golden, prefix: "layer1.0.")
        }
    }

    @Test("the stem gives the golden values, gradients, running statistics and folded weights")
    func stem() throws {
        for golden in try Golden.cases(of: "Stem") {
            var random = RandomSource(seed: 1)
            try check(Stem(out: golden.integer("outputs"), random: &random), golden, prefix: "")
        }
    }

    @Test("batch normalisation with ReLU and pooling in one gives what the separate operations give")
    func fusedStem() {
        var random = RandomSource(seed: 9)
        let values = (0..<2 * 13 * 14 * 70).map { _ in Float(random.normal()) }
        let seed = (0..<2 * 7 * 7 * 70).map { _ in Float(random.normal()) }
        func run(fused: Bool) -> (y: [Float], dx: [Float]?, gamma: [Float]?, beta: [Float]?) {
            var random = RandomSource(seed: 10)
            let x = Tensor(shape: [2, 13, 14, 70], values: values, requiresGradient: true)
            let norm = BatchNorm("bn", channels: 70)
            for i in 0..<70 { norm.weight.tensor.data[i] = Float(random.normal()) }
            let y =
                fused
                ? batchNormalisedMaxPooling(x, norm.state, training: true, kernel: 3, stride: 2, padding: 1)
                : maxPooling(norm(x, training: true, relu: true), kernel: 3, stride: 2, padding: 1)
            y.backward(gradient: seed)
            return (y.values, x.gradient, norm.weight.gradient, norm.bias.gradient)
        }
        let one = run(fused: true), two = run(fused: false)
        #expect(one.y == two.y)
        expectClose(one.dx, (two.dx ?? []).map { Double($0) }, "dx")
        expectClose(one.gamma, (two.gamma ?? []).map { Double($0) }, "dgamma")
        expectClose(one.beta, (two.beta ?? []).map { Double($0) }, "dbeta")
    }

    @Test("parameters carry torchvision's names in torchvision's order")
    func names() {
        var random = RandomSource(seed: 1)
        let block = BasicBlock("layer2.0", in: 64, out: 128, stride: 2, random: &random)
        let norm = [".weight", ".bias", ".running_mean", ".running_var"]
        let expected =
            ["conv1.weight"] + norm.map { "bn1" + $0 } + ["conv2.weight"] + norm.map { "bn2" + $0 }
            + ["downsample.0.weight"] + norm.map { "downsample.1" + $0 }
        #expect(block.parameters.map(\.name) == expected.map { "layer2.0." + $0 })
        #expect(block.folded().map(\.name) == ["conv1", "conv2", "downsample.0"].map { "layer2.0." + $0 })
        #expect(block.folded()[2].shape == [128, 64, 1, 1])
        #expect(BasicBlock("a", in: 8, out: 8, random: &random).parameters.count == 10)
        #expect(Stem(random: &random).parameters.map(\.name) == ["conv1.weight"] + norm.map { "bn1" + $0 })
    }

    @Test("a student's width changes what is between its convolutions, in whole sixteens, and nothing that is compared")
    func width() {
        var random = RandomSource(seed: 1)
        let pictures = Tensor(shape: [1, 64, 64, 3], values: [Float](repeating: 0.5, count: 64 * 64 * 3))
        for (width, middle) in [(0.5, 32), (0.55, 32), (2.0, 128)] {
            let student = StudentNetwork(levels: [.layer1, .layer2], width: width, generator: &random)
            #expect(student.weights["layer1.0.conv1.weight"]?.shape == [middle, 64, 3, 3])
            #expect(student.weights["layer2.0.conv2.weight"]?.shape == [128, middle * 2, 3, 3])
            let maps = student(pictures, training: false)
            #expect(maps[.layer1]?.shape == [1, 8, 8, 64] && maps[.layer2]?.shape == [1, 4, 4, 128])
        }
        let full = StudentNetwork(levels: [.layer1], shape: .full, width: 0.5, generator: &random)
        #expect(full.weights["layer1.0.conv1.weight"]?.shape == [64, 64, 3, 3])
    }

    @Test("weights start with the deviation of He's fan-out rule")
    func initialisation() {
        var random = RandomSource(seed: 5)
        let values = Convolution("c", in: 32, out: 64, kernel: 3, random: &random).weight.tensor.values
        let mean = values.map { Double($0) }.reduce(0, +) / Double(values.count)
        let square = values.map { Double($0) * Double($0) }.reduce(0, +) / Double(values.count)
        #expect(abs(mean) < 0.002)
        #expect(abs(square - 2.0 / (64 * 9)) < 0.0001)
    }

    @Test("a folded convolution gives what convolution and batch normalisation give in evaluation")
    func folding() {
        var random = RandomSource(seed: 6)
        let layer = Convolution("c", in: 5, out: 6, kernel: 3, padding: 1, bias: true, random: &random)
        let norm = BatchNorm("b", channels: 6)
        for i in 0..<6 {
            layer.bias?.tensor.data[i] = Float(random.normal())
            norm.weight.tensor.data[i] = Float(random.normal())
            norm.bias.tensor.data[i] = Float(random.normal())
            norm.runningMean.tensor.data[i] = Float(random.normal())
            norm.runningVariance.tensor.data[i] = Float(random.uniform() + 0.1)
        }
        let x = Tensor(shape: [1, 6, 7, 5], values: (0..<210).map { _ in Float(random.normal()) })
        let expected = norm(layer(x, training: false), training: false).values
        let folded = layer.folded(with: norm)
        var hwio = [Float](repeating: 0, count: folded.weight.count)
        for o in 0..<6 {
            for i in 0..<5 {
                for tap in 0..<9 { hwio[(tap * 5 + i) * 6 + o] = folded.weight[(o * 5 + i) * 9 + tap] }
            }
        }
        let found = convolution(
            x, weight: Tensor(shape: [3, 3, 5, 6], values: hwio), bias: Tensor(shape: [6], values: folded.bias),
            padding: 1)
        expectClose(found.values, expected.map { Double($0) }, "folded")
    }
}
