// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How unlike the other pictures of a set a picture is at its strangest places.
///
/// Every place is held against a memory of places of the other pictures: never its own, nor one of the same part, which would
/// vouch for it. Its logarithmic distance to the nearest is then held against what the set has at that place (median and median
/// deviation, so that a few defects change nothing), since edges are further from everything than plain faces are. The picture's
/// suspicion is the mean of the highest three hundredths. Memory as in PatchCore (Roth et al., 2022), of a larger set sampled at random:
/// a coreset would keep just the rare places, the defects that are looked for.
package struct PatchSuspicion: Sendable, Equatable {
    /// Robust deviations of the strangest places; about 2 for most, without bound.
    package let value: Float
    /// Column and row of the strangest place in the grid.
    package let x: Int, y: Int

    /// Vectors of the memory at most, as many of each picture: all places of 400 pictures.
    package static let memory = 110_000
    /// Share of the places that count.
    static let highest = 0.03
    /// Fewest different parts in the memory.
    package static let fewest = 10

    /// Looks at pictures.
    ///
    /// - Parameters:
    ///   - pictures: indices into the store.
    ///   - reference: indices of those that are the set; others are only looked at.
    ///   - groups: for every picture of the store, the same number for the same part.
    ///   - patches: what made the store.
    /// - Returns: in the order of `pictures`; the same on any number of threads.
    /// - Throws: `TrainingError` for fewer than ten different parts in the reference.
    package static func of(
        _ pictures: [Int], reference: [Int], groups: [Int], in store: DescriptorStore, patches: AuditPatches,
        seed: UInt64, progress: (@Sendable (Int, Int) -> Void)? = nil
    ) throws(TrainingError) -> [PatchSuspicion] {
        let parts = Set(reference.map { groups[$0] }).count
        guard parts >= fewest else {
            throw TrainingError(
                .value, "good pictures", expected: "at least \(fewest) different parts", found: "\(parts)",
                hint: "show more parts: what is odd is only known by comparison")
        }
        let scale = PatchScale(store, of: reference, channels: patches.channels)
        let memory = PatchMemoryOfSet(store, of: reference, groups: groups, scale: scale, seed: seed)
        // The set's own maps are needed either way: they say what is usual where.
        let known = Set(reference)
        let extra = pictures.filter { !known.contains($0) }
        let looked = reference + extra
        let maps = memory.maps(of: looked, groups: groups, in: store, scale: scale, progress: progress)
        let places = store.places
        let usual = PlaceStatistics(maps, pictures: reference.count, places: places)
        let row = Dictionary(uniqueKeysWithValues: looked.enumerated().map { ($1, $0) })
        let count = max(1, Int((Double(places) * highest).rounded()))
        return pictures.map { picture in
            let first = (row[picture] ?? 0) * places
            let deviations = (0..<places).map { usual.deviations(maps[first + $0], at: $0) }
            let order = deviations.indices.sorted { (deviations[$0], $1) > (deviations[$1], $0) }
            let sum = order.prefix(count).reduce(Float(0)) { $0 + deviations[$1] }
            return PatchSuspicion(value: sum / Float(count), x: order[0] % patches.side, y: order[0] / patches.side)
        }
    }
}

/// Median and median deviation of the logarithmic distances at every place.
private struct PlaceStatistics {
    private var median: [Float] = []
    private var deviation: [Float] = []

    init(_ maps: [Float], pictures: Int, places: Int) {
        func middle(_ values: [Float]) -> Float { values.sorted()[values.count / 2] }
        for place in 0..<places {
            let values = (0..<pictures).map { maps[$0 * places + place] }
            let centre = middle(values)
            median.append(centre)
            deviation.append(1.4826 * middle(values.map { abs($0 - centre) }))
        }
        // A place where all are alike by chance must not shout.
        let floor = 0.3 * middle(deviation) + 1e-3
        for place in 0..<places { deviation[place] += floor }
    }

    func deviations(_ value: Float, at place: Int) -> Float { (value - median[place]) / deviation[place] }
}
