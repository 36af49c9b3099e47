// SPDX-License-Identifier: Apache-2.0

import Line

/// Every sequence of inputs up to a depth: states that can't be told apart by anything that follows are visited once.
public struct LineExploration {
    /// What was covered.
    public struct Coverage {
        /// States of machine and world that differ in something that matters.
        public var states = 0
        /// Inputs that were fed.
        public var steps = 0
        /// Length of the sequences that were all covered.
        public var depth = 0
        /// Whether longer sequences lead nowhere new.
        public var isClosed = false
        /// Different inputs.
        public var inputs = 0
        /// What went wrong first, and after which inputs.
        public var violation: String?

        /// All sequences up to the depth: powers of the number of inputs.
        public var sequences: Double {
            var (sum, power) = (0.0, 1.0)
            for _ in 0..<depth {
                power *= Double(inputs)
                sum += power
            }
            return sum
        }
    }

    /// Something that happens: an input, perhaps with a disk that is full, the passing of time, or the end of the process.
    enum Act: CustomStringConvertible {
        case input(LineInput)
        case onFullDisk(LineInput)
        /// Time passes before anybody looks at the clock.
        case wait(UInt64)
        /// The encoder is read.
        case count
        case restart

        var description: String {
            switch self {
            case .input(let input): "\(input)"
            case .onFullDisk(let input): "\(input) on a full disk"
            case .wait(let time): "wait \(time)"
            case .count: "count"
            case .restart: "restart"
            }
        }
    }

    /// Rules with everything in use, with times of a few ticks.
    public static let policies: [(name: String, policy: LinePolicy)] = [
        ("plain", LinePolicy(andonTime: 3, goodParts: 2, bypassLimit: 4)),
        (
            "all",
            LinePolicy(
                andonTime: 3, andonParts: 3, goodParts: 2, suspicious: .init(count: 2, of: 3), stopTravel: .time(2),
                rejectTravel: .time(1), unjudgedLimit: 2, escalationTime: 2, bypassLimit: 2, challengePeriod: 4)
        ),
        (
            "encoder",
            LinePolicy(
                andonTime: 4, goodParts: nil, stopTravel: .counts(2, limit: 3), rejectTravel: .counts(1, limit: 2),
                unjudgedLimit: 3, escalationTime: 3, bypassLimit: 3)
        ),
    ]

    static func acts(_ policy: LinePolicy) -> [Act] {
        func verdict(_ score: Float, late: Bool = false) -> LineInput {
            .verdict(Verdict(part: score > 2 ? "b" : "p", score: score, threshold: 2, warn: 1, isLate: late))
        }
        let acknowledge = LineInput.acknowledge(user: "anna", verdict: .unclear, reason: "dust")
        var inputs: [LineInput] = [
            .recipeReady(recipe: "r", model: "m"), .recipeReady(recipe: "r", model: "n"),
            .recipeMissing(reason: "none"),
            .sourceReady, .sourceLost(reason: "unplugged"), verdict(0.5), verdict(1.5), verdict(3), verdict(.nan),
            verdict(0.5, late: true), .partFailed(part: "p", code: .partMissed, detail: "no picture"),
            .partsUnjudged(1), .partsUnjudged(0), .summaryDue, .drift(detail: "d"), .fault(.pictureDark, detail: "d"),
            .fault(.internal, detail: "d"),
            .faultCleared(.pictureDark), acknowledge, .acknowledge(user: "", verdict: .unclear, reason: "dust"),
            .acknowledge(user: "anna", verdict: .unclear, reason: " "), .reset(user: "anna"), .reset(user: ""),
            .start(user: "anna"), .start(user: ""), .bypass(user: "anna", reason: "audit", duration: 2),
            .bypass(user: "", reason: "audit", duration: 2), .bypass(user: "anna", reason: "", duration: 2),
            .bypass(user: "anna", reason: "audit", duration: 0), .bypass(user: "anna", reason: "audit", duration: 9),
            .endBypass(user: "anna"), .endBypass(user: ""), .changeRecipe(user: "anna", recipe: "r"),
            .changeRecipe(user: "", recipe: "r"), .changeRecipe(user: "anna", recipe: " "),
            .fault(.outputFailed, detail: "d"), .faultCleared(.outputFailed), .policy(policy),
            .configurationChanged(affectsVerdicts: false), .configurationChanged(affectsVerdicts: true), .tick,
            .shutdown,
        ]
        if policy.challengePeriod != nil { inputs += [.challengePassed, .challengeFailed(detail: "missed")] }
        return inputs.map(Act.input)
            + [
                verdict(3), acknowledge, .start(user: "anna"), .reset(user: "anna"), .tick,
                .bypass(user: "anna", reason: "audit", duration: 2),
            ].map(Act.onFullDisk)
            + [.wait(1), .wait(2), .count, .restart]
    }

