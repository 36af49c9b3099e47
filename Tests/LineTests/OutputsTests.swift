// SPDX-License-Identifier: Apache-2.0

import Glibc
import Line
import Outputs
import Testing

@Suite struct OutputsTests {
    private func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(file, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    @Test("simulated outputs remember every call in order, and fail when told to")
    func simulated() throws {
        let outputs = SimulatedOutputs()
        try outputs.set(permit: false)
        try outputs.set(lamp: .green)
        try outputs.set(permit: true)
        try outputs.heartbeat()
        #expect(outputs.trace == [.permit(false), .lamp(.green), .permit(true), .heartbeat])
        #expect(outputs.permit && outputs.lamp == .green && outputs.heartbeats == 1)
        outputs.simulateFailure(true)
        #expect(throws: OutputsError.self) { try outputs.set(permit: false) }
        #expect(outputs.trace.count == 4)
    }

    @Test("the trace of simulated outputs has a limit")
    func traceLimit() throws {
        let outputs = SimulatedOutputs(traceLimit: 10)
        for _ in 0..<1_000 { try outputs.heartbeat() }
        #expect(outputs.heartbeats == 1_000 && outputs.trace.count <= 10)
    }

    @Test("file outputs write permit=off first and show every change")
    func file() throws {
        let path = "/tmp/jidoka-outputs-\(getpid())"
        defer { unlink(path) }
        let outputs = try FileOutputs(path: path)
        #expect(text(path) == "permit=off lamp=off heartbeat=0 reject=0 escalation=off\n")
        try outputs.set(permit: true)
        try outputs.set(lamp: .redFlashing)
        try outputs.heartbeat()
        #expect(text(path) == "permit=on lamp=red_flashing heartbeat=1 reject=0 escalation=off\n")
        _ = try FileOutputs(path: path)
        #expect(text(path) == "permit=off lamp=off heartbeat=0 reject=0 escalation=off\n")
    }

    @Test("file outputs in a missing folder are refused with the path and the error number")
    func missingFolder() {
        let path = "/tmp/jidoka-no-such-folder-\(getpid())/state"
        let error = #expect(throws: OutputsError.self) { try FileOutputs(path: path) }
        #expect(error?.code == .open && error?.errno == ENOENT && error?.thing.hasPrefix(path) == true)
    }
}
