// SPDX-License-Identifier: Apache-2.0

import Inspection
import Testing

@Suite struct InspectorTests {
    private func plan(_ weights: Weights, levels: [Level] = [.layer1, .layer2], size: Int = 32) throws -> NetworkPlan {
        try NetworkPlan(graph: try ResidualTrunk.graph(of: weights, levels: levels), weights: weights, inputSize: size)
    }

    private let settings = MapSettings(levels: [.layer1, .layer2], normalisation: .none)

    @Test("networks of the same weights see no difference, others do")
    func scores() throws {
        let (one, other) = (try plan(TestNetworks.trunk(1)), try plan(TestNetworks.trunk(2)))
        let picture = TestNetworks.picture(32, seed: 1)
        let same = try Inspector(model: .init(teacher: one, student: one, settings: settings, statistics: []))
        #expect((0...1e-5).contains(same.score(picture)))
        let apart = try Inspector(model: .init(teacher: one, student: other, settings: settings, statistics: []))
        #expect(apart.score(picture) > 0.1)
        let frame = Frame(size: 32, pixels: picture, part: "p", sequence: 1, readyAt: 0)
        #expect(apart.score(frame) == apart.score(picture))
    }

    @Test(
        "weights so large that the features overflow end as a fault, never as a pass",
        arguments: [Float(1e30), -1e30, 3e38])
    func overflow(value: Float) throws {
        let good = TestNetworks.trunk(1)
        for name in ["conv1.weight", "layer1.0.conv2.weight", "layer2.0.downsample.0.weight"] {
            var bad = good
            let tensor = try #require(good[name])
            bad[name] = WeightTensor(shape: tensor.shape, values: .init(repeating: value, count: tensor.values.count))
            for (teacher, student) in [(bad, good), (good, bad)] {
                let inspector = try Inspector(
                    model: .init(
                        teacher: try plan(teacher), student: try plan(student), settings: settings, statistics: []))
                let score = inspector.score(TestNetworks.picture(32, seed: 3))
                // Everything clipped to zero is a dead network: as far from the other as can be.
                #expect(!score.isFinite || score > 0.9)
            }
        }
    }

    @Test("two dead networks are blind, which is never a pass")
    func dead() throws {
        var weights = TestNetworks.trunk(1)
        for (name, tensor) in weights {
            weights[name] = WeightTensor(shape: tensor.shape, values: .init(repeating: 0, count: tensor.values.count))
        }
        let dead = try plan(weights)
        let inspector = try Inspector(model: .init(teacher: dead, student: dead, settings: settings, statistics: []))
        #expect(inspector.score(TestNetworks.picture(32, seed: 3)).isNaN)
    }

    @Test("networks of other sizes or without a level of the settings do not make a model")
    func mismatch() throws {
        let weights = TestNetworks.trunk(1)
        let one = try plan(weights)
        func code(_ student: NetworkPlan, _ settings: MapSettings) -> InspectionError? {
            inspectionError {
                _ = try InspectionModel(teacher: one, student: student, settings: settings, statistics: [])
            }
        }
        #expect(code(one, settings) == nil)
        #expect(code(try plan(weights, size: 64), settings)?.code == .wrongShape)
        let shallow = code(try plan(weights, levels: [.layer1]), settings)
        #expect(shallow?.code == .wrongShape && shallow?.thing == "level layer2")
        #expect(code(one, .init(levels: [.layer3], normalisation: .none))?.thing == "level layer3")
        // A full-size map that nobody pooled.
        var graph = try ResidualTrunk.graph(of: weights, levels: [.layer1, .layer2])
        graph.outputs = [.layer1: "stem", .layer2: "layer2.0"]
        let large = try NetworkPlan(graph: graph, weights: weights, inputSize: 32)
        #expect(code(large, settings)?.thing == "level layer1")
    }

    @Test("a score at the threshold passes, above it stops, and one that is not finite is a fault")
    func threshold() throws {
        let threshold = try Threshold(stop: 1.5)
        #expect(threshold.judge(1.5) == .pass)
        #expect(threshold.judge(-10) == .pass)
        #expect(threshold.judge(Float(1.5).nextUp) == .stop)
        for score in [Float.nan, .infinity, -.infinity] { #expect(threshold.judge(score) == .fault) }
        for stop in [Float.nan, .infinity, -.infinity] {
            #expect(inspectionError { _ = try Threshold(stop: stop) }?.code == .notFinite)
        }
    }

    @Test("pixels become (pixel/255 − mean)/deviation of ImageNet, per channel")
    func normalisation() {
        let table = PixelNormalisation().table
        for (channel, (mean, deviation)) in [(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)].enumerated() {
            for pixel in [0, 1, 127, 255] {
                let expected = (Double(pixel) / 255 - mean) / deviation
                #expect(abs(Double(table[256 * channel + pixel]) - expected) < 1e-6)
            }
        }
    }
}
