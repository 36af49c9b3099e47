// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc
import Outputs

/// A kernel with GPIO chips, a clock that only the test moves, and a failure for any call.
///
/// `@unchecked`: everything is behind the one lock.
final class SimulatedGPIO: @unchecked Sendable {
    struct Line {
        var name = ""
        var holder: Int32?
        var consumer = ""
        var flags: UInt64 = 0
        /// The voltage: high or low.
        var isHigh = false
        var canDrive = true
        var hasInterrupt = true
        var refusesDebounce = false
        /// A short circuit.
        var stuck: Bool?
        var debounce: UInt32 = 0
        var events: [gpio_v2_line_event] = []
        var sequence: UInt32 = 0

        func has(_ flag: gpio_v2_line_flag) -> Bool { flags & UInt64(flag.rawValue) != 0 }
        var isOn: Bool { (stuck ?? isHigh) != has(GPIO_V2_LINE_FLAG_ACTIVE_LOW) }
    }

    struct Chip {
        var path: String
        var label: String
        var lines: [Line]
        var openErrno: Int32 = 0
        var isGone = false
        var name: String { String(path.dropFirst(5)) }
    }

    /// A change of a line, with the time in milliseconds.
    struct Change: Equatable, CustomStringConvertible {
        var name: String
        var isHigh: Bool
        var milliseconds: Int64
        var description: String { "\(name)\(isHigh ? "↑" : "↓")\(milliseconds)" }
    }

    private enum Descriptor {
        case chip(Int)
        case line(chip: Int, offset: Int)
        case counter(UInt64)
    }

    /// One sleeper in `poll`.
    private struct Sleeper {
        var descriptors: [Int32]
        var deadline: Int64
    }

    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let change: UnsafeMutablePointer<pthread_cond_t>
    private var chips: [Chip]
    private var descriptors: [Int32: Descriptor] = [:]
    private var nextDescriptor: Int32 = 100
    private var time: Int64 = 1_000_000_000
    private var sleepers: [Int: Sleeper] = [:]
    private var nextSleeper = 0
    private var trace: [Change] = []
    private var calls: [String] = []
    private var failure: (@Sendable (_ call: String, _ number: Int) -> Int32)?

    init(_ chips: [Chip]) {
        lock = .allocate(capacity: 1)
        change = .allocate(capacity: 1)
        pthread_mutex_init(lock, nil)
        pthread_cond_init(change, nil)
        self.chips = chips
    }

    deinit {
        pthread_cond_destroy(change)
        pthread_mutex_destroy(lock)
        change.deallocate()
        lock.deallocate()
    }

    private func locked<R>(_ body: () throws -> R) rethrows -> R {
        pthread_mutex_lock(lock)
        defer {
            pthread_cond_broadcast(change)
            pthread_mutex_unlock(lock)
        }
        return try body()
    }

    // MARK: - For the test

    var openDescriptors: Int { locked { descriptors.count } }
    var changes: [Change] { locked { trace } }
    var callCount: Int { locked { calls.count } }
    var callNames: [String] { locked { calls } }

    /// Forgets the trace and the list of calls.
    func forget() { locked { (trace, calls) = ([], []) } }

    /// Error number for a call by its name and its number since the last `forget`, from 0; 0 lets it through.
    func fail(_ failure: (@Sendable (_ call: String, _ number: Int) -> Int32)?) { locked { self.failure = failure } }

    func edit(_ name: String, _ body: (inout Line) -> Void) {
        locked {
            for chip in chips.indices {
                for offset in chips[chip].lines.indices where chips[chip].lines[offset].name == name {
                    body(&chips[chip].lines[offset])
                }
            }
        }
    }

    func line(_ name: String) -> Line {
        locked { chips.flatMap(\.lines).first { $0.name == name } ?? Line() }
    }

    func setGone(_ isGone: Bool, chip: Int = 0) {
        locked {
            chips[chip].isGone = isGone
            // A chip that comes back is a new one: what was claimed on the old one stays dead.
            guard !isGone else { return }
            for offset in chips[chip].lines.indices { chips[chip].lines[offset].holder = nil }
        }
    }

    /// Changes the voltage of an input, which makes an edge; without a reader the oldest of 1,024 edges is lost.
    func drive(_ name: String, high: Bool) {
        let time = locked { self.time }
        edit(name) { line in
            guard line.isHigh != high else { return }
            line.isHigh = high
            let isRising = line.isOn
            guard line.has(isRising ? GPIO_V2_LINE_FLAG_EDGE_RISING : GPIO_V2_LINE_FLAG_EDGE_FALLING) else { return }
            line.sequence += 1
            var event = gpio_v2_line_event()
            event.timestamp_ns = UInt64(time)
            event.id = isRising ? GPIO_V2_LINE_EVENT_RISING_EDGE.rawValue : GPIO_V2_LINE_EVENT_FALLING_EDGE.rawValue
            event.line_seqno = line.sequence
            line.events.append(event)
            if line.events.count > 1_024 { line.events.removeFirst() }
        }
    }

