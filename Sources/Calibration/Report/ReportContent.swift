// SPDX-License-Identifier: Apache-2.0

/// All that a report says, apart from how it looks.
public struct ReportContent: Sendable {
    /// How many parts of one kind of defect a recipe stops.
    public struct DefectRecall: Sendable, Encodable {
        /// The kind of defect.
        public var kind: String
        /// Those above the stop threshold.
        public var stopped: ShareInterval
        /// Those above the warn threshold; nil without one.
        public var warned: ShareInterval?

        /// A kind and its shares.
        public init(kind: String, stopped: ShareInterval, warned: ShareInterval? = nil) {
            (self.kind, self.stopped, self.warned) = (kind, stopped, warned)
        }
    }

    /// Known defects and what the recipe does with them.
    public struct Judged: Sendable {
        /// Name of the data set.
        public var data: String
        /// Scores of good parts that the recipe was not made from, and of each kind of defect.
        public var groups: [HistogramPlot.Group]
        /// Recall by kind.
        public var recalls: [DefectRecall]
        /// Good parts that stop; nil without good parts.
        public var falseStops: ShareInterval?

        /// Counts.
        ///
        /// - Parameters:
        ///   - groups: good parts first, then the kinds of defect in their order.
        ///   - stop: the stop threshold.
        ///   - warn: the warn threshold; nil without one.
        public init(data: String, groups: [HistogramPlot.Group], stop: Float, warn: Float?) {
            (self.data, self.groups) = (data, groups)
            func share(_ group: HistogramPlot.Group, above bound: Float) -> ShareInterval? {
                ShareInterval(group.scores.count { $0 > bound }, of: group.scores.count)
            }
            recalls = groups.filter { !$0.isGood }.compactMap { group in
                share(group, above: stop).map { stopped in
                    DefectRecall(
                        kind: group.name, stopped: stopped, warned: warn.flatMap { share(group, above: $0) })
                }
            }
            falseStops = groups.first(where: \.isGood).flatMap { share($0, above: stop) }
        }
    }

    /// A file of the recipe.
    public struct File: Sendable, Encodable {
        /// Its name.
        public var name: String
        /// SHA-256 of its bytes.
        public var sha256: String
        /// Their number.
        public var bytes: Int

        /// A file.
        public init(name: String, sha256: String, bytes: Int) {
            (self.name, self.sha256, self.bytes) = (name, sha256, bytes)
        }
    }

    /// A name and a value.
    public struct Fact: Sendable {
        /// What it is.
        public var name: String
        /// What it is here.
        public var value: String

        /// A fact.
        public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }

    /// A good picture that a person has taken out.
    public struct Exclusion: Sendable {
        /// The picture, who took it out, why, and when (RFC 3339, UTC).
        public var part: String, by: String, reason: String, date: String
        /// Who has taken that back; nil: it is out.
        public var includedBy: String?

        /// An exclusion.
        public init(part: String, by: String, reason: String, date: String, includedBy: String? = nil) {
            (self.part, self.by, self.reason, self.date, self.includedBy) = (part, by, reason, date, includedBy)
        }
    }

    /// Name of the recipe.
    public var recipe: String
    /// When the report was made, RFC 3339, UTC.
    public var made: String
    /// The program that made it.
    public var tool: String
    /// When the recipe was calibrated, RFC 3339, UTC.
    public var calibrated: String
    /// What may be said of the stop threshold.
    public var certificate: Certificate
    /// The certificate in words, then what else stops a line of good parts.
    public var lines: [String]
    /// The warn threshold with its promise; nil without one.
    public var warn: ConformalThreshold?
    /// The threshold of the pixels.
    public var pixel: Float
    /// Who accepted less than was asked for.
    public var acceptedBy: String?
    /// Calibrate parts and their scores.
    public var scores: [(part: String, score: Float)]
    /// What weakens the promise besides: a camera that is set otherwise than at calibration.
    public var warnings: [String] = []
    /// Good pictures that people have taken out, in the order in which they said so.
    public var exclusions: [Exclusion] = []
    /// Known defects; nil: none were given.
    public var judged: Judged?
    /// Recent parts; nil: there are none.
    public var production: ProductionRecord?
    /// Versions, settings and hashes.
    public var versions: [Fact]
    /// The camera's settings.
    public var camera: [Fact]
    /// Files of the recipe.
    public var files: [File]

    /// A content.
    public init(
        recipe: String, made: String, tool: String, calibrated: String, certificate: Certificate, lines: [String],
        warn: ConformalThreshold? = nil, pixel: Float, acceptedBy: String? = nil,
        scores: [(part: String, score: Float)], judged: Judged? = nil, production: ProductionRecord? = nil,
        versions: [Fact] = [], camera: [Fact] = [], files: [File] = []
    ) {
        (self.recipe, self.made, self.tool, self.calibrated) = (recipe, made, tool, calibrated)
        (self.certificate, self.lines, self.acceptedBy) = (certificate, lines, acceptedBy)
        (self.warn, self.pixel, self.scores) = (warn, pixel, scores)
        (self.judged, self.production) = (judged, production)
        (self.versions, self.camera, self.files) = (versions, camera, files)
    }

    /// Of good parts in production, those that stopped the line falsely.
    public var falseStops: ShareInterval? { production.flatMap { $0.parts > 0 ? $0.falseStops : nil } }

    /// How the promise stands.
    public var state: PromiseState { PromiseState(certificate, falseStops: falseStops, isDoubted: !warnings.isEmpty) }

    /// The promise and how it stands.
    public var sentence: String { state.sentence(certificate, falseStops: falseStops) }
}
