// SPDX-License-Identifier: Apache-2.0

import Glibc
import Inspection
import Recipes

extension Lesson {
    /// Trains a student against the teacher's features.
    func student(
        _ shape: StudentNetwork.Shape, reporter: RecipeTraining.Reporter, shouldStop: () -> Bool
    ) throws -> Outcome {
        if plan.restart { unlink(folder.checkpoint) }
        let features = try TeacherFeatures(network, levels: levels, pictures: train + select, folder: folder.path) {
            reporter.step("teacher's features", $0, $1)
        }
        var settings = plan.distillation
        // STPM learns from all places, as published.
        if shape == .full { (settings.hardest, settings.width) = (1, 1) }
        var identity = "\(settings) \(plan.input.fingerprint) teacher \(teacher.digest) parts \(parts)"
        if shape == .full { identity += " full student" }
        let distillation = try Distillation(
            settings, train: train, select: select, features: features, checkpoint: folder.checkpoint,
            identity: identity, shape: shape)
        if let epoch = distillation.resumedAfter { reporter.note("going on after epoch \(epoch)") }
        switch try distillation.run(shouldStop: shouldStop, progress: reporter.training) {
        case .interrupted(let epoch): return .interrupted(epoch: epoch)
        case .finished(let weights, let bestEpoch, let bestLoss):
            let graph = try ResidualTrunk.graph(of: weights, levels: levels)
            var metadata = [
                "input": plan.input.fingerprint, "teacher_sha256": teacher.digest, "parts_sha256": parts,
                "tool": tool,
                "levels": levels.map(\.rawValue).joined(separator: " "),
                "epochs": "\(settings.epochs)", "best_epoch": "\(bestEpoch)", "select_loss": "\(bestLoss)",
                "hardest": "\(settings.hardest)", "width": "\(settings.width)", "seed": "\(settings.seed)",
                "openblas": OpenBLASCore.name,
            ]
            if plan.detector != .reducedStudent { metadata["detector"] = plan.detector.rawValue }
            return .learned(
                ModelFile.encoded(weights: weights, graph: graph, metadata: metadata), bestEpoch: bestEpoch,
                selectLoss: bestLoss)
        }
    }
}
