// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc

/// The calls of the system that GPIO needs, as a table, so that a test can put a kernel of its own there.
///
/// Each returns what the system call returns, or the error number made negative; `EINTR` is never among them.
public struct GPIOCalls: Sendable {
    /// Paths of the chips that there are, in the order of their numbers.
    package var chipPaths: @Sendable () -> [String]
    /// open(2) for reading and writing, closed on exec.
    package var open: @Sendable (_ path: String) -> Int32
    /// ioctl(2) with one of the codes of `gpio.h`.
    package var ioctl: @Sendable (_ descriptor: Int32, _ request: UInt, _ argument: UnsafeMutableRawPointer) -> Int32
    /// read(2).
    package var read: @Sendable (_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int
    /// poll(2); the timeout is in milliseconds, −1 for none. A signal ends it with 0.
    package var poll: @Sendable (_ set: UnsafeMutablePointer<pollfd>, _ count: Int, _ timeout: Int32) -> Int32
    /// close(2).
    package var close: @Sendable (_ descriptor: Int32) -> Void
    /// eventfd(2): wakes a thread that waits in `poll`.
    package var eventCounter: @Sendable () -> Int32
    /// Adds one to an event counter.
    package var signal: @Sendable (_ counter: Int32) -> Void
    /// Nanoseconds of the monotonic clock, the one of the kernel's edges.
    package var now: @Sendable () -> Int64

    /// The system's own calls.
    public static let system = GPIOCalls(
        chipPaths: systemChipPaths,
        open: { path in
            while true {
                let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
                if descriptor >= 0 { return descriptor }
                if errno != EINTR { return -errno }
            }
        },
        ioctl: { clinux_gpio_ioctl($0, $1, $2) },
        read: { descriptor, buffer, count in
            while true {
                let got = Glibc.read(descriptor, buffer, count)
                if got >= 0 { return got }
                if errno != EINTR { return Int(-errno) }
            }
        },
        poll: { set, count, timeout in
            let ready = Glibc.poll(set, nfds_t(count), timeout)
            return ready >= 0 ? ready : errno == EINTR ? 0 : -errno
        },
        close: { _ = Glibc.close($0) },
        eventCounter: {
            let descriptor = clinux_event_counter()
            return descriptor >= 0 ? descriptor : -errno
        },
        signal: { counter in
            var one: UInt64 = 1
            _ = Glibc.write(counter, &one, 8)
        },
        now: {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        })

    @Sendable private static func systemChipPaths() -> [String] {
        guard let folder = opendir("/dev") else { return [] }
        defer { closedir(folder) }
        var numbers: [Int] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { fixedText($0) }
            if name.hasPrefix("gpiochip"), let number = Int(name.dropFirst(8)) { numbers.append(number) }
        }
        return numbers.sorted().map { "/dev/gpiochip\($0)" }
    }
}

/// The text in a fixed array of characters, up to its first NUL.
func fixedText(_ bytes: UnsafeRawBufferPointer) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}
