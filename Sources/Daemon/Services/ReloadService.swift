// SPDX-License-Identifier: Apache-2.0

import ServiceLifecycle
import UnixSignals

/// SIGHUP reads the configuration again.
struct ReloadService: Service {
    let inbox: Inbox

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            inbox.post(.reload)
        }
    }
}
