// SPDX-License-Identifier: Apache-2.0

import CKernels
import Inspection
import Testing

@Suite struct PlannerTests {
    private func plan(
        _ levels: [Level], channels: PlannerSamples.Channels = PlannerSamples.usual, units: Int = 2, size: Int = 256
    ) throws -> IntegerPlan {
        try IntegerPlan(
            teacher: try PlannerSamples.trunk(1, levels: levels, channels: channels, units: units, halving: false),
            student: try PlannerSamples.trunk(2, levels: levels, channels: channels), levels: levels, inputSize: size)
    }

    private func count(_ plan: IntegerPlan, _ operation: ck_plan_operation) -> Int {
        plan.steps.count { $0.operation == operation.rawValue }
    }

    private func outputs(_ step: ck_plan_step) -> [Int] {
        [step.group.0, step.group.1, step.group.2, step.group.3].prefix(Int(step.group_count)).map { Int($0.output) }
    }

    private func inputs(_ step: ck_plan_step) -> [Int] {
        [Int(step.input)] + (step.second == CK_NONE ? [] : [Int(step.second)])
    }

    private func bytes(_ value: ck_plan_value) -> Int {
        Int((value.height + 2 * value.border) * (value.width + 2 * value.border) * value.channels)
            * (value.kind == CK_U8.rawValue ? 1 : value.kind == CK_S16.rawValue ? 2 : 4)
    }

    @Test(
        "a ResNet-18 and the reduced student need as many multiply-accumulates as their layers have",
        arguments: [([Level.layer1, .layer2], 1_587_544_064), ([.layer1, .layer2, .layer3], 2_183_135_232)])
    func multiplyAccumulates(levels: [Level], expected: Int) throws {
        let plan = try plan(levels)
        #expect(plan.multiplyAccumulates == expected)
        #expect(plan.levels.map(\.level) == levels && plan.outputs.count == levels.count)
        #expect(plan.levels.map(\.shape.height) == levels.map { 256 / $0.reduction })
        #expect(plan.levels.map(\.shape.channels) == levels.map(\.channels))
    }

    @Test("stems run together with their poolings, additions inside convolutions, means inside comparisons")
    func fusion() throws {
        let plan = try plan([.layer1, .layer2, .layer3], channels: (8, 8, 12, 16), size: 64)
        #expect(count(plan, CK_POOLED_CONVOLUTION) == 1)
        let stem = try #require(plan.steps.first)
        #expect(stem.operation == CK_POOLED_CONVOLUTION.rawValue && stem.group_count == 2 && stem.stage == 0)
        // Teacher: 12 convolutions and two branches; student: 6 and three.
        #expect(count(plan, CK_CONVOLUTION) == 14 + 9)
        #expect(count(plan, CK_ADDITION) == 0 && count(plan, CK_MAXIMUM_POOLING) == 0)
        #expect(count(plan, CK_AVERAGE_POOLING) == 0 && count(plan, CK_DISTANCE) == 3)
        for step in plan.steps where step.operation == CK_DISTANCE.rawValue { #expect(step.kernel == 2) }
        // Every addition: 6 units of the teacher, 3 of the student.
        let residuals = plan.steps.filter { $0.operation == CK_CONVOLUTION.rawValue && $0.second != CK_NONE }
        #expect(residuals.count == 9)
        let branches = plan.values.filter { $0.kind == CK_S16.rawValue }
        #expect(branches.count == 5)
        #expect(plan.names.count == plan.values.count && plan.names.contains("student layer3.0"))
    }

    @Test("equal stems run once, stems of other numbers twice")
    func sharedStem() throws {
        let channels: PlannerSamples.Channels = (8, 8, 8, 8)
        let teacher = try PlannerSamples.trunk(1, levels: [.layer1], channels: channels, halving: false)
        let student = try PlannerSamples.trunk(2, levels: [.layer1], channels: channels)
        var same = student
        same.convolutions["conv1"] = teacher.convolutions["conv1"]
        for name in ["conv1", "stem"] { same.activations[name] = teacher.activations[name] }
        func groups(_ change: (inout QuantisedNetwork) -> Void) throws -> UInt32? {
            var changed = same
            change(&changed)
            let plan = try IntegerPlan(teacher: teacher, student: changed, levels: [.layer1], inputSize: 32)
            return plan.steps.first?.group_count
        }
        #expect(try groups { _ in } == 1)
        #expect(try groups { $0.convolutions["conv1"]?.weights[5] = 1 } == 2)
        #expect(try groups { $0.convolutions["conv1"]?.bias[5] += 1 } == 2)
        #expect(try groups { $0.convolutions["conv1"]?.scale[5] *= 1.5 } == 2)
        #expect(try groups { network in for name in ["conv1", "stem"] { network.activations[name]? *= 1.5 } } == 2)
        // 8-bit maps want smaller weights.
        #expect(
            try groups { network in
                network.activationMaximum = 255
                for (name, convolution) in network.convolutions where name != "conv1" {
                    network.convolutions[name]?.weights = convolution.weights.map { $0 / 2 }
                }
            } == 2)
        // What is shared still counts as what each network needs.
        let shared = try IntegerPlan(teacher: teacher, student: same, levels: [.layer1], inputSize: 32)
        let apart = try IntegerPlan(teacher: teacher, student: student, levels: [.layer1], inputSize: 32)
        #expect(shared.multiplyAccumulates == apart.multiplyAccumulates)
    }

