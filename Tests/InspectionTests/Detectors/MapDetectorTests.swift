// SPDX-License-Identifier: Apache-2.0

import CProbes
import Inspection
import Testing

@Suite struct MapDetectorTests {
    private static let levels = [Level.layer1, .layer2]
    private static let size = 64

    private func plan(_ weights: Weights, levels: [Level] = MapDetectorTests.levels, size: Int = MapDetectorTests.size)
        throws -> NetworkPlan
    {
        try NetworkPlan(graph: try ResidualTrunk.graph(of: weights, levels: levels), weights: weights, inputSize: size)
    }

    private func teacher(levels: [Level] = MapDetectorTests.levels) throws -> NetworkPlan {
        try plan(TestNetworks.trunk(1, units: 2, halving: false), levels: levels)
    }

    private func inspector(_ detector: any MapDetector) throws -> Inspector {
        let settings = MapSettings(levels: [detector.level], normalisation: .none, smoothing: 0)
        return try Inspector(
            model: InspectionModel(networks: .oneMap(detector), settings: settings, statistics: []))
    }

    /// Gaussians whose means are a picture's own features: mean `(places, channels)`.
    private func means(_ pixels: [UInt8], channels: [Int]) throws -> [Float] {
        let network = FloatNetwork(plan: try teacher())
        network.run(pixels)
        let (first, second) = (network.values(of: .layer1), network.values(of: .layer2))
        let side = Self.size / 8
        return (0..<side * side).flatMap { place in
            channels.map { channel in
                channel < 64
                    ? first[place * 64 + channel]
                    : second[(place / side / 2 * (side / 2) + place % side / 2) * 128 + channel - 64]
            }
        }
    }

    private func field(_ pixels: [UInt8], channels: [Int] = [0, 5, 63, 64, 191]) throws -> GaussianField {
        let places = (Self.size / 8) * (Self.size / 8)
        let identity: [Float] = channels.indices.flatMap { row in (0...row).map { $0 == row ? 1 : 0 } }
        return try GaussianField(
            teacher: try teacher(), features: Self.levels, channels: channels,
            mean: try means(pixels, channels: channels), factor: (0..<places).flatMap { _ in identity })
    }

    private func memory(_ pictures: [[UInt8]]) throws -> PatchMemory {
        let teacher = try teacher()
        let runner = PatchFeatures.Runner(try PatchFeatures(teacher: teacher, features: Self.levels))
        var memory: [Float] = []
        for picture in pictures {
            runner.run(picture)
            memory += Array(runner.descriptors)
        }
        return try PatchMemory(teacher: teacher, features: Self.levels, memory: memory)
    }

    @Test("Gaussians around a picture's own features see nothing in it, and Euclid's distance in another")
    func gaussians() throws {
        let (one, other) = (TestNetworks.picture(64, seed: 1), TestNetworks.picture(64, seed: 2))
        let field = try field(one)
        #expect(field.level == .layer1 && field.side == 8 && field.dimensions == 5)
        let inspector = try inspector(field)
        #expect(inspector.score(one) == 0)
        let score = inspector.score(other)
        let (a, b) = (try means(one, channels: [0, 5, 63, 64, 191]), try means(other, channels: [0, 5, 63, 64, 191]))
        var distances: [Float] = []
        for place in 0..<64 {
            var squares: Float = 0
            for channel in (5 * place)..<(5 * place + 5) {
                squares += (a[channel] - b[channel]) * (a[channel] - b[channel])
            }
            distances.append(squares.squareRoot())
        }
        let found = inspector.mapper.distances(of: .layer1)
        #expect(zip(found, distances).allSatisfy { abs($0 - $1) <= 1e-5 * (1 + $1) })
        #expect(score > 0 && inspector.score(other) == score)
    }

    @Test("a memory knows its own pictures and no others")
    func patches() throws {
        let pictures = (1...3).map { TestNetworks.picture(64, seed: $0) }
        let memory = try memory([pictures[0], pictures[1]])
        #expect(memory.level == .layer1 && memory.count == 128)
        let inspector = try inspector(memory)
        #expect(inspector.score(pictures[0]) == 0 && inspector.score(pictures[1]) == 0)
        let score = inspector.score(pictures[2])
        #expect(score > 0)
        _ = inspector.score(pictures[0])
        #expect(inspector.score(pictures[2]).bitPattern == score.bitPattern)
        #expect(try self.inspector(memory).score(pictures[2]).bitPattern == score.bitPattern)
    }

