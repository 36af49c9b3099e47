// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc
import Synchronization
import Threads

/// What a server does with its connections. All calls come from the loop's thread, one at a time.
protocol SocketLoopDelegate: AnyObject, Sendable {
    /// Somebody connected.
    func connected(_ client: Int, descriptor: Int32, in loop: SocketLoop)
    /// A line, or the news that a line is too long.
    func received(_ piece: LineBuffer.Piece, from client: Int, in loop: SocketLoop)
    /// Whether the next line may be taken; while not, the client's bytes wait in its socket.
    func mayReceive(_ client: Int, in loop: SocketLoop) -> Bool
    /// The client sends no more, but may still read.
    func ended(_ client: Int, in loop: SocketLoop)
    /// The connection is gone.
    func disconnected(_ client: Int, isTooSlow: Bool)
    /// A client that has to leave for a new one when there are too many; `nil` refuses the new one.
    func victim() -> Int?
    /// Once per turn, before queues are written; milliseconds until the next turn is wanted, −1 for never.
    func turn(in loop: SocketLoop) -> Int32
    /// Once per turn, after queues were written: whether there is more to do now.
    func wantsTurn(in loop: SocketLoop) -> Bool
}

/// One thread that accepts, reads lines and writes queues for a server; nothing in it ever waits for a client.
///
/// `@unchecked`: `table` and `pauseUntil` are touched by the loop's thread only, the rest is constant or in a mutex.
final class SocketLoop: @unchecked Sendable {
    struct Limits: Sendable {
        /// Connections at a time.
        var clients = 128
        /// Bytes that may wait for one client in memory, besides what its socket holds.
        var queue = 256 * 1_024
        /// Longest line that a client may send, in bytes.
        var line = 64 * 1_024
        /// A client that takes nothing of what waits for it for so long is dropped.
        var stallMilliseconds: Int32 = 10_000
    }

    private struct Outbox {
        var lines: [[UInt8]] = []
        var bytes = 0
        var isOverfull = false
        var closesWhenEmpty = false
    }

    private struct Shared {
        var outboxes: [Int: Outbox] = [:]
        var isStopping = false
        var isSignalled = false
    }

    private struct Connection {
        let descriptor: Int32
        var incoming: LineBuffer
        var writing: [UInt8] = []
        var written = 0
        var hasEnded = false
        var lastProgress: Int64

        var isWriting: Bool { written < writing.count }
    }

    let limits: Limits
    private let listener: ListeningSocket
    private let delegate: any SocketLoopDelegate
    private let shared = Mutex(Shared())
    private let wakeDescriptor: Int32
    private let thread = Mutex<pthread_t?>(nil)
    private var table: [Int: Connection] = [:]
    private var nextClient = 1
    private var pauseUntil: Int64 = 0

    init(listener: ListeningSocket, limits: Limits, delegate: any SocketLoopDelegate) throws(SocketsError) {
        self.listener = listener
        self.limits = limits
        self.delegate = delegate
        wakeDescriptor = clinux_event_counter()
        guard wakeDescriptor >= 0 else {
            let number = errno
            listener.closeAndRemove()
            throw .system("eventfd", listener.path, number)
        }
        let (number, handle) = PosixThread.start { [self] in run() }
        guard number == 0 else {
            listener.closeAndRemove()
            throw .system("pthread_create", listener.path, number)
        }
        thread.withLock { $0 = handle }
    }

    /// The thread and everybody who may still send hold the loop, so nobody can signal a descriptor that is closed.
    deinit { Glibc.close(wakeDescriptor) }

    // MARK: - From any thread

    /// Queues a line for a client; never waits. A client whose queue is full is dropped by the loop.
    ///
    /// - Parameter force: beyond the limit, for what the loop itself paces.
    func send(_ line: [UInt8], to client: Int, force: Bool = false) {
        let mustSignal = shared.withLock { shared in
            guard var box = shared.outboxes.removeValue(forKey: client) else { return false }
            defer { shared.outboxes[client] = box }
            if !box.isOverfull {
                if !force && box.bytes + line.count > limits.queue {
                    box = Outbox(isOverfull: true)
                } else {
                    box.lines.append(line)
                    box.bytes += line.count
                }
            }
            defer { shared.isSignalled = true }
            return !shared.isSignalled
        }
        if mustSignal { signal() }
    }

