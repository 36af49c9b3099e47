// SPDX-License-Identifier: Apache-2.0

import Outputs
import Recipes

extension Configuration {
    private enum SourceKind: String, CaseIterable {
        case folder
        case synthetic
        case camera
    }

    private enum OutputsKind: String, CaseIterable {
        case none
        case file
        case gpio
    }

    private enum TriggerKind: String, CaseIterable {
        case rate
        case software
        case input
    }

    /// Reads a configuration file.
    ///
    /// - Throws: `RecipeError` that names file, line, key, what was expected and what was found.
    public static func load(_ path: String) throws(RecipeError) -> Configuration {
        try Configuration(StrictYAML.read(path))
    }

    /// Reads a configuration from a text; `file` is the name that errors show.
    public static func parse(text: String, file: String) throws(RecipeError) -> Configuration {
        try Configuration(StrictYAML.parse(text, file: file))
    }

    private init(_ root: YAMLMapping) throws(RecipeError) {
        let recipe = try Configuration.name(root, "recipe")
        let recipes = try Configuration.optionalPath(root, "recipes")
        let state = try Configuration.optionalPath(root, "state")
        let sockets = try Configuration.optionalPath(root, "sockets", most: 94)
        let source = try Configuration.source(try root.requiredMapping("source"))
        let inspection = try root.optionalMapping("inspection")
        let detection = try root.optionalMapping("detection")
        let drift = try root.optionalMapping("drift")
        let outputs = try root.optionalMapping("outputs")
        let line = try root.optionalMapping("line")
        let evidence = try root.optionalMapping("evidence")
        let history = try root.optionalMapping("history")
        let roles = try root.optionalMapping("roles")
        let inputs = try root.optionalMapping("inputs")
        let log = try root.optionalMapping("log")
        self.init(recipe: recipe, source: source)
        if let recipes { self.recipes = recipes }
        if let state { self.state = state }
        if let sockets { self.sockets = sockets }
        if let inspection {
            self.inspection.threads = try inspection.optional("threads", as: Int.self, in: 1...16) ?? 1
            try inspection.finish()
        }
        if let detection {
            let every = try detection.optional("every_parts", as: Int.self, in: 0...1_000_000_000)
            self.detection.everyParts = every ?? self.detection.everyParts
            try detection.finish()
        }
        if let drift {
            self.drift.level = try drift.optional("level", as: Double.self, in: 0...0.5) ?? self.drift.level
            try drift.finish()
        }
        if let outputs { self.outputs = try Configuration.outputs(outputs) }
        if let evidence { self.evidence = try Configuration.evidence(evidence) }
        if let history { self.history = try Configuration.history(history) }
        if let roles { self.roles = try Configuration.roles(roles) }
        if let line { self.line = try Configuration.rules(line) }
        if let inputs {
            if let encoder = try inputs.optionalMapping("encoder") {
                self.encoder = Input(line: try Configuration.line(encoder), debounce: 0)
            }
            if let button = try inputs.optionalMapping("acknowledge") {
                let debounce = try button.optional("debounce_ms", as: Int.self, in: 0...1000) ?? 20
                acknowledge = Input(line: try Configuration.line(button), debounce: debounce)
            }
            try inputs.finish()
        }
        try Configuration.checkLines(of: self, root)
        try Configuration.checkEncoder(of: self, root)
        if let log { self.log = try Configuration.log(log) }
        try root.finish()
    }

