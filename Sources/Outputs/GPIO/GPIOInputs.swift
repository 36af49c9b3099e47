// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc
import Synchronization

/// Edges on GPIO lines: the trigger of a part, the button that acknowledges.
///
/// One thread calls `next()`; any thread may call `stop()`. After an error other than `.overrun` the lines are of no more
/// use: let the object go and make a new one, which throws as long as the chip is away.
public final class GPIOInputs: Sendable {
    /// Which change of a line counts; on and off, so that an active-low line rises when its voltage falls.
    public enum Direction: String, Sendable, CaseIterable {
        /// From off to on.
        case rising
        /// From on to off.
        case falling
    }

    /// An input and what to do with it.
    public struct Line: Sendable, Hashable {
        /// What its edges are called, e.g. `trigger`.
        public var name: String
        /// The line.
        public var line: GPIOLine
        /// Which change counts.
        public var direction: Direction
        /// How long a level has to stand, in microseconds; 0 counts every edge.
        ///
        /// The kernel does it; where it refuses, this process does. An edge's time is the end of the period.
        public var debounceMicroseconds: Int

        /// All of it.
        public init(name: String, line: GPIOLine, direction: Direction = .rising, debounceMicroseconds: Int = 0) {
            self.name = name
            self.line = line
            self.direction = direction
            self.debounceMicroseconds = debounceMicroseconds
        }
    }

    /// One change of a line.
    public struct Edge: Sendable, Hashable {
        /// The name of the input.
        public var name: String
        /// When, in nanoseconds of CLOCK_MONOTONIC, as the kernel's interrupt saw it.
        public var time: Int64
        /// The kernel's number of the edge on this line, from 1; without debounce by the kernel there are gaps.
        public var sequence: UInt32
    }

    private struct Watch: Sendable {
        let name: String
        let wantsOn: Bool
        let claimed: ClaimedLine
        var filter: EdgeFilter?
        var sequence: UInt32 = 0
    }

    private struct State: Sendable {
        var watches: [Watch] = []
        var set: [pollfd] = []
        /// Where the next look begins, so that a line that chatters can't hide another.
        var turn = 0
        /// An edge behind the error that was thrown first.
        var held: Edge?
    }

    /// How often a chip is asked whether it still is there: kernels before 6.6 don't wake a reader when it goes away.
    private static let lookMilliseconds: Int32 = 1_000

    private let calls: GPIOCalls
    private let counter: Int32
    /// Held by `next()` while it waits, which is why `stop()` goes by the counter only.
    private let state: Mutex<State>

    /// Claims every line as an input with edges, all or nothing.
    ///
    /// - Throws: `.settings` for a line used twice or a debounce that is not 0 … 4,294,967,295 µs, `.noInterrupt` when
    ///   the chip reports no edges, otherwise like `GPIOOutputs`.
    public init(_ lines: [Line], calls: GPIOCalls = .system) throws(OutputsError) {
        var watches: [Watch] = []
        func fail(_ error: OutputsError) -> OutputsError {
            for watch in watches { watch.claimed.close(calls: calls) }
            return error
        }
        do throws(OutputsError) {
            for line in lines {
                let address = try GPIOAddress(of: line.line, role: line.name, calls: calls)
                if let other = watches.first(where: { $0.claimed.address.isSameLine(as: address) }) {
                    throw OutputsError(
                        code: .settings, thing: "\(line.name) (\(address.text))", expected: "a line of its own",
                        found: "the line of \(other.name)", hint: "give each input another line")
                }
                watches.append(try Self.watch(line, at: address, calls: calls))
            }
        } catch { throw fail(error) }
        counter = calls.eventCounter()
        guard counter >= 0 else { throw fail(.resource("eventfd", "GPIO inputs", -counter)) }
        self.calls = calls
        let descriptors = watches.map(\.claimed.descriptor) + [counter]
        let set = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        state = Mutex(State(watches: watches, set: set))
    }

    deinit {
        state.withLock { for watch in $0.watches { watch.claimed.close(calls: calls) } }
        calls.close(counter)
    }

    private static func watch(
        _ line: Line, at address: GPIOAddress, calls: GPIOCalls
    ) throws(OutputsError) -> Watch {
        guard let debounce = UInt32(exactly: line.debounceMicroseconds) else {
            throw OutputsError(
                code: .settings, thing: "\(line.name) (\(address.text))", expected: "a debounce of 0 to 4294967295 µs",
                found: "\(line.debounceMicroseconds) µs", hint: "a few thousand are usual")
        }
        let wantsOn = line.direction == .rising
        let edge = wantsOn ? GPIO_V2_LINE_FLAG_EDGE_RISING : GPIO_V2_LINE_FLAG_EDGE_FALLING
        do throws(OutputsError) {
            let claimed = try ClaimedLine(
                line.name, line.line, at: address, flags: GPIO_V2_LINE_FLAG_INPUT, edge, debounceMicroseconds: debounce,
                calls: calls)
            return Watch(name: line.name, wantsOn: wantsOn, claimed: claimed)
        } catch {
            // Some drivers refuse the period instead of leaving it to the kernel.
            guard debounce > 0, error.code == .noInterrupt else { throw error }
        }
        let claimed = try ClaimedLine(
            line.name, line.line, at: address, flags: GPIO_V2_LINE_FLAG_INPUT, GPIO_V2_LINE_FLAG_EDGE_RISING,
            GPIO_V2_LINE_FLAG_EDGE_FALLING, calls: calls)
        do throws(OutputsError) {
            let filter = EdgeFilter(period: Int64(debounce) * 1_000, level: try claimed.value(calls: calls))
            return Watch(name: line.name, wantsOn: wantsOn, claimed: claimed, filter: filter)
        } catch {
            claimed.close(calls: calls)
            throw error
        }
    }

