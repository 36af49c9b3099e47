// SPDX-License-Identifier: Apache-2.0

import Inspection
import Pictures
import Synchronization
import SyntheticParts

/// Parts that never existed, for a line without a camera: mostly good, a defect now and then.
public final class SyntheticSource: FrameSource {
    private struct State {
        var index = 0
        var pace: Pace
    }

    /// `synthetic` and the seed.
    public let name: String
    private let parts: SyntheticParts
    private let defectEvery: Int
    private let firstDefect: Int
    private let gate = DeadlineGate()
    private let state: Mutex<State>

    /// A source that never ends.
    ///
    /// - Parameters:
    ///   - seed: another seed, other parts.
    ///   - size: side of the pictures, a multiple of 32 from 32 to 4096.
    ///   - rate: parts per second, 1/3600 to 10,000; 0 is as fast as it can.
    ///   - defectEvery: every how many parts one is defective; 0 is never.
    ///   - firstDefect: index of the first defective part; `nil` is the last of the first `defectEvery` parts.
    /// - Throws: `.badArgument`.
    public init(
        seed: UInt64, size: Int = 256, rate: Double, defectEvery: Int, firstDefect: Int? = nil
    ) throws(CaptureError) {
        try Pace.check(rate, of: "synthetic source")
        try SyntheticSource.check(size: size, of: "synthetic source")
        guard defectEvery >= 0, (firstDefect ?? 0) >= 0 else {
            throw CaptureError(
                .badArgument, "synthetic source", expected: "defect counts of 0 or more",
                found: "every \(defectEvery), first \(firstDefect ?? 0)", hint: "0 is never a defect")
        }
        name = "synthetic \(seed)"
        parts = SyntheticParts(seed: seed, size: size)
        self.defectEvery = defectEvery
        self.firstDefect = firstDefect ?? max(0, defectEvery - 1)
        state = Mutex(State(pace: Pace(rate: rate)))
    }

    /// Whether part number `index` (0, 1, 2 …) has a defect: the truth that a demonstration compares with.
    public func isDefective(_ index: Int) -> Bool {
        defectEvery > 0 && index >= firstDefect && (index - firstDefect) % defectEvery == 0
    }

    /// The name of part number `index`, e.g. `part-000042`.
    public static func part(_ index: Int) -> String {
        let digits = String(index)
        return "part-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// The next part, when it is due; it has no original bytes, as seed and number are enough to make it again.
    public func next() throws(CaptureError) -> Frame? {
        let deadline = state.withLock { $0.pace.deadline(now: DeadlineGate.now()) }
        guard gate.wait(until: deadline) else { return nil }
        let index = state.withLock { state in
            defer { state.index += 1 }
            return state.index
        }
        let picture = isDefective(index) ? parts.surfaceDefect(index).picture : parts.good(index)
        return Frame(
            size: parts.size, pixels: picture.pixels, part: SyntheticSource.part(index), sequence: UInt64(index),
            readyAt: DeadlineGate.now())
    }

    /// Ends the source; wakes a `next` that waits.
    public func stop() {
        gate.close()
    }

    static func check(size: Int, of source: String) throws(CaptureError) {
        guard size >= 32, size <= 4096, size % 32 == 0 else {
            throw CaptureError(
                .badArgument, source, expected: "a size that is a multiple of 32, from 32 to 4096", found: "\(size)")
        }
    }
}
