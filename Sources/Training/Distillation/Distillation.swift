// SPDX-License-Identifier: Apache-2.0

import Inspection
import Recipes

/// Trains a student to see in good parts what the frozen teacher sees (METHODS 1).
///
/// The loss is the mean cosine distance of each level over its hardest places, summed over levels; the weights kept are those
/// with the lowest loss over all places of the select parts. Same settings, pictures and OpenBLAS core: same bits, whatever the number of threads.
public final class Distillation {
    /// How it ends.
    public enum Outcome: Sendable {
        /// All passes done: the weights of the best one.
        case finished(weights: Weights, bestEpoch: Int, bestLoss: Float)
        /// Stopped on request: the checkpoint is on disk, the same command goes on.
        case interrupted(epoch: Int)
    }

    private let settings: DistillationSettings
    private let train: [[UInt8]]
    private let select: [[UInt8]]
    private let features: TeacherFeatures
    private let checkpointPath: String
    private let identity: String
    private let student: StudentNetwork
    private let optimiser: any Optimiser
    private let schedule: OneCycle
    private var random: RandomSource
    private var epoch = 0
    private var bestLoss = Float.infinity
    private var bestEpoch = 0
    private var best: [NamedArray] = []
    private var selectLoss: Float?
    private let normalisation = PixelNormalisation()

    /// Prepares a training; goes on from a checkpoint that has the same identity.
    ///
    /// - Parameters:
    ///   - train: pictures to learn from, `(size, size, 3)` bytes each.
    ///   - select: pictures that choose the best weights.
    ///   - features: the teacher's maps of `train + select`, in that order.
    ///   - checkpoint: path of the checkpoint.
    ///   - identity: what teacher and training set are; a checkpoint of another identity is refused.
    ///   - shape: of the student.
    /// - Throws: `RecipeError` or `TrainingError` for a damaged or foreign checkpoint.
    public init(
        _ settings: DistillationSettings, train: [[UInt8]], select: [[UInt8]], features: TeacherFeatures,
        checkpoint: String, identity: String, shape: StudentNetwork.Shape = .reduced
    ) throws {
        self.settings = settings
        self.train = train
        self.select = select
        self.features = features
        checkpointPath = checkpoint
        self.identity = identity
        random = RandomSource(seed: settings.seed)
        student = StudentNetwork(
            levels: settings.levels, shape: shape, width: settings.width, generator: &random)
        let trained = student.parameters.filter(\.isTrained)
        optimiser =
            switch settings.optimiser {
            case .adam: Adam(trained, learningRate: settings.learningRate)
            case .sgd: SGD(trained, learningRate: settings.learningRate, momentum: 0.9)
            }
        let steps = settings.epochs * Self.batches(train.count, settings.batch)
        schedule = OneCycle(peak: settings.learningRate, steps: max(1, steps))
        if SafeFile.exists(checkpoint) {
            try resume(from: try Checkpoint.read(checkpoint))
        } else {
            try writeCheckpoint()
        }
    }

    /// Passes that a checkpoint had already done; nil when there was none.
    public private(set) var resumedAfter: Int?

    /// Trains to the end, or until asked to stop.
    ///
    /// - Parameters:
    ///   - shouldStop: asked after every step.
    ///   - progress: told after every step.
    /// - Throws: `TrainingError` when the loss is no longer finite; `RecipeError` when a checkpoint can't be written.
    public func run(shouldStop: () -> Bool, progress: (DistillationProgress) -> Void) throws -> Outcome {
        let clock = ContinuousClock()
        var trainingTime = 0.0
        var passTime = 0.0
        var pictures = 0
        while epoch < settings.epochs {
            let passStart = clock.now
            var order = Array(train.indices)
            random.shuffle(&order)
            let batches = Self.batches(train.count, settings.batch)
            var sum: Float = 0
            for batch in 0..<batches {
                let start = clock.now
                // Batches of nearly equal size: none is left with too few pictures for batch statistics.
                let indices = Array(order[(batch * order.count / batches)..<((batch + 1) * order.count / batches)])
                sum += try step(indices, number: epoch * batches + batch)
                pictures += indices.count
                trainingTime += Self.seconds(clock.now - start)
                let share = Double(batch + 1) / Double(batches)
                let passSeconds = passTime > 0 ? passTime : Self.seconds(clock.now - passStart) / share
                progress(
                    DistillationProgress(
                        epoch: epoch, epochs: settings.epochs, share: share, loss: sum / Float(batch + 1),
                        selectLoss: selectLoss, picturesPerSecond: Double(pictures) / trainingTime,
                        secondsLeft: passSeconds * (Double(settings.epochs - epoch) - share)))
                if shouldStop() {
                    // The checkpoint on disk is of the last whole pass; this one is done again from its start.
                    return .interrupted(epoch: epoch)
                }
            }
            epoch += 1
            try finishPass()
            passTime = Self.seconds(clock.now - passStart)
        }
        if best.isEmpty {
            // No pass at all was asked for: the student as it was born.
            bestLoss = try lossOnSelectParts()
        } else {
            try student.parameters.load(best)
        }
        return .finished(weights: student.weights, bestEpoch: bestEpoch, bestLoss: bestLoss)
    }

