// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Recipes
import Records

struct VerifyHistory: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find out whether somebody has changed the history.",
        discussion: """
            Every event, and every block of parts, is hashed together with the hash before it, and hashes are in the systemd \
            journal, too: each event's, and that of the parts at every stop and every 10,000 parts. An edit, a deletion or an \
            exchange breaks the chain; an end that was cut off, or a whole new history, does not agree with the journal. What is \
            below the configuration's 'log: level' is not in the journal, and old entries leave it sooner or later. \
            Exit status 0: sound; 1: changed; 2: can't be read.
            """)

    @Option(help: "Folder of the history.")
    var state = "/var/lib/jidoka"
    @Flag(help: "Do not ask the journal: a cut end or a new history is not found then.")
    var withoutJournal = false
    @Option(help: "Name of another history that was put away on purpose; may be given several times.")
    var accept: [String] = []
    @Option(help: ArgumentHelp("Folder of journal files (default: this machine's).", visibility: .hidden))
    var journalFolder: String?
    @OptionGroup var output: JSONOption

    func run() throws {
        let anchors = try withoutJournal ? nil : journal { try JournalReader(folder: journalFolder) }
        // A journal that knows events and no parts is one that was never told of any.
        let ofParts = try anchors == nil ? nil : journal { try JournalReader.ofParts(folder: journalFolder) } ?? []
        let events: HistoryVerification
        let parts: PartVerification?
        do {
            events = try HistoryVerification(
                path: state + "/history.sqlite", anchors: anchors, accepted: Set(accept), progress: Self.show("events"))
            let path = state + "/parts.sqlite"
            // Without a file, or with one that was just begun, there is nothing to verify, unless the journal says that there was.
            parts =
                try SafeFile.exists(path) && !HistoryReader(path: path).isBlank()
                ? try PartVerification(
                    path: path, anchors: ofParts, accepted: Set(accept), progress: Self.show("parts")) : nil
        } catch {
            Terminal.shared.clear()
            Terminal.shared.say("jidoka: verify-history: \(error)")
            throw ExitCode(2)
        }
        Terminal.shared.clear()
        var report = Report(events, parts, hasJournal: anchors != nil)
        if parts == nil, Set((ofParts ?? []).map(\.history)).subtracting(accept).isEmpty == false {
            report.problems.append("the journal knows parts, and there are none in \(state)/parts.sqlite")
        }
        if output.isJSON { try printJSON(report) } else { show(report) }
        guard report.problems.isEmpty else { throw ExitCode(1) }
    }

    private static func show(_ what: String) -> @Sendable (Int, Int) -> Void {
        { Terminal.shared.show("\(what) \($0)/\($1)", isLast: $0 == $1) }
    }

    /// nil when there is none that may be read; who asks is told.
    private func journal(_ open: () throws -> JournalReader) throws -> [HistoryAnchor]? {
        do {
            let reader = try open()
            // Whoever may only read his own entries sees none of the daemon's.
            if reader.isReadable, case let anchors = try reader.anchors(), !anchors.isEmpty { return anchors }
        } catch { Terminal.shared.say("jidoka: verify-history: \(error)") }
        return nil
    }

    private func show(_ report: Report) {
        for problem in report.problems { print("CHANGED: \(problem)") }
        print("history \(report.history): \(report.events) events, \(report.first) to \(report.last)")
        print("hash of the last one: \(report.head)")
        if let parts = report.parts {
            print("history of parts \(parts.history): \(parts.parts) parts, \(parts.first) to \(parts.last)")
            print("hash of the last block: \(parts.head)")
        }
        if report.journal {
            print("the journal agrees on \(report.agreeing) events", terminator: "")
            print(report.parts.map { " and \($0.agreeing) blocks of parts" } ?? "")
        } else {
            print("no journal with the daemon's events can be read: a cut end or a new history can't be found")
        }
        if report.problems.isEmpty { print("sound") }
    }

    private struct Report: Encodable {
        let history: String
        let events: Int
        let first: Int64
        let last: Int64
        let head: String
        let journal: Bool
        let agreeing: Int
        let strangers: [String]
        let parts: Parts?
        var problems: [String]

        struct Parts: Encodable {
            let history: String
            let parts: Int
            let first: Int64
            let last: Int64
            let head: String
            let agreeing: Int
        }

        init(_ found: HistoryVerification, _ parts: PartVerification?, hasJournal: Bool) {
            (history, events, first, last) = (found.history, found.events, found.first, found.last)
            (head, journal) = (found.head, hasJournal)
            (agreeing, strangers) = (found.anchors, found.strangers)
            problems = found.problems + (parts?.problems ?? [])
            self.parts = parts.map {
                Parts(
                    history: $0.history, parts: $0.parts, first: $0.first, last: $0.last, head: $0.head,
                    agreeing: $0.anchors)
            }
        }
    }
}
