// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Memory that ends where a page ends which nobody may touch: one byte read or written too far ends the test at once.
final class GuardedBytes {
    /// The first byte; as aligned as the count is.
    let start: UnsafeMutableRawPointer
    let count: Int
    private let pages: UnsafeMutableRawPointer
    private let mapped: Int

    init(_ count: Int) {
        let page = sysconf(Int32(_SC_PAGESIZE))
        let usable = (count + page - 1) / page * page
        mapped = usable + page
        let memory = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED, mprotect(memory + usable, page, PROT_NONE) == 0 else {
            preconditionFailure("mmap of \(mapped) bytes: errno \(errno)")
        }
        pages = memory
        start = memory + usable - count
        self.count = count
    }

    convenience init<T>(_ values: [T]) {
        self.init(values.count * MemoryLayout<T>.stride)
        values.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: start, count: count).copyMemory(from: $0) }
    }

    deinit { munmap(pages, mapped) }

    /// All bytes.
    var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: start, count: count)) }

    /// The bytes as elements; `start` must be aligned for them.
    func pointer<T>(_: T.Type) -> UnsafeMutablePointer<T> { start.assumingMemoryBound(to: T.self) }
}
