// SPDX-License-Identifier: Apache-2.0
import Glibc

/// How fast this machine trains the reduced student: forward, loss, backward and Adam on random pictures against random
/// teacher features, compared with the machine's own matrix product.
public struct TrainingBenchmark: Sendable {
    /// Threads that share the work.
    public var threads: Int
    /// Side of the square picture, a multiple of 32.
    public var size: Int
    /// Levels compared with the teacher, out of `stem layer1 layer2 layer3`.
    public var levels: [String]
    /// Pictures of one step.
    public var batch: Int
    /// Timed steps; two more come first.
    public var steps: Int

    /// What was measured.
    public struct Result: Codable, Equatable, Sendable {
        /// The settings.
        public var threads: Int, size: Int, levels: [String], batch: Int, steps: Int
        /// OpenBLAS's kernels, see ``OpenBLASCore/name``.
        public var core: String
        /// Pictures per second of the fastest and of the median step.
        public var best: Double, median: Double
        /// 10⁹ floating point operations per picture in the convolutions, forward and backward (two per
        /// multiply-accumulate), counted from the shapes.
        public var gigaflopPerPicture: Double
        /// sgemm of 1024 × 1024 × 1024 on every thread at once, 10⁹ operations per second, all threads together;
        /// the best of several tries before, between and after the steps.
        public var peakGigaflops: Double
        /// Share of that peak that the fastest step reached.
        public var shareOfPeak: Double
        /// The loss of the last step, as a check that something was learnt.
        public var loss: Float
    }

    /// A benchmark; the defaults are those of the published training.
    public init(
        threads: Int = Workers.threads, size: Int = 256, levels: [String] = ["layer1", "layer2"], batch: Int = 16,
        steps: Int = 20
    ) {
        self.threads = threads
        self.size = size
        self.levels = levels
        self.batch = batch
        self.steps = steps
    }

    /// Trains for the given number of steps. Sets ``Workers/threads`` for the time being.
    ///
    /// - Throws: `TrainingError` when a setting makes no sense.
    public func run() throws(TrainingError) -> Result {
        try check()
        let before = Workers.threads
        Workers.threads = threads
        defer { Workers.threads = before }
        var random = RandomSource(seed: 1)
        let student = BenchmarkStudent(levels: levels, random: &random)
        let pictures = Tensor(
            shape: [batch, size, size, 3],
            values: (0..<batch * size * size * 3).map { _ in Float(random.uniform()) - 0.5 })
        let teachers = withoutGradients { student(pictures, training: true) }.map { level in
            Tensor(shape: level.shape, values: (0..<level.count).map { _ in Float(random.uniform()) })
        }
        let adam = Adam(student.parameters, learningRate: 1e-3)
        var peak = peakGigaflops(tries: 5)
        var seconds: [Double] = []
        var loss: Float = 0
        for step in 0..<steps + 2 {
            let start = now()
            loss = trainingStep(student, adam, pictures, teachers)
            if step >= 2 { seconds.append(now() - start) }
            if step % 8 == 7 { peak = max(peak, peakGigaflops(tries: 1)) }
        }
        peak = max(peak, peakGigaflops(tries: 5))
        seconds.sort()
        let flop = Double(student.multiplyAccumulates(size: size)) * 2e-9
        let best = Double(batch) / seconds[0]
        return Result(
            threads: threads, size: size, levels: levels, batch: batch, steps: steps, core: OpenBLASCore.name,
            best: best, median: Double(batch) / seconds[seconds.count / 2], gigaflopPerPicture: flop,
            peakGigaflops: peak, shareOfPeak: best * flop / peak, loss: loss)
    }

    private func check() throws(TrainingError) {
        func refuse(_ thing: String, _ expected: String, _ found: String) -> TrainingError {
            TrainingError(.value, "benchmark " + thing, expected: expected, found: found)
        }
        guard (1...64).contains(threads) else { throw refuse("threads", "1...64", "\(threads)") }
        guard size > 0, size % 32 == 0 else { throw refuse("size", "a multiple of 32", "\(size)") }
        guard batch > 0, steps > 0 else { throw refuse("batch and steps", "at least 1", "\(batch), \(steps)") }
        guard !levels.isEmpty, levels.allSatisfy(BenchmarkStudent.names.contains) else {
            throw refuse("levels", "some of \(BenchmarkStudent.names)", "\(levels)")
        }
    }

    private func trainingStep(
        _ student: BenchmarkStudent, _ adam: Adam, _ pictures: Tensor, _ teachers: [Tensor]
    ) -> Float {
        adam.clearGradients()
        let losses = zip(student(pictures, training: true), teachers).map {
            distillationLoss(student: $0, teacher: $1, hardest: DistillationSettings().hardest)
        }
        let loss = losses.dropFirst().reduce(losses[0]) { add($0, $1) }
        loss.backward()
        adam.step()
        return loss.item
    }

    /// A large square product on every thread at once.
    private func peakGigaflops(tries: Int) -> Double {
        let side = 1024
        let operands = Storage(zeros: (1 + 2 * threads) * side * side)
        for i in 0..<operands.count { operands.pointer[i] = Float(i % 7) }
        var best = 0.0
        for _ in 0..<tries {
            let start = now()
            Workers.forEach(threads, threads: threads) { shard, _ in
                let own = operands.pointer + (1 + 2 * shard) * side * side
                multiply(
                    Matrix(operands.pointer, stride: side), Matrix(own, stride: side), rows: side, inner: side,
                    columns: side, into: own + side * side, stride: side)
            }
            best = max(best, 2e-9 * Double(side * side * side * threads) / (now() - start))
        }
        return best
    }

    private func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

/// The reduced student: a stem and one block per level.
private final class BenchmarkStudent {
    static let names = ["stem", "layer1", "layer2", "layer3"]
    private let trunk: [(name: String, layer: any Layer)]
    private let levels: [String]

    init(levels: [String], random: inout RandomSource) {
        self.levels = levels
        var trunk: [(String, any Layer)] = [("stem", Stem(random: &random))]
        let deepest = levels.compactMap(Self.names.firstIndex(of:)).max() ?? 0
        for level in 0..<deepest {
            let width = 64 << level
            trunk.append(
                (
                    Self.names[level + 1],
                    BasicBlock("layer\(level + 1).0", in: max(64, width / 2), out: width, stride: 2, random: &random)
                ))
        }
        self.trunk = trunk
    }

    var parameters: [Parameter] { trunk.flatMap(\.layer.parameters) }

    func callAsFunction(_ x: Tensor, training: Bool) -> [Tensor] {
        var x = x
        var results: [Tensor] = []
        for (name, layer) in trunk {
            x = layer(x, training: training)
            if levels.contains(name) { results.append(x) }
        }
        return results
    }

    /// Multiply-accumulates of all convolutions for one picture: forward, weight gradient, and input gradient where needed.
    func multiplyAccumulates(size: Int) -> Int {
        var total = 2 * (size / 2) * (size / 2) * 7 * 7 * 3 * 64
        var side = size / 4
        for level in 1..<max(1, trunk.count) {
            side /= 2
            let width = 64 << (level - 1), inputs = max(64, width / 2)
            total += 3 * side * side * width * (9 * inputs + 9 * width + inputs)
        }
        return total
    }
}