    private static func source(_ mapping: YAMLMapping) throws(RecipeError) -> Source {
        let kind = try mapping.required("kind", oneOf: SourceKind.self)
        let reason = "kind: \(kind.rawValue)"
        let ofCamera = ["device", "trigger", "delay_ms", "debounce_ms", "idle_s", "input"]
        let source: Source
        switch kind {
        case .folder:
            try mapping.refuse(["seed", "defect_every"] + ofCamera, with: reason)
            let path = try path(mapping, "path")
            let repeats = try mapping.optional("repeat", as: Bool.self) ?? false
            source = .folder(path: path, rate: try rate(mapping), repeats: repeats)
        case .synthetic:
            try mapping.refuse(["path", "repeat"] + ofCamera, with: reason)
            let seed = try mapping.optional("seed", as: UInt64.self) ?? 1
            let every = try mapping.optional("defect_every", as: Int.self, in: 0...1_000_000) ?? 20
            source = .synthetic(seed: seed, rate: try rate(mapping), defectEvery: every)
        case .camera:
            try mapping.refuse(["path", "repeat", "seed", "defect_every"], with: reason)
            source = .camera(device: try path(mapping, "device"), trigger: try trigger(mapping))
        }
        try mapping.finish()
        return source
    }

    /// Parts per second, the same limits as in the sources.
    private static func rate(_ mapping: YAMLMapping) throws(RecipeError) -> Double {
        let least = 1.0 / 3600
        let rate = try mapping.optional("rate", as: Double.self, in: 0...10_000) ?? defaultRate
        guard rate == 0 || rate >= least else {
            throw mapping.error(
                .outOfRange, "rate", expected: "0, or 1 part an hour (0.00028) to 10000 parts a second",
                found: "\(rate)",
                hint: "0 is as fast as it can")
        }
        return rate
    }

    private static func trigger(_ mapping: YAMLMapping) throws(RecipeError) -> Trigger {
        let kind = try mapping.optional("trigger", oneOf: TriggerKind.self) ?? .rate
        let reason = "trigger: \(kind.rawValue)"
        switch kind {
        case .rate:
            try mapping.refuse(["delay_ms", "debounce_ms", "idle_s", "input"], with: reason)
            return .rate(try rate(mapping))
        case .software:
            try mapping.refuse(["rate", "debounce_ms", "input"], with: reason)
            return .software(delay: try delay(mapping), idle: try idle(mapping))
        case .input:
            try mapping.refuse(["rate"], with: reason)
            let delay = try delay(mapping)
            let debounce = try mapping.optional("debounce_ms", as: Int.self, in: 0...1000) ?? 5
            return .input(
                Input(line: try line(try mapping.requiredMapping("input")), debounce: debounce), delay: delay,
                idle: try idle(mapping))
        }
    }

    private static func delay(_ mapping: YAMLMapping) throws(RecipeError) -> Int {
        try mapping.optional("delay_ms", as: Int.self, in: 0...60_000) ?? 0
    }

    private static func idle(_ mapping: YAMLMapping) throws(RecipeError) -> Int? {
        try mapping.optional("idle_s", as: Int.self, in: 1...86_400)
    }

    private static func outputs(_ mapping: YAMLMapping) throws(RecipeError) -> Outputs {
        let kind = try mapping.required("kind", oneOf: OutputsKind.self)
        let reason = "kind: \(kind.rawValue)"
        let wires = ["permit", "andon", "stop", "escalation", "heartbeat", "reject", "reject_ms"]
        let outputs: Outputs
        switch kind {
        case .none:
            try mapping.refuse(["path"] + wires, with: reason)
            outputs = .none
        case .file:
            try mapping.refuse(wires, with: reason)
            outputs = .file(path: try path(mapping, "path"))
        case .gpio:
            try mapping.refuse(["path"], with: reason)
            var lines = GPIOOutputLines(permit: try line(try mapping.requiredMapping("permit")))
            if let andon = try mapping.optionalMapping("andon") { lines.andon = try line(andon) }
            if let stop = try mapping.optionalMapping("stop") { lines.stop = try line(stop) }
            if let call = try mapping.optionalMapping("escalation") { lines.escalation = try line(call) }
            if let heartbeat = try mapping.optionalMapping("heartbeat") { lines.heartbeat = try line(heartbeat) }
            if let reject = try mapping.optionalMapping("reject") { lines.reject = try line(reject) }
            let pulse = try mapping.optional("reject_ms", as: Int.self, in: 1...10_000)
            if let pulse { lines.rejectMilliseconds = pulse }
            outputs = .gpio(lines)
        }
        try mapping.finish()
        return outputs
    }

