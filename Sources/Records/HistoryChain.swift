// SPDX-License-Identifier: Apache-2.0

import Digests

/// How the events of a history hang together: each one's hash is over the hash before it and the event's line.
///
/// `hash = SHA-256(hash before ‖ "\n" ‖ line)`, in lower-case hexadecimal, the line as `EventLine` writes it and the event socket
/// sends it. So whoever has the lines and one hash can check them with `sha256sum` alone.
enum HistoryChain {
    /// What stands before the first event: another one for each history, so that none passes for another.
    static func beginning(of history: String) -> String { Digest.sha256(Array("jidoka history \(history)".utf8)) }

    /// The hash of an event.
    static func hash(after before: String, _ recorded: RecordedEvent) -> String {
        var digest = Digest()
        digest.update(Array(before.utf8))
        digest.update([0x0A])
        digest.update(Array(EventLine.encode(recorded).utf8))
        return digest.finish()
    }

    /// What the event says by which everything up to a place was deleted.
    static func pruning(_ seq: Int64, _ hash: String) -> String { "up to \(seq), hash \(hash)" }

    /// A name for a new history: 128 random bits.
    static func newName() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

/// A place in a history's chain, as it was told to the journal: nobody who edits the database can change it there.
public struct HistoryAnchor: Sendable, Hashable {
    /// Name of the history.
    public var history: String
    /// The event's place.
    public var seq: Int64
    /// The hash of everything up to it.
    public var hash: String

    /// What the journal's field `JIDOKA_EVENT` says of a place in the chain of the parts.
    public static let partsEvent = "parts_sealed"
    /// The same of a place in the chain of the events that is told once more.
    public static let historyEvent = "history_told"

    /// `MESSAGE_ID` of both entries (see `LineEvent.Kind.messageID`).
    public static let messageID = "87a9229288214f77a8aac0b52215beeb"

    /// A place and its hash.
    public init(history: String, seq: Int64, hash: String) {
        self.history = history
        self.seq = seq
        self.hash = hash
    }
}
