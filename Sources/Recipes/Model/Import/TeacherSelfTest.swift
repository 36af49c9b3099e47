// SPDX-License-Identifier: Apache-2.0

import Inspection

/// A forward pass over a made-up picture, whose statistics tell ImageNet's ResNet-18 from damaged and random weights.
public struct TeacherSelfTest: Sendable {
    /// Statistics of one level's map.
    public struct Statistics: Sendable, Equatable, Codable {
        /// Mean of all values.
        public var mean: Double
        /// Standard deviation of all values.
        public var deviation: Double
        /// Standard deviation of the channels' means.
        public var spread: Double
        /// Share of values that are exactly 0, 0 ... 1.
        public var zeros: Double
        /// Share of channels that are not the same everywhere, 0 ... 1.
        public var live: Double

        /// Share of the variance that lies between channels, not between places, 0 ... 1.
        var fixedShare: Double { deviation > 0 ? spread * spread / (deviation * deviation) : 1 }
    }

    /// What the statistics say.
    public enum Verdict: String, Sendable, Codable {
        /// Those of torchvision's IMAGENET1K_V1, within rounding.
        case imageNet = "torchvision ResNet-18, IMAGENET1K_V1 (by its statistics)"
        /// Others, alive and within wide limits: another training recipe, or damage that doesn't show.
        case unknown = "unknown weights"
    }

    /// Side of the test picture in pixels.
    static let size = 192

    /// What IMAGENET1K_V1 makes of the test picture, measured with the float32 runner.
    static let expected: [Level: Statistics] = [
        .stem: Statistics(mean: 0.490214, deviation: 0.504940, spread: 0.305772, zeros: 0.236267, live: 0.875),
        .layer1: Statistics(mean: 0.549569, deviation: 0.501407, spread: 0.220604, zeros: 0.130941, live: 1),
        .layer2: Statistics(mean: 0.209343, deviation: 0.289139, spread: 0.106180, zeros: 0.287923, live: 1),
        .layer3: Statistics(mean: 0.139053, deviation: 0.189570, spread: 0.100157, zeros: 0.277452, live: 1),
    ]
    /// Largest relative difference of mean, deviation and spread, and absolute one of the shares, that rounding explains.
    ///
    /// Measured: 0.0003 with float16 weights, 0.001 with bfloat16; 0.02 with red and blue exchanged, 0.05 with every kernel
    /// transposed or 2 % larger, 0.05 and more with one convolution's channels permuted or two units exchanged.
    static let tolerance = 0.005
    /// How many times larger or smaller than IMAGENET1K_V1's mean and deviation may be before a teacher is of no use.
    static let widest = 30.0

    /// By level, shallow first.
    public let levels: [(level: Level, statistics: Statistics)]
    /// What they say.
    public let verdict: Verdict
    /// What differs most from IMAGENET1K_V1, for people.
    public let difference: String

    /// Share of a map's variance that is the same for every place of the picture, above which both layer2 and layer3 say that
    /// nobody has trained them. IMAGENET1K_V1: 0.13 and 0.28; fresh weights 0.6 and more, shuffled ones 0.8.
    static let untrained = 0.6

    /// Runs the picture through the weights.
    ///
    /// - Throws: `RecipeError` when the features are dead, explode or are not finite.
    package init(of weights: Weights, levels: [Level], name: String) throws(RecipeError) {
        let plan: NetworkPlan
        do throws(InspectionError) {
            plan = try NetworkPlan(
                graph: try ResidualTrunk.graph(of: weights, levels: levels), weights: weights, inputSize: Self.size)
        } catch {
            throw RecipeError(
                .badFile, "\(name): \(error.thing)", expected: error.expected, found: error.found, hint: error.hint)
        }
        let network = FloatNetwork(plan: plan)
        network.run(Self.picture)
        var measured: [(level: Level, statistics: Statistics)] = []
        for (level, shape) in plan.levels {
            let statistics = Self.statistics(network.values(of: level), channels: shape.channels)
            try Self.checkPlausible(statistics, level, name: name)
            measured.append((level, statistics))
        }
        let fixed = measured.filter { $0.level >= .layer2 }.map(\.statistics.fixedShare)
        guard fixed.count < 2 || fixed.contains(where: { $0 <= Self.untrained }) else {
            throw Self.useless(
                "\(name): self-test", "features that depend on the picture",
                "\(fixed.map(Self.rounded).joined(separator: " and ")) of their variance the same everywhere")
        }
        self.levels = measured
        let worst = measured.compactMap { level, statistics in
            Self.expected[level].map { Self.worst(statistics, $0, level) }
        }.max { $0.difference < $1.difference }
        verdict = worst.map { $0.difference <= Self.tolerance } == true ? .imageNet : .unknown
        difference = worst?.text ?? ""
    }

    private static func checkPlausible(
        _ statistics: Statistics, _ level: Level, name: String
    ) throws(RecipeError) {
        func refuse(_ expected: String, _ found: String) -> RecipeError {
            useless("\(name): self-test, \(level.rawValue)", expected, found)
        }
        guard statistics.mean.isFinite, statistics.deviation.isFinite else {
            throw refuse("finite features", "overflow")
        }
        guard statistics.live >= 0.5 else {
            throw refuse("at least half of the channels alive", "\(Int(statistics.live * 100)) %")
        }
        guard let usual = expected[level] else { return }
        for (what, own, other) in [
            ("mean", statistics.mean, usual.mean), ("deviation", statistics.deviation, usual.deviation),
        ] {
            guard own >= other / widest, own <= other * widest else {
                throw refuse(
                    "a \(what) between \(rounded(other / widest)) and \(rounded(other * widest))", rounded(own))
            }
        }
    }

