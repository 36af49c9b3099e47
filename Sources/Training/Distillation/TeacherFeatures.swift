// SPDX-License-Identifier: Apache-2.0

import Calibration
import Glibc
import Inspection

/// The frozen teacher's maps of every picture, computed once and kept: in memory, or in a mapped file when they are many.
public final class TeacherFeatures: @unchecked Sendable {  // written in disjoint slices by init, then only read
    private struct Part {
        let level: Level
        let shape: NetworkPlan.Shape
        let offset: Int
        var count: Int { shape.height * shape.width * shape.channels }
    }

    /// Above this many bytes the maps go to a file instead of memory.
    public static let memoryLimit = 4 << 30

    private let parts: [Part]
    private let stride: Int
    private let bytes: Int
    private let base: UnsafeMutablePointer<Float>

    /// Runs the teacher over all pictures, on all cores.
    ///
    /// - Parameters:
    ///   - plan: the teacher.
    ///   - levels: maps that are kept.
    ///   - pictures: `(size, size, 3)` bytes each.
    ///   - folder: where the file goes if memory doesn't do; it is unlinked at once and vanishes with the process.
    ///   - progress: called with (done, total), from any thread.
    /// - Throws: `TrainingError` when there is no room.
    public init(
        _ plan: NetworkPlan, levels: [Level], pictures: [[UInt8]], folder: String,
        progress: (@Sendable (Int, Int) -> Void)? = nil
    ) throws(TrainingError) {
        var parts: [Part] = []
        var stride = 0
        for (level, shape) in plan.levels where levels.contains(level) {
            parts.append(Part(level: level, shape: shape, offset: stride))
            stride += shape.height * shape.width * shape.channels
        }
        self.parts = parts
        self.stride = stride
        bytes = max(1, stride * pictures.count * MemoryLayout<Float>.stride)
        base = try Self.map(bytes, folder: folder)
        let indices = Array(pictures.indices)
        let (maps, step) = (parts, stride)
        _ = Parallel.map(indices, progress: progress, context: { FloatNetwork(plan: plan) }) { index, network in
            network.run(pictures[index])
            for part in maps {
                guard let map = network.map(of: part.level) else { continue }
                let row = part.shape.width * part.shape.channels
                for y in 0..<part.shape.height {
                    (self.base + index * step + part.offset + y * row)
                        .update(from: map.values + y * map.row, count: row)
                }
            }
        }
    }

    deinit { munmap(base, bytes) }

    /// The maps of a level for some pictures, `(pictures, height, width, channels)`.
    func batch(_ indices: [Int], of level: Level) -> Tensor? {
        guard let part = parts.first(where: { $0.level == level }) else { return nil }
        let result = Tensor.zeros([indices.count, part.shape.height, part.shape.width, part.shape.channels])
        guard let output = result.data.baseAddress else { return nil }
        for (place, index) in indices.enumerated() {
            (output + place * part.count).update(from: base + index * stride + part.offset, count: part.count)
        }
        return result
    }

    private static func map(_ bytes: Int, folder: String) throws(TrainingError) -> UnsafeMutablePointer<Float> {
        var memory: UnsafeMutableRawPointer?
        if bytes <= memoryLimit {
            memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        } else {
            let path = "\(folder)/features.\(getpid()).tmp"
            let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw failure(path, bytes) }
            unlink(path)
            defer { close(file) }
            let reserved = posix_fallocate(file, 0, bytes)
            guard reserved == 0 else { throw failure(path, bytes, reserved) }
            memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
        }
        guard let memory, memory != MAP_FAILED else { throw failure("teacher features", bytes) }
        return memory.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
    }

    private static func failure(_ thing: String, _ bytes: Int, _ cause: Int32 = errno) -> TrainingError {
        TrainingError(
            .system, thing, expected: "\(bytes >> 20) MiB for the teacher's features",
            found: String(cString: strerror(cause)), errno: cause,
            hint: "make room, or train with fewer pictures or levels")
    }
}
