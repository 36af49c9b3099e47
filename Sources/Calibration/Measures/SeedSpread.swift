// SPDX-License-Identifier: Apache-2.0

/// Mean and deviation of one figure over runs that differ in their seed only.
public struct SeedSpread: Codable, Sendable, Equatable {
    /// Arithmetic mean.
    public let mean: Double
    /// Sample standard deviation (n − 1 in the denominator); null for one run.
    public let deviation: Double?
    /// Runs that gave the figure.
    public let count: Int

    enum CodingKeys: String, CodingKey {
        case mean
        case deviation = "sd"
        case count = "n"
    }

    /// The spread of some values.
    ///
    /// - Returns: nil without a value.
    public init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)
        self.mean = mean
        count = values.count
        deviation =
            values.count > 1
            ? (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot() : nil
    }

    /// Every key is written, null where there is no value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(mean, forKey: .mean)
        try container.encode(deviation, forKey: .deviation)
        try container.encode(count, forKey: .count)
    }
}
