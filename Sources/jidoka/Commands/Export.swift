// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Line
import Records

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the parts or the events as lines of JSON or as CSV.",
        discussion: """
            Parts are all that were judged, with their scores; events are what happened to the line. Everything to standard \
            output, oldest first; the daemon may run meanwhile. A time is '2026-11-21', '2026-11-21T03:12' or \
            '2026-11-21T03:12:00', in UTC. Exit status 0: all written; 2: can't be read.
            """,
        subcommands: [ExportParts.self, ExportEvents.self])
}

enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
    case jsonl, csv
}

/// What both exports have in common.
struct ExportOptions: ParsableArguments {
    @Option(help: "Folder of the history.")
    var state = "/var/lib/jidoka"
    @Option(help: "Lines of JSON, or CSV with a header.")
    var format = ExportFormat.jsonl
    @Option(help: "Only from this time on.")
    var since: String?
    @Option(help: "Only before this time.")
    var until: String?
    @Option(help: "Only of this recipe.")
    var recipe: String?
    @Option(help: "Only of this part.")
    var part: String?
    @Option(name: .customLong("line-state"), help: "Only with the line in this state afterwards.")
    var lineState: LineState?
    @Option(help: "At most so many.")
    var limit: Int?

    func validate() throws {
        for (name, text) in [("since", since), ("until", until)] {
            guard let text, UTCTime.moment(text) == nil else { continue }
            throw ValidationError("--\(name) '\(text)' is no time: write it like 2026-11-21T03:12")
        }
        guard limit.map({ $0 >= 0 }) ?? true else { throw ValidationError("--limit is 0 or more") }
    }

    var from: UInt64? { since.flatMap(UTCTime.moment) }
    var to: UInt64? { until.flatMap(UTCTime.moment) }

    /// Counts lines, shows how many on a terminal, and ends at the limit or when nobody reads any more.
    func write(columns: [String], _ lines: (_ put: (String) -> Bool) throws -> Void) throws {
        // A reader that has seen enough is no failure of ours.
        signal(SIGPIPE, SIG_IGN)
        var output = LineOutput()
        var count = 0
        if format == .csv { _ = output.put(columns.joined(separator: ",")) }
        do {
            if limit != 0 {
                try lines { line in
                    guard output.put(line) else { return false }
                    count += 1
                    if count % 20_000 == 0, isatty(1) == 0 { Terminal.shared.show("\(count) lines") }
                    return count != limit
                }
            }
            output.flush()
        } catch {
            output.flush()
            Terminal.shared.say("jidoka: export: \(error)")
            throw ExitCode(2)
        }
        Terminal.shared.clear()
        guard let failure = output.failure, failure != EPIPE else { return }
        Terminal.shared.say("jidoka: export: standard output: \(String(cString: strerror(failure)))")
        throw ExitCode(2)
    }
}

extension LineState: ExpressibleByArgument {}
extension PartRow.Verdict: ExpressibleByArgument {}

struct ExportParts: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parts", abstract: "Every part with its score, as it was recorded.")

    @OptionGroup var options: ExportOptions
    @Option(help: "Only with this verdict.")
    var verdict: PartRow.Verdict?

    func run() throws {
        var query = PartQuery()
        (query.since, query.until, query.recipe) = (options.from, options.to, options.recipe)
        (query.part, query.state, query.verdict) = (options.part, options.lineState, verdict)
        try options.write(columns: PartLine.columns) { put in
            try query.run(path: options.state + "/parts.sqlite") { row in
                put(options.format == .csv ? PartLine.csv(row) : PartLine.json(row))
            }
        }
    }
}

struct ExportEvents: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Everything that happened to the line, as it was recorded.")

    @OptionGroup var options: ExportOptions
    @Option(help: "Only of this kind, such as 'stop'.")
    var event: LineEvent.Kind?

    func run() throws {
        try options.write(columns: EventLine.columns) { put in
            try HistoryReader(path: options.state + "/history.sqlite").events { recorded in
                let one = recorded.event
                guard event.map({ $0 == one.kind }) ?? true, options.part.map({ $0 == one.part }) ?? true,
                    options.recipe.map({ $0 == one.recipe }) ?? true,
                    options.lineState.map({ $0 == one.state }) ?? true,
                    options.from.map({ one.time >= $0 }) ?? true, options.to.map({ one.time < $0 }) ?? true
                else { return true }
                return put(options.format == .csv ? EventLine.csv(recorded) : EventLine.encode(recorded))
            }
        }
    }
}

extension LineEvent.Kind: ExpressibleByArgument {}

/// Standard output, a block at a time.
private struct LineOutput {
    private var waiting: [UInt8] = []
    /// `errno` of the first write that failed.
    private(set) var failure: Int32?

    /// False when nothing can be written any more.
    mutating func put(_ line: String) -> Bool {
        waiting += line.utf8
        waiting.append(0x0A)
        if waiting.count >= 65_536 { flush() }
        return failure == nil
    }

    mutating func flush() {
        var place = 0
        while failure == nil, place < waiting.count {
            let count = waiting[place...].withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            if count >= 0 { place += count } else if errno != EINTR { failure = errno }
        }
        waiting.removeAll(keepingCapacity: true)
    }
}
