// SPDX-License-Identifier: Apache-2.0

import Line

/// Stops, parts and hours of a time.
public struct StopTally: Sendable, Equatable, Encodable {
    /// Parts judged while the line ran, as the summaries say: what a crash or an end has taken before the last summary is not in them.
    public var parts = 0
    /// Hours that the line ran and was inspected.
    public var hours = 0.0
    /// All stops.
    public var stops = 0
    /// Acknowledged as false stops, as defects, as unclear.
    public var falseStops = 0, defects = 0, unclear = 0
    /// Nobody has acknowledged yet.
    public var open = 0
    /// Of `falseStops`: by the score of one part, which a certificate speaks of.
    public var falseStopsByScore = 0

    /// All zero.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case parts, hours, stops, defects, unclear, open
        case falseStops = "false_stops", falseStopsByScore = "false_stops_by_score"
    }
}

extension StopHistory {
    /// Adds up a time; a span counts where it ended.
    ///
    /// - Parameters:
    ///   - since: nanoseconds since 1970, inclusive.
    ///   - until: exclusive.
    ///   - recipe: only of this recipe; nil is all.
    ///   - model: only of this model; nil is all.
    public func tally(since: UInt64, until: UInt64, recipe: String? = nil, model: String? = nil) -> StopTally {
        var tally = StopTally()
        var running: UInt64 = 0
        for span in spans where span.end >= since && span.end < until {
            guard recipe.map({ $0 == span.recipe }) ?? true, model.map({ $0 == span.model }) ?? true else { continue }
            tally.parts += span.parts
            running &+= span.running
        }
        tally.hours = Double(running) / 3.6e12
        for stop in stops where stop.time >= since && stop.time < until {
            guard recipe.map({ $0 == stop.recipe }) ?? true, model.map({ $0 == stop.model }) ?? true else { continue }
            tally.stops += 1
            switch stop.verdict {
            case .falseStop:
                tally.falseStops += 1
                if stop.isByScore { tally.falseStopsByScore += 1 }
            case .defect: tally.defects += 1
            case .unclear: tally.unclear += 1
            case nil: tally.open += 1
            }
        }
        return tally
    }
}