    /// Ends the present and every later `next()`; from any thread.
    public func stop() { calls.signal(counter) }

    /// Waits for the next edge.
    ///
    /// - Returns: the edge, or `nil` after `stop()`.
    /// - Throws: `.lost` when a chip is gone or doesn't answer, each time from then on; `.overrun` with the number of
    ///   edges that the kernel threw away because nobody took them: the next call goes on with the edge after the gap.
    public func next() throws(OutputsError) -> Edge? {
        try state.withLock { (state) throws(OutputsError) in
            if let held = state.held {
                state.held = nil
                return held
            }
            while true {
                if let edge = try Self.settled(&state, calls: calls) { return edge }
                let timeout = Self.timeout(state, now: calls.now())
                let ready = state.set.withUnsafeMutableBufferPointer { set in
                    guard let start = set.baseAddress else { return Int32(0) }
                    return calls.poll(start, set.count, timeout)
                }
                guard ready >= 0 else { throw .resource("poll", "GPIO inputs", -ready) }
                // The counter is never read, so that every later call ends, too.
                if ready > 0, state.set[state.watches.count].revents != 0 { return nil }
                if ready == 0 { try Self.look(state, calls: calls) }
                guard ready > 0 else { continue }
                if let edge = try Self.take(&state, calls: calls) { return edge }
            }
        }
    }

    /// Milliseconds until the next level settles or the next look at the chips.
    private static func timeout(_ state: State, now: Int64) -> Int32 {
        state.watches.reduce(lookMilliseconds) { least, watch in
            guard let deadline = watch.filter?.deadline else { return least }
            return min(least, Int32(clamping: max(0, (deadline - now + 999_999) / 1_000_000)))
        }
    }

    /// Asks every line for its level, which tells whether its chip is there.
    private static func look(_ state: State, calls: GPIOCalls) throws(OutputsError) {
        for watch in state.watches { _ = try watch.claimed.value(calls: calls) }
    }

    /// An edge that has stood long enough. Raw edges that wait in the kernel are older and were taken before.
    private static func settled(_ state: inout State, calls: GPIOCalls) throws(OutputsError) -> Edge? {
        for index in state.watches.indices {
            guard let deadline = state.watches[index].filter?.deadline, deadline <= calls.now() else { continue }
            // The bounce may wait unread.
            var set = pollfd(fd: state.watches[index].claimed.descriptor, events: Int16(POLLIN), revents: 0)
            guard calls.poll(&set, 1, 0) == 0 else { continue }
            let watch = state.watches[index]
            guard let edge = state.watches[index].filter?.settle(at: calls.now()), edge.isOn == watch.wantsOn else {
                continue
            }
            return Edge(name: watch.name, time: edge.time, sequence: watch.sequence)
        }
        return nil
    }

    /// Takes one event from the first line in turn that has one; `nil` when it does not count.
    private static func take(_ state: inout State, calls: GPIOCalls) throws(OutputsError) -> Edge? {
        let count = state.watches.count
        for step in 0..<count {
            let index = (state.turn + step) % count
            guard state.set[index].revents != 0 else { continue }
            state.turn = index + 1
            let watch = state.watches[index]
            let thing = watch.claimed.thing
            guard state.set[index].revents & Int16(POLLIN) != 0 else {
                throw .line(thing, "an edge", ENODEV)
            }
            var event = gpio_v2_line_event()
            let size = MemoryLayout<gpio_v2_line_event>.size
            let got = calls.read(watch.claimed.descriptor, &event, size)
            guard got == size else { throw .line(thing, "an edge", got < 0 ? Int32(-got) : EIO) }
            let lost = event.line_seqno &- watch.sequence &- 1
            state.watches[index].sequence = event.line_seqno
            let edge = accept(event, &state.watches[index])
            guard lost == 0 else {
                state.held = edge
                throw OutputsError(
                    code: .overrun, thing: thing, expected: "edge \(watch.sequence &+ 1)",
                    found: "edge \(event.line_seqno), \(lost) lost",
                    hint: "the edges came faster than they were taken: debounce the line, or give the daemon more time")
            }
            return edge
        }
        return nil
    }

    private static func accept(_ event: gpio_v2_line_event, _ watch: inout Watch) -> Edge? {
        let isOn = event.id == GPIO_V2_LINE_EVENT_RISING_EDGE.rawValue
        var settled: (isOn: Bool, time: Int64)? = (isOn, Int64(clamping: event.timestamp_ns))
        if watch.filter != nil { settled = watch.filter?.edge(to: isOn, at: Int64(clamping: event.timestamp_ns)) }
        guard let settled, settled.isOn == watch.wantsOn else { return nil }
        return Edge(name: watch.name, time: settled.time, sequence: event.line_seqno)
    }
}
