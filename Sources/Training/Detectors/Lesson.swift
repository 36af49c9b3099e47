// SPDX-License-Identifier: Apache-2.0

import Glibc
import Inspection
import Recipes

/// Everything that a detector learns from: the teacher and the pictures dealt to it.
struct Lesson {
    let plan: RecipeTraining.Plan
    let folder: RecipeFolder
    let teacher: ModelFile
    let network: NetworkPlan
    /// Pictures to learn from, `(size, size, 3)` bytes each.
    let train: [[UInt8]]
    /// Pictures that choose a student's best weights; the other detectors learn from the train parts alone.
    let select: [[UInt8]]
    /// SHA-256 of the parts' list.
    let parts: String
    let tool: String

    /// What came of it.
    enum Outcome {
        /// The bytes of the detector's file; pass and loss where there were any.
        case learned([UInt8], bestEpoch: Int?, selectLoss: Float?)
        /// Stopped on request after this many passes.
        case interrupted(epoch: Int)
    }

    /// Lets the plan's detector learn.
    ///
    /// - Throws: `RecipeError`, `TrainingError`, `InspectionError`.
    func learn(reporter: RecipeTraining.Reporter, shouldStop: () -> Bool) throws -> Outcome {
        switch plan.detector {
        case .reducedStudent: try student(.reduced, reporter: reporter, shouldStop: shouldStop)
        case .stpm: try student(.full, reporter: reporter, shouldStop: shouldStop)
        case .padim: try gaussians(reporter: reporter, shouldStop: shouldStop)
        case .patchMemory: try memory(reporter: reporter, shouldStop: shouldStop)
        }
    }

    /// Levels of the features.
    var levels: [Level] { plan.distillation.levels }

    /// The file's account of itself, for detectors without student.
    func origin(_ details: [String: String]) -> DetectorOrigin {
        DetectorOrigin(
            teacher: teacher.digest, parts: parts, input: plan.input.fingerprint, levels: levels, tool: tool,
            details: details.merging([
                "detector": plan.detector.rawValue, "seed": "\(plan.distillation.seed)", "openblas": OpenBLASCore.name,
                "pictures": "\(train.count)",
            ]) { $1 })
    }

    /// Descriptors of all train parts, made by the code that inspects.
    ///
    /// - Parameters:
    ///   - runner: a thread's network.
    ///   - run: descriptors of one picture, all places.
    /// - Throws: `TrainingError` for too many of them or features that are not finite.
    func descriptors<Runner>(
        places: Int, dimensions: Int, reporter: RecipeTraining.Reporter, runner: @Sendable () -> Runner,
        run: @Sendable (Runner, [UInt8]) -> UnsafeBufferPointer<Float>
    ) throws(TrainingError) -> DescriptorStore {
        let store = try DescriptorStore(pictures: train.count, places: places, dimensions: dimensions)
        store.fill(train, progress: { reporter.step("teacher's features", $0, $1) }, runner: runner, run: run)
        guard let blind = store.firstBlind else { return store }
        throw TrainingError(
            .value, "features of train part \(blind + 1)", expected: "finite numbers", found: "NaN or infinity",
            hint: "the teacher's file is damaged")
    }
}
