// SPDX-License-Identifier: Apache-2.0

import Glibc
import Recipes
import Sockets

/// A real daemon on synthetic parts, as a child process, with a person at its control socket.
final class DemonstrationLine {
    /// One stop of the line.
    struct Stop {
        /// The part that stopped it.
        let part: String
        /// Its number.
        let index: Int
        /// Whether it really had a defect.
        let isDefect: Bool
        /// The event as it came over the socket.
        let event: String
    }

    private let daemon: DaemonProcess
    private let reader: EventReader
    /// Parts that the daemon has judged so far.
    private(set) var judged = 0

    /// Starts the daemon and waits until it is ready.
    init(root: String, recipes: String, rate: Double, seed: UInt64, defectEvery: Int) throws {
        daemon = try DaemonProcess(
            root: root, recipes: recipes,
            configuration: """
                # The demonstration's configuration.
                recipe: demo
                source:
                  kind: synthetic
                  seed: \(seed)
                  rate: \(rate)
                  defect_every: \(defectEvery)
                """)
        try daemon.waitUntilReady(interval: 20_000)
        reader = try EventReader(path: daemon.sockets + "/events.sock", since: 0)
    }

    /// Sends a person's command; a refusal is an error.
    func command(_ name: String, _ arguments: [String: JSONValue] = [:]) throws {
        try daemon.command(name, arguments)
    }

    /// Shows the line until it stops.
    ///
    /// - Returns: nil when it has not stopped in time, or is in fault.
    func waitForStop(timeout: Double) throws -> Stop? {
        let deadline = ContinuousClock.now + .seconds(timeout)
        while ContinuousClock.now < deadline {
            guard let status = try daemon.status() else { return nil }
            Terminal.shared.show(StatusText.line(status))
            if case .string(let part)? = status["part"], let number = Self.number(of: part) { judged = number + 1 }
            if status["state"] == .string("fault") { return nil }
            if status["state"] == .string("stopped") { return try nextStop() }
            usleep(100_000)
        }
        return nil
    }

    /// Reads events up to the next stop.
    private func nextStop() throws -> Stop? {
        while let line = try reader.next(timeout: 5) {
            guard case .object(let fields)? = JSONValue(parsing: Array(line.utf8)), fields["event"] == .string("stop"),
                case .string(let part)? = fields["part"], let number = Self.number(of: part)
            else { continue }
            return Stop(part: part, index: number, isDefect: Demonstration.isDefective(number), event: line)
        }
        return nil
    }

    /// Ends the daemon in an orderly way; may be called twice.
    func end() { daemon.end() }

    private static func number(of part: String) -> Int? { part.split(separator: "-").last.flatMap { Int($0) } }
}