    @Test("a product of one level is that level's distance, and of two the hand-made product")
    func product() throws {
        let (teacher, student) = (try teacher(), try plan(TestNetworks.trunk(3, units: 2, halving: false)))
        let pair = InspectionModel.Networks.float32(teacher: teacher, student: student)
        let pixels = TestNetworks.picture(64, seed: 4)
        let sum = try Inspector(
            model: InspectionModel(
                networks: pair, settings: .init(levels: Self.levels, normalisation: .none), statistics: []))
        sum.compare(pixels)
        let (first, second) = (sum.mapper.distances(of: .layer1), sum.mapper.distances(of: .layer2))
        let one = try inspector(try StudentProduct(pair, features: [.layer1]))
        one.compare(pixels)
        #expect(one.mapper.distances(of: .layer1) == first)
        let deep = try inspector(try StudentProduct(pair, features: [.layer2]))
        deep.compare(pixels)
        #expect(deep.mapper.distances(of: .layer2) == second)
        let both = try inspector(try StudentProduct(pair, features: Self.levels))
        both.compare(pixels)
        let product = both.mapper.distances(of: .layer1)
        // In a corner the deeper map is its corner's value.
        for (place, corner) in [(0, 0), (7, 3), (56, 12), (63, 15)] {
            #expect(abs(product[place] - first[place] * second[corner]) < 1e-7)
        }
        // Between four pixels it is a weighted mean of them.
        let mean = (second[0] * 9 + second[1] * 3 + second[4] * 3 + second[5]) / 16
        #expect(abs(product[9] - first[9] * mean) < 1e-7)
    }

    @Test("a product of integer networks is that of their distances, with any number of workers")
    func integerProduct() throws {
        let channels: PlannerSamples.Channels = (16, 16, 24, 8)
        let networks = try [8, 9].map {
            try PlannerSamples.trunk($0, levels: Self.levels, channels: channels, units: 2, halving: false)
        }
        let plan = try IntegerPlan(
            teacher: networks[0], student: networks[1], levels: Self.levels, inputSize: Self.size)
        let detector = try StudentProduct(.int8(plan), features: Self.levels)
        #expect(InspectionModel.Networks.oneMap(detector).integerPlan === plan)
        let pixels = TestNetworks.picture(64, seed: 4)
        let network = try IntegerNetwork(plan: plan)
        network.run(pixels)
        let corner = try #require(network.distances(of: .layer1))[0] * (network.distances(of: .layer2)?[0] ?? .nan)
        let settings = MapSettings(levels: [.layer1], normalisation: .none)
        let model = try InspectionModel(networks: .oneMap(detector), settings: settings, statistics: [])
        var scores: Set<UInt32> = []
        for workers in 1...3 {
            let inspector = try Inspector(model: model, workers: workers)
            scores.insert(inspector.score(pixels).bitPattern)
            #expect(inspector.mapper.distances(of: .layer1)[0] == corner)
        }
        #expect(scores.count == 1 && scores.allSatisfy { Float(bitPattern: $0).isFinite })
    }

    @Test("a picture costs no allocation")
    func allocations() throws {
        let picture = TestNetworks.picture(64, seed: 5)
        let (teacher, student) = (try teacher(), try plan(TestNetworks.trunk(3)))
        let detectors: [any MapDetector] = [
            try field(picture), try memory([picture]),
            try StudentProduct(.float32(teacher: teacher, student: student), features: Self.levels),
        ]
        for detector in detectors {
            let inspector = try inspector(detector)
            _ = inspector.score(picture)
            let before = allocations_of_this_thread()
            let score = inspector.score(picture)
            let after = allocations_of_this_thread()
            #expect(after == before && score.isFinite, "\(type(of: detector))")
        }
    }

