// SPDX-License-Identifier: Apache-2.0

import CKernels
import CProbes
import Glibc
import Inspection
import Synchronization

/// Times the integer engine, picture in, map and score out, against the peak of the machine's own integer instructions,
/// measured in the same run.
struct InferenceBenchmark {
    /// What is measured; its levels' statistics don't matter.
    let model: InspectionModel
    /// Multiply-accumulates of one picture.
    let multiplyAccumulates: Int
    let instructionSet: InstructionSet
    let threads: Int
    let frames: Int
    /// Share of one core that a competing thread takes meanwhile, 0 ... 1.
    let load: Double

    /// What was measured. Times are milliseconds of one picture.
    struct Result {
        var best = 0.0
        var median = 0.0
        var p99 = 0.0
        var p999 = 0.0
        /// 10⁹ multiply-accumulates per second, from the median.
        var gigamacs = 0.0
        /// The same of the instructions alone, all threads together: the median of looks that take as long as a picture, in
        /// turn with the pictures, so that both see the same clock and the same neighbours.
        var peak = 0.0
        /// The best of those looks.
        var bestPeak = 0.0
        /// Core clock in GHz, from a chain of dependent additions.
        var clock = 0.0
        /// Multiply-accumulates per cycle and thread that the peak amounts to: a whole number of instructions, if all is well.
        var peakPerCycle = 0.0
        var residentMegabytes = 0.0
        var allocationsPerFrame = 0.0
        /// Nil with several threads, which may sleep, and where the kernel does not let us count.
        var systemCallsPerFrame: Double?
    }

    /// Runs it: a warm-up, then all frames in ten parts with a look at the peak before each.
    func run(progress: (Double) -> Void) throws -> Result {
        let inspector = try Inspector(model: model, workers: threads, instructionSet: instructionSet)
        let size = model.inputSize
        let picture = (0..<size * size * 3).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 11) }
        var warm = Double.infinity
        for _ in 0..<20 {
            let start = Self.now()
            _ = inspector.score(picture)
            warm = min(warm, Self.now() - start)
        }
        var times = [Double](repeating: 0, count: frames)
        var result = Result()
        if threads == 1 { result.systemCallsPerFrame = Self.systemCalls(inspector, picture) }
        let competitor = Competitor(load: load)
        defer { competitor.end() }
        var peaks: [Double] = []
        var allocated: UInt64 = 0
        let parts = min(10, frames)
        for part in 0..<parts {
            progress(Double(part) / Double(parts))
            measurePeak(&result, &peaks, seconds: warm)
            let before = allocations_so_far()
            for frame in frames * part / parts..<frames * (part + 1) / parts {
                let start = Self.now()
                _ = inspector.score(picture)
                times[frame] = Self.now() - start
            }
            allocated += allocations_so_far() - before
        }
        times.sort()
        result.best = times[0] * 1e3
        result.median = Self.quantile(times, 0.5) * 1e3
        result.p99 = Self.quantile(times, 0.99) * 1e3
        result.p999 = Self.quantile(times, 0.999) * 1e3
        result.gigamacs = Double(multiplyAccumulates) / result.median * 1e-6
        peaks.sort()
        result.peak = Self.quantile(peaks, 0.5) * Double(threads)
        result.bestPeak = (peaks.last ?? 0) * Double(threads)
        result.peakPerCycle = result.clock > 0 ? result.bestPeak / Double(threads) / result.clock : 0
        result.allocationsPerFrame = Double(allocated) / Double(frames)
        result.residentMegabytes = ProcessMemory.residentMegabytes()
        return result
    }

    /// Ten looks at the peak, of about so many seconds each, and at the clock.
    private func measurePeak(_ result: inout Result, _ peaks: inout [Double], seconds: Double) {
        var iterations: Int64 = 1000
        for look in 0..<11 {
            var start = Self.now()
            let done = ck_integer_peak_run(instructionSet.kernels, iterations)
            let taken = Self.now() - start
            if look > 0 { peaks.append(Double(done) / taken * 1e-9) }
            // The first look only tells how much work fills the time.
            if look == 0, done > 0 { iterations = Int64(Double(iterations) * max(1, seconds / taken)) }
            start = Self.now()
            let cycles = ck_cycles_run(200_000)
            result.clock = max(result.clock, Double(cycles) / (Self.now() - start) * 1e-9)
        }
    }

    /// System calls of one picture, counted over ten in a child process.
    private static func systemCalls(_ inspector: Inspector, _ picture: [UInt8]) -> Double? {
        final class Work {
            let inspector: Inspector
            let picture: [UInt8]
            init(_ inspector: Inspector, _ picture: [UInt8]) {
                self.inspector = inspector
                self.picture = picture
            }
        }
        let work = Work(inspector, picture)
        let calls = withExtendedLifetime(work) {
            system_calls_of(
                { context in
                    guard let context else { return }
                    let work = Unmanaged<Work>.fromOpaque(context).takeUnretainedValue()
                    for _ in 0..<10 { _ = work.inspector.score(work.picture) }
                }, Unmanaged.passUnretained(work).toOpaque())
        }
        return calls < 0 ? nil : Double(calls) / 10
    }

    private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        sorted[min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.down)))]
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

/// A thread that takes a share of one core in turns of ten milliseconds, as another program on the box would.
private final class Competitor: Sendable {
    private let ended = Atomic(false)
    private let load: Double

    init(load: Double) {
        self.load = load
        guard load > 0 else { return }
        let retained = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Competitor>.fromOpaque(argument).takeRetainedValue().work()
                return nil
            }, retained.toOpaque())
        if status == 0 { pthread_detach(thread) } else { retained.release() }
    }

    func end() { ended.store(true, ordering: .relaxed) }

    private func work() {
        let turn: Int64 = 10_000_000
        let busy = Int64(Double(turn) * load)
        while !ended.load(ordering: .relaxed) {
            let start = ContinuousClock.now
            while ContinuousClock.now - start < .nanoseconds(busy) {}
            usleep(UInt32((turn - busy) / 1000))
        }
    }
}