    @Test("maps lie apart or take turns, and places are used again")
    func arena() throws {
        for levels in [[Level.layer1], [.layer1, .layer2], Level.allCases] {
            let plan = try plan(levels, channels: (8, 8, 12, 16), size: 64)
            let values = plan.values
            var made = [Int](repeating: -1, count: values.count)
            var used = made
            for step in plan.steps {
                for value in outputs(step) { (made[value], used[value]) = (Int(step.stage), Int(step.stage)) }
                for value in inputs(step) { used[value] = max(used[value], Int(step.stage)) }
            }
            var end = 0
            for i in values.indices {
                let first = Int(values[i].offset)
                #expect(first % 64 == 0)
                end = max(end, first + bytes(values[i]) + Int(CK_SLACK))
                for j in 0..<i {
                    let other = Int(values[j].offset)
                    let apart =
                        first + bytes(values[i]) + Int(CK_SLACK) <= other
                        || other + bytes(values[j]) + Int(CK_SLACK) <= first
                    guard !apart else { continue }
                    #expect(first == other && values[i].kind != CK_F32.rawValue && i > 0 && j > 0)
                    #expect(bytes(values[i]) == bytes(values[j]) && values[i].border == values[j].border)
                    #expect(values[i].channels == values[j].channels && values[i].maximum == values[j].maximum)
                    #expect(used[i] < made[j] || used[j] < made[i])
                }
            }
            let all = values.reduce(0) { $0 + bytes($1) + Int(CK_SLACK) }
            #expect(end < all)
        }
    }

