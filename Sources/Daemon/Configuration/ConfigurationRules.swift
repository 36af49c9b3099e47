// SPDX-License-Identifier: Apache-2.0

import Line
import Recipes

/// `line:`, the rules of the state machine as a configuration names them.
extension Configuration {
    static func rules(_ mapping: YAMLMapping) throws(RecipeError) -> Line {
        var line = Line()
        if let andon = try mapping.optionalMapping("andon") {
            if let time = try seconds(andon, "seconds", most: 86_400) { line.policy.andonTime = time }
            line.policy.andonParts = try andon.optional("parts", as: Int.self, in: 1...1_000_000)
            // 0: only a person ends it.
            if let good = try andon.optional("good_parts", as: Int.self, in: 0...1_000_000) {
                line.policy.goodParts = good == 0 ? nil : good
            }
            if let share = try andon.optionalMapping("stop_after") {
                let window = try share.required("window", as: Int.self, in: 1...64)
                line.policy.suspicious = .init(
                    count: try share.required("suspicious", as: Int.self, in: 1...window), of: window)
                try share.finish()
            }
            try andon.finish()
        }
        if let travel = try mapping.optionalMapping("stop_at") { line.policy.stopTravel = try self.travel(travel) }
        if let travel = try mapping.optionalMapping("reject_at") { line.policy.rejectTravel = try self.travel(travel) }
        line.verdictMilliseconds = try mapping.optional("verdict_ms", as: Int.self, in: 1...60_000)
        if let limit = try mapping.optional("unjudged_parts", as: Int.self, in: 1...1000) {
            line.policy.unjudgedLimit = limit
        }
        line.policy.escalationTime = try seconds(mapping, "escalation_s", most: 86_400)
        if let minutes = try mapping.optional("bypass_minutes", as: Int.self, in: 0...1440) {
            line.policy.bypassLimit = UInt64(minutes) * 60_000_000_000
        }
        line.policy.challengePeriod = try seconds(mapping, "challenge_s", most: 31_536_000)
        try mapping.finish()
        return line
    }

    private static func seconds(
        _ mapping: YAMLMapping, _ key: String, most: Int
    ) throws(RecipeError) -> UInt64? {
        try mapping.optional(key, as: Int.self, in: 1...most).map { UInt64($0) * 1_000_000_000 }
    }

    /// `ms: 400`, or `counts: 120` with `within_ms: 2000`.
    private static func travel(_ mapping: YAMLMapping) throws(RecipeError) -> LinePolicy.Travel {
        let time = try mapping.optional("ms", as: Int.self, in: 1...600_000)
        let counts = try mapping.optional("counts", as: Int.self, in: 1...1_000_000)
        guard (time == nil) != (counts == nil) else {
            throw mapping.error(
                time == nil ? .missingKey : .contradiction, "ms", expected: "either 'ms' or 'counts'",
                found: time == nil ? "neither" : "both", hint: "how far it is from the camera, in time or in counts")
        }
        guard let counts else {
            try mapping.refuse(["within_ms"], with: "ms")
            try mapping.finish()
            return .time(UInt64(time ?? 1) * 1_000_000)
        }
        let limit = try mapping.required("within_ms", as: Int.self, in: 1...600_000)
        try mapping.finish()
        return .counts(UInt64(counts), limit: UInt64(limit) * 1_000_000)
    }

    /// Counts come from an encoder.
    static func checkEncoder(of configuration: Configuration, _ root: YAMLMapping) throws(RecipeError) {
        let policy = configuration.line.policy
        let places = [("line.stop_at", policy.stopTravel), ("line.reject_at", policy.rejectTravel)]
        for (key, travel) in places {
            guard case .counts? = travel, configuration.encoder == nil else { continue }
            throw root.error(
                .missingKey, "inputs", expected: "'encoder' below 'inputs', as \(key) has counts", found: "none",
                hint: "name the line of the encoder, or give 'ms' instead of 'counts'")
        }
    }
}
