// SPDX-License-Identifier: Apache-2.0

import Calibration
import Pictures
import Testing

@Suite struct ConditionOutlierTests {
    private func blurred(_ picture: Picture) -> Picture {
        picture.resized(width: picture.width / 6, height: picture.height / 6)
            .resized(width: picture.width, height: picture.height)
    }

    @Test("a dark, a bright and a blurred picture are named with the direction, the others are not")
    func found() {
        var pictures = (0..<24).map { part(UInt64($0), size: 96, brightness: $0 % 5 - 2) }
        pictures[3] = part(3, size: 96, brightness: -40)
        pictures[8] = part(8, size: 96, brightness: 40)
        pictures[15] = blurred(pictures[15])
        let outliers = ConditionOutlier.find(pictures.map(ConditionOutlier.Condition.init))
        #expect(outliers.contains { $0.picture == 3 && $0.kind == .dark && $0.deviations < -3.5 })
        #expect(outliers.contains { $0.picture == 8 && $0.kind == .bright && $0.value > $0.median })
        #expect(outliers.contains { $0.picture == 15 && $0.kind == .blurred })
        #expect(Set(outliers.map(\.picture)) == [3, 8, 15])
    }

    @Test("pictures that are all the same, or fewer than ten, have no outliers")
    func none() {
        let same = ConditionOutlier.Condition(part(1, size: 96))
        #expect(ConditionOutlier.find(Array(repeating: same, count: 30)).isEmpty)
        let dark = ConditionOutlier.Condition(part(1, size: 96, brightness: -50))
        #expect(ConditionOutlier.find(Array(repeating: same, count: 8) + [dark]).isEmpty)
        // The tenth is enough, and one grey value is no outlier among equals.
        let found = ConditionOutlier.find(Array(repeating: same, count: 9) + [dark])
        #expect(Set(found.map(\.picture)) == [9] && found.contains { $0.kind == .dark })
        let nearly = ConditionOutlier.Condition(part(1, size: 96, brightness: 1))
        #expect(ConditionOutlier.find(Array(repeating: same, count: 20) + [nearly]).isEmpty)
    }
}
