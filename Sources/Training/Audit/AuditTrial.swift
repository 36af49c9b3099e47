// SPDX-License-Identifier: Apache-2.0

import Calibration

/// One good set with defects slipped in, of pictures whose features are known.
struct AuditTrial {
    let store: DescriptorStore
    let patches: AuditPatches
    /// The same number for the same part.
    let groups: [Int]
    /// The first so many pictures are good, the others defective.
    let good: Int
    let count: Int

    /// Shares of the other defective parts that are above the threshold; nil where the calibrate parts do not support the rate.
    struct Loss {
        let clean: Double?
        let left: Double?
        let audited: Double?
    }

    /// The most suspicious pictures of the good ones and those slipped in.
    func front(_ slipped: [Int], looked: Int, seed: UInt64) throws(TrainingError) -> [Int] {
        let pool = Array(0..<good) + slipped
        let found = try PatchSuspicion.of(
            pool, reference: pool, groups: groups, in: store, patches: patches, seed: seed)
        let order = pool.indices.sorted { (found[$0].value, $1) > (found[$1].value, $0) }
        return order.prefix(looked).map { pool[$0] }
    }

    /// What the slipped pictures cost when a memory learns from four fifths of the set and the rest calibrates it.
    func loss(_ slipped: [Int], front: Set<Int>, alpha: Double, seed: UInt64) throws -> Loss {
        var random = RandomSource(seed: seed)
        var pool = Array(0..<good) + slipped
        random.shuffle(&pool)
        let calibrate = Array(pool.prefix(pool.count / 5))
        let learn = Array(pool.dropFirst(calibrate.count))
        let isSlipped = Set(slipped)
        let judged = (good..<count).filter { !isSlipped.contains($0) }
        func recall(without out: Set<Int>, excluded: Int) throws -> Double? {
            let memory = learn.filter { !out.contains($0) }
            let calibrated = calibrate.filter { !out.contains($0) }
            let scores = try PatchSuspicion.of(
                calibrated + judged, reference: memory, groups: groups, in: store, patches: patches, seed: seed
            ).map(\.value)
            let own = Array(scores.prefix(calibrated.count))
            // A rate that the parts do not support any more is no error here.
            let smallest = ConformalThreshold.smallestAlpha(
                parts: own.count + excluded, confidence: nil, excluded: excluded)
            guard !own.isEmpty, smallest <= alpha else { return nil }
            let threshold = try ConformalThreshold(scores: own, alpha: alpha, excluded: excluded)
            let found = scores.dropFirst(own.count).count { $0 > threshold.value }
            return Double(found) / Double(max(1, judged.count))
        }
        let taken = isSlipped.intersection(front)
        return Loss(
            clean: try recall(without: isSlipped, excluded: 0), left: try recall(without: [], excluded: 0),
            audited: try recall(without: taken, excluded: calibrate.count { taken.contains($0) }))
    }
}
