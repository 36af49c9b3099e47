// SPDX-License-Identifier: Apache-2.0

import Calibration
import Inspection
import SyntheticParts

/// How well map settings find synthetic defects that were blended into good select parts: the only measure by which
/// settings may be chosen, since it never sees a real defect (DESIGN, 'Good parts are dealt once').
///
public struct MapTrial: Codable, Sendable {
    /// What was tried.
    public let settings: MapSettings
    /// Mean of `aurocBySize`: defects of all sizes count the same.
    public let auroc: Double
    /// Image AUROC, good against blended parts, for each class of `BlendedDefect.shares`, mean of all halves.
    public let aurocBySize: [Double]
    /// Share of blended parts above the highest good part of their half, mean of all halves: what a line finds without a false
    /// stop.
    public let recallAtZeroFP: Double

    enum CodingKeys: String, CodingKey {
        case settings, auroc
        case aurocBySize = "auroc_by_size"
        case recallAtZeroFP = "recall_at_zero_fp"
    }

    /// - Parameter halves: the scores of each half's pictures.
    package init(_ settings: MapSettings, halves: [BlendedScores]) {
        self.settings = settings
        let count = Double(max(1, halves.count))
        aurocBySize = BlendedDefect.shares.indices.map { size in
            halves.map { $0.auroc(ofSizeClass: size) }.reduce(0, +) / count
        }
        auroc = aurocBySize.reduce(0, +) / Double(aurocBySize.count)
        recallAtZeroFP = halves.map(\.recallAtZeroFP).reduce(0, +) / count
    }
}

/// Scores of good parts and of blended ones.
package struct BlendedScores {
    package var good: [Float]
    package var blended: [(sizeClass: Int, score: Float)]

    package init(good: [Float] = [], blended: [(sizeClass: Int, score: Float)] = []) {
        self.good = good
        self.blended = blended
    }

    /// Share of blended parts above the highest good part; 0 when any score is not finite.
    var recallAtZeroFP: Double {
        guard good.allSatisfy(\.isFinite), blended.allSatisfy(\.score.isFinite) else { return 0 }
        return RankMeasures.recallAtZeroFalseStops(good: good, defective: blended.map(\.score)) ?? 0
    }

    /// Good against the defects of one size; half when there are none.
    func auroc(ofSizeClass sizeClass: Int) -> Double {
        let defective = blended.filter { $0.sizeClass == sizeClass }.map(\.score)
        // A score that is not finite is no verdict: settings that give one can't win.
        guard good.allSatisfy(\.isFinite), defective.allSatisfy(\.isFinite) else { return 0 }
        return RankMeasures.auroc(good: good, defective: defective) ?? 0.5
    }
}
