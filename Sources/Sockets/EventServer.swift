// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The event socket: every reader gets every event as a line of JSON, and none of them can hold the line up.
///
/// A reader gets the events from its connection on. If its first line is `{"since": seq}`, it gets all events after that
/// seq from the history and then the live ones, joined by seq: none missing, none twice. It has 100 ms for that line
/// before live events are written to it; asked for later, the older events come behind those that were written already.
/// Whoever doesn't read is dropped when 256 KiB wait, and asks again with the last seq that it has.
public final class EventServer: Sendable {
    /// Events after a seq, oldest first, at most `limit`; an event must be in it before it is published. It is called on
    /// the server's thread and may take its time: publishing doesn't wait for it.
    public typealias History = @Sendable (_ since: Int64, _ limit: Int) -> [(seq: Int64, line: String)]?

    private let feed: EventFeed
    private let loop: SocketLoop

    /// Listens at `path` until `close`.
    ///
    /// - Parameters:
    ///   - path: at most 107 bytes; the folder must exist. A socket file that nobody listens on is replaced.
    ///   - mode: permissions of the socket file; connecting needs the right to write.
    ///   - group: group of the socket file; `nil` leaves it.
    ///   - history: where older events come from.
    public convenience init(
        path: String, mode: mode_t = 0o660, group: String? = nil, history: @escaping History
    ) throws(SocketsError) {
        try self.init(path: path, mode: mode, group: group, stallMilliseconds: 10_000, history: history)
    }

    /// As above, with the patience for a reader that takes nothing of what waits for it.
    package init(
        path: String, mode: mode_t, group: String?, stallMilliseconds: Int32, history: @escaping History
    ) throws(SocketsError) {
        var limits = SocketLoop.Limits()
        limits.stallMilliseconds = stallMilliseconds
        let listener = try ListeningSocket(path: path, mode: mode, group: group)
        feed = EventFeed(history: history)
        loop = try SocketLoop(listener: listener, limits: limits, delegate: feed)
    }

    deinit { close() }

    /// Readers that are connected.
    public var readers: Int { feed.state.withLock { $0.readers.count } }

    /// Readers that were dropped because they didn't read, since the start.
    public var droppedReaders: UInt64 { feed.state.withLock { $0.dropped } }

    /// Hands an event to all readers; returns at once, whatever they do.
    ///
    /// - Parameters:
    ///   - seq: greater than all before; an event that is not is left to the history.
    ///   - line: JSON without a newline.
    public func publish(seq: Int64, line: String) {
        feed.publish(seq, Array(line.utf8) + [0x0A], loop)
    }

    /// Ends all connections and removes the socket file; not from within the history.
    public func close() { loop.close() }
}

/// The event server's side of the loop: which reader is where in the sequence of events.
private final class EventFeed: SocketLoopDelegate {
    /// Where a reader is.
    enum Place {
        /// Just connected: events are kept back until it has asked, or has had its time to ask.
        case held(until: Int64, lines: [(seq: Int64, line: [UInt8])], bytes: Int)
        /// Gets every event after `after` as it is published.
        case live(after: Int64)
        /// Has everything up to `cursor`; the rest comes from the history.
        case catchingUp(cursor: Int64)
    }

    struct Reader {
        var place: Place
        var hasAsked = false
        /// Live events that were queued before it asked: they are not sent again.
        var delivered: ClosedRange<Int64>?
    }

    struct State {
        var readers: [Int: Reader] = [:]
        var newest: Int64?
        var dropped: UInt64 = 0
    }

    static let holdNanoseconds: Int64 = 100_000_000
    static let batch = 256

    let state = Mutex(State())
    private let history: EventServer.History

    init(history: @escaping EventServer.History) {
        self.history = history
    }

    func publish(_ seq: Int64, _ line: [UInt8], _ loop: SocketLoop) {
        state.withLock { state in
            guard seq > state.newest ?? .min else { return }
            state.newest = seq
            for client in Array(state.readers.keys) {
                guard var reader = state.readers.removeValue(forKey: client) else { continue }
                switch reader.place {
                case .held(let until, var lines, let bytes):
                    lines.append((seq, line))
                    reader.place = .held(until: until, lines: lines, bytes: bytes + line.count)
                    if bytes + line.count > loop.limits.queue / 2 { Self.release(&reader, client, loop) }
                case .live(let after) where seq > after:
                    reader.delivered = (reader.delivered?.lowerBound ?? seq)...seq
                    loop.send(line, to: client)
                case .live, .catchingUp:
                    break
                }
                state.readers[client] = reader
            }
        }
    }

    /// From now on live; what was kept back is sent first.
    private static func release(_ reader: inout Reader, _ client: Int, _ loop: SocketLoop) {
        guard case .held(_, let lines, _) = reader.place else { return }
        for (seq, line) in lines {
            reader.delivered = (reader.delivered?.lowerBound ?? seq)...seq
            loop.send(line, to: client)
        }
        reader.place = .live(after: .min)
    }

    // MARK: - On the loop's thread

