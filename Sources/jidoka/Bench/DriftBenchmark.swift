// SPDX-License-Identifier: Apache-2.0

import Calibration
import Glibc
import Inspection
import SyntheticParts

/// How long a drift watch takes to notice a change, on real pictures of good parts that are changed on purpose.
///
/// Every run deals the pictures anew: some are its calibration, the others come along the line, at first in random order and
/// each once, then drawn with replacement. All are dealt alike because select parts score lower than later ones (statistics
/// and settings were chosen on them) and would, against the calibrate parts, be a drift of their own.
struct DriftBenchmark: Sendable {
    /// What is done to the pictures.
    enum Change: Sendable, Equatable {
        /// Nothing: every alarm is a false one.
        case none
        /// All pixels times 1 + share, rounded and clipped.
        case exposure(Double)
        /// A Gaussian blur whose σ grows by this many pixels of the network input per part. The sensor's noise is blurred
        /// with it, which no lens would do.
        case defocus(Double)

        var name: String {
            switch self {
            case .none: "none"
            case .exposure(let share): "exposure \(share > 0 ? "+" : "")\((share * 1000).rounded() / 10) %"
            case .defocus(let rate): "defocus, σ +\(rate) px per part"
            }
        }

        /// The picture of the `part`-th part since the change began, counted from 1.
        func applied(to pixels: [UInt8], size: Int, part: Int) -> [UInt8] {
            switch self {
            case .none: pixels
            case .exposure(let share): pixels.map { UInt8(min(255, (Double($0) * (1 + share)).rounded())) }
            case .defocus(let rate): GaussianBlur(sigma: rate * Double(part)).applied(to: pixels, size: size)
            }
        }
    }

    /// What came of many runs with one change.
    struct Row: Encodable, Sendable {
        let change: String
        let runs: Int
        /// Runs with an alarm before the change, or at all where there is none.
        let falseAlarms: Int
        /// Runs with an alarm after it, of those without one before.
        let found: Int
        let foundWithin200: Int
        /// Parts from the change to the alarm; null where fewer than that share of the runs found it.
        let medianParts, p90Parts: Int?
        /// Which quantity raised how many alarms.
        let by: [String: Int]
        /// What the alarms named.
        let causes: [String: Int]
        /// The first run's alarm.
        let example: String?

        enum CodingKeys: String, CodingKey {
            case change, runs, found, by, causes, example
            case falseAlarms = "false_alarms", foundWithin200 = "found_within_200"
            case medianParts = "median_parts", p90Parts = "p90_parts"
        }
    }

    let model: InspectionModel
    let pictures: [[UInt8]]
    /// How many of them are a run's calibration.
    let reference: Int
    let level: Double
    let runs: Int
    /// Parts before the change.
    let onset: Int
    /// Parts watched after it.
    let limit: Int
    let seed: UInt64

    private struct Measured: Sendable {
        let score: Float
        let statistics: PictureStatistics
    }

    private struct Outcome: Sendable {
        var isFalse = false
        var parts: Int?
        var alarm: DriftAlarm?
    }

    /// All runs with each of the changes.
    func rows(_ changes: [Change], progress: @escaping @Sendable (String, Int, Int) -> Void) throws -> [Row] {
        let size = model.inputSize
        let plain = zip(
            pictures, try PartScorer(model).scores(pictures) { progress("scores of the good parts", $0, $1) }
        ).map { Measured(score: $1.score, statistics: PictureStatistics($0, size: size)) }
        _ = try watch(Array(plain.prefix(reference)))
        return changes.map { change in
            let outcomes = Parallel.map(
                Array(0..<runs), progress: { progress(change.name, $0, $1) },
                context: { try? Inspector(model: model) }
            ) { run, inspector in outcome(change, run: run, plain: plain, inspector: inspector) }
            return row(change, outcomes)
        }
    }