    static func perform(_ act: Act, in world: inout LineWorld) {
        switch act {
        case .input(let input): world.feed(input)
        case .onFullDisk(let input): world.feed(input, diskFull: true)
        case .wait(let time): world.pass(time)
        case .count: world.tellEncoder()
        case .restart: world.restart()
        }
        if world.machine.latch.cleanEnd { world.restart() }
    }

    /// Explores breadth first.
    ///
    /// - Parameters:
    ///   - depth: length of the longest sequences.
    ///   - limit: states to visit at most; the depth that was covered whole is told.
    public static func run(_ policy: LinePolicy, depth: Int, limit: Int) -> Coverage {
        let acts = acts(policy)
        var coverage = Coverage()
        coverage.inputs = acts.count
        var start = LineWorld(policy: policy)
        start.restart()
        struct Node {
            let world: LineWorld
            let parent: Int
            let act: Int
        }
        var nodes = [Node(world: start, parent: -1, act: -1)]
        var seen: Set<LineWorld.Key> = [start.key]
        var frontier = 0..<1
        func path(_ index: Int, _ last: Act) -> String {
            var names = ["\(last)"]
            var node = nodes[index]
            while node.parent >= 0 {
                names.append("\(acts[node.act])")
                node = nodes[node.parent]
            }
            return names.reversed().joined(separator: "; ")
        }
        for level in 1...depth {
            for index in frontier {
                for (number, act) in acts.enumerated() {
                    var world = nodes[index].world
                    perform(act, in: &world)
                    coverage.steps += 1
                    if let problem = world.problems.first {
                        coverage.states = nodes.count
                        coverage.violation = "\(problem): \(path(index, act))"
                        return coverage
                    }
                    guard seen.insert(world.key).inserted else { continue }
                    nodes.append(Node(world: world, parent: index, act: number))
                }
                if nodes.count >= limit {
                    coverage.states = nodes.count
                    return coverage
                }
            }
            coverage.depth = level
            frontier = frontier.upperBound..<nodes.count
            coverage.states = nodes.count
            if frontier.isEmpty {
                coverage.isClosed = true
                break
            }
        }
        return coverage
    }

    /// Random inputs, for what lies deeper.
    public static func random(_ policy: LinePolicy, steps: Int, seed: UInt64) -> Coverage {
        let acts = acts(policy)
        var coverage = Coverage()
        coverage.inputs = acts.count
        var random = SplitMix(state: seed)
        var world = LineWorld(policy: policy)
        world.restart()
        var last: [String] = []
        var seen: Set<LineState> = []
        for step in 0..<steps {
            // Mostly what happens on a line that works, or nobody would ever run for long.
            let act: Act =
                switch Int.random(in: 0..<24, using: &random) {
                case 0...3: .input(.verdict(Verdict(part: "p", score: 0.5, threshold: 2, warn: 1)))
                case 4: .input(.recipeReady(recipe: "r", model: "m"))
                case 5: .input(.sourceReady)
                case 6: .input(.start(user: "anna"))
                case 7: .input(.acknowledge(user: "anna", verdict: .unclear, reason: "dust"))
                case 8: .input(.reset(user: "anna"))
                case 9: .input(policy.challengePeriod == nil ? .tick : .challengePassed)
                case 10: .input(.faultCleared(FaultCode.allCases.randomElement(using: &random) ?? .internal))
                case 11 where Int.random(in: 0..<4, using: &random) == 0:
                    .input(.fault(FaultCode.allCases.randomElement(using: &random) ?? .internal, detail: "d"))
                // And what it is there for.
                case 12: .input(.verdict(Verdict(part: "p", score: 1.5, threshold: 2, warn: 1)))
                case 13 where Int.random(in: 0..<3, using: &random) == 0:
                    .input(.verdict(Verdict(part: "b", score: 3, threshold: 2, warn: 1)))
                default: acts.randomElement(using: &random) ?? .restart
                }
            perform(act, in: &world)
            coverage.steps += 1
            seen.insert(world.machine.state)
            last = last.suffix(30) + ["\(act)"]
            if let problem = world.problems.first {
                coverage.violation = "step \(step): \(problem): … \(last.joined(separator: "; "))"
                break
            }
        }
        coverage.states = seen.count
        return coverage
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same sequence on every machine.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
