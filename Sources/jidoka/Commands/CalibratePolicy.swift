// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Daemon
import Inspection
import Line
import Recipes

/// The rules of the line that a certificate covers, from a configuration of the daemon.
struct PolicyOptions: ParsableArguments {
    @Option(help: "Configuration whose rules the certificate covers (default: the rules without one).")
    var config: String?
}

/// Everything that can stop a line of good parts.
struct PolicyReport: Encodable {
    /// The thresholds' part.
    let cover: PolicyCover
    /// False-alarm probabilities of a whole run, from one load of the recipe to the next; 0: not watched.
    let drift: Double, detection: Double
    /// What calibration missed, or why nothing is watched, in words.
    private let heartbeat: String
    /// The miss rate up to which the detection heartbeat's probability holds.
    private let limit: Double

    enum CodingKeys: String, CodingKey { case cover, drift, detection }

    /// Covers the thresholds of one calibration.
    ///
    /// - Parameters:
    ///   - stop: the stop threshold.
    ///   - warn: the warn threshold; nil without one.
    ///   - missed: blended defects that calibration missed; nil in files older than that.
    ///   - options: the line's rules.
    ///   - perMinute: good parts a minute; nil when nobody said.
    /// - Throws: `RecipeError` for a configuration that can't be read.
    init(
        stop: ConformalThreshold, warn: ConformalThreshold?, missed: CalibrationFile.Detection?,
        options: PolicyOptions, perMinute: Double?
    ) throws {
        let configuration = try options.config.map { try Configuration.load($0) }
        let policy = configuration?.line.policy ?? LinePolicy()
        cover = PolicyCover(stop: stop, warn: warn, rules: Self.rules(policy, perMinute: perMinute))
        drift = (configuration?.drift ?? .init()).level
        let isWatched = (configuration?.detection ?? .init()).everyParts > 0
        detection = isWatched && missed?.tellsBlindness == true ? DetectionTest.usualLevel : 0
        heartbeat =
            if let missed, isWatched {
                "\(missed.missed) of \(missed.trials) blended defects were missed at calibration"
                    + (missed.tellsBlindness ? "" : ", too many to tell a blind box by")
            } else {
                isWatched ? "the calibration is older than it" : "every_parts is 0"
            }
        limit = missed?.limit ?? 1
    }

    /// How many parts come within an andon's time: the part that comes as it is over finds the line stopped.
    static func rules(_ policy: LinePolicy, perMinute: Double?) -> PolicyCover.Rules {
        var parts = perMinute.map { max(0, Int((Double(policy.andonTime) / 6e10 * $0).rounded(.up)) - 1) }
        // The part that raises the andon is the first of its parts.
        if let limit = policy.andonParts { parts = parts.map { min($0, limit - 1) } }
        return PolicyCover.Rules(
            suspicious: policy.suspicious?.count, window: policy.suspicious?.window ?? 0, goodParts: policy.goodParts,
            andonParts: parts)
    }

    /// In words, a line each.
    func lines(perShift: Double?) -> [String] {
        var others: [String] = []
        if drift > 0 { others.append("a false drift alarm has a probability of at most \(Certificate.percent(drift))") }
        if detection > 0 {
            others.append(
                "one of the detection heartbeat of at most \(Certificate.percent(detection)) while at most "
                    + "\(Certificate.percent(limit)) are missed (\(heartbeat))"
            )
        }
        var lines = cover.lines(perShift: perShift)
        if !others.isEmpty {
            lines.append(
                "besides, in a whole run (from one load of the recipe to the next): " + others.joined(separator: ", "))
        }
        if detection == 0 { lines.append("no detection heartbeat: \(heartbeat)") }
        return lines
    }
}
