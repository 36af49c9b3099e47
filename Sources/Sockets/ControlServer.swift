// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import Threads

/// The control socket: one line of JSON in, one line out, for each request in its order.
///
/// A connection has one request in hand at a time; a slow handler keeps its own connection waiting and nobody else. When
/// there are too many connections the one that has been idle longest has to go, so that forgotten ones never lock an
/// operator out. A client that hangs up is not served further: of the requests it had sent, the first one is carried out.
public final class ControlServer: Sendable {
    /// Answers a request. It runs on a thread of its own and may block; several connections' requests run at a time.
    ///
    /// Not in Swift's thread pool: an operator must be able to acknowledge and to ask for the status while something
    /// else keeps the pool's few threads busy.
    public typealias Handler = @Sendable (ControlRequest, Peer) throws(ControlFailure) -> ControlAnswer

    private let loop: SocketLoop

    /// Listens at `path`, and answers until `close`.
    ///
    /// - Parameters:
    ///   - path: at most 107 bytes; the folder must exist. A socket file that nobody listens on is replaced.
    ///   - mode: permissions of the socket file; who may write may give commands.
    ///   - group: group of the socket file; `nil` leaves it.
    ///   - commands: names that the handler knows; others are answered with `unknown_command` and this list.
    ///   - handler: answers a request; a thrown failure is the answer, too.
    public convenience init(
        path: String, mode: mode_t = 0o660, group: String? = nil, commands: [String], handler: @escaping Handler
    ) throws(SocketsError) {
        try self.init(path: path, mode: mode, group: group, commands: commands, limits: .init(), handler: handler)
    }

    /// Answers on a socket that listens already: `descriptor` is taken over, the socket's file stays when it ends.
    ///
    /// - Throws: `.notASocket` when it does not listen.
    public init(
        adopting descriptor: Int32, path: String, commands: [String], handler: @escaping Handler
    ) throws(SocketsError) {
        let listener = try ListeningSocket(adopting: descriptor, path: path)
        loop = try SocketLoop(
            listener: listener, limits: .init(), delegate: ControlDesk(commands: commands, handler: handler))
    }

    init(
        path: String, mode: mode_t, group: String?, commands: [String], limits: SocketLoop.Limits,
        handler: @escaping Handler
    ) throws(SocketsError) {
        let listener = try ListeningSocket(path: path, mode: mode, group: group)
        loop = try SocketLoop(
            listener: listener, limits: limits, delegate: ControlDesk(commands: commands, handler: handler))
    }

    deinit { close() }

    /// Ends all connections and removes the socket file; not from within the handler's own answer.
    public func close() { loop.close() }
}

/// The control server's side of the loop.
private final class ControlDesk: SocketLoopDelegate {
    private struct Client {
        let peer: Peer.Credentials?
        var isBusy = false
        var hasEnded = false
        var lastActivity = MonotonicTime.nanoseconds
    }

    private let clients = Mutex<[Int: Client]>([:])
    private let commands: [String]
    private let handler: ControlServer.Handler

    init(commands: [String], handler: @escaping ControlServer.Handler) {
        self.commands = commands
        self.handler = handler
    }

    func connected(_ client: Int, descriptor: Int32, in loop: SocketLoop) {
        clients.withLock { $0[client] = Client(peer: Peer.Credentials(descriptor: descriptor)) }
    }

    func mayReceive(_ client: Int, in loop: SocketLoop) -> Bool {
        let isBusy = clients.withLock { $0[client]?.isBusy ?? true }
        // Who doesn't read answers gets no more of them: its requests wait in its socket.
        return !isBusy && loop.queued(client) < loop.limits.queue / 4
    }

    func received(_ piece: LineBuffer.Piece, from client: Int, in loop: SocketLoop) {
        do throws(ControlFailure) {
            guard case .line(let line) = piece else { throw .lineTooLong }
            let request = try ControlRequest(parsing: line)
            guard commands.contains(request.command) else {
                throw ControlFailure(
                    code: "unknown_command", message: "there is no command \"\(request.command.prefix(64))\"",
                    hint: "use one of \(commands.joined(separator: ", "))")
            }
            guard let credentials = clients.withLock({ $0[client]?.peer }) else {
                throw ControlFailure(
                    code: "unknown_peer", message: "the kernel doesn't say who you are", hint: "connect again")
            }
            clients.withLock {
                $0[client]?.isBusy = true
                $0[client]?.lastActivity = MonotonicTime.nanoseconds
            }
            let number = PosixThread.startDetached { [self, loop] in
                let answer: ControlAnswer
                do throws(ControlFailure) {
                    answer = try handler(request, Peer(credentials))
                } catch {
                    answer = .refused(error)
                }
                finish(client, answer, loop)
            }
            guard number == 0 else {
                clients.withLock { $0[client]?.isBusy = false }
                throw ControlFailure(
                    code: "no_thread", message: "no thread can be started: \(String(cString: strerror(number)))",
                    hint: "try again")
            }
        } catch {
            loop.send(error.line, to: client)
        }
    }

    func ended(_ client: Int, in loop: SocketLoop) {
        clients.withLock { $0[client]?.hasEnded = true }
    }

    func disconnected(_ client: Int, isTooSlow: Bool) {
        clients.withLock { _ = $0.removeValue(forKey: client) }
    }

    func victim() -> Int? {
        clients.withLock { clients in
            clients.filter { !$0.value.isBusy }.min { $0.value.lastActivity < $1.value.lastActivity }?.key
        }
    }

    /// Who sends no more still gets the answers to what was sent.
    func turn(in loop: SocketLoop) -> Int32 {
        let idle = clients.withLock { $0.filter { $0.value.hasEnded && !$0.value.isBusy }.keys.map { $0 } }
        for client in idle where !loop.hasLine(client) { loop.closeWhenEmpty(client) }
        return -1
    }

    func wantsTurn(in loop: SocketLoop) -> Bool { false }

    private func finish(_ client: Int, _ answer: ControlAnswer, _ loop: SocketLoop) {
        loop.send(answer.line, to: client, force: true)
        clients.withLock {
            $0[client]?.isBusy = false
            $0[client]?.lastActivity = MonotonicTime.nanoseconds
        }
        loop.wake()
    }
}
