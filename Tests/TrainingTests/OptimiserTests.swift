// SPDX-License-Identifier: Apache-2.0
import Testing
import Training

@Suite struct OptimiserTests {
    @Test("SGD, Adam and AdamW follow the golden tracks")
    func tracks() throws {
        let golden = try Golden.load().optimisers
        for run in golden.runs {
            let parameter = Parameter("p", shape: [5], values: golden.start.floats)
            let still = Parameter("still", shape: [1], values: [3])
            let state = Parameter("state", shape: [1], values: [4], isTrained: false)
            let all = [parameter, still, state]
            let optimiser: any Optimiser =
                switch run.name {
                case "sgd": SGD(all, learningRate: 0, momentum: run.momentum, weightDecay: run.decay)
                case "adam": Adam(all, learningRate: 0, weightDecay: run.decay)
                default: Adam.decoupled(all, learningRate: 0, weightDecay: run.decay)
                }
            #expect(optimiser.parameters.map(\.name) == ["p", "still"])
            for step in 0..<6 {
                optimiser.learningRate = golden.rates.values[step]
                optimiser.clearGradients()
                scaled(parameter.tensor, by: 1).backward(
                    gradient: Array(golden.gradients.floats[step * 5..<step * 5 + 5]))
                optimiser.step()
                expectClose(
                    parameter.tensor.values, Array(run.track.values[step * 5..<step * 5 + 5]),
                    "\(run.name) \(run.momentum) \(run.decay), step \(step)")
            }
            #expect(still.tensor.values == [3])
            #expect(state.tensor.values == [4])
        }
    }

    @Test("schedules follow their closed forms")
    func schedules() throws {
        let golden = try Golden.load().schedules
        func compare(_ name: String, _ schedule: some Schedule) throws {
            for (step, expected) in try #require(golden[name]).values.enumerated() {
                let found = schedule.learningRate(at: step)
                #expect(abs(found - expected) <= 1e-6 * abs(expected) + 1e-12, "\(name), step \(step)")
            }
        }
        let cycle = OneCycle(peak: 4e-3, steps: 40)
        try compare("oneCycle", cycle)
        try compare("oneCycleTen", OneCycle(peak: 4e-3, steps: 25, division: 10))
        try compare("cosine", Cosine(start: 0.4, end: 0.01, steps: 20))
        #expect(cycle.learningRate(at: 11) == 4e-3)
        #expect(cycle.learningRate(at: 1000) == cycle.learningRate(at: 39))
        #expect(abs(cycle.momentum(at: 0) - 0.95) < 1e-12)
        #expect(abs(cycle.momentum(at: 11) - 0.85) < 1e-12)
        #expect(OneCycle(peak: 1, steps: 1).learningRate(at: 0).isFinite)
    }

    @Test("random words are those of xoshiro256** seeded by SplitMix64, and a saved state goes on")
    func randomWords() throws {
        var random = RandomSource(seed: 42)
        for word in try Golden.load().randomWords { #expect("\(random.next())" == word) }
        var resumed = try RandomSource(state: random.state)
        #expect((0..<10).allSatisfy { _ in resumed.normal() == random.normal() })
        #expect(throws: TrainingError.self) { try RandomSource(state: [0, 0, 0, 0]) }
        #expect(throws: TrainingError.self) { try RandomSource(state: [1, 2, 3]) }
    }

    @Test("uniform, normal, bounded and shuffled numbers have the right distribution")
    func distributions() {
        var random = RandomSource(seed: 1)
        let count = 40_000
        let uniform = (0..<count).map { _ in random.uniform() }
        #expect(uniform.allSatisfy { (0..<1).contains($0) })
        #expect(abs(uniform.reduce(0, +) / Double(count) - 0.5) < 0.01)
        let normal = (0..<count).map { _ in random.normal() }
        #expect(abs(normal.reduce(0, +) / Double(count)) < 0.02)
        #expect(abs(normal.map { $0 * $0 }.reduce(0, +) / Double(count) - 1) < 0.03)
        var histogram = [Int](repeating: 0, count: 7)
        for _ in 0..<count { histogram[random.below(7)] += 1 }
        #expect(histogram.allSatisfy { abs($0 - count / 7) < 400 })
        var cards = Array(0..<52)
        random.shuffle(&cards)
        #expect(cards != Array(0..<52))
        #expect(cards.sorted() == Array(0..<52))
    }
}
