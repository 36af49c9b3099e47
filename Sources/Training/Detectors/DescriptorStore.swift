// SPDX-License-Identifier: Apache-2.0

import Calibration
import Glibc
import Inspection

/// Descriptors of all places of many pictures, computed once: `(pictures, places, dimensions)` in memory.
///
/// They are made by the code that inspects, so what is learned is what is seen. `@unchecked Sendable`: written in disjoint
/// slices by `fill`, then only read.
package final class DescriptorStore: @unchecked Sendable {
    /// Above this many bytes a training is refused: 4,000 pictures at 256 and the usual levels.
    package static let limit = 4 << 30

    package let pictures: Int
    package let places: Int
    package let dimensions: Int
    package let base: UnsafeMutablePointer<Float>

    /// Floats of one picture.
    package var stride: Int { places * dimensions }

    /// - Throws: `TrainingError` when that is too much.
    package init(pictures: Int, places: Int, dimensions: Int) throws(TrainingError) {
        let bytes = pictures * places * dimensions * MemoryLayout<Float>.stride
        guard bytes <= Self.limit else {
            throw TrainingError(
                .value, "train parts", expected: "descriptors of at most \(Self.limit >> 20) MiB",
                found: "\(bytes >> 20) MiB of \(pictures) pictures", hint: "use fewer pictures, or deeper levels")
        }
        self.pictures = pictures
        self.places = places
        self.dimensions = dimensions
        base = .allocate(capacity: max(1, pictures * places * dimensions))
    }

    deinit { base.deallocate() }

    /// Computes the descriptors of pictures, on all cores.
    ///
    /// - Parameters:
    ///   - runner: a thread's network.
    ///   - run: descriptors of one picture, all places.
    func fill<Runner>(
        _ pictures: [[UInt8]], progress: (@Sendable (Int, Int) -> Void)?, runner: @Sendable () -> Runner,
        run: @Sendable (Runner, [UInt8]) -> UnsafeBufferPointer<Float>
    ) {
        _ = Parallel.map(Array(pictures.indices), threads: Workers.threads, progress: progress, context: runner) {
            index, runner in
            guard let values = run(runner, pictures[index]).baseAddress else { return }
            (self.base + index * self.stride).update(from: values, count: self.stride)
        }
    }

    /// The first picture with a value that is not finite; nil when all are.
    package var firstBlind: Int? {
        (0..<pictures).first { picture in
            let values = UnsafeBufferPointer(start: base + picture * stride, count: stride)
            return !values.allSatisfy(\.isFinite)
        }
    }
}
