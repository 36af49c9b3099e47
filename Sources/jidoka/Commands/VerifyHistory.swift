// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Records

struct VerifyHistory: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find out whether somebody has changed the history.",
        discussion: """
            Every event is hashed together with the hash before it, and each hash is in the systemd journal, too. An edit, a \
            deletion or an exchange breaks the chain; an end that was cut off, or a whole new history, does not agree with the \
            journal. Events below the configuration's 'log: level' are not in the journal, and old ones leave it sooner or later. \
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
        let anchors = try withoutJournal ? nil : journal()
        let found: HistoryVerification
        do {
            found = try HistoryVerification(path: state + "/history.sqlite", anchors: anchors, accepted: Set(accept)) {
                Terminal.shared.show("events \($0)/\($1)", isLast: $0 == $1)
            }
        } catch {
            Terminal.shared.say("jidoka: verify-history: \(error)")
            throw ExitCode(2)
        }
        Terminal.shared.clear()
        if output.isJSON { try printJSON(Report(found, hasJournal: anchors != nil)) } else { show(found, anchors) }
        guard found.problems.isEmpty else { throw ExitCode(1) }
    }

    /// nil when there is none that may be read; who asks is told.
    private func journal() throws -> [HistoryAnchor]? {
        do {
            let reader = try JournalReader(folder: journalFolder)
            // Whoever may only read his own entries sees none of the daemon's.
            if reader.isReadable, case let anchors = try reader.anchors(), !anchors.isEmpty { return anchors }
        } catch { Terminal.shared.say("jidoka: verify-history: \(error)") }
        return nil
    }

    private func show(_ found: HistoryVerification, _ anchors: [HistoryAnchor]?) {
        for problem in found.problems { print("CHANGED: \(problem)") }
        print("history \(found.history): \(found.events) events, \(found.first) to \(found.last)")
        print("hash of the last one: \(found.head)")
        if anchors == nil {
            print("no journal with the daemon's events can be read: a cut end or a new history can't be found")
        } else {
            print("the journal agrees on \(found.anchors) of them")
        }
        if found.problems.isEmpty { print("sound") }
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
        let problems: [String]

        init(_ found: HistoryVerification, hasJournal: Bool) {
            (history, events, first, last) = (found.history, found.events, found.first, found.last)
            (head, journal) = (found.head, hasJournal)
            (agreeing, strangers, problems) = (found.anchors, found.strangers, found.problems)
        }
    }
}
