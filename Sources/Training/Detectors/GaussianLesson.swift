// SPDX-License-Identifier: Apache-2.0

import Inspection
import Recipes

extension Lesson {
    /// Fits a Gaussian to every place (PaDiM).
    func gaussians(reporter: RecipeTraining.Reporter, shouldStop: () -> Bool) throws -> Outcome {
        let all = network.levels.filter { levels.contains($0.level) }.reduce(0) { $0 + $1.shape.channels }
        let channels = GaussianFit.channels(of: all, seed: plan.distillation.seed)
        let chosen = try ChosenChannels(teacher: network, features: levels, channels: channels)
        let store = try descriptors(
            places: chosen.side * chosen.side, dimensions: channels.count, reporter: reporter,
            runner: { ChosenChannels.Runner(chosen) }
        ) { runner, pixels in
            runner.run(pixels)
            return runner.descriptors
        }
        guard !shouldStop() else { return .interrupted(epoch: 0) }
        let fit = GaussianFit(store) { reporter.step("Gaussians", $0, $1) }
        let origin = origin(["dimensions": "\(channels.count) of \(all)", "epsilon": "\(GaussianFit.epsilon)"])
        return .learned(
            GaussianFile.encoded(channels: channels, mean: fit.mean, factor: fit.factor, origin: origin),
            bestEpoch: nil, selectLoss: nil)
    }
}
