// SPDX-License-Identifier: Apache-2.0

import Line
import Outputs

/// What the daemon is told by `/etc/jidoka/jidoka.yaml`.
///
/// Two keys have no default in a file, `recipe` and `source`: what is inspected is never guessed.
public struct Configuration: Sendable, Equatable {
    /// Name of the recipe: a folder in `recipes`.
    public var recipe: String
    /// Folder of all recipes, absolute.
    public var recipes: String
    /// Folder of the history database and the latch, absolute.
    public var state: String
    /// Folder of the two sockets, absolute; at most 94 bytes, as the path of a socket may have 107.
    public var sockets: String
    /// Where the frames come from.
    public var source: Source
    /// How parts are looked at.
    public var inspection: Inspection
    /// How the box shows that it still sees.
    public var detection: Detection
    /// When parts are no longer like those of the calibration.
    public var drift: Drift
    /// Where the permit goes.
    public var outputs: Outputs
    /// When the line warns, stops and calls.
    public var line: Line
    /// What is kept of parts; nil is nothing.
    public var evidence: Evidence?
    /// How much of the past is kept.
    public var history: History
    /// Who may give commands.
    public var roles: Roles
    /// The acknowledge button, if there is one.
    public var acknowledge: Input?
    /// The conveyor's encoder, if there is one.
    public var encoder: Input?
    /// What the journal gets.
    public var log: Log

    /// Where the frames come from.
    public enum Source: Sendable, Equatable {
        /// The pictures below a folder, as if a camera had taken them; parts per second, 0 is as fast as it can.
        case folder(path: String, rate: Double, repeats: Bool)
        /// Generated parts; every `defectEvery`-th has a defect, 0 is never.
        case synthetic(seed: UInt64, rate: Double, defectEvery: Int)
        /// A V4L2 camera, by a path that stays the same (`/dev/v4l/by-id/…`), and when a part is in front of it.
        case camera(device: String, trigger: Trigger)
    }

    /// When a part is in front of the camera.
    public enum Trigger: Sendable, Equatable {
        /// Always: so many parts per second are taken out of the stream; 0 is every frame.
        case rate(Double)
        /// When a program says so on the control socket; the first picture taken `delay` milliseconds later shows the part.
        /// Without a part for `idle` seconds a running line is in fault; nil is never.
        case software(delay: Int, idle: Int? = nil)
        /// At an edge of a GPIO line; otherwise as `software`.
        case input(Input, delay: Int, idle: Int? = nil)
    }

    /// A GPIO line that is read.
    public struct Input: Sendable, Equatable {
        /// Which line.
        public var line: GPIOLine
        /// Milliseconds in which further edges are bouncing contacts, 0 to 1000.
        public var debounce: Int

        /// A line and its debounce time.
        public init(line: GPIOLine, debounce: Int = 5) {
            self.line = line
            self.debounce = debounce
        }
    }

    /// How parts are looked at.
    public struct Inspection: Sendable, Equatable {
        /// Threads that share the work on one part, 1 to 16; a recipe in float32 uses one.
        public var threads: Int

        /// A number of threads.
        public init(threads: Int = 1) { self.threads = threads }
    }

    /// How the box shows that it still sees, besides the challenge (`LinePolicy.challengePeriod`).
    public struct Detection: Sendable, Equatable {
        /// Every how many good parts a defect is blended into a copy of the picture and has to be found; 0 is never.
        public var everyParts: Int

        /// A number of parts.
        public init(everyParts: Int = 500) { self.everyParts = everyParts }
    }

    /// The drift alarm.
    public struct Drift: Sendable, Equatable {
        /// The probability of a false alarm in a whole run, however long, up to 0.5; 0: drift is not watched.
        public var level: Double

        /// A probability.
        public init(level: Double = 0.01) { self.level = level }
    }

    /// Where the permit and the lamps go.
    public enum Outputs: Sendable, Equatable {
        /// Nowhere: the verdicts are on the sockets only.
        case none
        /// Into a file, for tests and demonstrations.
        case file(path: String)
        /// To the wires.
        case gpio(GPIOOutputLines)
    }

    /// When the line warns, stops and calls.
    public struct Line: Sendable, Equatable {
        /// The rules of the state machine.
        public var policy: LinePolicy
        /// Milliseconds from the picture to the verdict, beyond which a part counts as one without; nil is any time.
        public var verdictMilliseconds: Int?

        /// Rules and a time limit.
        public init(policy: LinePolicy = LinePolicy(), verdictMilliseconds: Int? = nil) {
            self.policy = policy
            self.verdictMilliseconds = verdictMilliseconds
        }
    }

