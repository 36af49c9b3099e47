// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Whether systemd watches over the daemon.
enum UnitCheck {
    private static let keys = "LoadState,ActiveState,SubState,UnitFileState,NRestarts,WatchdogUSec,Result,StatusText"

    static func findings(_ host: HostFiles) -> [Finding] {
        guard host.exists("/run/systemd/system") else {
            return [
                .warning(
                    "unit", "systemd does not run here: nobody starts the daemon again when it ends",
                    "on a line, install the package on a machine with systemd")
            ]
        }
        // Found by PATH, as by a shell; no user's word is in the command.
        guard let pipe = popen("systemctl show jidokad.service --property=\(keys) 2>/dev/null", "r") else {
            return [.warning("unit", "systemctl can't be run", "check that it is there")]
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < 1 << 16 {
            let count = fread(&buffer, 1, buffer.count, pipe)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        let status = pclose(pipe)
        return findings(String(decoding: bytes, as: UTF8.self), succeeded: status == 0)
    }

    /// - Parameter answer: lines of `KEY=value`.
    static func findings(_ answer: String, succeeded: Bool) -> [Finding] {
        var facts: [Substring: Substring] = [:]
        for line in answer.split(separator: "\n") {
            let words = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if words.count == 2 { facts[words[0]] = words[1] }
        }
        guard succeeded, let load = facts["LoadState"] else {
            return [.warning("unit", "systemctl does not answer", "ask 'systemctl status jidokad'")]
        }
        guard load == "loaded" else {
            return [.warning("unit", "jidokad.service: \(load)", "install the package 'jidoka'")]
        }
        let active = facts["ActiveState"] ?? "?"
        let file = facts["UnitFileState"] ?? "?"
        let restarts = Int(facts["NRestarts"] ?? "") ?? 0
        let watchdog = facts["WatchdogUSec"] ?? "0"
        let text =
            "jidokad.service: \(active) (\(facts["SubState"] ?? "?")), \(file), watchdog \(watchdog), \(restarts) restarts"
        var findings: [Finding] = []
        switch active {
        case "active": findings.append(.ok("unit", text + (facts["StatusText"].map { "\n\($0)" } ?? "")))
        case "failed":
            findings.append(
                .error("unit", "\(text), \(facts["Result"] ?? "?")", "'journalctl -u jidokad -e' says why it ended"))
        case "activating", "reloading", "deactivating":
            findings.append(.warning("unit", text, "look again in a moment; 'journalctl -u jidokad -e'"))
        default: findings.append(.warning("unit", text, "start it: 'systemctl start jidokad'"))
        }
        if file != "enabled" {
            findings.append(
                .warning("unit", "not started at boot (\(file))", "enable it: 'systemctl enable jidokad'"))
        }
        if ["0", "infinity"].contains(watchdog) {
            findings.append(.warning("unit", "no watchdog: a hanging daemon is not noticed", "use the package's unit"))
        }
        if restarts > 0 {
            findings.append(
                .warning(
                    "unit", "restarted \(restarts) times since it was started by hand or at boot",
                    "'journalctl -u jidokad' says why"))
        }
        return findings
    }
}