    /// Lets time pass; each sleeper whose deadline comes wakes at that very time and is waited for.
    func advance(milliseconds: Int64) {
        settle()
        pthread_mutex_lock(lock)
        let target = time + milliseconds * 1_000_000
        while let next = sleepers.values.map(\.deadline).min(), next <= target {
            time = max(time, next)
            pthread_cond_broadcast(change)
            waitUntilAsleep()
        }
        time = target
        pthread_mutex_unlock(lock)
    }

    /// Lets time pass in one step and waits for nobody: for a sleeper that will not sleep again.
    func pass(milliseconds: Int64) { locked { time += milliseconds * 1_000_000 } }

    /// Waits until a thread sleeps and nothing is there that would wake it.
    func settle() {
        pthread_mutex_lock(lock)
        waitUntilAsleep()
        pthread_mutex_unlock(lock)
    }

    private func waitUntilAsleep() {
        while sleepers.isEmpty || sleepers.values.contains(where: { isReady($0) || $0.deadline <= time }) {
            pthread_cond_wait(change, lock)
        }
    }

    // MARK: - The kernel

    private func isReady(_ sleeper: Sleeper) -> Bool { sleeper.descriptors.contains { ready($0) != 0 } }

    private func ready(_ descriptor: Int32) -> Int16 {
        switch descriptors[descriptor] {
        case .counter(let count): count > 0 ? Int16(POLLIN) : 0
        case .line(let chip, let offset):
            chips[chip].lines[offset].events.isEmpty ? 0 : Int16(POLLIN)
        case .chip, nil: 0
        }
    }

    private func forced(_ call: String) -> Int32 {
        calls.append(call)
        return failure?(call, calls.count - 1) ?? 0
    }

    private func add(_ descriptor: Descriptor) -> Int32 {
        nextDescriptor += 1
        descriptors[nextDescriptor] = descriptor
        return nextDescriptor
    }

    /// The calls to give to what is tested.
    var table: GPIOCalls {
        var table = GPIOCalls.system
        table.chipPaths = { [self] in locked { chips.filter { !$0.isGone }.map(\.path) } }
        table.open = { [self] path in locked { open(path) } }
        table.ioctl = { [self] descriptor, request, argument in locked { ioctl(descriptor, request, argument) } }
        table.read = { [self] descriptor, buffer, count in locked { read(descriptor, buffer, count) } }
        table.poll = { [self] set, count, timeout in
            poll(UnsafeMutableBufferPointer(start: set, count: count), timeout)
        }
        table.close = { [self] descriptor in locked { close(descriptor) } }
        table.eventCounter = { [self] in
            locked {
                let number = forced("eventfd")
                return number == 0 ? add(.counter(0)) : -number
            }
        }
        table.signal = { [self] descriptor in locked { signal(descriptor) } }
        table.now = { [self] in locked { time } }
        return table
    }

    private func open(_ path: String) -> Int32 {
        let number = forced("open")
        guard number == 0 else { return -number }
        guard let chip = chips.firstIndex(where: { $0.path == path && !$0.isGone }) else { return -ENOENT }
        return chips[chip].openErrno == 0 ? add(.chip(chip)) : -chips[chip].openErrno
    }

    private func close(_ descriptor: Int32) {
        if case .line(let chip, let offset) = descriptors[descriptor],
            chips[chip].lines[offset].holder == descriptor
        {
            chips[chip].lines[offset].holder = nil
        }
        if descriptors.removeValue(forKey: descriptor) == nil {
            calls.append("close of \(descriptor), which is not open")
        }
    }

    private func signal(_ descriptor: Int32) {
        guard case .counter(let count) = descriptors[descriptor] else {
            calls.append("signal to \(descriptor), which is not open")
            return
        }
        descriptors[descriptor] = .counter(count + 1)
    }

