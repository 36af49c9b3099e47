// SPDX-License-Identifier: Apache-2.0

import CLibSystemd
import Glibc
import Line

/// Reads events back from the systemd journal: those of this boot and earlier ones that it still holds.
///
/// One thread uses it. Sources: sd_journal_open(3), sd_journal_add_match(3), sd_journal_get_data(3), sd_journal_wait(3).
public final class JournalReader {
    private let journal: OpaquePointer
    private let follows: Bool
    private let isOfAFolder: Bool

    /// Opens the journal at the first event.
    ///
    /// - Parameters:
    ///   - folder: folder of journal files; nil is this machine's.
    ///   - follows: `next` waits for new events instead of ending.
    /// - Throws: `.cannotOpen` when there is no journal or it may not be read.
    public convenience init(folder: String? = nil, follows: Bool = false) throws(RecordsError) {
        try self.init(
            folder: folder, follows: follows,
            kinds: LineEvent.Kind.allCases.map(\.rawValue) + [HistoryAnchor.historyEvent])
    }

    /// Opens the journal at the first place in the chain of the parts, for `anchors`.
    public static func ofParts(folder: String? = nil) throws(RecordsError) -> JournalReader {
        try JournalReader(folder: folder, follows: false, kinds: [HistoryAnchor.partsEvent])
    }

    private init(folder: String?, follows: Bool, kinds: [String]) throws(RecordsError) {
        let thing = folder ?? "systemd journal"
        var opened: OpaquePointer?
        let number =
            folder.map { sd_journal_open_directory(&opened, $0, 0) }
            ?? sd_journal_open(&opened, Int32(SD_JOURNAL_LOCAL_ONLY))
        guard number >= 0, let journal = opened else {
            throw RecordsError(
                code: .cannotOpen, thing: thing, expected: "a journal that can be read",
                found: String(cString: strerror(-number)), errno: -number, hint: Self.hint)
        }
        self.journal = journal
        self.follows = follows
        isOfAFolder = folder != nil
        // Matches of one field are alternatives.
        for kind in kinds {
            let match = "JIDOKA_EVENT=\(kind)"
            sd_journal_add_match(journal, match, match.utf8.count)
        }
        let sought = sd_journal_seek_head(journal)
        guard sought >= 0 else {
            sd_journal_close(journal)
            throw RecordsError(
                code: .cannotOpen, thing: thing, expected: "a journal that can be read",
                found: String(cString: strerror(-sought)), errno: -sought, hint: Self.hint)
        }
    }

    deinit { sd_journal_close(journal) }

    /// Whether there is any journal file that this user may read: without one, no events says nothing.
    public var isReadable: Bool {
        var bytes: UInt64 = 0
        return sd_journal_get_usage(journal, &bytes) >= 0 && bytes > 0
    }

    /// The next event; nil after the last one, or, when following, when `wake` has become readable.
    ///
    /// - Parameter wake: a descriptor that ends the waiting; −1 is none.
    /// - Throws: `.io`.
    public func next(wake: Int32 = -1) throws(RecordsError) -> RecordedEvent? {
        while true {
            let step = sd_journal_next(journal)
            guard step >= 0 else { throw failure(step) }
            if step > 0 {
                // A line of a program that only calls itself so is no event.
                if let event { return event }
                continue
            }
            guard follows else { return nil }
            let descriptor = sd_journal_get_fd(journal)
            guard descriptor >= 0 else { throw failure(descriptor) }
            var waiting = [
                pollfd(fd: descriptor, events: Int16(sd_journal_get_events(journal)), revents: 0),
                pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&waiting, 2, -1)
            if waiting[1].revents != 0 { return nil }
            _ = sd_journal_process(journal)
        }
    }

    /// Every place of every history's chain that the daemon's unit has told this machine's journal, oldest first.
    ///
    /// - Throws: `.io`.
    public func anchors() throws(RecordsError) -> [HistoryAnchor] {
        var found: [HistoryAnchor] = []
        while true {
            let step = sd_journal_next(journal)
            guard step >= 0 else { throw failure(step) }
            guard step > 0 else { return found }
            // Anybody may write such fields; only the journal itself writes those with a line in front.
            guard isOfAFolder || field("_SYSTEMD_UNIT") == "jidokad.service" else { continue }
            guard let seq = field(LogFields.fieldName("seq")).flatMap({ Int64($0) }),
                let history = field(LogFields.fieldName("history")), let hash = field(LogFields.fieldName("hash"))
            else { continue }
            found.append(HistoryAnchor(history: history, seq: seq, hash: hash))
        }
    }

    /// The present entry as an event; nil when it is none.
    private var event: RecordedEvent? {
        var time: UInt64 = 0
        guard sd_journal_get_realtime_usec(journal, &time) >= 0 else { return nil }
        return Self.event(time: time) { field($0) }
    }

    /// An entry of the journal as an event.
    ///
    /// - Parameters:
    ///   - time: when the journal got it, microseconds since 1970; counts when the entry doesn't say itself.
    ///   - field: value of a field.
    package static func event(time: UInt64, field: (String) -> String?) -> RecordedEvent? {
        func value(_ key: String) -> String? { field(LogFields.fieldName(key)) }
        guard let kind = value("event").flatMap(LineEvent.Kind.init(rawValue:)),
            let seq = value("seq").flatMap({ Int64($0) }),
            let state = value("state_to").flatMap(LineState.init(rawValue:))
        else { return nil }
        let moment = value("time").flatMap { UTCTime.nanoseconds($0) } ?? time * 1000
        return RecordedEvent(
            seq: seq,
            event: LineEvent(
                kind: kind, time: moment, recipe: value("recipe"), part: value("part"),
                score: value("score").flatMap { Float($0) }, threshold: value("threshold").flatMap { Float($0) },
                state: state, stateFrom: value("state_from").flatMap(LineState.init(rawValue:)), model: value("model"),
                user: value("user"), verdict: value("verdict").flatMap(AcknowledgeVerdict.init(rawValue:)),
                detail: value("detail")))
    }

    private func field(_ name: String) -> String? {
        var data: UnsafeRawPointer?
        var length = 0
        guard sd_journal_get_data(journal, name, &data, &length) >= 0, let data, length > name.utf8.count else {
            return nil
        }
        // The data begins with the name and '='.
        let bytes = UnsafeRawBufferPointer(start: data, count: length).dropFirst(name.utf8.count + 1)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func failure(_ number: Int32) -> RecordsError {
        RecordsError(
            code: .io, thing: "systemd journal", expected: "the next entry",
            found: String(cString: strerror(-number)), errno: -number, hint: Self.hint)
    }

    private static let hint = "join the group systemd-journal, or ask as root"
}
