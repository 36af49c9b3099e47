// SPDX-License-Identifier: Apache-2.0

import Inspection
import Recipes

extension Lesson {
    /// Remembers a coreset of all patches (PatchCore).
    func memory(reporter: RecipeTraining.Reporter, shouldStop: () -> Bool) throws -> Outcome {
        let patches = try PatchFeatures(teacher: network, features: levels)
        let dimensions = patches.dimensions
        let store = try DescriptorStore(
            pictures: train.count, places: patches.side * patches.side, dimensions: dimensions)
        store.fill(
            train, progress: { reporter.step("teacher's features", $0, $1) },
            runner: { PatchFeatures.Runner(patches) },
            run: { runner, pixels in
                runner.run(pixels)
                return runner.descriptors
            })
        try check(store)
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