    private func ioctl(_ descriptor: Int32, _ request: UInt, _ argument: UnsafeMutableRawPointer) -> Int32 {
        let names: [UInt: String] = [
            CLINUX_GPIO_CHIP_INFO: "chip", CLINUX_GPIO_LINE_INFO: "line", CLINUX_GPIO_CLAIM: "claim",
            CLINUX_GPIO_GET_VALUES: "get", CLINUX_GPIO_SET_VALUES: "set",
        ]
        let number = forced(names[request] ?? "unknown")
        guard number == 0 else { return -number }
        switch (request, descriptors[descriptor]) {
        case (_, .chip(let chip)) where chips[chip].isGone: return -ENODEV
        case (_, .line(let chip, let offset))
        where chips[chip].isGone || chips[chip].lines[offset].holder != descriptor:
            return -ENODEV
        case (CLINUX_GPIO_CHIP_INFO, .chip(let chip)):
            let info = argument.assumingMemoryBound(to: gpiochip_info.self)
            put(chips[chip].name, &info.pointee.name)
            put(chips[chip].label, &info.pointee.label)
            info.pointee.lines = UInt32(chips[chip].lines.count)
        case (CLINUX_GPIO_LINE_INFO, .chip(let chip)):
            let info = argument.assumingMemoryBound(to: gpio_v2_line_info.self)
            guard Int(info.pointee.offset) < chips[chip].lines.count else { return -EINVAL }
            let line = chips[chip].lines[Int(info.pointee.offset)]
            put(line.name, &info.pointee.name)
            put(line.consumer, &info.pointee.consumer)
            let isUsed = line.holder != nil
            info.pointee.flags = line.flags | (isUsed ? UInt64(GPIO_V2_LINE_FLAG_USED.rawValue) : 0)
        case (CLINUX_GPIO_CLAIM, .chip(let chip)):
            return claim(chip, argument.assumingMemoryBound(to: gpio_v2_line_request.self))
        case (CLINUX_GPIO_GET_VALUES, .line(let chip, let offset)):
            let values = argument.assumingMemoryBound(to: gpio_v2_line_values.self)
            values.pointee.bits = chips[chip].lines[offset].isOn ? 1 : 0
        case (CLINUX_GPIO_SET_VALUES, .line(let chip, let offset)):
            let values = argument.assumingMemoryBound(to: gpio_v2_line_values.self)
            set(chip, offset, isOn: values.pointee.bits & 1 != 0)
        default: return -ENOTTY
        }
        return 0
    }

    private func claim(_ chip: Int, _ request: UnsafeMutablePointer<gpio_v2_line_request>) -> Int32 {
        let offset = Int(request.pointee.offsets.0)
        guard offset < chips[chip].lines.count, request.pointee.num_lines == 1 else { return -EINVAL }
        var line = chips[chip].lines[offset]
        guard line.holder == nil else { return -EBUSY }
        line.flags = request.pointee.config.flags
        line.debounce = clinux_gpio_claim_debounce(request)
        if line.has(GPIO_V2_LINE_FLAG_OUTPUT) && !line.canDrive { return -EIO }
        if !line.has(GPIO_V2_LINE_FLAG_OUTPUT) && !line.hasInterrupt { return -ENXIO }
        if line.refusesDebounce && line.debounce > 0 { return -EINVAL }
        let descriptor = add(.line(chip: chip, offset: offset))
        line.holder = descriptor
        line.consumer = withUnsafeBytes(of: &request.pointee.consumer) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        (line.events, line.sequence) = ([], 0)
        chips[chip].lines[offset] = line
        if line.has(GPIO_V2_LINE_FLAG_OUTPUT) { set(chip, offset, isOn: false) }
        request.pointee.fd = descriptor
        return 0
    }

    private func set(_ chip: Int, _ offset: Int, isOn: Bool) {
        let line = chips[chip].lines[offset]
        let isHigh = isOn != line.has(GPIO_V2_LINE_FLAG_ACTIVE_LOW)
        guard line.isHigh != isHigh else { return }
        chips[chip].lines[offset].isHigh = isHigh
        trace.append(Change(name: line.name, isHigh: isHigh, milliseconds: (time - 1_000_000_000) / 1_000_000))
    }

    private func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
        let number = forced("read")
        guard number == 0 else { return Int(-number) }
        switch descriptors[descriptor] {
        case .counter:
            descriptors[descriptor] = .counter(0)
            return 8
        case .line(let chip, let offset):
            if chips[chip].isGone { return Int(-ENODEV) }
            guard count == MemoryLayout<gpio_v2_line_event>.size, !chips[chip].lines[offset].events.isEmpty else {
                return Int(-EAGAIN)
            }
            let event = chips[chip].lines[offset].events.removeFirst()
            buffer.assumingMemoryBound(to: gpio_v2_line_event.self).initialize(to: event)
            return count
        case .chip, nil: return Int(-EBADF)
        }
    }

    private func poll(_ set: UnsafeMutableBufferPointer<pollfd>, _ timeout: Int32) -> Int32 {
        pthread_mutex_lock(lock)
        defer {
            pthread_cond_broadcast(change)
            pthread_mutex_unlock(lock)
        }
        let number = forced("poll")
        guard number == 0 else { return -number }
        let deadline = timeout < 0 ? Int64.max : time + Int64(timeout) * 1_000_000
        nextSleeper += 1
        let sleeper = nextSleeper
        while true {
            var count: Int32 = 0
            for index in set.indices {
                set[index].revents = ready(set[index].fd)
                if set[index].revents != 0 { count += 1 }
            }
            if count > 0 || deadline <= time {
                sleepers[sleeper] = nil
                return count
            }
            sleepers[sleeper] = Sleeper(descriptors: set.map(\.fd), deadline: deadline)
            pthread_cond_broadcast(change)
            pthread_cond_wait(change, lock)
        }
    }

    private func put<T>(_ text: String, _ field: inout T) {
        withUnsafeMutableBytes(of: &field) { bytes in
            for index in bytes.indices { bytes[index] = 0 }
            bytes.copyBytes(from: text.utf8.prefix(bytes.count - 1))
        }
    }
}
