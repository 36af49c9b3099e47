// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc
import Records

/// Whether the times of stops and acknowledgements will be right.
enum ClockCheck {
    static func findings(_ host: HostFiles) -> [Finding] {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var error = 0
        let answer = clinux_clock_is_synchronised(&error)
        return findings(
            seconds: now.tv_sec, isSynchronised: answer < 0 ? nil : answer == 1, errorMicroseconds: error,
            timesyncdHasSynchronised: host.exists("/run/systemd/timesync/synchronized"))
    }

    /// - Parameter isSynchronised: what the kernel says; nil when it may not be asked.
    static func findings(
        seconds: Int, isSynchronised: Bool?, errorMicroseconds: Int, timesyncdHasSynchronised: Bool
    ) -> [Finding] {
        let time = UTCTime.text(UInt64(max(0, seconds)) * 1_000_000_000).prefix(19) + "Z"
        // This program was written in 2026.
        guard seconds >= 1_767_225_600 else {
            return [
                .error(
                    "clock", "\(time) is in the past",
                    "set it: 'timedatectl set-time', and replace the battery if it falls back")
            ]
        }
        if isSynchronised == true {
            return [.ok("clock", "\(time), synchronised, at most \(errorMicroseconds / 1000) ms off")]
        }
        if timesyncdHasSynchronised {
            return [.ok("clock", "\(time), synchronised by systemd-timesyncd since the start")]
        }
        return [
            .warning(
                "clock", "\(time), not synchronised\(isSynchronised == nil ? " as far as can be seen" : "")",
                "reach a time server ('timedatectl set-ntp true', 'timedatectl status'), or keep it right by hand")
        ]
    }
}
