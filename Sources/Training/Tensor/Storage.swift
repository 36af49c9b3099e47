// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// A run of floats, 64-byte aligned, that returns to ``StoragePool`` when its last owner lets go.
///
/// The contents of a fresh storage are undefined. `@unchecked Sendable`: workers write disjoint parts of it while the
/// caller waits for them; nothing else shares one between threads.
package final class Storage: @unchecked Sendable {
    /// Floats that may be used.
    package let count: Int
    /// The first of them.
    package let pointer: UnsafeMutablePointer<Float>

    /// Takes a storage of `count` floats from the pool.
    package init(count: Int) {
        self.count = count
        pointer = StoragePool.take(count: count)
    }

    /// A storage of zeros.
    package convenience init(zeros count: Int) {
        self.init(count: count)
        pointer.update(repeating: 0, count: count)
    }

    deinit { StoragePool.give(pointer, count: count) }

    /// A storage with the same contents.
    func copy() -> Storage {
        let copy = Storage(count: count)
        copy.pointer.update(from: pointer, count: count)
        return copy
    }
}

/// Free lists of buffers, keyed by size.
///
/// A training step asks for the same sizes again and again; recycling them avoids the page faults that fresh pages would
/// cost each time. Buffers go back to the system in ``trim()`` only.
public enum StoragePool {
    /// What the pool has done so far, in buffers and bytes.
    public struct Statistics: Equatable, Sendable {
        /// Buffers asked for.
        public var taken = 0
        /// Buffers that had to be allocated because no free one had the size.
        public var allocated = 0
        /// Bytes allocated and not returned to the system, in use or free.
        public var bytes = 0
    }

    private struct State {
        var free: [Int: [UInt]] = [:]
        var statistics = Statistics()
    }

    private static let state = Mutex(State())

    /// What the pool has done so far.
    public static var statistics: Statistics { state.withLock { $0.statistics } }

    /// Returns all free buffers to the system.
    public static func trim() {
        state.withLock { state in
            for (size, addresses) in state.free {
                for address in addresses { free(UnsafeMutableRawPointer(bitPattern: address)) }
                state.statistics.bytes -= size * addresses.count
            }
            state.free = [:]
        }
    }

    private static func bytes(_ count: Int) -> Int { max(64, (count * MemoryLayout<Float>.stride + 63) & ~63) }

    static func take(count: Int) -> UnsafeMutablePointer<Float> {
        let size = bytes(count)
        let recycled: UInt? = state.withLock { state in
            state.statistics.taken += 1
            if let address = state.free[size]?.popLast() { return address }
            state.statistics.allocated += 1
            state.statistics.bytes += size
            return nil
        }
        if let recycled, let pointer = UnsafeMutablePointer<Float>(bitPattern: recycled) { return pointer }
        // Large buffers sit on huge pages where the system grants them: far fewer TLB misses in strided passes.
        let huge = 2 << 20
        var raw: UnsafeMutableRawPointer?
        let status = posix_memalign(&raw, size >= huge ? huge : 64, size)
        guard status == 0, let raw else { preconditionFailure("out of memory: \(size) bytes for a tensor") }
        if size >= huge { madvise(raw, size, MADV_HUGEPAGE) }
        return raw.bindMemory(to: Float.self, capacity: size / MemoryLayout<Float>.stride)
    }

    static func give(_ pointer: UnsafeMutablePointer<Float>, count: Int) {
        let size = bytes(count)
        state.withLock { $0.free[size, default: []].append(UInt(bitPattern: pointer)) }
    }
}
