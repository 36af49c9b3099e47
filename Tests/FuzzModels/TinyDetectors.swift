// SPDX-License-Identifier: Apache-2.0

import Inspection
import Recipes

/// Files of the detectors without student, for a teacher of 32 pixels whose layer1 has 8 channels at 16 places.
enum TinyDetectors {
    static let gaussians = GaussianFile.encoded(
        channels: [0, 3, 7], mean: .init(repeating: 0.5, count: 16 * 3), factor: .init(repeating: 1, count: 16 * 6),
        origin: origin)
    static let memory = MemoryFile.encoded(
        (0..<40 * 8).map { Float($0 % 13) / 10 }, dimensions: 8, origin: origin)

    private static let origin = DetectorOrigin(
        teacher: .init(repeating: "1", count: 64), parts: .init(repeating: "2", count: 64), input: "32 stretch all",
        levels: [.layer1], tool: "fuzz")

    /// Looks at a picture, as a daemon does.
    static func run(_ detector: any MapDetector, _ picture: [UInt8]) throws {
        let runner = try detector.runner(workers: 1, instructionSet: nil)
        runner.run(picture)
        // Blind is an answer, less than nothing is none.
        guard runner.distances.allSatisfy({ $0 >= 0 || !$0.isFinite }) else { fatalMismatch("detector") }
    }
}
