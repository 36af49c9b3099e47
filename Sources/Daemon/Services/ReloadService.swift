// SPDX-License-Identifier: Apache-2.0

import Dispatch
import ServiceLifecycle
import UnixSignals

/// SIGHUP reads the configuration again, off the decision thread: a large model takes its time, the line does not wait.
struct ReloadService: Service {
    let hangups: UnixSignalsSequence
    let inbox: Inbox
    /// One load after the other, so that the last signal's result is the last one taken.
    let queue: DispatchQueue
    let reload: @Sendable () -> DecisionLoop.Reload

    func run() async throws {
        for await _ in hangups.cancelOnGracefulShutdown() {
            queue.async { inbox.post(.reloaded(reload())) }
        }
    }
}

/// SIGTERM and SIGINT end the daemon in an orderly way.
struct EndService: Service {
    let ends: UnixSignalsSequence

    func run() async throws {
        for await _ in ends.cancelOnGracefulShutdown() { return }
    }
}