    private static func evidence(_ mapping: YAMLMapping) throws(RecipeError) -> Evidence? {
        let keeps = try mapping.optional("keep", as: Bool.self) ?? true
        var evidence = Evidence()
        evidence.megabytes = try mapping.optional("max_mb", as: Int.self, in: 10...10_000_000) ?? evidence.megabytes
        evidence.days = try mapping.optional("days", as: Int.self, in: 1...36_500)
        evidence.goodEvery = try mapping.optional("good_every", as: Int.self, in: 0...1_000_000_000) ?? 0
        try mapping.finish()
        return keeps ? evidence : nil
    }

    private static func history(_ mapping: YAMLMapping) throws(RecipeError) -> History {
        var history = History()
        history.events = try mapping.optional("events", as: Int.self, in: 1_000...1_000_000_000) ?? history.events
        history.parts = try mapping.optional("parts", as: Int.self, in: 0...1_000_000_000) ?? history.parts
        try mapping.finish()
        return history
    }

    private static func roles(_ mapping: YAMLMapping) throws(RecipeError) -> Roles {
        var roles = Roles()
        roles.operate = try mapping.optionalList("operate", of: String.self)
        roles.supervise = try mapping.optionalList("supervise", of: String.self)
        for (key, groups) in [("operate", roles.operate), ("supervise", roles.supervise)] {
            for group in groups ?? [] where group.isEmpty || group.utf8.count > 32 || group.utf8.contains(0) {
                throw mapping.error(
                    .outOfRange, key, expected: "names of groups, 1 to 32 bytes each", found: "'\(group)'",
                    hint: "see 'getent group'")
            }
        }
        try mapping.finish()
        return roles
    }

    private static func log(_ mapping: YAMLMapping) throws(RecipeError) -> Log {
        var log = Log()
        log.level = try mapping.optional("level", oneOf: Log.Level.self) ?? log.level
        log.summarySeconds =
            try mapping.optional("summary_seconds", as: Int.self, in: 1...86_400) ?? log.summarySeconds
        try mapping.finish()
        return log
    }

    /// A name that is a folder's name too: it can't lead out of the folder of recipes.
    private static func name(_ mapping: YAMLMapping, _ key: String) throws(RecipeError) -> String {
        let name = try mapping.required(key, as: String.self)
        let plain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard plain, (1...64).contains(name.utf8.count), name.first != ".", name.first != "-" else {
            throw mapping.error(
                .outOfRange, key, expected: "a name of 1 to 64 letters, digits, '-', '_' and '.'", found: "'\(name)'",
                hint: "it is the name of a folder, not a path")
        }
        return name
    }

    static func path(
        _ mapping: YAMLMapping, _ key: String, most: Int = 4095
    ) throws(RecipeError) -> String {
        let path = try mapping.required(key, as: String.self)
        return try check(path, mapping, key, most)
    }

    static func optionalPath(
        _ mapping: YAMLMapping, _ key: String, most: Int = 4095
    ) throws(RecipeError) -> String? {
        guard let path = try mapping.optional(key, as: String.self) else { return nil }
        return try check(path, mapping, key, most)
    }

    /// Only absolute paths: a daemon has no folder of its own that a relative one could start from.
    private static func check(
        _ path: String, _ mapping: YAMLMapping, _ key: String, _ most: Int
    ) throws(RecipeError) -> String {
        guard path.hasPrefix("/"), path.utf8.count <= most, !path.utf8.contains(where: { $0 < 32 }) else {
            throw mapping.error(
                .outOfRange, key, expected: "an absolute path of at most \(most) bytes",
                found: path.utf8.count > most ? "\(path.utf8.count) bytes" : "'\(path)'", hint: "begin it with '/'")
        }
        return path
    }
}