    func connected(_ client: Int, descriptor: Int32, in loop: SocketLoop) {
        let until = MonotonicTime.nanoseconds + Self.holdNanoseconds
        state.withLock { $0.readers[client] = Reader(place: .held(until: until, lines: [], bytes: 0)) }
    }

    func mayReceive(_ client: Int, in loop: SocketLoop) -> Bool { true }

    /// It may only be the writing side that ended (`echo … | nc -U`): the events go on until the reader hangs up.
    func ended(_ client: Int, in loop: SocketLoop) {}

    func disconnected(_ client: Int, isTooSlow: Bool) {
        state.withLock { state in
            state.readers.removeValue(forKey: client)
            if isTooSlow { state.dropped += 1 }
        }
    }

    /// A reader that reads is worth as much as a new one.
    func victim() -> Int? { nil }

    func received(_ piece: LineBuffer.Piece, from client: Int, in loop: SocketLoop) {
        do throws(ControlFailure) {
            guard case .line(let line) = piece else { throw .lineTooLong }
            let fields = try ControlRequest.fields(of: line)
            guard let value = fields["since"] else { throw .missing("since") }
            guard case .integer(let since) = value, since >= 0 else {
                throw .wrongType("since", "a whole number from 0")
            }
            try follow(client, since)
        } catch {
            loop.send(error.line, to: client)
        }
    }

    private func follow(_ client: Int, _ since: Int64) throws(ControlFailure) {
        // Recorded but not yet published counts: a reader may have it from the history.
        guard let before = since == 0 ? [] : history(since - 1, 1) else {
            throw ControlFailure(
                code: "history_unreadable", message: "the history can't be read at the moment", hint: "ask again later")
        }
        let isKnown = since == 0 || since <= state.withLock({ $0.newest ?? 0 }) || !before.isEmpty
        guard isKnown else {
            throw ControlFailure(
                code: "since_ahead", message: "there is no event \(since) yet",
                hint: "the history is another one: begin with \"since\":0")
        }
        let isFirst = state.withLock { state in
            guard var reader = state.readers[client], !reader.hasAsked else { return false }
            reader.hasAsked = true
            reader.place = .catchingUp(cursor: since)
            state.readers[client] = reader
            return true
        }
        guard isFirst else {
            throw ControlFailure(
                code: "already_following", message: "\"since\" was asked for already", hint: "connect again")
        }
    }

    func turn(in loop: SocketLoop) -> Int32 {
        let now = MonotonicTime.nanoseconds
        var wait: Int32 = -1
        func atMost(_ milliseconds: Int32) { wait = wait < 0 ? milliseconds : min(wait, milliseconds) }

        var behind: [(client: Int, cursor: Int64, delivered: ClosedRange<Int64>?)] = []
        let holds = state.withLock { state in
            var holds: [Int64] = []
            for client in Array(state.readers.keys) {
                guard var reader = state.readers[client] else { continue }
                switch reader.place {
                case .held(let until, _, _) where until <= now:
                    Self.release(&reader, client, loop)
                    state.readers[client] = reader
                case .held(let until, _, _): holds.append(until - now)
                case .catchingUp(let cursor): behind.append((client, cursor, reader.delivered))
                case .live: break
                }
            }
            return holds
        }
        for rest in holds { atMost(Int32(clamping: rest / 1_000_000 + 1)) }
        for (client, cursor, delivered) in behind where loop.queued(client) < loop.limits.queue / 2 {
            catchUp(client, cursor, delivered, loop)
        }
        return wait
    }

    func wantsTurn(in loop: SocketLoop) -> Bool {
        let behind = state.withLock { state in
            state.readers.filter { if case .catchingUp = $0.value.place { true } else { false } }.keys.map { $0 }
        }
        return behind.contains { loop.queued($0) < loop.limits.queue / 2 }
    }

    /// Sends the next events of the history; a reader that has come up with the live ones is live from then on.
    private func catchUp(
        _ client: Int, _ from: Int64, _ delivered: ClosedRange<Int64>?, _ loop: SocketLoop
    ) {
        let target = state.withLock { $0.newest ?? 0 }
        var cursor = from
        guard let events = history(from, Self.batch) else {
            // Going on would skip events silently; a reader that is cut off asks again.
            return loop.closeWhenEmpty(client)
        }
        for event in events where event.seq > cursor {
            guard loop.queued(client) < loop.limits.queue / 2 else { break }
            cursor = event.seq
            if delivered?.contains(cursor) == true { continue }
            loop.send(Array(event.line.utf8) + [0x0A], to: client, force: true)
        }
        // Published before the question, and not in the answer: the history has forgotten them.
        if events.isEmpty { cursor = max(cursor, target) }
        state.withLock { state in
            // Under the lock that publishing takes: between this comparison and the change no event can slip through.
            let hasJoined = (state.newest ?? 0) <= cursor && events.count < Self.batch
            state.readers[client]?.place = hasJoined ? .live(after: cursor) : .catchingUp(cursor: cursor)
        }
    }
}