    private static func useless(_ thing: String, _ expected: String, _ found: String) -> RecipeError {
        RecipeError(
            .badFile, thing, expected: expected, found: found,
            hint: "such features can't see defects: the weights are damaged, untrained, or want other input")
    }

    private static func worst(
        _ own: Statistics, _ other: Statistics, _ level: Level
    ) -> (difference: Double, text: String) {
        let all = [
            ("mean", own.mean, other.mean, abs(own.mean - other.mean) / other.mean),
            ("deviation", own.deviation, other.deviation, abs(own.deviation - other.deviation) / other.deviation),
            ("spread", own.spread, other.spread, abs(own.spread - other.spread) / other.spread),
            ("zeros", own.zeros, other.zeros, abs(own.zeros - other.zeros)),
            ("live channels", own.live, other.live, abs(own.live - other.live)),
        ]
        guard let worst = all.max(by: { $0.3 < $1.3 }) else { return (0, "") }
        return (
            worst.3, "\(level.rawValue): \(worst.0) \(rounded(worst.1)), IMAGENET1K_V1 has \(rounded(worst.2))"
        )
    }

    /// Three digits that count.
    private static func rounded(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return "\(value)" }
        var unit = 1.0
        while abs(value) / unit >= 1000 { unit *= 10 }
        while abs(value) / unit < 100 { unit /= 10 }
        let digits = (value / unit).rounded()
        return unit >= 1 && abs(value) < 1e15 ? "\(Int(digits * unit))" : "\(Float(digits * unit))"
    }

    /// Statistics of a map `(height, width, channels)`, summed in double precision.
    static func statistics(_ values: [Float], channels: Int) -> Statistics {
        guard channels > 0, values.count >= channels else {
            return Statistics(mean: .nan, deviation: .nan, spread: .nan, zeros: 1, live: 0)
        }
        let pixels = values.count / channels
        var sums = [Double](repeating: 0, count: channels)
        var squares = 0.0
        var zeros = 0
        var live = [Bool](repeating: false, count: channels)
        for index in values.indices {
            let (value, channel) = (Double(values[index]), index % channels)
            sums[channel] += value
            squares += value * value
            if value == 0 { zeros += 1 }
            if values[index] != values[channel] { live[channel] = true }
        }
        let count = Double(values.count)
        let mean = sums.reduce(0, +) / count
        let spread = sums.reduce(0) { sum, own in
            let distance = own / Double(pixels) - mean
            return sum + distance * distance
        }
        return Statistics(
            mean: mean, deviation: max(0, squares / count - mean * mean).squareRoot(),
            spread: (spread / Double(channels)).squareRoot(), zeros: Double(zeros) / count,
            live: Double(live.count { $0 }) / Double(channels))
    }
}

extension TeacherSelfTest {
    /// `(192, 192, 3)` bytes: sixteen tiles of gradients, stripes, checks, rings, spots and noise in many colours, in whole
    /// numbers only, so that it is the same everywhere.
    static let picture: [UInt8] = {
        let tile = size / 4
        var pixels = [UInt8](repeating: 0, count: size * size * 3)
        for y in 0..<size {
            for x in 0..<size {
                let kind = y / tile * 4 + x / tile
                let (u, v) = (x % tile, y % tile)
                let strength = brightness(kind, u, v, tile: tile)
                for channel in 0..<3 {
                    // Two colours of the tile, mixed by the pattern.
                    let dark = Int(scramble(kind, channel, 1) % 128)
                    let light = 128 + Int(scramble(kind, channel, 2) % 128)
                    pixels[(y * size + x) * 3 + channel] = UInt8(dark + (light - dark) * strength / 255)
                }
            }
        }
        return pixels
    }()

    /// 0 ... 255: how a tile's pattern mixes its two colours.
    private static func brightness(_ kind: Int, _ u: Int, _ v: Int, tile: Int) -> Int {
        let (dx, dy) = (u - tile / 2, v - tile / 2)
        let radius = dx * dx + dy * dy
        let noise = Int(scramble(u, v, kind) & 255)
        return switch kind {
        case 0: u * 255 / (tile - 1)
        case 1: wave(4 * u + v, 48)
        case 2: (u / 6 + v / 6) % 2 * 255
        case 3: radius < 200 ? 255 : 0
        case 4: noise
        case 5: wave(u * 3 - v * 5 + 480, 96)
        case 6: wave(radius, 160)
        case 7: (u + v) * 255 / (2 * tile - 2)
        case 8: Int(scramble(u / 4, v / 4, 8) & 255)
        case 9: (u - 12) * (u - 12) < 9 || (v - 30) * (v - 30) < 4 ? 255 : 30
        case 10: min(255, wave(v * 8, 64) * 3 / 4 + noise / 4)
        case 11: u > v ? 255 : 0
        case 12: scramble(u / 8, v / 8, 12) & 3 == 0 ? 255 : noise / 3
        case 13: wave(u * 8, 32)
        case 14: max(0, 255 - radius / 3)
        default: (u % 12 < 2 || v % 16 < 2 ? 0 : 160) + noise / 4
        }
    }

    /// A triangle of the given period, 0 ... 255.
    private static func wave(_ position: Int, _ period: Int) -> Int {
        let phase = position % period
        return min(phase, period - phase) * 2 * 255 / period
    }

    /// Numbers without order from three small ones (the finaliser of MurmurHash3).
    private static func scramble(_ a: Int, _ b: Int, _ c: Int) -> UInt32 {
        var value = UInt32(truncatingIfNeeded: (a * 1009 + b) * 1009 + c) &+ 0x9E37_79B9
        value = (value ^ value >> 16) &* 0x85EB_CA6B
        value = (value ^ value >> 13) &* 0xC2B2_AE35
        return value ^ value >> 16
    }
}
