// SPDX-License-Identifier: Apache-2.0

import ServiceLifecycle
import Sockets
import Threads

/// The decision thread as a service: ends when it was told to and has carried out its last effect.
struct DecisionService: Service {
    let loop: DecisionLoop
    let inbox: Inbox

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let failure = PosixThread.startDetached(name: "decision") {
                    loop.run()
                    continuation.resume()
                }
                guard failure != 0 else { return }
                continuation.resume(
                    throwing: SocketsError(
                        code: .system, thing: "decision thread", expected: "a thread", found: "none", errno: failure,
                        hint: "the machine is out of memory or threads"))
            }
        } onGracefulShutdown: {
            inbox.post(.shutdown)
        }
    }
}
