// SPDX-License-Identifier: Apache-2.0

import Inspection
import Testing
import Training

@Suite struct MapChoiceTests {
    private func trial(_ levels: [Level], found: Float, below: Float = 0) -> MapTrial {
        // Ten good parts up to 9; ten defects, of which some are found, and the rest lie among the good ones.
        let scores = BlendedScores(
            good: (0..<10).map { Float($0) },
            blended: (0..<10).map { (sizeClass: $0 % 5, score: Float($0) < found ? 20 : below) })
        return MapTrial(MapSettings(levels: levels), halves: [scores, scores])
    }

    @Test("recall counts what is above every good part, AUROC is a mean over sizes")
    func measures() {
        let trial = trial([.layer1], found: 5, below: -1)
        #expect(trial.recallAtZeroFP == 0.5)
        #expect(trial.aurocBySize.count == 5)
        // Of each size one defect is found (1) and one lies below all good parts (0).
        #expect(trial.aurocBySize.allSatisfy { $0 == 0.5 } && trial.auroc == 0.5)
    }

    @Test("scores that are not finite can't win")
    func notFinite() {
        let scores = BlendedScores(good: [0, .nan], blended: [(sizeClass: 0, score: .infinity)])
        let trial = MapTrial(MapSettings(levels: [.layer1]), halves: [scores])
        #expect(trial.recallAtZeroFP == 0 && trial.auroc == 0)
    }

    /// A thousand good parts, one defect of each size above the asked share of them.
    private func trial(_ levels: [Level], auroc: Double) -> MapTrial {
        let above = Int((1000 * (1 - auroc)).rounded())
        let good = (0..<1000).map { Float($0 < above ? 2 : 0) }
        let blended = (0..<5).map { (sizeClass: $0, score: Float(1)) }
        return MapTrial(MapSettings(levels: levels), halves: [BlendedScores(good: good, blended: blended)])
    }

    @Test("the highest AUROC is first, of equals the one that was tried first")
    func ranking() {
        let (low, high, equal) = (
            trial([.layer1], auroc: 0.8), trial([.layer2], auroc: 0.9), trial([.layer3], auroc: 0.9)
        )
        #expect(abs(high.auroc - 0.9) < 1e-9 && high.recallAtZeroFP == 0)
        let order = MapChoice.ranked([low, high, equal]).map(\.settings.levels)
        #expect(order == [[.layer2], [.layer3], [.layer1]])
    }

    @Test("sets of levels that can't be told apart are averaged by how near they are to the best")
    func mean() throws {
        let best = trial([.layer2], auroc: 0.9)
        let far = [trial([.layer1], auroc: 0.879), trial([.layer1, .layer2], auroc: 0.7)]
        #expect(MapChoice.mean(of: far + [best]) == nil)
        // A set counts with its best trial: 0.89 is half way, 1/2 · 1/4 to share against 1/2 of the best.
        let near = [trial([.layer1, .layer2], auroc: 0.5), trial([.layer1, .layer2], auroc: 0.89)]
        let mean = try #require(MapChoice.mean(of: near + far + [best]))
        #expect(mean.levels == [.layer1, .layer2] && mean.weights == [0.11, 1])
        // Equals: 1/2 for layer3, 1/8 for all three together.
        let all: [Level] = [.layer1, .layer2, .layer3]
        let equal = try #require(MapChoice.mean(of: [trial([.layer3], auroc: 0.9), trial(all, auroc: 0.9)]))
        #expect(equal.levels == all && equal.weights == [0.08, 0.08, 1])
        // A twentieth of 1/4 to share: too little to be worth a level.
        #expect(MapChoice.mean(of: [best, trial([.layer2, .layer3], auroc: 0.881)]) == nil)
    }

    @Test("a mean of levels is tried normalised, raw only where that is asked for")
    func gridOfMean() {
        let mean: (levels: [Level], weights: [Float]) = ([.layer1, .layer3], [0.25, 1])
        let free = MapChoice.grid(of: mean, given: .init())
        #expect(free.count == 6)
        #expect(free.allSatisfy { $0.levels == mean.levels && $0.weights == mean.weights && $0.normalisation != .none })
        let raw = MapChoice.grid(of: mean, given: .init(normalisation: MapSettings.Normalisation.none, smoothing: 2))
        #expect(raw.map(\.normalisation) == [.none] && raw.map(\.smoothing) == [2])
    }

    @Test("the grid has every subset of levels, and what is given stays")
    func grid() {
        let levels: [Level] = [.layer1, .layer2, .layer3]
        let all = MapChoice.grid(levels, given: .init())
        #expect(all.count == 7 * 3 * 3)
        #expect(Set(all.map(\.levels)).count == 7)
        let given = MapChoice.grid(levels, given: .init(levels: [.layer3, .layer1], normalisation: .global))
        #expect(given.count == 3)
        #expect(given.allSatisfy { $0.levels == [.layer1, .layer3] && $0.normalisation == .global })
        #expect(MapChoice.grid([.layer1], given: .init(smoothing: 0)).allSatisfy { $0.smoothing == 0 })
    }

    @Test("each half judges what the other one learns from, and defects stay with their part")
    func halves() {
        let pixels = (0..<7).map { part in [UInt8](repeating: UInt8(40 * part), count: 64 * 64 * 3) }
        let selection = BlendedSelection(pixels, size: 64, defectsPerPart: 5, seed: 3)
        #expect(selection.pictures.count == 7 * 6)
        let halves = selection.halves(8)
        #expect(halves.count == 8)
        for half in halves {
            let parts = Set(half.judged.map { $0 % 7 })
            #expect(parts.isDisjoint(with: half.learned) && parts.count + half.learned.count == 7)
            #expect(half.judged.count == parts.count * 6)
        }
        #expect(Set(halves.map(\.learned)).count >= 4)
        for part in 0..<7 {
            let classes = (1...5).compactMap { selection.sizeClass($0 * 7 + part) }
            #expect(Set(classes) == Set(0..<5) && selection.sizeClass(part) == nil)
        }
        #expect(BlendedSelection(pixels, size: 64, defectsPerPart: 5, seed: 3).pictures == selection.pictures)
    }

    @Test("pictures of one part are never learned from and judged at once; three parts are not halved")
    func groups() {
        let pixels = (0..<9).map { part in [UInt8](repeating: UInt8(25 * part), count: 32 * 32 * 3) }
        let numbers = [0, 0, 1, 1, 1, 2, 3, 0, 4]
        let selection = BlendedSelection(pixels, groups: numbers, size: 32, defectsPerPart: 1, seed: 1)
        #expect(selection.groups == [[0, 1, 7], [2, 3, 4], [5], [6], [8]])
        for half in selection.halves(8) {
            let judged = Set(half.judged.map { numbers[$0 % 9] })
            #expect(judged.isDisjoint(with: half.learned.map { numbers[$0] }))
        }
        let few = BlendedSelection(Array(pixels.prefix(3)), size: 32, defectsPerPart: 1, seed: 1).halves(8)
        #expect(few.count == 1 && few[0].learned == [0, 1, 2] && few[0].judged.count == 6)
        #expect(BlendedSelection.spread(10, 4) == [0, 2, 5, 7] && BlendedSelection.spread(3, 4) == [0, 1, 2])
    }
}