    @Test("steps run after what they read, stages follow each other, the largest step of a stage first")
    func stages() throws {
        let levels = Level.allCases
        let plan = try plan(levels, channels: (8, 8, 12, 16), size: 64)
        var made: [Int: Int] = [0: -1]
        var before = 0
        for step in plan.steps {
            #expect(Int(step.stage) == before || Int(step.stage) == before + 1)
            before = Int(step.stage)
            let latest = try inputs(step).map { try #require(made[$0]) }.max() ?? -1
            #expect(Int(step.stage) == latest + 1)
            for value in outputs(step) { made[value] = Int(step.stage) }
        }
        #expect(made.count == plan.values.count)
        for stage in 0...before {
            let convolutions = plan.steps.filter {
                Int($0.stage) == stage && $0.operation == CK_CONVOLUTION.rawValue
            }
            let work = convolutions.map { step in
                let (from, to) = (plan.values[Int(step.input)], plan.values[Int(step.group.0.output)])
                return Int(to.height * to.width * to.channels * from.channels * step.kernel * step.kernel)
            }
            #expect(work == work.sorted(by: >))
        }
    }

    @Test("borders are as wide as the widest padding, of the mean colour around the picture and 0 elsewhere")
    func borders() throws {
        let network = PlannerSamples.oddities(1)
        let plan = try IntegerPlan(teacher: network, student: network, levels: [.layer1], inputSize: 32)
        for (value, name) in zip(plan.values, plan.names) {
            let expected = ["picture": 1, "teacher a": 2, "teacher unsigned": 1, "teacher f": 1][name]
            if let expected { #expect(value.border == expected, "\(name)") }
            let fill = [value.fill.0, value.fill.1, value.fill.2, value.fill.3]
            #expect(fill == (name == "picture" ? [124, 116, 104, 0] : [0, 0, 0, 0]))
        }
        let trunk = try self.plan([.layer1], channels: (8, 8, 8, 8), size: 32)
        #expect(trunk.values[0].border == 3)
    }

    @Test("only what the levels need is compiled")
    func subsets() throws {
        let teacher = try PlannerSamples.trunk(1, levels: Level.allCases, channels: (8, 8, 8, 8), halving: false)
        let student = try PlannerSamples.trunk(2, levels: Level.allCases, channels: (8, 8, 8, 8))
        func steps(_ levels: [Level]) throws -> [Int] {
            let plan = try IntegerPlan(teacher: teacher, student: student, levels: levels, inputSize: 32)
            #expect(plan.levels.map(\.level) == levels.sorted())
            return [plan.steps.count, plan.multiplyAccumulates]
        }
        #expect(try steps([.stem])[0] == 2)
        #expect(try steps([.layer1])[0] == 1 + 2 + 3 + 1)
        #expect(try steps([.layer2])[0] == 1 + 5 + 6 + 1)
        #expect(try steps([.layer2, .layer1])[0] == 1 + 5 + 6 + 2)
        #expect(try steps([.layer1])[1] < steps([.layer2])[1])
    }

    @Test("the packed order takes whole groups of four row by row, then what the rows have too much")
    func packedOrder() {
        #expect(QuantisedNetwork.packedOrder(kernel: 1, channels: 5) == [0, 1, 2, 3, 4])
        #expect(QuantisedNetwork.packedOrder(kernel: 2, channels: 2) == Array(0..<8))
        #expect(
            QuantisedNetwork.packedOrder(kernel: 3, channels: 2)
                == [0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 14, 15, 4, 5, 10, 11, 16, 17])
        let stem = QuantisedNetwork.packedOrder(kernel: 7, channels: 3)
        #expect(stem.prefix(21) == Array(0..<20) + [21] && stem.suffix(7) == [20, 41, 62, 83, 104, 125, 146])
        for kernel in 1...7 {
            for channels in 1...9 {
                let order = QuantisedNetwork.packedOrder(kernel: kernel, channels: channels)
                #expect(order.sorted() == Array(0..<kernel * kernel * channels))
            }
        }
    }

    @Test("factors are the scales' ratio in double precision, rounded once")
    func factors() throws {
        let levels = [Level.layer1]
        let network = try PlannerSamples.trunk(3, levels: levels, channels: (8, 8, 8, 8))
        let plan = try IntegerPlan(teacher: network, student: network, levels: levels, inputSize: 32)
        let index = try #require(plan.names.firstIndex(of: "teacher layer1.0.conv1"))
        let step = try #require(plan.steps.first { Int($0.group.0.output) == index })
        let data = plan.bytes
        let header = data.withUnsafeBytes { $0.loadUnaligned(as: ck_plan_header.self) }
        let scales = try #require(network.convolutions["layer1.0.conv1"]?.scale)
        let (from, to) = (
            try #require(network.activations["stem"]), try #require(network.activations["layer1.0.conv1"])
        )
        for (channel, scale) in scales.enumerated() {
            let offset = Int(header.data_offset + step.group.0.scale) + 4 * channel
            let found = data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Float.self) }
            #expect(found == Float(Double(scale) * Double(from) / Double(to)))
        }
    }
}
