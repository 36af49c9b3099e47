// SPDX-License-Identifier: Apache-2.0

import Glibc
import Inspection
import Recipes
import Testing

@Suite struct TeacherSelfTestTests {
    private static let levels: [Level] = [.stem, .layer1, .layer2, .layer3]
    /// torchvision's trunk, which is not in the repository.
    private static let trunk = getenv("JIDOKA_DATA").map {
        String(cString: $0) + "/../models/resnet18-imagenet-trunk.safetensors"
    }
    private static let isThere = trunk.map(SafeFile.exists) ?? false

    /// ResNet-18 with fresh weights: normal, with the deviation of He et al. 2015, biases 0.
    private func fresh(_ seed: UInt64, scale: Float = 1) -> Weights {
        var random = SeededRandom(seed)
        return TrunkShape.resNet18.tensors.reduce(into: [:]) { result, tensor in
            guard tensor.shape.count == 4 else { return }
            let reach = (6 / Float(tensor.shape[0] * tensor.shape[2] * tensor.shape[3])).squareRoot() * scale
            result[tensor.name] = WeightTensor(
                shape: tensor.shape, values: random.floats(tensor.shape.reduce(1, *), -reach...reach))
        }
    }

    private func error(_ weights: Weights) -> RecipeError? {
        recipeError { _ = try TeacherSelfTest(of: weights, levels: Self.levels, name: "file") }
    }

    @Test("fresh, dead and exploding weights are refused", arguments: 1...3 as ClosedRange<UInt64>)
    func useless(seed: UInt64) {
        #expect(error(fresh(seed))?.expected == "features that depend on the picture")
        #expect(error(fresh(seed, scale: 0))?.thing.contains("self-test, stem") == true)
        #expect(error(fresh(seed, scale: 20))?.expected.contains("between") == true)
        #expect(error(fresh(seed, scale: 1e6)) != nil)
        // Features beyond what an integer can say are told, too.
        var boom = fresh(seed)
        boom["conv1.weight"] = boom["conv1.weight"].map {
            WeightTensor(shape: $0.shape, values: $0.values.map { $0 * 1e25 })
        }
        #expect(error(boom)?.thing.contains("self-test, stem") == true)
    }

    @Test("the built-in teacher is alive, and not taken for ImageNet's")
    func builtIn() throws {
        let teacher = try ModelFile.teacher(ModelFile.embeddedTeacher, name: "built in", levels: Self.levels)
        let test = try TeacherSelfTest(of: teacher.weights, levels: Self.levels, name: "built in")
        #expect(test.verdict == .unknown && !test.difference.isEmpty)
        #expect(test.levels.map(\.level) == Self.levels)
    }

    @Test(
        "torchvision's trunk is recognised, also in half precision, and none of its damaged copies",
        .enabled(if: isThere, "no resnet18-imagenet-trunk.safetensors beside JIDOKA_DATA"))
    func imageNet() throws {
        let bytes = try SafeFile.read(Self.trunk ?? "")
        let whole = try TeacherImport(bytes, name: "trunk", digest: "", trunk: .resNet18)
        #expect(whole.selfTest.verdict == .imageNet && whole.dropped.isEmpty && whole.unexpected.isEmpty)
        let half = whole.encoded(half: true, origin: "trunk", tool: "test")
        let again = try TeacherImport(half, name: "half", digest: "", trunk: .resNet18)
        #expect(again.selfTest.verdict == .imageNet)
        let float = try Safetensors.parse(whole.encoded(half: false, origin: "trunk", tool: "test"), name: "float")
        #expect(sameBits(float.tensors, whole.weights) && float.metadata["tool"] == "test")

        func verdict(_ change: (inout Weights) -> Void) -> TeacherSelfTest.Verdict? {
            var weights = whole.weights
            change(&weights)
            return try? TeacherSelfTest(of: weights, levels: Self.levels, name: "damaged").verdict
        }
        func exchange(_ a: String, _ b: String, _ weights: inout Weights) {
            (weights[a], weights[b]) = (weights[b], weights[a])
        }
        /// Filters of one convolution in another order; whoever reads them doesn't know.
        func permute(_ name: String, parts: [String], _ weights: inout Weights) {
            for part in parts {
                guard let tensor = weights[name + part] else { continue }
                let run = tensor.values.count / tensor.shape[0]
                let order = (0..<tensor.shape[0]).map { ($0 * 5 + 3) % tensor.shape[0] }
                weights[name + part] = .init(
                    shape: tensor.shape, values: order.flatMap { tensor.values[($0 * run)..<(($0 + 1) * run)] })
            }
        }
        for convolution in whole.weights.keys.filter({ $0.hasSuffix(".weight") }).map({ String($0.dropLast(7)) }) {
            #expect(verdict { permute(convolution, parts: [".weight", ".bias"], &$0) } != .imageNet, "\(convolution)")
            // A batch norm of other channels.
            #expect(verdict { permute(convolution, parts: [".bias"], &$0) } != .imageNet, "\(convolution)")
        }
        #expect(
            verdict { weights in
                for part in [".conv1.weight", ".conv1.bias", ".conv2.weight", ".conv2.bias"] {
                    exchange("layer1.0" + part, "layer1.1" + part, &weights)
                }
            } != .imageNet)
        #expect(verdict { exchange("layer3.1.conv1.weight", "layer3.1.conv2.weight", &$0) } != .imageNet)
        #expect(verdict { exchange("layer2.1.conv1.bias", "layer2.1.conv2.bias", &$0) } != .imageNet)
        // Weights that want pixels of 0 ... 255, and ones that want blue first.
        #expect(
            verdict {
                $0["conv1.weight"] = $0["conv1.weight"].map {
                    .init(shape: $0.shape, values: $0.values.map { $0 / 255 })
                }
            }
                != .imageNet)
        #expect(
            verdict {
                $0["conv1.weight"] = $0["conv1.weight"].map { tensor in
                    .init(
                        shape: tensor.shape,
                        values: tensor.values.indices.map { index in
                            let colour = index / 49 % 3
                            return tensor.values[index + (2 - 2 * colour) * 49]
                        })
                }
            } != .imageNet)
    }
}
