// SPDX-License-Identifier: Apache-2.0

import Inspection
import Recipes

extension Lesson {
    /// Remembers a coreset of all patches (PatchCore).
    func memory(reporter: RecipeTraining.Reporter, shouldStop: () -> Bool) throws -> Outcome {
        let patches = try PatchFeatures(teacher: network, features: levels)
        let dimensions = patches.dimensions
        let store = try descriptors(
            places: patches.side * patches.side, dimensions: dimensions, reporter: reporter,
            runner: { PatchFeatures.Runner(patches) }
        ) { runner, pixels in
            runner.run(pixels)
            return runner.descriptors
        }
        guard !shouldStop() else { return .interrupted(epoch: 0) }
        let count = store.pictures * store.places
        var random = RandomSource(seed: plan.distillation.seed)
        let projected = Coreset.projection(store.base, count: count, dimensions: dimensions, random: &random)
        let chosen = Coreset.greedy(
            projected.pointer, count: count, dimensions: min(dimensions, Coreset.projected), first: random.below(count),
            wanted: Coreset.size(of: count), progress: { reporter.step("memory", $0, $1) }, shouldStop: shouldStop)
        guard !shouldStop() else { return .interrupted(epoch: 0) }
        var memory: [Float] = []
        memory.reserveCapacity(chosen.count * dimensions)
        for index in chosen {
            memory.append(contentsOf: UnsafeBufferPointer(start: store.base + index * dimensions, count: dimensions))
        }
        let origin = origin(["vectors": "\(chosen.count) of \(count)", "neighbourhood": "3"])
        return .learned(
            MemoryFile.encoded(memory, dimensions: dimensions, origin: origin), bestEpoch: nil, selectLoss: nil)
    }
}