    private func finishPass() throws {
        let loss = try lossOnSelectParts()
        selectLoss = loss
        if loss < bestLoss {
            bestLoss = loss
            bestEpoch = epoch
            best = student.parameters.exported()
        }
        try writeCheckpoint()
    }

    private func writeCheckpoint() throws(RecipeError) {
        try Checkpoint(
            identity: identity, epoch: epoch, bestLoss: bestLoss, bestEpoch: bestEpoch, selectLoss: selectLoss ?? .nan,
            random: random.state, student: student.parameters.exported(), best: best, optimiser: optimiser.exported()
        ).write(to: checkpointPath)
    }

    private func step(_ indices: [Int], number: Int) throws(TrainingError) -> Float {
        let loss = self.loss(pictures: indices.map { train[$0] }, features: indices, training: true)
        let value = loss.item
        guard value.isFinite else {
            throw TrainingError(
                .value, "training loss", expected: "a finite number", found: "\(value) at step \(number)",
                hint: "use a lower learning rate")
        }
        optimiser.clearGradients()
        loss.backward()
        optimiser.learningRate = schedule.learningRate(at: number)
        optimiser.step()
        return value
    }

    private func lossOnSelectParts() throws(TrainingError) -> Float {
        var sum: Float = 0
        let all = Array(select.indices)
        for start in stride(from: 0, to: all.count, by: settings.batch) {
            let indices = Array(all[start..<min(start + settings.batch, all.count)])
            let loss: Tensor = withoutGradients {
                self.loss(
                    pictures: indices.map { select[$0] }, features: indices.map { $0 + train.count }, training: false)
            }
            sum += loss.item * Float(indices.count)
        }
        let mean = sum / Float(max(1, all.count))
        guard mean.isFinite else {
            throw TrainingError(
                .value, "loss on the select parts", expected: "a finite number", found: "\(mean)",
                hint: "use a lower learning rate")
        }
        return mean
    }

    private func loss(pictures: [[UInt8]], features indices: [Int], training: Bool) -> Tensor {
        let maps = student(input(pictures), training: training)
        var total: Tensor?
        for level in settings.levels {
            guard let map = maps[level], let target = features.batch(indices, of: level) else { continue }
            let loss = distillationLoss(
                student: map, teacher: target, hardest: training ? settings.hardest : 1)
            total = total.map { add($0, loss) } ?? loss
        }
        return total ?? Tensor.zeros([])
    }

    private func input(_ pictures: [[UInt8]]) -> Tensor {
        let size = settings.size
        let result = Tensor.zeros([pictures.count, size, size, 3])
        guard let output = result.data.baseAddress else { return result }
        for (place, picture) in pictures.enumerated() {
            picture.withUnsafeBufferPointer { bytes in
                guard let base = bytes.baseAddress else { return }
                normalisation.apply(base, to: output + place * size * size * 3, width: size * size)
            }
        }
        return result
    }

    private func resume(from checkpoint: Checkpoint) throws {
        guard checkpoint.identity == identity else {
            throw RecipeError(
                .mismatch, checkpointPath, expected: "a training of '\(identity)'", found: "'\(checkpoint.identity)'",
                hint: "delete the file, or add --restart, to train from the beginning")
        }
        try student.parameters.load(checkpoint.student)
        try optimiser.load(checkpoint.optimiser)
        random = try RandomSource(state: checkpoint.random)
        epoch = checkpoint.epoch
        resumedAfter = checkpoint.epoch
        bestLoss = checkpoint.bestLoss
        bestEpoch = checkpoint.bestEpoch
        best = checkpoint.best
        selectLoss = checkpoint.selectLoss.isNaN ? nil : checkpoint.selectLoss
    }

    private static func batches(_ count: Int, _ size: Int) -> Int { max(1, (count + size / 2) / size) }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}
