// SPDX-License-Identifier: Apache-2.0

import CLibSystemd
import Glibc

/// What is said to systemd, and what it handed over; without systemd nothing is said to nobody.
///
/// Any thread may call. Sources: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3).
struct ServiceManager: Sendable {
    /// Nanoseconds within which the watchdog wants to be fed; nil when it is not armed.
    let watchdogPeriod: UInt64?
    private let isPresent: Bool

    /// Whoever started this process; called once, before threads are there.
    init() {
        isPresent = getenv("NOTIFY_SOCKET") != nil
        var microseconds: UInt64 = 0
        watchdogPeriod = sd_watchdog_enabled(0, &microseconds) > 0 ? microseconds * 1000 : nil
    }

    /// The listening socket with that path, e.g. of a socket unit; nil when there is none.
    static func listeningSocket(at path: String) -> Int32? {
        let count = sd_listen_fds(0)
        guard count > 0 else { return nil }
        return (3..<3 + count).first { sd_is_socket_unix($0, Int32(SOCK_STREAM.rawValue), 1, path, 0) > 0 }
    }

    /// Configuration valid, outputs off, sockets up.
    func ready(_ status: String) { say("READY=1\nSTATUS=\(Self.oneLine(status))") }

    /// The configuration is being read again; `ready` follows.
    func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        say("RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)")
    }

    /// The daemon ends on purpose.
    func stopping() { say("STOPPING=1\nSTATUS=ending, permit off") }

    /// One line for `systemctl status`.
    func status(_ text: String) { say("STATUS=\(Self.oneLine(text))") }

    /// Feeds the watchdog; only the decision loop does.
    func watchdog() { say("WATCHDOG=1") }

    private func say(_ text: String) {
        if isPresent { sd_notify(0, text) }
    }

    /// A newline would begin another assignment, and a part's name may come from a file.
    static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
    }
}
