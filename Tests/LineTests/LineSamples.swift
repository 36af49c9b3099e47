// SPDX-License-Identifier: Apache-2.0

import Line

/// A machine in each state, reached as in life, and one input of each kind.
enum LineSamples {
    static let goodPart = Verdict(part: "p1", score: 0.5, threshold: 1)
    static let suspiciousPart = Verdict(part: "p6", score: 0.9, threshold: 1, warn: 0.8)
    static let badPart = Verdict(part: "p2", score: 1.5, threshold: 1)

    static func machine(in state: LineState) -> LineMachine {
        var machine = LineMachine()
        _ = machine.handle(.boot(nil), time: 1)
        let path: [LineInput] =
            switch state {
            case .blocked: []
            case .ready: [.recipeReady(recipe: "r", model: "m"), .sourceReady]
            case .running: [.recipeReady(recipe: "r", model: "m"), .sourceReady, .start(user: "anna")]
            case .stopped:
                [.recipeReady(recipe: "r", model: "m"), .sourceReady, .start(user: "anna"), .verdict(badPart)]
            case .acknowledged:
                [
                    .recipeReady(recipe: "r", model: "m"), .sourceReady, .start(user: "anna"), .verdict(badPart),
                    .acknowledge(user: "anna", verdict: .defect, reason: "crack"),
                ]
            case .andon:
                [
                    .recipeReady(recipe: "r", model: "m"), .sourceReady, .start(user: "anna"),
                    .verdict(suspiciousPart),
                ]
            case .bypass:
                [
                    .recipeReady(recipe: "r", model: "m"), .sourceReady,
                    .bypass(user: "anna", reason: "audit", duration: 60_000_000_000),
                ]
            case .fault: [.recipeReady(recipe: "r", model: "m"), .sourceReady, .fault(.pictureDark, detail: "12")]
            }
        for input in path { _ = machine.handle(input, time: 1) }
        return machine
    }

    static let inputs: [(name: String, input: LineInput)] = [
        ("boot", .boot(nil)),
        ("recipe same", .recipeReady(recipe: "r", model: "m")),
        ("recipe other", .recipeReady(recipe: "r", model: "m2")),
        ("recipe missing", .recipeMissing(reason: "no file")),
        ("source ready", .sourceReady),
        ("source lost", .sourceLost(reason: "unplugged")),
        ("good", .verdict(goodPart)),
        ("tie", .verdict(Verdict(part: "p3", score: 1, threshold: 1))),
        ("suspicious", .verdict(suspiciousPart)),
        ("bad", .verdict(badPart)),
        ("late", .verdict(Verdict(part: "p7", score: 0.5, threshold: 1, isLate: true))),
        ("part failed", .partFailed(part: "p8", code: .partMissed, detail: "no picture")),
        ("parts unjudged", .partsUnjudged(2)),
        ("drift", .drift(detail: "lower")),
        ("encoder", .encoder(7)),
        ("tick", .tick),
        ("challenge passed", .challengePassed),
        ("challenge failed", .challengeFailed(detail: "c1 was not found")),
        ("nan", .verdict(Verdict(part: "p4", score: .nan, threshold: 1))),
        ("inf threshold", .verdict(Verdict(part: "p5", score: 1, threshold: .infinity))),
        ("fault", .fault(.badHash, detail: "int8.safetensors")),
        ("fault again", .fault(.pictureDark, detail: "still")),
        ("momentary fault", .fault(.nonFiniteScore, detail: "nan")),
        ("cleared", .faultCleared(.pictureDark)),
        ("ack", .acknowledge(user: "anna", verdict: .falseStop, reason: "dust")),
        ("ack no user", .acknowledge(user: " ", verdict: .falseStop, reason: "dust")),
        ("ack no reason", .acknowledge(user: "anna", verdict: .falseStop, reason: "\t\n")),
        ("reset", .reset(user: "anna")),
        ("reset no user", .reset(user: "")),
        ("start", .start(user: "anna")),
        ("start no user", .start(user: "")),
        ("bypass", .bypass(user: "anna", reason: "audit", duration: 60_000_000_000)),
        ("bypass no user", .bypass(user: "", reason: "audit", duration: 60_000_000_000)),
        ("bypass too long", .bypass(user: "anna", reason: "audit", duration: .max)),
        ("end bypass", .endBypass(user: "anna")),
        ("change recipe", .changeRecipe(user: "anna", recipe: "s")),
        ("policy", .policy(LinePolicy())),
        ("config verdicts", .configurationChanged(affectsVerdicts: true)),
        ("config other", .configurationChanged(affectsVerdicts: false)),
        ("config rejected", .configurationRejected(detail: "line 3")),
        ("record failed", .recordFailed(LineEvent(kind: .ready, time: 1, state: .ready), detail: "disk full")),
        (
            "fault record failed",
            .recordFailed(LineEvent(kind: .fault, time: 1, state: .fault), detail: "disk full")
        ),
        ("summary", .summaryDue),
        ("shutdown", .shutdown),
    ]

    /// Effects in short: `+`/`-` permit, `L` lamp, `E`/`e` escalation, `R` reject, `!` refusal, and the kinds of the recorded events.
    static func short(_ effects: [LineEffect]) -> String {
        effects.map { effect in
            switch effect {
            case .permit(let on): on ? "+" : "-"
            case .lamp: "L"
            case .escalation(let on): on ? "E" : "e"
            case .reject: "R"
            case .load: "load"
            case .record(let event, _): event.kind.rawValue
            case .refuse(let command, _, _): "!\(command.rawValue)"
            }
        }.joined(separator: " ")
    }
}
