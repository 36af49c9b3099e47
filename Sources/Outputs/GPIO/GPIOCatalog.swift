// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc

/// A GPIO chip and its lines as the kernel describes them.
public struct GPIOChip: Sendable, Equatable {
    /// One line.
    public struct Line: Sendable, Equatable {
        /// Number on the chip, from 0.
        public var offset: Int
        /// The line's name; may be empty.
        public var name: String
        /// Whether a driver or another process holds it.
        public var isUsed: Bool
        /// Who holds it, as it calls itself; may be empty.
        public var consumer: String
        /// Whether it is an output now; a free line often still is what it was last.
        public var isOutput: Bool
        /// Whether its holder takes the low level as on.
        public var isActiveLow: Bool
    }

    /// The device, e.g. `/dev/gpiochip0`.
    public var path: String
    /// The kernel's name, e.g. `gpiochip0`; empty when the chip can't be opened.
    public var name: String
    /// What the driver calls it, e.g. `pinctrl-bcm2711`; may be empty.
    public var label: String
    /// The lines in order of their offsets.
    public var lines: [Line]
    /// Why there is nothing known about the chip.
    public var error: OutputsError?
}

/// What GPIO chips there are.
public enum GPIOCatalog {
    /// Every chip, in the order of their numbers; one that can't be opened is listed with the reason.
    public static func chips(calls: GPIOCalls = .system) -> [GPIOChip] {
        calls.chipPaths().map { path in
            do throws(OutputsError) {
                let opened = try OpenedChip(path: path, calls: calls)
                defer { calls.close(opened.descriptor) }
                return GPIOChip(
                    path: path, name: opened.name, label: opened.label, lines: try opened.lines(calls: calls))
            } catch {
                return GPIOChip(path: path, name: "", label: "", lines: [], error: error)
            }
        }
    }
}

/// A chip's device that is open; whoever made it closes the descriptor.
struct OpenedChip {
    let path: String
    let descriptor: Int32
    let name: String
    let label: String
    let lineCount: Int

    /// Opens the device and asks what it is.
    ///
    /// - Throws: `.noChip`, `.denied`, `.lost` or `.open`.
    init(path: String, calls: GPIOCalls) throws(OutputsError) {
        let descriptor = calls.open(path)
        guard descriptor >= 0 else { throw .opening(path, -descriptor) }
        var info = gpiochip_info()
        let result = calls.ioctl(descriptor, CLINUX_GPIO_CHIP_INFO, &info)
        guard result == 0 else {
            calls.close(descriptor)
            throw .asking("GPIO_GET_CHIPINFO_IOCTL", path, -result)
        }
        self.path = path
        self.descriptor = descriptor
        name = withUnsafeBytes(of: &info.name) { fixedText($0) }
        label = withUnsafeBytes(of: &info.label) { fixedText($0) }
        lineCount = Int(info.lines)
    }

    /// What the kernel says about one line.
    func line(_ offset: Int, calls: GPIOCalls) throws(OutputsError) -> GPIOChip.Line {
        var info = gpio_v2_line_info()
        info.offset = UInt32(offset)
        let result = calls.ioctl(descriptor, CLINUX_GPIO_LINE_INFO, &info)
        guard result == 0 else { throw .asking("GPIO_V2_GET_LINEINFO_IOCTL", "\(path) line \(offset)", -result) }
        func has(_ flag: gpio_v2_line_flag) -> Bool { info.flags & UInt64(flag.rawValue) != 0 }
        return GPIOChip.Line(
            offset: offset, name: withUnsafeBytes(of: &info.name) { fixedText($0) },
            isUsed: has(GPIO_V2_LINE_FLAG_USED), consumer: withUnsafeBytes(of: &info.consumer) { fixedText($0) },
            isOutput: has(GPIO_V2_LINE_FLAG_OUTPUT), isActiveLow: has(GPIO_V2_LINE_FLAG_ACTIVE_LOW))
    }

    /// What the kernel says about every line.
    func lines(calls: GPIOCalls) throws(OutputsError) -> [GPIOChip.Line] {
        var lines: [GPIOChip.Line] = []
        lines.reserveCapacity(lineCount)
        for offset in 0..<lineCount { lines.append(try line(offset, calls: calls)) }
        return lines
    }
}
