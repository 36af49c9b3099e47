// SPDX-License-Identifier: Apache-2.0

import Outputs

/// Time for a machine that is still booting: the chip's driver may not be loaded yet, or its node not yet be ours.
///
/// Without it, every power-up could come back as a fault that somebody has to acknowledge.
enum StartGrace {
    /// How long what is missing at the start is waited for.
    static let time = Duration.seconds(10)

    /// Tries until it works, it fails for another reason than a missing chip, or the time is up.
    static func retry(_ attempt: () throws(OutputsError) -> Void) async throws {
        let end = ContinuousClock.now + time
        while true {
            do throws(OutputsError) {
                return try attempt()
            } catch {
                guard error.code.mayPass, ContinuousClock.now < end else { return }
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

extension OutputsError.Code {
    fileprivate var mayPass: Bool { [.noChip, .noLine, .denied, .open, .busy].contains(self) }
}