    @Test("a teacher that overflows ends as a fault, never as a pass")
    func overflow() throws {
        var weights = TestNetworks.trunk(1, units: 2, halving: false)
        for name in ["layer1.0.conv1.weight", "layer2.0.conv2.weight", "layer1.1.conv2.weight"] {
            let tensor = try #require(weights[name])
            weights[name] = WeightTensor(
                shape: tensor.shape, values: tensor.values.map { $0 < 0 ? -3e38 : 3e38 })
        }
        let broken = try plan(weights)
        let places = 64
        let field = try GaussianField(
            teacher: broken, features: Self.levels, channels: Array(0..<192),
            mean: .init(repeating: 0, count: places * 192), factor: .init(repeating: 1, count: places * 192 * 193 / 2))
        let memory = try PatchMemory(
            teacher: broken, features: Self.levels, memory: .init(repeating: 1, count: 40 * 192))
        for detector in [field, memory] as [any MapDetector] {
            #expect(!(try inspector(detector)).score(TestNetworks.picture(64, seed: 6)).isFinite)
        }
    }

    @Test("Gaussians of wrong counts, channels or numbers make no detector")
    func badGaussians() throws {
        let teacher = try teacher()
        func code(
            _ channels: [Int] = [0, 70], mean: Float = 0, means: Int? = nil, factor: [Float] = [1, 0, 1],
            features: [Level] = MapDetectorTests.levels
        ) -> InspectionError.Code? {
            inspectionError {
                _ = try GaussianField(
                    teacher: teacher, features: features, channels: channels,
                    mean: .init(repeating: mean, count: means ?? 64 * channels.count),
                    factor: (0..<64).flatMap { _ in factor })
            }?.code
        }
        #expect(code() == nil)
        for channels in [[70, 0], [0, 0], [-1, 0], [0, 192], []] { #expect(code(channels) == .badSetting) }
        #expect(code(means: 127) == .wrongShape && code(factor: [1, 0]) == .wrongShape)
        #expect(code(mean: .nan) == .notFinite && code(factor: [1, .infinity, 1]) == .notFinite)
        #expect(code(factor: [1, 0, 0]) == .badSetting && code(factor: [-1, 0, 1]) == .badSetting)
        #expect(code(features: [.layer3]) == .wrongShape && code(features: []) == .badSetting)
        #expect(code(features: [.layer1, .layer1]) == .badSetting)
    }

    @Test("memories of wrong counts or numbers, and products of no pair, make no detector")
    func badMemories() throws {
        let teacher = try teacher()
        func code(_ memory: [Float], features: [Level] = MapDetectorTests.levels) -> InspectionError.Code? {
            inspectionError { _ = try PatchMemory(teacher: teacher, features: features, memory: memory) }?.code
        }
        #expect(code(.init(repeating: 1, count: 192)) == nil)
        #expect(code([]) == .wrongShape && code(.init(repeating: 1, count: 193)) == .wrongShape)
        #expect(code(.init(repeating: .nan, count: 192)) == .notFinite)
        // Finite numbers whose squares are not.
        #expect(code(.init(repeating: 1e20, count: 192)) == .notFinite)
        #expect(code(.init(repeating: 1, count: 192), features: [.layer2, .layer3]) == .wrongShape)
        let field = try field(TestNetworks.picture(64, seed: 1))
        #expect(inspectionError { _ = try StudentProduct(.oneMap(field), features: [.layer1]) }?.code == .badSetting)
        let pair = InspectionModel.Networks.float32(teacher: teacher, student: teacher)
        #expect(inspectionError { _ = try StudentProduct(pair, features: [.layer3]) }?.code == .wrongShape)
        #expect(inspectionError { _ = try StudentProduct(pair, features: []) }?.code == .badSetting)
    }

    @Test("a model of one map has that map's level only")
    func otherLevel() throws {
        let field = try field(TestNetworks.picture(64, seed: 1))
        for levels in [[Level.layer2], [.layer1, .layer2]] {
            let error = inspectionError {
                _ = try InspectionModel(
                    networks: .oneMap(field), settings: .init(levels: levels, normalisation: .none), statistics: [])
            }
            #expect(error?.thing == "level layer2" && error?.code == .wrongShape)
        }
    }
}
