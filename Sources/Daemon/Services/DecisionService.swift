// SPDX-License-Identifier: Apache-2.0

import ServiceLifecycle

/// The decision thread as a service: ends when it was told to and has carried out its last effect.
struct DecisionService: Service {
    let loop: DecisionLoop
    let inbox: Inbox
    let summarySeconds: Int

    func run() async throws {
        await withGracefulShutdownHandler {
            await withCheckedContinuation { continuation in
                Thread(name: "decision") {
                    loop.run(summarySeconds: summarySeconds)
                    continuation.resume()
                }.start()
            }
        } onGracefulShutdown: {
            inbox.post(.shutdown)
        }
    }
}