    private func watch(_ calibration: [Measured]) throws(InspectionError) -> DriftWatch {
        try DriftWatch(
            scores: calibration.map(\.score), statistics: calibration.map(\.statistics), level: level, seed: seed)
    }

    private func outcome(_ change: Change, run: Int, plain: [Measured], inspector: Inspector?) -> Outcome {
        var random = SplitMix64(seed: SplitMix64.mix(seed &+ UInt64(run)))
        var order = Array(pictures.indices)
        for index in stride(from: order.count - 1, to: 0, by: -1) { order.swapAt(index, random.below(index + 1)) }
        let stream = Array(order.dropFirst(reference))
        guard let inspector, var watch = try? watch(order.prefix(reference).map { plain[$0] }) else { return Outcome() }
        for part in 0..<onset + limit {
            let index = part < stream.count ? stream[part] : stream[random.below(stream.count)]
            let isChanged = part >= onset && change != .none
            var measured = plain[index]
            if isChanged {
                let pixels = change.applied(to: pictures[index], size: model.inputSize, part: part - onset + 1)
                measured = Measured(
                    score: inspector.score(pixels), statistics: PictureStatistics(pixels, size: model.inputSize))
            }
            if let alarm = watch.add(score: measured.score, statistics: measured.statistics) {
                return Outcome(isFalse: !isChanged, parts: isChanged ? part - onset + 1 : nil, alarm: alarm)
            }
        }
        return Outcome()
    }

    private func row(_ change: Change, _ outcomes: [Outcome]) -> Row {
        let delays = outcomes.compactMap(\.parts).sorted()
        let changed = outcomes.count { !$0.isFalse }
        func quantile(_ share: Double) -> Int? {
            let place = Int((share * Double(changed)).rounded(.up)) - 1
            return delays.indices.contains(place) ? delays[place] : nil
        }
        func counted(_ name: (DriftAlarm) -> String) -> [String: Int] {
            Dictionary(outcomes.compactMap(\.alarm).map { (name($0), 1) }, uniquingKeysWith: +)
        }
        return Row(
            change: change.name, runs: outcomes.count, falseAlarms: outcomes.count(where: \.isFalse),
            found: delays.count, foundWithin200: delays.count { $0 <= 200 }, medianParts: quantile(0.5),
            p90Parts: quantile(0.9), by: counted { $0.quantity.rawValue }, causes: counted { $0.cause.rawValue },
            example: outcomes.compactMap(\.alarm).first?.text)
    }
}

/// A Gaussian over both axes of a picture, its border repeated.
struct GaussianBlur {
    private let kernel: [Float]

    /// `sigma` ≥ 0 in pixels.
    init(sigma: Double) {
        let reach = Int((3 * sigma).rounded(.up))
        let bell = (-reach...reach).map { sigma > 0 ? exp(-Double($0 * $0) / (2 * sigma * sigma)) : 1 }
        let sum = bell.reduce(0, +)
        kernel = bell.map { Float($0 / sum) }
    }

    /// The blurred picture, `(size, size, 3)` bytes.
    func applied(to pixels: [UInt8], size: Int) -> [UInt8] {
        let once = blurred(pixels.map(Float.init), size: size, step: 3, line: 3 * size)
        return blurred(once, size: size, step: 3 * size, line: 3).map { UInt8(max(0, min(255, $0.rounded()))) }
    }

    /// Along one axis: neighbours are `step` apart, lines `line`.
    private func blurred(_ values: [Float], size: Int, step: Int, line: Int) -> [Float] {
        let reach = kernel.count / 2
        var result = [Float](repeating: 0, count: values.count)
        for other in 0..<size {
            for place in 0..<size {
                let target = other * line + place * step
                for tap in kernel.indices {
                    let source = other * line + min(size - 1, max(0, place + tap - reach)) * step
                    for colour in 0..<3 { result[target + colour] += kernel[tap] * values[source + colour] }
                }
            }
        }
        return result
    }
}
