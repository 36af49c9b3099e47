// SPDX-License-Identifier: Apache-2.0

/// Good parts dealt once: 60 % train, 20 % select, 20 % calibrate, near-duplicates together (DESIGN).
public struct PartDeal: Sendable, Equatable {
    /// What a part may be used for; never two of them.
    public enum Role: String, Codable, Sendable, CaseIterable {
        /// The student's weights.
        case train
        /// Every choice: best checkpoint, μ and σ, ranges, settings.
        case select
        /// The threshold and nothing else.
        case calibrate
    }

    /// The role of each part, in the order given.
    public let roles: [Role]
    /// Which group of near-duplicates each part belongs to, in the order given: the same number, the same part.
    public let groupNumbers: [Int]
    /// Number of groups of near-duplicates (a part on its own is a group).
    public let groups: Int

    /// Fewest parts that can be dealt: two to select with, one to calibrate with.
    public static let fewest = 10

    /// Deals parts.
    ///
    /// Groups are shuffled by the seed and go, one after the other, to the role that lacks most of its share.
    /// - Throws: `CalibrationError` for fewer than ten parts, or so few groups that a role stays empty.
    public init(_ fingerprints: [Fingerprint], seed: UInt64) throws(CalibrationError) {
        guard fingerprints.count >= Self.fewest else {
            throw CalibrationError(
                .tooFewParts, "good parts", expected: "at least \(Self.fewest)", found: "\(fingerprints.count)",
                hint: "100 or more give a useful threshold")
        }
        var order = Fingerprint.groups(fingerprints)
        groups = order.count
        var numbers = [Int](repeating: 0, count: fingerprints.count)
        for (number, group) in order.enumerated() { for part in group { numbers[part] = number } }
        groupNumbers = numbers
        var random = SplitMixOrder(seed: seed)
        for index in stride(from: order.count - 1, to: 0, by: -1) {
            order.swapAt(index, Int(random.next() % UInt64(index + 1)))
        }
        var roles = [Role](repeating: .train, count: fingerprints.count)
        let shares: [(role: Role, share: Double)] = [(.train, 0.6), (.select, 0.2), (.calibrate, 0.2)]
        var dealt: [Role: Int] = [:]
        for group in order {
            var best = Role.train
            var worst = -Double.infinity
            for (role, share) in shares {
                let lack = share * Double(fingerprints.count) - Double(dealt[role, default: 0])
                if lack / share > worst {
                    worst = lack / share
                    best = role
                }
            }
            for part in group { roles[part] = best }
            dealt[best, default: 0] += group.count
        }
        for (role, needed) in [(Role.train, 2), (.select, 2), (.calibrate, 1)] where dealt[role, default: 0] < needed {
            throw CalibrationError(
                .tooFewParts, "\(role.rawValue) parts", expected: "at least \(needed)",
                found:
                    "\(dealt[role, default: 0]) (\(fingerprints.count) pictures are only \(order.count) different parts)",
                hint: "show different parts, not the same one again")
        }
        self.roles = roles
    }

    /// Indices of the parts of a role.
    public func indices(_ role: Role) -> [Int] { roles.indices.filter { roles[$0] == role } }
}
