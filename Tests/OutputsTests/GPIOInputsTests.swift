// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc
import Outputs
import Synchronization
import Testing

@Suite struct GPIOInputsTests {
    private func inputs(
        _ kernel: SimulatedGPIO, debounce: Int = 0, direction: GPIOInputs.Direction = .rising
    ) throws(OutputsError) -> GPIOInputs {
        try GPIOInputs(
            [
                .init(
                    name: "trigger", line: GPIOLine(name: "trigger"), direction: direction,
                    debounceMicroseconds: debounce),
                .init(name: "acknowledge", line: GPIOLine(name: "acknowledge"), direction: .falling),
            ], calls: kernel.table)
    }

    /// What a reader on a thread of its own got, until it ended.
    private final class Log: Sendable {
        let edges = Mutex<[GPIOInputs.Edge]>([])
        let error = Mutex<OutputsError?>(nil)
        let isOver = Mutex(false)
    }

    private func read(_ inputs: GPIOInputs) async -> Log {
        let log = Log()
        await withCheckedContinuation { continuation in
            pthread_run {
                continuation.resume()
                do throws(OutputsError) {
                    while let edge = try inputs.next() { log.edges.withLock { $0.append(edge) } }
                } catch {
                    log.error.withLock { $0 = error }
                }
                log.isOver.withLock { $0 = true }
            }
        }
        return log
    }