    /// Bytes that wait in memory for a client.
    func queued(_ client: Int) -> Int {
        shared.withLock { $0.outboxes[client]?.bytes ?? 0 }
    }

    /// Whether a whole line of a client waits to be received; on the loop's thread only.
    func hasLine(_ client: Int) -> Bool {
        table[client]?.incoming.hasLine ?? false
    }

    /// Ends a connection when all that is queued has been written.
    func closeWhenEmpty(_ client: Int) {
        shared.withLock { $0.outboxes[client]?.closesWhenEmpty = true }
        wake()
    }

    /// Starts a turn now.
    func wake() {
        let mustSignal = shared.withLock { shared in
            defer { shared.isSignalled = true }
            return !shared.isSignalled
        }
        if mustSignal { signal() }
    }

    /// Ends the thread, all connections and the socket file; waits for that. A second call does nothing.
    func close() {
        shared.withLock { $0.isStopping = true }
        signal()
        let handle = thread.withLock { handle in
            defer { handle = nil }
            return handle
        }
        guard let handle else { return }
        pthread_join(handle, nil)
    }

    private func signal() {
        var one: UInt64 = 1
        _ = write(wakeDescriptor, &one, 8)
    }

    // MARK: - On the loop's thread

    private func run() {
        var timeout: Int32 = -1
        while true {
            let order = Array(table.keys)
            var polled = [
                pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0),
                // A negative descriptor is passed over by poll.
                pollfd(
                    fd: now() < pauseUntil ? -1 : listener.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            for client in order { polled.append(interest(of: client)) }
            guard poll(&polled, nfds_t(polled.count), timeout) >= 0 || errno == EINTR || errno == ENOMEM else { break }
            if polled[0].revents != 0 {
                var count: UInt64 = 0
                _ = read(wakeDescriptor, &count, 8)
            }
            let isStopping = shared.withLock { shared in
                shared.isSignalled = false
                return shared.isStopping
            }
            if isStopping { break }
            for (place, client) in order.enumerated() { attend(client, Int32(polled[place + 2].revents)) }
            if polled[1].revents != 0 { acceptAll() }
            for client in Array(table.keys) { receive(client) }
            let wish = delegate.turn(in: self)
            for client in Array(table.keys) { flush(client) }
            timeout = nextTimeout(wish)
        }
        for client in Array(table.keys) { drop(client, isTooSlow: false) }
        listener.closeAndRemove()
    }

    private func interest(of client: Int) -> pollfd {
        guard let connection = table[client] else { return pollfd(fd: -1, events: 0, revents: 0) }
        var events: Int32 = connection.isWriting ? POLLOUT : 0
        if !connection.hasEnded && delegate.mayReceive(client, in: self) { events |= POLLIN }
        return pollfd(fd: connection.descriptor, events: Int16(events), revents: 0)
    }

    private func attend(_ client: Int, _ happened: Int32) {
        guard happened != 0, let connection = table[client] else { return }
        guard happened & POLLIN != 0 else {
            if happened & (POLLHUP | POLLERR | POLLNVAL) != 0 { drop(client, isTooSlow: false) }
            return
        }
        let count = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16_384) { buffer in
            let count = recv(connection.descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 { table[client]?.incoming.append(buffer[..<count]) }
            return count
        }
        if count == 0 {
            table[client]?.hasEnded = true
            delegate.ended(client, in: self)
        } else if count < 0 && errno != EAGAIN && errno != EINTR {
            drop(client, isTooSlow: false)
        }
    }

    private func receive(_ client: Int) {
        while table[client]?.incoming.isEmpty == false, delegate.mayReceive(client, in: self) {
            guard let piece = table[client]?.incoming.next() else { return }
            delegate.received(piece, from: client, in: self)
        }
    }

    /// At most a queue's worth a turn, so that a flood of connections doesn't starve the ones that are there.
    private func acceptAll() {
        for _ in 0..<64 {
            let descriptor = clinux_accept_cloexec(listener.descriptor)
            guard descriptor >= 0 else {
                if errno == EINTR || errno == ECONNABORTED { continue }
                // Out of descriptors or memory: the listener stays readable, so look away for a moment.
                if errno != EAGAIN { pauseUntil = now() + 100_000_000 }
                return
            }
            if table.count >= limits.clients {
                guard let victim = delegate.victim() else {
                    let failure = ControlFailure(
                        code: "too_many_clients", message: "there are \(limits.clients) connections already",
                        hint: "close one of them")
                    let line = failure.line
                    _ = Glibc.send(descriptor, line, line.count, Self.flags)
                    Glibc.close(descriptor)
                    continue
                }
                drop(victim, isTooSlow: false)
            }
            let client = nextClient
            nextClient += 1
            table[client] = Connection(
                descriptor: descriptor, incoming: LineBuffer(limit: limits.line), lastProgress: now())
            shared.withLock { $0.outboxes[client] = Outbox() }
            delegate.connected(client, descriptor: descriptor, in: self)
        }
    }

    /// Writes what the socket takes; drops who is too slow or gone.
    private func flush(_ client: Int) {
        guard var connection = table[client] else { return }
        while true {
            if !connection.isWriting {
                let (bytes, isOverfull, mayClose) = refill(client)
                if isOverfull { return drop(client, isTooSlow: true) }
                if bytes.isEmpty {
                    if mayClose { return drop(client, isTooSlow: false) }
                    break
                }
                // Nothing waited for it until now: its time begins.
                if connection.writing.isEmpty { connection.lastProgress = now() }
                connection.writing = bytes
                connection.written = 0
            }
            let count = connection.writing[connection.written...].withUnsafeBytes {
                Glibc.send(connection.descriptor, $0.baseAddress, $0.count, Self.flags)
            }
            if count >= 0 {
                connection.written += count
                connection.lastProgress = now()
                if !connection.isWriting {
                    connection.writing = []
                    connection.written = 0
                }
                continue
            }
            if errno == EINTR { continue }
            guard errno == EAGAIN else { return drop(client, isTooSlow: false) }
            let isOverfull = shared.withLock { $0.outboxes[client]?.isOverfull ?? false }
            let isStalled = now() - connection.lastProgress > Int64(limits.stallMilliseconds) * 1_000_000
            if isOverfull || isStalled { return drop(client, isTooSlow: true) }
            break
        }
        table[client] = connection
    }

    /// Takes up to 64 KiB of lines out of the queue, so that the lock is never held during a write.
    private func refill(_ client: Int) -> (bytes: [UInt8], isOverfull: Bool, mayClose: Bool) {
        shared.withLock { shared in
            guard var box = shared.outboxes.removeValue(forKey: client) else { return ([], false, true) }
            defer { shared.outboxes[client] = box }
            var bytes: [UInt8] = []
            var taken = 0
            while taken < box.lines.count, bytes.isEmpty || bytes.count + box.lines[taken].count <= 65_536 {
                bytes += box.lines[taken]
                taken += 1
            }
            box.lines.removeFirst(taken)
            box.bytes -= bytes.count
            return (bytes, box.isOverfull, box.closesWhenEmpty)
        }
    }

    private func drop(_ client: Int, isTooSlow: Bool) {
        guard let connection = table.removeValue(forKey: client) else { return }
        shared.withLock { _ = $0.outboxes.removeValue(forKey: client) }
        Glibc.close(connection.descriptor)
        delegate.disconnected(client, isTooSlow: isTooSlow)
    }

    private func nextTimeout(_ wish: Int32) -> Int32 {
        var timeout = wish
        func atMost(_ milliseconds: Int32) { timeout = timeout < 0 ? milliseconds : min(timeout, milliseconds) }
        // Room in a queue may be what a line or the history waited for, and nothing else would end the waiting.
        let canReceive = table.contains { $0.value.incoming.hasLine && delegate.mayReceive($0.key, in: self) }
        if canReceive || delegate.wantsTurn(in: self) { atMost(0) }
        if now() < pauseUntil { atMost(100) }
        if table.values.contains(where: \.isWriting) { atMost(max(1, min(500, limits.stallMilliseconds / 2))) }
        return timeout
    }

    private static let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)

    private func now() -> Int64 { MonotonicTime.nanoseconds }
}

/// The clock that nobody can set.
enum MonotonicTime {
    static var nanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
