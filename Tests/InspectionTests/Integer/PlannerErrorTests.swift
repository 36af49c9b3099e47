// SPDX-License-Identifier: Apache-2.0

import CKernels
import Inspection
import Testing

@Suite struct PlannerErrorTests {
    private func trunk(_ maximum: Int = 127) throws -> QuantisedNetwork {
        try PlannerSamples.trunk(1, levels: [.layer1], channels: (8, 8, 8, 8), maximum: maximum)
    }

    private func error(
        _ levels: [Level] = [.layer1], size: Int = 32, maximum: Int = 127,
        _ change: (inout QuantisedNetwork) -> Void = { _ in }
    ) throws -> InspectionError? {
        let good = try trunk(maximum)
        var bad = good
        change(&bad)
        let teacher = inspectionError {
            _ = try IntegerPlan(teacher: bad, student: good, levels: levels, inputSize: size)
        }
        let student = inspectionError {
            _ = try IntegerPlan(teacher: good, student: bad, levels: levels, inputSize: size)
        }
        // Which network it was is all that may differ.
        #expect(teacher?.code == student?.code)
        #expect(teacher?.thing.replacing("teacher", with: "student") == student?.thing)
        return teacher
    }

    @Test("a sound network has no error")
    func sound() throws { #expect(try error() == nil) }

    @Test("input sizes and levels that can't be are refused")
    func settings() throws {
        for size in [-32, 0, 16, 33, 2080] { #expect(try error(size: size)?.code == .badSetting) }
        #expect(try error([])?.thing == "levels")
        #expect(try error([.layer1, .layer1])?.thing == "levels")
        // The graphs of both networks have layer1 only: the teacher's is looked at first.
        let network = try trunk()
        let level = inspectionError {
            _ = try IntegerPlan(teacher: network, student: network, levels: [.layer2], inputSize: 32)
        }
        #expect(level?.code == .badGraph && level?.thing == "teacher output layer2")
        for maximum in [0, 126, 128, 256] {
            #expect(try error { $0.activationMaximum = maximum }?.code == .badSetting)
        }
    }

    @Test("missing and misshapen tensors are named")
    func tensors() throws {
        let missing = try error { $0.convolutions["layer1.0.conv1"] = nil }
        #expect(missing?.code == .missingTensor && missing?.thing == "teacher layer1.0.conv1.weight")
        for shape in [[8, 8, 3], [8, 7, 3, 3], [8, 8, 3, 1], [0, 8, 3, 3], [5000, 8, 3, 3], [-8, 8, 3, 3]] {
            let found = try error { $0.convolutions["layer1.0.conv1"]?.shape = shape }
            #expect(found?.code == .wrongShape && found?.thing == "teacher layer1.0.conv1.weight")
        }
        let counts: [(String, (inout QuantisedNetwork.Convolution) -> Void)] = [
            ("weight", { $0.weights.append(0) }), ("bias", { _ = $0.bias.popLast() }),
            ("scale", { $0.scale = [] }),
        ]
        for (name, change) in counts {
            let found = try error { network in
                if var convolution = network.convolutions["layer1.0.conv2"] {
                    change(&convolution)
                    network.convolutions["layer1.0.conv2"] = convolution
                }
            }
            #expect(found?.code == .wrongShape && found?.thing == "teacher layer1.0.conv2.\(name)")
        }
    }

    @Test("scales that are missing, not finite, not above 0 or contradictory are named")
    func scales() throws {
        for name in ["layer1.0.conv1", "layer1.0.downsample.0", "layer1.0"] {
            let missing = try error { $0.activations[name] = nil }
            #expect(missing?.code == .missingTensor && missing?.thing == "teacher scale of \(name)")
            for value: Float in [0, -1, .nan, .infinity] {
                let found = try error { $0.activations[name] = value }
                #expect(found?.code == .notFinite && found?.thing == "teacher scale of \(name)")
            }
        }
        // The stem's scale may stand with either of its nodes, but not twice and different.
        #expect(try error { $0.activations["stem"] = nil } == nil)
        #expect(try error { $0.activations["conv1"] = nil } == nil)
        #expect(try error { ($0.activations["conv1"], $0.activations["stem"]) = (nil, nil) }?.code == .missingTensor)
        #expect(try error { $0.activations["stem"]? *= 2 }?.code == .badSetting)
        for value: Float in [0, -1, .nan, .infinity] {
            let found = try error { $0.convolutions["layer1.0.conv2"]?.scale[3] = value }
            #expect(found?.code == .notFinite && found?.thing == "teacher layer1.0.conv2.scale")
        }
        // Ratios beyond what plans hold, in both directions.
        #expect(try error { $0.convolutions["layer1.0.conv2"]?.scale[3] = 1e20 }?.code == .badSetting)
        #expect(try error { $0.activations["layer1.0"] = 1e-30 } != nil)
        #expect(try error { $0.activations["layer1.0"] = 1e38 } == nil)
    }

    @Test("weights of −128, pairs beyond the limit and sums beyond 32 bits are refused")
    func weights() throws {
        let smallest = try error { $0.convolutions["layer1.0.conv1"]?.weights[100] = -128 }
        #expect(smallest?.code == .badSetting)
        #expect(smallest?.thing == "teacher layer1.0.conv1.weight, channel 1")
        // 7-bit inputs allow every pair; the picture and 8-bit maps allow 128 together.
        #expect(
            try error {
                $0.convolutions["layer1.0.conv1"]?.weights[0] = 127
                $0.convolutions["layer1.0.conv1"]?.weights[9] = -127
            } == nil)
        for name in ["conv1", "layer1.0.conv2"] {
            // The next channel of the same place is one area of the kernel further; both make a pair.
            let step = name == "conv1" ? 49 : 9
            func pair(_ a: Int8, _ b: Int8) throws -> InspectionError? {
                try error(maximum: 255) {
                    $0.convolutions[name]?.weights[0] = a
                    $0.convolutions[name]?.weights[step] = b
                }
            }
            #expect(try pair(64, -64) == nil && pair(127, 1) == nil)
            for (a, b): (Int8, Int8) in [(65, 64), (-65, 64), (127, 2), (-127, -127)] {
                let found = try pair(a, b)
                #expect(found?.code == .badSetting && found?.thing == "teacher \(name).weight, channel 0")
            }
        }
        for bias in [Int32.min, .max, .max - 1000] {
            let found = try error { $0.convolutions["layer1.0.conv2"]?.bias[7] = bias }
            #expect(found?.code == .badSetting && found?.thing == "teacher layer1.0.conv2.bias, channel 7")
        }
    }

    @Test("graphs that integers can't run name the node")
    func graphs() throws {
        func changed(_ name: String, _ change: (inout NetworkGraph.Node) -> Void) throws -> InspectionError? {
            try error { network in
                for index in network.graph.nodes.indices where network.graph.nodes[index].name == name {
                    change(&network.graph.nodes[index])
                }
            }
        }
        let unknown = try changed("layer1.0.conv1") { $0.inputs = ["nowhere"] }
        #expect(unknown?.code == .badGraph && unknown?.thing == "node layer1.0.conv1")
        #expect(try changed("layer1.0") { $0.inputs = ["layer1.0.conv2"] }?.code == .badGraph)
        #expect(try changed("layer1.0") { $0.name = "stem" }?.code == .badGraph)
        #expect(try changed("layer1.0.conv1") { $0.kernel = 0 }?.code != nil)
        #expect(try changed("layer1.0.conv1") { $0.stride = 0 }?.code == .badGraph)
        #expect(try changed("layer1.0.conv1") { $0.padding = -1 }?.code == .badGraph)
        let signed = try changed("layer1.0.conv1") { $0.relu = false }
        #expect(signed?.code == .badGraph && signed?.thing == "teacher node layer1.0.conv2")
        let unclamped = try changed("layer1.0") { $0.relu = false }
        #expect(unclamped?.code == .badGraph && unclamped?.thing == "teacher node layer1.0")
        let output = try error { $0.graph.outputs[.layer1] = "layer1.0.downsample.0" }
        #expect(output?.code == .badGraph && output?.thing == "teacher level layer1")
        let picture = try error {
            $0.graph.nodes.append(.init("p", .maximumPooling, inputs: ["input"], kernel: 8, stride: 2))
            $0.graph.outputs[.layer1] = "p"
        }
        #expect(picture?.code == .badGraph && picture?.thing == "teacher node p")
        #expect(try error { $0.graph.nodes = [] }?.code == .badGraph)
    }

    @Test("networks whose maps differ are refused by level")
    func mismatch() throws {
        let good = try trunk()
        let narrow = try PlannerSamples.trunk(1, levels: [.layer1], channels: (8, 12, 8, 8))
        let full = try PlannerSamples.trunk(1, levels: [.layer1], channels: (8, 8, 8, 8), halving: false)
        func thing(_ teacher: QuantisedNetwork, _ student: QuantisedNetwork) -> InspectionError? {
            inspectionError {
                _ = try IntegerPlan(teacher: teacher, student: student, levels: [.layer1], inputSize: 32)
            }
        }
        #expect(thing(full, good) == nil)
        let channels = thing(good, narrow)
        #expect(channels?.code == .wrongShape && channels?.thing == "level layer1")
        var unpooled = full
        unpooled.graph.outputs[.layer1] = "layer1.0"
        #expect(thing(unpooled, good)?.thing == "level layer1")
        #expect(thing(full, unpooled)?.thing == "level layer1")
    }

    @Test("bytes that are no plan are refused, whatever was cut off or changed")
    func bytes() throws {
        let network = try trunk()
        let good = try IntegerPlan(teacher: network, student: network, levels: [.layer1], inputSize: 32).bytes
        func code(_ bytes: [UInt8]) -> InspectionError.Code? {
            inspectionError { _ = try IntegerPlan(bytes: bytes) }?.code
        }
        #expect(code(good) == nil)
        #expect(code([]) == .badPlan)
        for count in [1, 63, 64, 65, 200, good.count - 64, good.count - 1] {
            #expect(code([UInt8](good.prefix(count))) == .badPlan)
        }
        #expect(code(good + [0]) == .badPlan)
        for place in [0, 8, 12, 16, 20, 27, 32, 40, 56] {
            var bytes = good
            bytes[place] ^= 0x80
            #expect(code(bytes) == .badPlan, "byte \(place)")
        }
    }

    @Test("an unknown instruction set is answered with those there are, one that doesn't run never falls back")
    func instructionSets() throws {
        #expect(InstructionSet.all.last?.name == "scalar")
        #expect(InstructionSet.running.contains { $0.name == "scalar" })
        let unknown = inspectionError { _ = try InstructionSet.chosen("mmx") }
        #expect(unknown?.code == .badSetting && unknown?.found == "'mmx'")
        for set in InstructionSet.all {
            #expect(unknown?.expected.contains(set.name) == true)
            #expect(try InstructionSet.named(set.name) == set)
            let error = inspectionError { _ = try InstructionSet.chosen(set.name) }
            #expect(error?.code == (set.runs ? nil : .notSupported))
            if let error { for other in InstructionSet.running { #expect(error.found.contains(other.name)) } }
        }
        #expect(try InstructionSet.chosen(nil) == InstructionSet.running.first)
        #expect(try InstructionSet.chosen("") == InstructionSet.running.first)
    }
}
