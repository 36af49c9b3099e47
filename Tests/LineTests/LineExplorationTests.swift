// SPDX-License-Identifier: Apache-2.0

import Glibc
import LineExploration
import Testing

@Suite struct LineExplorationTests {
    @Test("no sequence of inputs breaks a promise of the line", arguments: LineExploration.policies.map(\.name))
    func exploration(name: String) throws {
        let policy = try #require(LineExploration.policies.first { $0.name == name }).policy
        let thorough = getenv("JIDOKA_THOROUGH") != nil
        let all = LineExploration.run(policy, depth: 400, limit: thorough ? 1_000_000 : 20_000)
        #expect(all.violation == nil)
        let random = LineExploration.random(policy, steps: thorough ? 3_000_000 : 100_000, seed: 20_261)
        #expect(random.violation == nil)
        #expect(random.states == 8, "every state of the line is reached")
        print(
            "line, \(name) (\(thorough ? "thorough" : "short")): \(all.states) states, every sequence to depth \(all.depth)"
                + (all.isClosed ? " and beyond" : "") + ", \(random.steps) random steps")
    }
}
