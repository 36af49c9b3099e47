// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

extension FaultTests {
    /// What calls fail with; every number that Linux has in the thorough run.
    private static let numbers = Programs.isThorough ? Array(1...133) : common
    private static let common = [EIO, ENOSPC, EACCES, EMFILE, ENOMEM, EINTR, EAGAIN]

    /// An interrupted call may be tried again for ever: it is interrupted three times.
    private static func limit(_ number: Int32) -> UInt32 { number == EINTR ? 3 : 0 }

    @Test("every call on the state folder, every errno: a stop takes the permit, recorded or not")
    func stateFolder() throws {
        let run = FaultRun("system calls on the state folder fail", try Self.line("f-calls"))
        let line = run.line
        try failing(run, below: { line.state }) {
            // Refused, and an event that goes to the disk; a reader of old events; then a defect with its evidence.
            let now = ContinuousClock.now
            let reader = try? LineSocket(line.events)
            reader?.send("{\"since\":0}\n")
            let person = try LineSocket(line.control)
            person.send("{\"cmd\":\"start\",\"user\":\"test\"}\n")
            if let off = run.off(since: now, atMost: 0.03) { return off }
            let sent = try run.sendDefect()
            defer { run.takeDefectAway() }
            return run.off(since: sent)
        }
    }

    @Test("every call on the outputs, every errno: the permit is off or as it should be")
    func outputs() throws {
        let run = FaultRun("system calls on the outputs fail", try Self.line("f-outputs"))
        let line = run.line
        // Outputs that have failed are tried again once a second: fewer numbers, unless there is time.
        let numbers = Programs.isThorough ? Self.numbers : [EIO, ENOSPC, EMFILE, EINTR]
        try failing(run, below: { line.outputsFile }, numbers) {
            let now = ContinuousClock.now
            if let off = run.off(since: now, atMost: 0.1) { return off }
            // Nothing was in the way of the parts: nor may it be in the way of a stop.
            let sent = try run.sendDefect()
            defer { run.takeDefectAway() }
            return run.off(since: sent)
        }
    }

    @Test("every call on the pictures, every errno: a picture that can't be read is a fault")
    func partsFolder() throws {
        let run = FaultRun("system calls on the pictures fail", try Self.line("f-parts"))
        let line = run.line
        try failing(run, below: { line.folder / "parts" }) { run.off(since: ContinuousClock.now, atMost: 0.1) }
    }

    /// Each call with each number; those that are never made are not counted.
    ///
    /// - Parameter provoke: makes the daemon meet the failure; milliseconds to permit off, nil when the line runs on.
    private func failing(
        _ run: FaultRun, below prefix: () -> String, _ numbers: [Int32] = numbers, _ provoke: () throws -> Double?
    ) throws {
        let faults = try SystemCallFaults(in: run.line.folder)
        run.line.environment = faults.environment
        for call in SystemCallFaults.Call.ofFiles {
            var made = 0
            for (index, number) in numbers.enumerated() {
                // The first ones tell whether the call is ever made; what another thread does may come a little later.
                guard made > 0 || index < 3 else { break }
                try run.bringToRunning()
                faults.arm([call], error: number, below: prefix(), limit: Self.limit(number))
                let off = try provoke()
                // The wires come first, then the record, then the status.
                if off != nil { _ = Patience.until(seconds: 1) { run.line.status?["state"]?.text != "running" } }
                let state = run.line.daemon?.isRunning == true ? run.line.status?["state"]?.text ?? "none" : "died"
                let wasMade = faults.injected > 0
                faults.disarm()
                if wasMade {
                    made += 1
                    run.count(off == nil ? "\(call) ran on" : "\(call) \(state)", off: off, mustBeOff: false)
                    #expect(state != "died" && state != "none", "\(call), errno \(number)")
                    try run.expectJudging()
                }
            }
        }
        try run.finish()
    }

    @Test("every call on the sockets, every errno: the line does not notice, and people are answered afterwards")
    func sockets() throws {
        let run = FaultRun("system calls on the sockets fail", try Self.line("f-sockets"))
        let line = run.line
        let faults = try SystemCallFaults(in: line.folder)
        line.environment = faults.environment
        try run.bringToRunning()
        // What poll(2), accept(2), recv(2) and send(2) can say of a socket that was right until now.
        let cases: [(SystemCallFaults.Call, [Int32])] = [
            (.poll, [EINTR, ENOMEM]),
            (.accept, [EINTR, EAGAIN, ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, EPROTO]),
            (.recv, [EINTR, EAGAIN, ECONNRESET, ENOMEM]),
            (.send, [EINTR, EAGAIN, EPIPE, ECONNRESET, ENOBUFS, ENOMEM]),
        ]
        for _ in 0..<Self.rounds(1, thorough: 20) {
            for (call, numbers) in cases {
                for number in numbers {
                    faults.arm([call], error: number, below: "")
                    let crowd = (0..<3).compactMap { _ in try? LineSocket(line.control) }
                    for one in crowd {
                        one.send("{\"cmd\":\"status\"}\n")
                        _ = one.line(seconds: 0.02)
                    }
                    let off = run.off(since: ContinuousClock.now, atMost: 0.05)
                    run.count("\(call) \(off == nil ? "ran on" : "stopped")", off: off, mustBeOff: false)
                    #expect(off == nil && faults.injected > 0, "\(call), errno \(number)")
                    faults.disarm()
                    #expect(Patience.until(seconds: 20) { line.status != nil }, "\(call), errno \(number)")
                    try run.expectJudging()
                }
            }
            let sent = try run.sendDefect()
            run.count("defect stopped", off: run.off(since: sent), mustBeOff: true)
            try line.wait(for: "stopped")
            run.takeDefectAway()
            try run.bringToRunning()
        }
        try run.finish()
    }

    @Test("every call fails once during a start: the daemon refuses or waits, and the permit is off")
    func start() throws {
        let run = FaultRun(
            "system calls fail during a start (state, outputs, recipe, pictures)", try Self.line("f-boot"),
            limit: FaultRun.Limit.death)
        let line = run.line
        let faults = try SystemCallFaults(in: line.folder)
        line.environment = faults.environment
        try run.bringToRunning()
        let places = [line.state, line.outputsFile, line.recipes, line.folder / "parts"]
        let numbers = Programs.isThorough ? Self.common : [EIO]
        for (place, call) in places.flatMap({ place in SystemCallFaults.Call.ofFiles.map { (place, $0) } }) {
            for (index, number) in numbers.enumerated() {
                line.kill9()
                run.ledger.drain()
                faults.arm([call], error: number, below: place, limit: Self.limit(number))
                // As the killed daemon left it.
                #expect(line.permitIsOn)
                let now = ContinuousClock.now
                try line.launch()
                let off = run.off(since: now, atMost: 5)
                _ = Patience.until(seconds: 5) { line.daemon?.isRunning != true || line.status != nil }
                let state = line.daemon?.isRunning == true ? line.status?["state"]?.text ?? "none" : "refused"
                let wasMade = faults.injected > 0
                faults.disarm()
                if wasMade { run.count("\(state)", off: off, mustBeOff: true) }
                #expect(state != "running" && !line.permitIsOn, "\(call), errno \(number), \(place)")
                if line.daemon?.isRunning == true {
                    try run.ledger.attach(to: line)
                    // A recipe that could not be read is read again when somebody says so.
                    if line.status?["recipe"] == .null { line.daemon?.send(SIGHUP) }
                }
                try run.bringToRunning()
                if !wasMade && index == 0 { break }
            }
        }
        try run.finish()
    }
}
