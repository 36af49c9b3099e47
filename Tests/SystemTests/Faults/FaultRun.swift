// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// One fault, injected again and again into one line: the times, the outcomes, the events, and its row in the table.
final class FaultRun {
    /// The limits on the time to permit off, in milliseconds.
    enum Limit {
        static let visible = 100.0
        static let death = 1_000.0
        static func hang(watchdog: Double) -> Double { watchdog + 1_000 }
    }

    let name: String
    let line: LineUnderTest
    let limit: Double
    let ledger = EventLedger()
    private(set) var injected = 0
    private(set) var worst: Double?
    private var outcomes: [String: Int] = [:]
    private let location: SourceLocation
    private let priority: Int32
    private static let ofThread = __priority_which_t(PRIO_PROCESS.rawValue)

    init(
        _ name: String, _ line: LineUnderTest, limit: Double = Limit.visible,
        at location: SourceLocation = #_sourceLocation
    ) {
        (self.name, self.line, self.limit, self.location) = (name, line, limit, location)
        // As jidokad.service does it (Nice=-10); the daemon inherits it. Without the right to, nothing happens.
        priority = getpriority(Self.ofThread, 0)
        setpriority(Self.ofThread, 0, -10)
    }

    deinit { setpriority(Self.ofThread, 0, priority) }

    // MARK: - The line

    /// From whatever state to a line that runs and judges parts; boots a daemon when there is none.
    func bringToRunning() throws {
        if line.daemon?.isRunning != true { try reboot() }
        guard
            Patience.until({
                switch line.status?["state"]?.text {
                case "running": return line.permitIsOn
                case "stopped", "fault", "andon": _ = line.acknowledge()
                case "acknowledged": line.command("reset")
                case "ready": line.command("start")
                default: break
                }
                return false
            })
        else { throw Unexpected("does not come back", line) }
        ledger.collect()
    }

    /// Starts a daemon and checks that it comes back as its history says, with the permit off and never running.
    func reboot() throws {
        let last = line.daemon == nil ? nil : try table()
        if let last { #expect(last.isGapless, "\(name)", sourceLocation: location) }
        try line.boot(until: nil)
        let state = line.status?["state"]?.text ?? "none"
        #expect(!line.permitIsOn, "\(name): permit after a restart", sourceLocation: location)
        let due = Self.states(after: last?.rows.last?.state)
        #expect(due.contains(state), "\(name): \(state) instead of \(due)", sourceLocation: location)
        try ledger.attach(to: line)
    }

    /// `Sources/Line/README.md`, 'the daemon starts'.
    private static func states(after last: String?) -> [String] {
        switch last {
        case "running"?, "andon"?, "stopped"?, "fault"?, "bypass"?: ["stopped"]
        case "acknowledged"?: ["acknowledged"]
        default: ["blocked", "ready"]
        }
    }

    /// The history as the daemon that has gone left it, in a copy: its own log is not touched before it comes back.
    func table() throws -> HistoryTable {
        let copy = line.folder / "copy.sqlite"
        for end in ["", "-wal"] where Files.exists(line.state + "/history.sqlite" + end) {
            try Files.copy(line.state + "/history.sqlite" + end, to: copy + end)
        }
        defer { for end in ["", "-wal", "-shm"] { unlink(copy + end) } }
        return try HistoryTable(copy)
    }

    /// Kills the daemon and does what systemd does then; returns milliseconds from the death to permit off.
    func die(outcome: String) throws {
        let death = ContinuousClock.now
        line.kill9()
        try afterDeath(at: death, outcome: outcome)
    }

    /// `ExecStopPost=` of a daemon that has died, and its time.
    func afterDeath(at death: ContinuousClock.Instant, outcome: String) throws {
        let stopPost = try ChildProcess(
            Programs.jidokad, ["--permit-off", "--config", line.configuration], output: line.folder / "out",
            errors: line.folder / "stop-post", environment: ["STATE_DIRECTORY": line.state])
        let off = off(since: death)
        #expect(stopPost.wait() == .exit(0), "\(name)", sourceLocation: location)
        ledger.drain()
        count(outcome, off: off, mustBeOff: true)
    }

    // MARK: - Parts

    /// A part that stops the line comes next, before all others; returns when that was.
    func sendDefect() throws -> ContinuousClock.Instant {
        let draft = line.folder / "defect"
        try Files.copy(try Fixture.shared().noise, to: draft)
        let now = ContinuousClock.now
        try Files.move(draft, to: line.folder / "parts/000.png")
        return now
    }

    func takeDefectAway() { unlink(line.folder / "parts/000.png") }

    /// A line that runs must judge parts: never blind.
    func expectJudging() throws {
        let parts = line.status?["parts"]?.int ?? 0
        #expect(
            Patience.until(seconds: 30) { (line.status?["parts"]?.int ?? 0) > parts + 2 || !line.permitIsOn },
            "\(name): permit on, and no part is judged", sourceLocation: location)
    }

    // MARK: - Times and the row

    /// Milliseconds from a moment until the wires say off; nil when they don't in time.
    func off(since start: ContinuousClock.Instant, atMost seconds: Double = 20) -> Double? {
        let end = ContinuousClock.now + .seconds(seconds)
        while line.permitIsOn {
            guard ContinuousClock.now < end else { return nil }
            usleep(250)
        }
        return Self.milliseconds(ContinuousClock.now - start)
    }

    /// Notes an injection.
    ///
    /// - Parameters:
    ///   - off: milliseconds to permit off; nil when it stayed on.
    ///   - mustBeOff: a permit that stays on is an error; otherwise only the time is looked at.
    func count(_ outcome: String, off: Double?, mustBeOff: Bool) {
        injected += 1
        outcomes[outcome, default: 0] += 1
        if let off { worst = max(worst ?? 0, off) }
        // How long is for the table to judge: a test machine may be busy with something else.
        if mustBeOff { #expect(off != nil, "\(name): permit stays on, \(outcome)", sourceLocation: location) }
    }

    /// Compares subscriber and history, has the chain verified, and writes the row.
    func finish() throws {
        if line.daemon?.isRunning != true { try reboot() }
        let seq = line.status?["seq"]?.int ?? 0
        let hasAll = try ledger.catchUp(to: seq, of: line)
        #expect(hasAll, "\(name): event \(seq) doesn't come", sourceLocation: location)
        #expect(line.terminate() == .exit(0), "\(name)", sourceLocation: location)
        #expect(!line.permitIsOn, "\(name): permit at the end", sourceLocation: location)
        ledger.drain()
        ledger.compare(with: try table(), upTo: seq)
        #expect(ledger.lost == 0 && ledger.doubled == 0, "\(name)", sourceLocation: location)
        let verified = try jidoka("verify-history", "--state", line.state, "--without-journal")
        #expect(verified.ending == .exit(0), "\(name): \(verified)", sourceLocation: location)
        try FaultTable.append(
            name, injected: injected, outcomes: outcomes, worst: worst, limit: limit, lost: ledger.lost,
            doubled: ledger.doubled, isFailed: verified.ending != .exit(0) || !hasAll)
    }

    static func milliseconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) / 1e15
    }
}
