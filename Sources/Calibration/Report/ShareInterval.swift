// SPDX-License-Identifier: Apache-2.0

/// A share that was counted, and where the true one may lie.
public struct ShareInterval: Sendable, Equatable, Encodable {
    /// How many it was true of.
    public let count: Int
    /// Of so many, at least 1.
    public let of: Int
    /// 95 % of such intervals hold the true share (Clopper, Pearson, Biometrika 1934); 0 to 1.
    public let low: Double, high: Double

    /// The share.
    public var value: Double { Double(count) / Double(of) }

    /// Counts; nil of nothing.
    public init?(_ count: Int, of all: Int) {
        guard all > 0, (0...all).contains(count) else { return nil }
        (self.count, of) = (count, all)
        // The rarer side is summed: a few stops among a million parts take a few terms.
        if count * 2 <= all {
            low = BinomialTail.lowerRate(count, of: all, confidence: 0.975)
            high = BinomialTail.upperRate(count, of: all, confidence: 0.975)
        } else {
            low = 1 - BinomialTail.upperRate(all - count, of: all, confidence: 0.975)
            high = 1 - BinomialTail.lowerRate(all - count, of: all, confidence: 0.975)
        }
    }

    enum CodingKeys: String, CodingKey { case count, of, value, low, high }

    /// With the share itself.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(count, forKey: .count)
        try container.encode(of, forKey: .of)
        try container.encode(value, forKey: .value)
        try container.encode(low, forKey: .low)
        try container.encode(high, forKey: .high)
    }

    /// `96.0 % (95 %: 86.3 to 99.5 %)`.
    var text: String { "\(Self.percent(value)) % (95 %: \(Self.percent(low)) to \(Self.percent(high)) %)" }

    /// Three digits, but no more than two behind the point where the share is large.
    static func percent(_ share: Double) -> String {
        share >= 0.9995
            ? "100"
            : share >= 0.1
                ? NumberText.fixed(share * 100, 1)
                : share < 1e-9
                    ? "0" : NumberText.significant(share * 100)
    }
}
