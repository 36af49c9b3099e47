// SPDX-License-Identifier: Apache-2.0

import Glibc
import Line
import Synchronization

/// Outputs as one line in a file, `permit=on|off lamp=… heartbeat=N reject=N escalation=on|off`, for a person or a test to watch.
///
/// The file is replaced by rename, so a reader never sees half a line. It is not synced to disk: it shows what is now,
/// and a line without power has no permit.
public final class FileOutputs: LineOutputs {
    private struct State {
        var permit = false
        var lamp = Lamp.off
        var heartbeats: UInt64 = 0
        var rejects: UInt64 = 0
        var escalation = false

        var line: String {
            "permit=\(permit ? "on" : "off") lamp=\(lamp.rawValue) heartbeat=\(heartbeats) reject=\(rejects)"
                + " escalation=\(escalation ? "on" : "off")\n"
        }
    }

    /// The file that is watched.
    public let path: String
    private let state = Mutex(State())

    /// Opens the outputs and writes `permit=off` before anything else.
    ///
    /// - Throws: `.open` or `.write` when the file can't be written.
    public init(path: String) throws(OutputsError) {
        self.path = path
        try set(permit: false)
    }

    /// Writes the run permit.
    public func set(permit: Bool) throws(OutputsError) {
        try change { $0.permit = permit }
    }

    /// Writes the lamp.
    public func set(lamp: Lamp) throws(OutputsError) {
        try change { $0.lamp = lamp }
    }

    /// Writes whether somebody is called.
    public func set(escalation: Bool) throws(OutputsError) {
        try change { $0.escalation = escalation }
    }

    /// Writes the next number.
    public func heartbeat() throws(OutputsError) {
        try change { $0.heartbeats += 1 }
    }

    /// Writes the number of parts that were sorted out.
    public func reject() throws(OutputsError) {
        try change { $0.rejects += 1 }
    }

    /// Does nothing: a file that was removed is written again at the next change.
    public func check() throws(OutputsError) {}

    /// What can't be written is not remembered, except that a permit is never remembered as on by mistake.
    private func change(_ edit: (inout State) -> Void) throws(OutputsError) {
        let result: Result<Void, OutputsError> = state.withLock { state in
            var next = state
            edit(&next)
            do throws(OutputsError) {
                try write(next.line)
                state = next
                return .success(())
            } catch {
                // On a full disk the file can still go: nobody reads a permit out of a file that isn't there.
                if state.permit || !next.permit { unlink(path) }
                state.permit = state.permit && next.permit
                return .failure(error)
            }
        }
        try result.get()
    }

    private func write(_ line: String) throws(OutputsError) {
        let draft = path + ".new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw failure(.open, draft, errno, "check that the folder exists and can be written") }
        let bytes = Array(line.utf8)
        let written = Glibc.write(file, bytes, bytes.count)
        let number = written < 0 ? errno : 0
        close(file)
        guard written == bytes.count else {
            throw failure(.write, draft, number, "check the free space")
        }
        guard rename(draft, path) == 0 else {
            throw failure(.write, path, errno, "check that it is a file in a folder that can be written")
        }
    }

    private func failure(_ code: OutputsError.Code, _ path: String, _ number: Int32, _ hint: String) -> OutputsError {
        OutputsError(
            code: code, thing: path, expected: "a written state file",
            found: number == 0 ? "a short write" : String(cString: strerror(number)), errno: number, hint: hint)
    }
}
