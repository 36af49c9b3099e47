// SPDX-License-Identifier: Apache-2.0

import Glibc
import Line
import LineExploration

/// Explores the line's states: `explore-line [states] [random steps]`; exit status 1 when a promise is broken.
let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let limit = arguments.first ?? 200_000
let steps = arguments.dropFirst().first ?? 1_000_000
var isBroken = false
for (name, policy) in LineExploration.policies {
    let all = LineExploration.run(policy, depth: 400, limit: limit)
    let random = LineExploration.random(policy, steps: steps, seed: 20_261)
    let depth = all.isClosed ? "all (nothing new after \(all.depth))" : "\(all.depth)"
    print(
        "\(name): \(all.states) states, \(all.steps) steps, every sequence of \(all.inputs) inputs to depth \(depth), "
            + "\(random.steps) random steps through \(random.states) line states")
    for violation in [all.violation, random.violation].compactMap(\.self) {
        print("VIOLATION \(name): \(violation)")
        isBroken = true
    }
    if isBroken { break }
}
exit(isBroken ? 1 : 0)
