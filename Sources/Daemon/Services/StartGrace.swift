// SPDX-License-Identifier: Apache-2.0

import Outputs

/// Time for a machine that is still booting: the chip's driver may not be loaded yet, or its node not yet be ours.
///
/// Without it, every power-up could come back as a fault that somebody has to acknowledge.
struct StartGrace {
    /// All that is missing is waited for together, and shorter than the service manager waits for an end.
    private let end = ContinuousClock.now + .seconds(8)

    /// Tries until it works, it fails for another reason than a missing chip, or the time is up.
    func retry(_ attempt: () throws(OutputsError) -> Void) async throws {
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