    /// What is kept of parts.
    public struct Evidence: Sendable, Equatable {
        /// Megabytes of all parts together, 10 to 10,000,000; samples of good parts go first.
        public var megabytes: Int
        /// Days, 1 to 36,500; nil is for ever.
        public var days: Int?
        /// Every how many good parts one is kept; 0 is none.
        public var goodEvery: Int

        /// Limits and samples.
        public init(megabytes: Int = 2000, days: Int? = nil, goodEvery: Int = 0) {
            self.megabytes = megabytes
            self.days = days
            self.goodEvery = goodEvery
        }
    }

    /// How much of the past is kept.
    public struct History: Sendable, Equatable {
        /// Events, 1,000 to 1,000,000,000; older ones are deleted while the line stands.
        public var events: Int
        /// Parts, 0 to 1,000,000,000; 0 is none.
        public var parts: Int

        /// Limits.
        public init(events: Int = 1_000_000, parts: Int = 10_000_000) {
            self.events = events
            self.parts = parts
        }
    }

    /// Who may give commands on the control socket, besides root: names of groups, which the system may come to know later.
    public struct Roles: Sendable, Equatable {
        /// May acknowledge, reset, start and trigger; nil is everybody who can connect.
        public var operate: [String]?
        /// May bypass and change the recipe, and everything that operators may; nil is whoever may operate.
        public var supervise: [String]?

        /// Groups.
        public init(operate: [String]? = nil, supervise: [String]? = nil) {
            self.operate = operate
            self.supervise = supervise
        }
    }

    /// What the journal gets.
    public struct Log: Sendable, Equatable {
        /// The least important level that is written.
        public var level: Level
        /// Seconds between two summaries of good parts, 1 to 86,400.
        public var summarySeconds: Int

        /// Levels of swift-log, by the same names.
        public enum Level: String, Sendable, CaseIterable {
            /// Everything, for the bench.
            case trace
            /// What helps to find a fault.
            case debug
            /// Normal operation.
            case info
            /// Normal but significant.
            case notice
            /// Something may need attention.
            case warning
            /// Something failed.
            case error
            /// The daemon can't go on.
            case critical
        }

        /// A level and a period.
        public init(level: Level = .info, summarySeconds: Int = 60) {
            self.level = level
            self.summarySeconds = summarySeconds
        }
    }

    /// A configuration; everything left out is as in `defaults`.
    public init(
        recipe: String, source: Source, recipes: String = "/var/lib/jidoka/recipes", state: String = "/var/lib/jidoka",
        sockets: String = "/run/jidoka", inspection: Inspection = Inspection(), detection: Detection = Detection(),
        drift: Drift = Drift(),
        outputs: Outputs = .none,
        line: Line = Line(), evidence: Evidence? = Evidence(), history: History = History(), roles: Roles = Roles(),
        acknowledge: Input? = nil, encoder: Input? = nil, log: Log = Log()
    ) {
        self.recipe = recipe
        self.source = source
        self.recipes = recipes
        self.state = state
        self.sockets = sockets
        self.inspection = inspection
        self.detection = detection
        self.drift = drift
        self.outputs = outputs
        self.line = line
        self.evidence = evidence
        self.history = history
        self.roles = roles
        self.acknowledge = acknowledge
        self.encoder = encoder
        self.log = log
    }

    /// What the documented example says: the demonstration.
    public static let defaults = Configuration(
        recipe: "demo", source: .synthetic(seed: 1, rate: defaultRate, defectEvery: 20))

    /// Parts per second when nothing is said.
    package static let defaultRate = 2.0
}

extension Configuration {
    /// True when parts would be judged differently: another recipe, another place of recipes, other pictures.
    ///
    /// A reload that answers true must take the line out of `running` first.
    public func affectsVerdicts(comparedTo other: Configuration) -> Bool {
        recipe != other.recipe || recipes != other.recipes || source != other.source
    }

    /// Keys that differ and are read at the start only, in the order of the file; empty when a reload is enough.
    public func keysNeedingRestart(comparedTo other: Configuration) -> [String] {
        var keys: [String] = []
        if state != other.state { keys.append("state") }
        if sockets != other.sockets { keys.append("sockets") }
        if inspection != other.inspection { keys.append("inspection") }
        if evidence != other.evidence { keys.append("evidence") }
        if history != other.history { keys.append("history") }
        if outputs != other.outputs { keys.append("outputs") }
        if acknowledge != other.acknowledge || encoder != other.encoder { keys.append("inputs") }
        if triggerInput != other.triggerInput { keys.append("source.input") }
        return keys
    }

    /// Whether `jidoka trigger` announces parts.
    var isTriggeredByPrograms: Bool {
        guard case .camera(_, .software) = source else { return false }
        return true
    }

    /// The line that triggers, if one does.
    var triggerInput: Input? {
        guard case .camera(_, .input(let input, _, _)) = source else { return nil }
        return input
    }
}
