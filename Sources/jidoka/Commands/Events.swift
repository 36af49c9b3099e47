// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Records
import Sockets

struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what happened to the line, from the history and live.",
        discussion: """
            Without --follow it ends after the last recorded event. With --json: the lines of the event socket. When no \
            daemon answers, the events are read from the systemd journal, which forgets old ones sooner or later.
            """)

    @Option(help: "Only events after this number; 0 is all.")
    var since: Int64 = 0
    @Flag(name: .shortAndLong, help: "Go on with new events until the daemon ends.")
    var follow = false
    @Flag(help: "Read the systemd journal, whether the daemon answers or not.")
    var journal = false
    @Option(help: ArgumentHelp("Folder of journal files (default: this machine's).", visibility: .hidden))
    var journalFolder: String?
    @OptionGroup var place: SocketsOption
    @OptionGroup var output: JSONOption

    func run() throws {
        guard !journal, journalFolder == nil else { return try printJournal() }
        let last: Int64
        do {
            last = try Conversation(place).lastEvent()
        } catch let error as SocketsError {
            // Whoever may not ask the daemon is told so; a daemon that is not there may have left a journal.
            guard error.code != .denied, let reader = try? JournalReader(follows: follow), reader.isReadable else {
                throw error
            }
            Terminal.shared.say("jidoka: events: no daemon answers, reading the journal (\(error.thing))")
            return try printJournal(reader)
        }
        guard follow || since < last else { return }
        let reader = try EventReader(path: place.events, since: since)
        while let line = try reader.next() {
            show(line)
            if !follow, let seq = StatusText.integer("seq", in: line), seq >= last { return }
        }
    }

    private func printJournal(_ opened: JournalReader? = nil) throws {
        Interrupt.watch()
        let reader = try opened ?? JournalReader(folder: journalFolder, follows: follow)
        guard reader.isReadable else {
            throw RecordsError(
                code: .cannotOpen, thing: journalFolder ?? "systemd journal",
                expected: "journal files that this user may read", found: "none",
                hint: "join the group systemd-journal, or ask as root; without systemd there is none")
        }
        while let event = try reader.next(wake: Interrupt.descriptor) {
            // Every history counts its own events; one that was begun anew is read from its beginning.
            if event.seq > since { show(EventLine.encode(event)) }
        }
    }

    private func show(_ line: String) {
        print(output.isJSON ? line : EventText.line(line))
        fflush(nil)
    }
}
