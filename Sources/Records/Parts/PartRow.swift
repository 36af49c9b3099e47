// SPDX-License-Identifier: Apache-2.0

import Line

/// What became of one part.
public struct PartRow: Sendable, Equatable {
    /// What was found; raw values are stable.
    public enum Verdict: String, Sendable, CaseIterable {
        /// Score at most the warn threshold, or the stop threshold where there is no warn threshold.
        case good
        /// Score above the warn threshold, at most the stop threshold.
        case suspicious
        /// Score above the stop threshold.
        case bad
        /// A score or threshold that is no finite number.
        case invalid
        /// Judged, but after its time.
        case late
        /// Not judged at all: no picture, or the line was not inspected in time.
        case unjudged
    }

    /// What the part was judged by: the same for many parts.
    public struct Basis: Sendable, Hashable {
        /// Name of the recipe.
        public var recipe: String?
        /// SHA-256 of its student.
        public var model: String?
        /// Largest score that passes.
        public var threshold: Float?
        /// Largest score that is not suspicious.
        public var warn: Float?

        /// A basis; all nil where nothing was loaded.
        public init(recipe: String? = nil, model: String? = nil, threshold: Float? = nil, warn: Float? = nil) {
            (self.recipe, self.model, self.threshold, self.warn) = (recipe, model, threshold, warn)
        }
    }

    /// Place in the history of parts: 1, 2, 3 … without a gap; 0 before it is recorded.
    public var seq: Int64
    /// When it was decided: nanoseconds since 1970, UTC.
    public var time: UInt64
    /// The part's name.
    public var part: String?
    /// The picture's score; may be NaN or infinite.
    public var score: Float?
    /// What was found.
    public var verdict: Verdict
    /// The line after it.
    public var state: LineState
    /// Milliseconds from picture ready to verdict.
    public var milliseconds: Float?
    /// What it was judged by.
    public var basis: Basis

    /// A part.
    public init(
        seq: Int64 = 0, time: UInt64, part: String?, score: Float? = nil, verdict: Verdict, state: LineState,
        milliseconds: Float? = nil, basis: Basis = Basis()
    ) {
        (self.seq, self.time, self.part, self.score) = (seq, time, part, score)
        (self.verdict, self.state, self.milliseconds, self.basis) = (verdict, state, milliseconds, basis)
    }
}

/// A part as a line of text: what the chain hashes and what is exported are the same.
public enum PartLine {
    /// One line of JSON, without a newline; every key is always there.
    ///
    /// `{"v":1,"seq":7,"time":"2026-11-21T03:12:00.123456789Z","part":"a.png","score":0.5,"verdict":"good","state":"running",
    /// "ms":3.25,"recipe":"plates","threshold":1.0,"warn":null,"model":"9f2c…"}`. Numbers as in `EventLine`.
    public static func json(_ row: PartRow) -> String {
        var line = "{\"v\":1,\"seq\":\(row.seq),\"time\":\"\(UTCTime.text(row.time))\",\"part\":"
        line += JSONText.string(row.part)
        line += ",\"score\":" + JSONText.number(row.score)
        line += ",\"verdict\":\"\(row.verdict.rawValue)\",\"state\":\"\(row.state.rawValue)\",\"ms\":"
        line += JSONText.number(row.milliseconds)
        line += ",\"recipe\":" + JSONText.string(row.basis.recipe)
        line += ",\"threshold\":" + JSONText.number(row.basis.threshold)
        line += ",\"warn\":" + JSONText.number(row.basis.warn)
        return line + ",\"model\":" + JSONText.string(row.basis.model) + "}"
    }

    /// Names of the columns of `csv`.
    public static let columns = [
        "seq", "time", "part", "score", "verdict", "state", "ms", "recipe", "threshold", "warn", "model",
    ]

    /// One line of CSV (RFC 4180), without its end.
    public static func csv(_ row: PartRow) -> String {
        CSVText.line([
            "\(row.seq)", UTCTime.text(row.time), row.part, CSVText.number(row.score), row.verdict.rawValue,
            row.state.rawValue, CSVText.number(row.milliseconds), row.basis.recipe, CSVText.number(row.basis.threshold),
            CSVText.number(row.basis.warn), row.basis.model,
        ])
    }
}
