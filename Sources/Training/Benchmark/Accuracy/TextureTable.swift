// SPDX-License-Identifier: Apache-2.0

import Calibration

/// MVTec AD's five textures beside what others have published on them: image AUROC.
struct TextureTable {
    static let textures = ["carpet", "grid", "leather", "tile", "wood"]

    /// A row of somebody else's figures; nil is not published for the category.
    struct Published {
        let method: String
        let figures: [Double?]
        let mean: Double
    }

    /// METHODS, 'Published figures': EfficientAD, EfficientAD-AST and DeSTSeg from papers, STPM from its authors' repository,
    /// PatchCore and PaDiM from anomalib's table, MixedTeacher's mean from a public leaderboard.
    static let published = [
        Published(method: "STPM, ResNet-18", figures: [0.964, 0.982, 0.951, 0.982, 0.996], mean: 0.975),
        Published(method: "PatchCore, WRN-50", figures: [0.984, 0.959, 1.000, 1.000, 0.989], mean: 0.986),
        Published(method: "PaDiM, ResNet-18", figures: [0.945, 0.857, 0.982, 0.950, 0.976], mean: 0.942),
        Published(method: "EfficientAD-S", figures: [0.997, 0.998, 1.000, 1.000, 0.996], mean: 0.998),
        Published(method: "EfficientAD-AST", figures: [0.992, 1.000, 1.000, 0.984, 0.983], mean: 0.992),
        Published(method: "DeSTSeg + memory", figures: [0.982, 1.000, 1.000, 0.992, 0.991], mean: 0.993),
        Published(method: "MixedTeacher", figures: [nil, nil, nil, nil, nil], mean: 0.998),
    ]

    /// One detector of ours.
    struct Row {
        let name: String
        /// A spread for each texture, nil where it was not run.
        let figures: [SeedSpread?]
        /// Over the seeds that have all five: the mean of the five.
        let mean: SeedSpread?
    }

    let rows: [Row]

    /// The rows of a benchmark; none where no data set is named as a texture.
    init(groups: [AccuracyReport.Group], runs: [AccuracyRun]) {
        var names: [String] = []
        var members: [String: [AccuracyRun]] = [:]
        for run in runs where Self.textures.contains(run.one.set) {
            let one = run.one
            let name =
                "\(one.detector.rawValue), \(one.teacher), \(one.engine.rawValue), \(one.size) px, "
                + one.levels.map(\.rawValue).joined(separator: "+")
            if members[name] == nil { names.append(name) }
            members[name, default: []].append(run)
        }
        rows = names.map { name in
            let own = members[name] ?? []
            func area(_ texture: String, _ seed: UInt64) -> Double? {
                own.first { $0.one.set == texture && $0.one.seed == seed }?.evaluation.imageAUROC
            }
            let seeds = Set(own.map(\.one.seed)).sorted()
            let whole = seeds.compactMap { seed -> Double? in
                let all = Self.textures.compactMap { area($0, seed) }
                return all.count == Self.textures.count ? all.reduce(0, +) / Double(all.count) : nil
            }
            return Row(
                name: name,
                figures: Self.textures.map { texture in SeedSpread(seeds.compactMap { area(texture, $0) }) },
                mean: SeedSpread(whole))
        }
    }

    /// Ours first, then the published ones, each marked as such.
    var markdown: [String] {
        let ours = rows.map { row in
            ["\(row.name) (measured)"] + row.figures.map { AccuracyReport.text($0, 3) }
                + [AccuracyReport.text(row.mean, 3)]
        }
        let others = Self.published.map { row in
            ["\(row.method) (published)"] + row.figures.map { $0.map { NumberText.fixed($0, 3) } ?? "–" }
                + [NumberText.fixed(row.mean, 3)]
        }
        return ["MVTec AD textures, image AUROC:", ""]
            + AccuracyReport.table(["method"] + Self.textures + ["mean"], ours + others)
    }
}
