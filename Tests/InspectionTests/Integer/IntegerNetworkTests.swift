// SPDX-License-Identifier: Apache-2.0

import CKernels
import Inspection
import Testing

@Suite struct IntegerNetworkTests {
    /// Runs a plan with every instruction set and 1 to 4 workers and holds every bit against the reference.
    private func check(
        _ teacher: QuantisedNetwork, _ student: QuantisedNetwork, levels: [Level], size: Int, seed: UInt64 = 1,
        variants: [InstructionSet] = InstructionSet.running, location: SourceLocation = #_sourceLocation
    ) throws {
        let plan = try IntegerPlan(teacher: teacher, student: student, levels: levels, inputSize: size)
        let pictures = [TestNetworks.picture(size, seed: seed), TestNetworks.picture(size, seed: seed + 1)]
        let references = pictures.map { pixels in
            (
                PlannerReference(teacher, pixels: pixels, size: size),
                PlannerReference(student, pixels: pixels, size: size)
            )
        }
        #expect(plan.levels.map(\.level) == levels.sorted(), sourceLocation: location)
        // Maps of zeros would agree too.
        for (t, s) in references {
            for (name, map) in t.maps.merging(s.maps, uniquingKeysWith: { $1 }) {
                #expect(Set(map.values).count > min(10, map.values.count / 4), "\(name)", sourceLocation: location)
            }
        }
        for variant in variants {
            for workers in 1...4 {
                let network = try IntegerNetwork(plan: plan, instructionSet: variant, workers: workers)
                // The first picture again at the end: nothing of another may be left.
                for picture in [0, 1, 0] {
                    let (t, s) = references[picture]
                    network.run(pictures[picture])
                    for level in levels {
                        let found = try #require(network.distances(of: level)).map(Self.bits)
                        let expected = PlannerReference.distances(t, s, level).map(Self.bits)
                        #expect(
                            found == expected, "\(level) on \(variant) with \(workers)", sourceLocation: location)
                    }
                    try checkMaps(network, t, s, "\(variant) with \(workers)", location)
                }
            }
        }
    }

    /// NaN has many bit patterns; one stands for all.
    private static func bits(_ value: Float) -> UInt32 { value.isNaN ? 0x7fc0_0000 : value.bitPattern }

    /// Every map whose place nobody took afterwards.
    private func checkMaps(
        _ network: IntegerNetwork, _ teacher: PlannerReference, _ student: PlannerReference, _ what: String,
        _ location: SourceLocation
    ) throws {
        let values = network.plan.values
        var last: [UInt64: Int] = [:]
        for step in network.plan.steps {
            for group in [step.group.0, step.group.1, step.group.2, step.group.3].prefix(Int(step.group_count)) {
                last[values[Int(group.output)].offset] = Int(group.output)
            }
        }
        for index in last.values where values[index].kind != CK_F32.rawValue {
            let words = network.plan.names[index].split(separator: " ")
            let reference = words[0] == "teacher" ? teacher : student
            let map = try #require(reference.maps[String(words[1])])
            #expect(
                network.values(of: index) == map.values, "\(network.plan.names[index]) on \(what)",
                sourceLocation: location)
        }
    }

    @Test("every variant and number of workers gives the reference's bits in trunks of odd shapes", arguments: 0..<8)
    func trunks(trial: Int) throws {
        var random = SeededRandom(UInt64(trial) + 77)
        func pick(_ choices: [Int]) -> Int { choices.randomElement(using: &random) ?? 1 }
        let size = pick([32, 64])
        let channels = [5, 8, 12, 16, 20]
        let maximum = trial % 3 == 2 ? 255 : 127
        let shape: PlannerSamples.Channels = (pick(channels), pick(channels), pick(channels + [66]), pick(channels))
        let levels = [[Level.layer1, .layer2], [.layer2], [.layer1], Level.allCases][trial % 4]
        // A ResNet-18 keeps the stem's channels in layer1: there is no branch that could change them.
        let teacherShape = (shape.layer1, shape.layer1, shape.layer2, shape.layer3)
        let student: PlannerSamples.Channels =
            levels.contains(.stem) ? teacherShape : (shape.stem, shape.layer1, shape.layer2, shape.layer3)
        try check(
            try PlannerSamples.trunk(
                UInt64(trial), levels: levels, channels: teacherShape, units: 2, halving: false, maximum: maximum),
            try PlannerSamples.trunk(
                UInt64(trial) + 100, levels: levels, channels: student, units: 1 + trial % 2, maximum: maximum),
            levels: levels, size: size, seed: UInt64(trial))
    }

    @Test("a picture of 96 pixels and blocks of more than 64 channels give the reference's bits")
    func large() throws {
        let levels = [Level.layer1, .layer2]
        try check(
            try PlannerSamples.trunk(1, levels: levels, channels: (16, 16, 72, 8), units: 1, halving: false),
            try PlannerSamples.trunk(2, levels: levels, channels: (68, 16, 72, 8)), levels: levels, size: 96,
            variants: [InstructionSet.running[0]])
    }

    @Test("additions and poolings that nothing fuses give the reference's bits", arguments: [127, 255])
    func oddities(maximum: Int) throws {
        let (teacher, student) = (
            PlannerSamples.oddities(3, maximum: maximum), PlannerSamples.oddities(4, maximum: maximum)
        )
        try check(teacher, student, levels: [.layer1, .layer2, .layer3], size: 64)
        try check(teacher, student, levels: [.layer1], size: 32)
    }

    @Test("a level of the stem alone compares the pooled maps, shared or not")
    func stem() throws {
        let one = try PlannerSamples.trunk(5, levels: [.stem], channels: (12, 8, 8, 8))
        let other = try PlannerSamples.trunk(6, levels: [.stem], channels: (12, 8, 8, 8))
        try check(one, other, levels: [.stem], size: 32)
        try check(one, one, levels: [.stem], size: 32)
    }

    @Test("a feature of zeros has no distance")
    func dead() throws {
        var network = try PlannerSamples.trunk(7, levels: [.layer1], channels: (8, 8, 8, 8))
        let name = "layer1.0.downsample.0"
        network.convolutions["layer1.0.conv2"]?.weights = .init(repeating: 0, count: 8 * 8 * 9)
        network.convolutions["layer1.0.conv2"]?.bias = .init(repeating: 0, count: 8)
        network.convolutions[name]?.weights = .init(repeating: 0, count: 64)
        network.convolutions[name]?.bias = .init(repeating: -1, count: 8)
        let plan = try IntegerPlan(teacher: network, student: network, levels: [.layer1], inputSize: 32)
        let settings = MapSettings(levels: [.layer1], normalisation: .none)
        let model = try InspectionModel(networks: .int8(plan), settings: settings, statistics: [])
        let inspector = try Inspector(model: model)
        #expect(inspector.score(TestNetworks.picture(32, seed: 1)).isNaN)
        #expect(inspector.mapper.distances(of: .layer1).allSatisfy { $0.isNaN })
    }

    @Test("an inspector scores the distances of the integer networks, with any number of workers")
    func inspector() throws {
        let levels = [Level.layer1, .layer2]
        let channels: PlannerSamples.Channels = (16, 16, 24, 8)
        let teacher = try PlannerSamples.trunk(8, levels: levels, channels: channels, units: 2, halving: false)
        let student = try PlannerSamples.trunk(9, levels: levels, channels: channels)
        let plan = try IntegerPlan(teacher: teacher, student: student, levels: levels, inputSize: 64)
        let settings = MapSettings(levels: levels, normalisation: .none)
        let model = try InspectionModel(networks: .int8(plan), settings: settings, statistics: [])
        let pixels = TestNetworks.picture(64, seed: 4)
        let mapper = try AnomalyMapper(settings: settings, statistics: [], size: 64)
        let (t, s) = (
            PlannerReference(teacher, pixels: pixels, size: 64), PlannerReference(student, pixels: pixels, size: 64)
        )
        for level in levels { mapper.setDistances(PlannerReference.distances(t, s, level), of: level) }
        let expected = mapper.score()
        #expect(expected.isFinite && expected > 0)
        for workers in 1...3 {
            let inspector = try Inspector(model: model, workers: workers)
            #expect(inspector.score(pixels).bitPattern == expected.bitPattern)
            inspector.compare(pixels)
            for level in levels {
                #expect(inspector.mapper.distances(of: level) == PlannerReference.distances(t, s, level))
            }
            #expect(inspector.mapper.values == mapper.values)
        }
        // A level that the plan has not.
        let error = inspectionError {
            _ = try InspectionModel(
                networks: .int8(plan), settings: .init(levels: [.layer3], normalisation: .none), statistics: [])
        }
        #expect(error?.code == .wrongShape && error?.thing == "level layer3")
    }

    @Test("a plan that was written down gives the bits of the one that was compiled")
    func dumped() throws {
        let levels = [Level.stem, .layer1, .layer2]
        let channels: PlannerSamples.Channels = (12, 12, 8, 8)
        let plan = try IntegerPlan(
            teacher: try PlannerSamples.trunk(10, levels: levels, channels: channels, units: 2, halving: false),
            student: try PlannerSamples.trunk(11, levels: levels, channels: channels), levels: levels, inputSize: 32)
        let copy = try IntegerPlan(bytes: plan.bytes)
        #expect(copy.bytes == plan.bytes && copy.inputSize == 32 && copy.outputs == plan.outputs)
        #expect(copy.multiplyAccumulates == plan.multiplyAccumulates)
        #expect(copy.levels.map(\.level) == levels && copy.levels.map(\.shape) == plan.levels.map(\.shape))
        let (a, b) = (try IntegerNetwork(plan: plan), try IntegerNetwork(plan: copy, workers: 2))
        let pixels = TestNetworks.picture(32, seed: 9)
        a.run(pixels)
        b.run(pixels)
        for level in levels {
            let (one, other) = (try #require(a.distances(of: level)), try #require(b.distances(of: level)))
            #expect(one.map(Self.bits) == other.map(Self.bits))
        }
    }

    @Test("workers outside 1 to 64 are refused", arguments: [-1, 0, 65])
    func workers(count: Int) throws {
        let network = try PlannerSamples.trunk(12, levels: [.layer1], channels: (8, 8, 8, 8))
        let plan = try IntegerPlan(teacher: network, student: network, levels: [.layer1], inputSize: 32)
        #expect(inspectionError { _ = try IntegerNetwork(plan: plan, workers: count) }?.code == .badSetting)
    }
}
