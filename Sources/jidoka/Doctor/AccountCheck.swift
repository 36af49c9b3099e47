// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Whether the daemon's user, and the caller, may use the devices.
enum AccountCheck {
    /// A user and all groups.
    struct Account {
        let name: String
        let user: UInt32
        let groups: Set<UInt32>
    }

    /// A device and who may use it.
    struct Device {
        let path: String
        let user: UInt32
        let group: UInt32
        let mode: UInt32
    }

    static func findings(_ host: HostFiles, devices: [String]) -> [Finding] {
        var groups = [gid_t](repeating: 0, count: 1024)
        let count = max(0, Int(getgroups(Int32(groups.count), &groups)))
        let users = host.text("/etc/passwd") ?? ""
        let names = host.text("/etc/group") ?? ""
        let caller = Account(
            name: Self.name(of: geteuid(), users), user: geteuid(),
            groups: Set(groups.prefix(count)).union([getegid()]))
        let facts = devices.compactMap { path -> Device? in
            var status = stat()
            guard stat(host.path(path), &status) == 0 else { return nil }
            return Device(path: path, user: status.st_uid, group: status.st_gid, mode: status.st_mode)
        }
        return findings(users: users, groups: names, caller: caller, devices: facts)
    }

    /// - Parameters:
    ///   - users: text of /etc/passwd.
    ///   - groups: text of /etc/group.
    static func findings(users: String, groups: String, caller: Account, devices: [Device]) -> [Finding] {
        let names = lines(groups).reduce(into: [UInt32: String]()) { names, line in
            if line.count >= 3, let number = UInt32(line[2]) { names[number] = line[0] }
        }
        func list(_ account: Account) -> String {
            account.groups.sorted().map { names[$0] ?? "\($0)" }.joined(separator: ", ")
        }
        var findings: [Finding] = []
        if let daemon = account("jidoka", users: users, groups: groups) {
            findings.append(.ok("accounts", "user jidoka, groups \(list(daemon))"))
            for device in devices where !mayUse(daemon, device) {
                let group = names[device.group] ?? "\(device.group)"
                findings.append(
                    .error(
                        "accounts", "user jidoka may not use \(device.path)",
                        "'usermod -aG \(group) jidoka' and restart the daemon; the group must have mode rw"))
            }
        } else {
            findings.append(
                .warning("accounts", "there is no user jidoka", "the package makes it; the daemon never runs as root"))
        }
        let denied = devices.filter { !mayUse(caller, $0) }.map(\.path)
        findings.append(
            denied.isEmpty
                ? .ok("accounts", "you are \(caller.name), groups \(list(caller))")
                : .warning(
                    "accounts",
                    "you are \(caller.name), groups \(list(caller)); no access to \(denied.joined(separator: ", "))",
                    "only 'jidoka capture' needs it: join the groups video and gpio, and log in again"))
        return findings
    }

    /// A user of the files; nil when there is none of that name.
    static func account(_ name: String, users: String, groups: String) -> Account? {
        guard let line = lines(users).first(where: { $0.first == name }), line.count >= 4, let user = UInt32(line[2]),
            let own = UInt32(line[3])
        else { return nil }
        let more = lines(groups).filter { $0.count >= 4 && $0[3].split(separator: ",").contains { $0 == name } }
        return Account(name: name, user: user, groups: Set(more.compactMap { UInt32($0[2]) }).union([own]))
    }

    /// By owner, group and others, in this order, as the kernel asks; root may always.
    static func mayUse(_ account: Account, _ device: Device) -> Bool {
        if account.user == 0 { return true }
        let shift: UInt32 = account.user == device.user ? 6 : account.groups.contains(device.group) ? 3 : 0
        return device.mode >> shift & 0o6 == 0o6
    }

    private static func name(of user: UInt32, _ users: String) -> String {
        lines(users).first { $0.count >= 3 && $0[2] == "\(user)" }?[0] ?? "user \(user)"
    }

    private static func lines(_ text: String) -> [[String]] {
        text.split(separator: "\n").map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) }
    }
}