    private func pthread_run(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var handle = pthread_t()
        pthread_create(
            &handle, nil,
            { argument in
                if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, Unmanaged.passRetained(Box(body)).toOpaque())
        pthread_detach(handle)
    }

    private func over(_ log: Log) async {
        while !log.isOver.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(1)) }
    }

    @Test("lines are claimed with their direction and the kernel's debounce")
    func claims() throws {
        let kernel = SimulatedGPIO.rig()
        let inputs = try inputs(kernel, debounce: 5_000)
        let trigger = kernel.line("trigger")
        #expect(trigger.has(GPIO_V2_LINE_FLAG_INPUT) && trigger.has(GPIO_V2_LINE_FLAG_EDGE_RISING))
        #expect(!trigger.has(GPIO_V2_LINE_FLAG_EDGE_FALLING) && trigger.debounce == 5_000)
        #expect(kernel.line("acknowledge").has(GPIO_V2_LINE_FLAG_EDGE_FALLING))
        #expect(kernel.line("acknowledge").debounce == 0)
        _ = consume inputs
        #expect(kernel.openDescriptors == 0)
    }

    @Test("edges come with name, kernel's time and number; the other direction is silent")
    func edges() throws {
        let kernel = SimulatedGPIO.rig()
        let inputs = try inputs(kernel)
        for high in [true, false, true, false] { kernel.drive("trigger", high: high) }
        kernel.drive("acknowledge", high: true)
        kernel.drive("acknowledge", high: false)
        // A line that chatters does not hide another: they take turns.
        let edges = [try inputs.next(), try inputs.next(), try inputs.next()]
        #expect(edges.map { $0?.name } == ["trigger", "acknowledge", "trigger"])
        #expect(edges.map { $0?.sequence } == [1, 1, 2])
        #expect(edges.allSatisfy { $0?.time == 1_000_000_000 })
    }

    @Test("an active-low line rises when its voltage falls")
    func activeLow() throws {
        let kernel = SimulatedGPIO.rig()
        kernel.edit("trigger") { $0.isHigh = true }
        let line = GPIOLine(name: "trigger", isActiveLow: true, bias: .pullUp)
        let inputs = try GPIOInputs([.init(name: "trigger", line: line)], calls: kernel.table)
        #expect(kernel.line("trigger").has(GPIO_V2_LINE_FLAG_BIAS_PULL_UP))
        kernel.drive("trigger", high: false)
        #expect(try inputs.next()?.name == "trigger")
    }

    @Test("edges that the kernel threw away are an error with their number, and the reader goes on behind the gap")
    func overflow() throws {
        let kernel = SimulatedGPIO.rig()
        let inputs = try inputs(kernel)
        for _ in 0..<1_030 {
            kernel.drive("trigger", high: true)
            kernel.drive("trigger", high: false)
        }
        let error = failure { try inputs.next() }
        #expect(error?.code == .overrun && error?.found == "edge 7, 6 lost" && error?.expected == "edge 1")
        for sequence in 7...1_030 { #expect(try inputs.next()?.sequence == UInt32(sequence)) }
    }

    @Test("the number may wrap around")
    func wrap() throws {
        let kernel = SimulatedGPIO.rig()
        let inputs = try inputs(kernel)
        kernel.edit("trigger") { $0.sequence = .max - 1 }
        kernel.drive("trigger", high: true)
        #expect(failure { try inputs.next() }?.code == .overrun)
        #expect(try inputs.next()?.sequence == .max)
        kernel.edit("trigger") { line in
            line.isHigh = false
            var event = gpio_v2_line_event()
            event.id = GPIO_V2_LINE_EVENT_RISING_EDGE.rawValue
            event.line_seqno = 0
            line.events.append(event)
        }
        #expect(try inputs.next()?.sequence == 0)
    }

    @Test("stop ends the present wait and all later ones, from any thread")
    func stop() async throws {
        let kernel = SimulatedGPIO.rig()
        let inputs = try inputs(kernel)
        let log = await read(inputs)
        kernel.settle()
        inputs.stop()
        await over(log)
        #expect(log.error.withLock { $0 } == nil && log.edges.withLock { $0.isEmpty })
        kernel.drive("trigger", high: true)
        #expect(try inputs.next() == nil)
    }

    @Test("a chip that goes away while nothing happens is found within a second, and stays an error")
    func lostChip() async throws {
        let kernel = SimulatedGPIO.rig()
        let inputs = try inputs(kernel)
        let log = await read(inputs)
        kernel.settle()
        kernel.setGone(true)
        kernel.advance(milliseconds: 999)
        #expect(!log.isOver.withLock { $0 })
        kernel.pass(milliseconds: 2)
        await over(log)
        #expect(log.error.withLock { $0?.code } == .lost && log.error.withLock { $0?.errno } == ENODEV)
        kernel.fail { name, _ in name == "poll" ? ENOMEM : 0 }
        #expect(failure { try inputs.next() }?.errno == ENOMEM)
        kernel.fail(nil)
    }

    @Test("a read that fails, is short, or a hang-up is a lost chip")
    func badReads() throws {
        for number in [EIO, ENODEV, EAGAIN] {
            let kernel = SimulatedGPIO.rig()
            let inputs = try inputs(kernel)
            kernel.drive("trigger", high: true)
            kernel.fail { name, _ in name == "read" ? number : 0 }
            #expect(failure { try inputs.next() }?.errno == number)
        }
        let kernel = SimulatedGPIO.rig()
        var table = kernel.table
        table.poll = { set, _, _ in
            set.pointee.revents = Int16(POLLHUP) | Int16(POLLERR)
            return 1
        }
        let inputs = try GPIOInputs([.init(name: "trigger", line: GPIOLine(name: "trigger"))], calls: table)
        #expect(failure { try inputs.next() }?.code == .lost)
    }

    @Test("a line without an interrupt, one used twice, and a negative debounce are refused; nothing stays open")
    func refused() throws {
        let kernel = SimulatedGPIO.rig()
        #expect(failure { try inputs(kernel, debounce: -1) }?.code == .settings)
        kernel.edit("acknowledge") { $0.hasInterrupt = false }
        let error = failure { try inputs(kernel) }
        #expect(error?.code == .noInterrupt && error?.thing.hasPrefix("acknowledge") == true)
        let line = GPIOInputs.Line(name: "trigger", line: GPIOLine(name: "trigger"))
        let again = GPIOInputs.Line(name: "acknowledge", line: GPIOLine(chip: "edge-rig", offset: 5))
        let twice = failure { try GPIOInputs([line, again], calls: kernel.table) }
        #expect(twice?.code == .settings && twice?.found == "the line of trigger")
        let outputs = try GPIOOutputs(GPIOOutputLines(permit: GPIOLine(name: "trigger")), calls: kernel.table)
        #expect(failure { try inputs(kernel) }?.found == "busy, held by \"jidokad\"")
        outputs.release()
        #expect(kernel.openDescriptors == 0)
    }

    @Test("whichever call fails while claiming, nothing stays open")
    func everyCallWhileClaiming() throws {
        let kernel = SimulatedGPIO.rig()
        kernel.edit("trigger") { $0.refusesDebounce = true }
        _ = try inputs(kernel, debounce: 1_000)
        for index in 0..<kernel.callCount {
            for number in [EIO, ENODEV, EMFILE] {
                kernel.forget()
                kernel.fail { _, at in at == index ? number : 0 }
                _ = failure { try inputs(kernel, debounce: 1_000) }
                #expect(kernel.openDescriptors == 0, "errno \(number) at call \(index)")
            }
        }
    }

    @Test("where the kernel refuses to debounce, the reader does: bounces are silent, the end of the period counts")
    func softwareDebounce() async throws {
        let kernel = SimulatedGPIO.rig()
        kernel.edit("trigger") { $0.refusesDebounce = true }
        let inputs = try inputs(kernel, debounce: 10_000)
        #expect(kernel.line("trigger").has(GPIO_V2_LINE_FLAG_EDGE_FALLING))
        let log = await read(inputs)
        kernel.settle()
        for high in [true, false, true, false, true] {
            kernel.drive("trigger", high: high)
            kernel.advance(milliseconds: 3)
        }
        // 12 ms: the last contact stands since then.
        kernel.advance(milliseconds: 100)
        // A short dropout, then a real release, then the next part.
        kernel.drive("trigger", high: false)
        kernel.advance(milliseconds: 9)
        kernel.drive("trigger", high: true)
        kernel.advance(milliseconds: 100)
        kernel.drive("trigger", high: false)
        kernel.advance(milliseconds: 50)
        kernel.drive("trigger", high: true)
        kernel.advance(milliseconds: 50)
        inputs.stop()
        await over(log)
        let start: Int64 = 1_000_000_000
        #expect(log.edges.withLock { $0.map(\.time) } == [start + 22_000_000, start + 284_000_000])
        #expect(log.error.withLock { $0 } == nil)
    }

    @Test("the filter counts a level that stood for the period, also when it learns of it late")
    func filter() {
        var filter = EdgeFilter(period: 10, level: false)
        #expect(filter.edge(to: true, at: 0) == nil && filter.deadline == 10)
        #expect(filter.settle(at: 9) == nil)
        // The release comes first, but the contact had stood long enough before it.
        let late = filter.edge(to: false, at: 25)
        #expect(late?.isOn == true && late?.time == 10)
        #expect(filter.level && filter.deadline == 35)
        #expect(filter.edge(to: true, at: 30) == nil && filter.deadline == nil)
        #expect(filter.settle(at: 1_000) == nil && filter.level)
    }
}
