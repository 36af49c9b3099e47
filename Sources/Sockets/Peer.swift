// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc

/// Who is at the other end of a control connection, as the kernel knows it (unix(7), `SO_PEERCRED` and `SO_PEERGROUPS`).
public struct Peer: Sendable, Equatable {
    /// Process that connected.
    public let process: Int32
    /// Its user when it connected.
    public let user: UInt32
    /// Its group when it connected.
    public let group: UInt32
    /// All its groups when it connected, that one too.
    public let groups: Set<UInt32>
    /// The user's name, or `uid 1234` when the system has none.
    public let name: String

    /// A peer, as a test wants it.
    public init(process: Int32, user: UInt32, group: UInt32, groups: Set<UInt32> = [], name: String) {
        self.process = process
        self.user = user
        self.group = group
        self.groups = groups.union([group])
        self.name = name
    }

    /// Looks the user's name up, which may take a while where names come over the network.
    init(_ credentials: Credentials) {
        self.init(
            process: credentials.process, user: credentials.user, group: credentials.group,
            groups: credentials.groups,
            name: Self.name(of: credentials.user) ?? "uid \(credentials.user)")
    }

    /// What the kernel knows about the other end.
    struct Credentials: Sendable {
        let process: pid_t
        let user: uid_t
        let group: gid_t
        let groups: Set<gid_t>

        init?(descriptor: Int32) {
            var process: pid_t = 0
            var user: uid_t = 0
            var group: gid_t = 0
            guard clinux_peer_credentials(descriptor, &process, &user, &group) == 0 else { return nil }
            self.process = process
            self.user = user
            self.group = group
            groups = Self.groups(descriptor)
        }

        /// None where the kernel doesn't say: then the first group alone counts.
        private static func groups(_ descriptor: Int32) -> Set<gid_t> {
            var count: Int32 = 32
            for _ in 0..<3 {
                var groups = [gid_t](repeating: 0, count: Int(count))
                if clinux_peer_groups(descriptor, &groups, &count) == 0 { return Set(groups.prefix(Int(count))) }
                guard errno == ERANGE, count > 0 else { return [] }
            }
            return []
        }
    }

    /// Whether it is root, or in a group of this name; a group that the system does not know has nobody in it.
    public func isMember(of name: String) -> Bool {
        if user == 0 { return true }
        var entry = Glibc.group()
        var result: UnsafeMutablePointer<Glibc.group>?
        var buffer = [CChar](repeating: 0, count: 65_536)
        guard getgrnam_r(name, &entry, &buffer, buffer.count, &result) == 0, result != nil else { return false }
        return groups.contains(entry.gr_gid)
    }

    /// The name to record: the account's always, and behind it what the person calls themselves.
    ///
    /// A shared account (`operator`) becomes `operator (Anna)`. Nobody can take another account's name this way, as the
    /// account comes first; control characters are left out, and 64 characters are kept.
    public func recordedName(display: String?) -> String {
        let clean = String((display ?? "").filter { !$0.isNewline && $0.unicodeScalars.allSatisfy(Self.isVisible) })
        let words = clean.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(64)
        return words.isEmpty || words == name ? name : "\(name) (\(words))"
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        // Format characters can turn the direction of writing, and show another name than is recorded.
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
        default: true
        }
    }

    private static func name(of user: uid_t) -> String? {
        var entry = passwd()
        var result: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwuid_r(user, &entry, &buffer, buffer.count, &result) == 0, result != nil else { return nil }
        return entry.pw_name.map { String(cString: $0) }
    }
}
