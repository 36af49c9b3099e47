// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct SocketAbuseTests {
    private static let nonsense: [[UInt8]] = [
        Array("nonsense\n".utf8), Array("{\n".utf8), Array("{\"cmd\":}\n".utf8), Array("[]\n".utf8),
        Array("null\n".utf8),
        Array("{}\n".utf8), Array("{\"cmd\":7}\n".utf8), Array("{\"cmd\":\"halt\"}\n".utf8),
        Array("{\"v\":2,\"cmd\":\"status\"}\n".utf8), Array("{\"cmd\":\"ack\",\"verdict\":[],\"reason\":{}}\n".utf8),
        Array("{\"cmd\":\"start\",\"user\":12}\n".utf8), Array("{\"since\":-1}\n".utf8),
        Array("{\"since\":\"x\"}\n".utf8),
        Array("{\"since\":1e300}\n".utf8), Array("{\"since\":999999999}\n".utf8),
        Array("{\"cmd\":\"status\",\"cmd\":\"start\"}\n".utf8), [0xFF, 0xFE, 0x00, 0x0A], [0x00, 0x0A], [0xC3, 0x0A],
        Array("{\"cmd\":\"\\ud800\"}\n".utf8), Array(repeating: UInt8(ascii: "["), count: 60_000) + [0x0A],
        Array(repeating: UInt8(ascii: "x"), count: 70_000) + [0x0A],
        Array("{\"cmd\":\"status\",\"pad\":\"".utf8) + Array(repeating: UInt8(ascii: "x"), count: 200_000)
            + Array("\"}\n".utf8),
    ]

    @Test("nonsense on both sockets gets an error line, the connection lives, and the line doesn't notice")
    func garbage() throws {
        let line = try LineUnderTest("nonsense", parts: Array(repeating: .good, count: 10), rate: 0)
        try line.boot()
        #expect(line.command("start"))
        let control = try LineSocket(line.control)
        for bytes in Self.nonsense {
            let name = String(decoding: bytes.prefix(40), as: UTF8.self)
            #expect(control.send(bytes), "\(name)")
            let answer = control.line().flatMap { JSON(parsing: $0) }
            #expect(answer?["ok"] == .bool(false), "\(name)")
            #expect(answer?["error"]?["code"]?.text?.isEmpty == false, "\(name)")
        }
        control.send("{\"cmd\":\"status\"}\n")
        #expect(control.line().flatMap { JSON(parsing: $0) }?["ok"] == .bool(true), "the connection lives")
        for bytes in Self.nonsense {
            let reader = try LineSocket(line.events)
            reader.send(bytes)
            let answer = reader.line().flatMap { JSON(parsing: $0) }
            #expect(answer?["ok"] == .bool(false), "\(String(decoding: bytes.prefix(40), as: UTF8.self))")
        }
        // Half a line, and hanging up in the middle of one and of an answer.
        for path in [line.control, line.events] {
            for text in ["{\"cmd\":\"sta", "{\"cmd\":\"status\"}\n{\"since\":0}\n"] {
                for _ in 0..<20 { try LineSocket(path).send(text) }
            }
        }
        line.expect("running", permit: true)
        let parts = line.status?["parts"]?.int ?? 0
        try line.wait(parts: parts + 10)
        #expect(!(try line.history()).contains { ["fault", "stop"].contains($0["event"]?.text) })
    }

    @Test("two hundred connections on each socket don't lock an operator out and don't slow the line")
    func manyConnections() throws {
        let line = try LineUnderTest("many", parts: Array(repeating: .good, count: 10), rate: 0)
        try line.boot()
        #expect(line.command("start"))
        var open: [LineSocket] = []
        for _ in 0..<200 {
            for path in [line.control, line.events] { if let one = try? LineSocket(path) { open.append(one) } }
        }
        #expect(open.count > 300)
        line.expect("running", permit: true)
        let parts = line.status?["parts"]?.int ?? 0
        try line.wait(parts: parts + 10)
        open = []
        #expect(!line.command("start"), "refused, but answered")
        #expect(try line.history().count > 3)
    }

    @Test("a reader that never reads slows nothing, is dropped, and costs nobody an event")
    func silentReader() throws {
        let line = try LineUnderTest("silent", parts: [.good, .noise], rate: 0)
        try line.boot()
        let silent = try LineSocket(line.events)
        let reader = try LineSocket(line.events)
        reader.send("{\"since\":0}\n")
        // Long reasons, so that more waits for the silent one than any buffer holds.
        let reason = String(repeating: "long ", count: 12_000)
        var seqs: [Int] = []
        func readOn(to last: Int) throws {
            while (seqs.last ?? 0) < last {
                let text = try #require(reader.line())
                seqs.append(try #require(JSON(parsing: text)?["seq"]?.int))
            }
        }
        for _ in 0..<20 {
            #expect(line.command("start"))
            try line.wait(for: "stopped")
            #expect(line.acknowledge(reason: reason))
            #expect(line.command("reset"))
            try readOn(to: try #require(line.status?["seq"]?.int))
        }
        #expect(seqs == Array(1...(seqs.last ?? 0)))
        // Dropped: after what its buffers held comes the end, long before the last event.
        var received = 0
        while let text = silent.line(seconds: 20) { received = JSON(parsing: text)?["seq"]?.int ?? received }
        #expect(silent.hasEnded && received < seqs.last ?? 0)
        #expect(try line.history().count == seqs.count, "the daemon is as it was")
    }

    @Test("a question for older events joins the live ones without a gap and without a double")
    func replay() throws {
        let line = try LineUnderTest("replay", parts: [.good])
        try line.boot()
        var readers: [(since: Int, socket: LineSocket)] = []
        for index in 0..<200 {
            // Refusals are events, too: the quickest way to have many.
            #expect(!line.command("reset"))
            if index % 10 == 5 {
                let since = Int.random(in: 0...index)
                let socket = try LineSocket(line.events)
                socket.send("{\"since\":\(since)}\n")
                readers.append((since, socket))
            }
        }
        let last = try #require(line.status?["seq"]?.int)
        for (since, socket) in readers {
            var seqs: [Int] = []
            while (seqs.last ?? since) < last {
                let text = try #require(socket.line())
                seqs.append(try #require(JSON(parsing: text)?["seq"]?.int))
            }
            #expect(seqs == Array(since + 1...last), "since \(since)")
        }
    }

    @Test("standard error that nobody reads, or that is gone, doesn't stop the inspection")
    func brokenStandardError() throws {
        let line = try LineUnderTest("stderr", parts: Array(repeating: .good, count: 10))
        try line.writeConfiguration()
        let fifo = line.folder / "fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        try line.launch(errors: fifo)
        #expect(line.answers())
        try line.wait(for: "ready")
        #expect(line.command("start"))
        // Every refusal is logged: more than a pipe holds.
        for _ in 0..<600 { #expect(!line.command("start")) }
        line.expect("running", permit: true)
        close(reader)
        for _ in 0..<5 { #expect(!line.command("start")) }
        let parts = line.status?["parts"]?.int ?? 0
        try line.wait(parts: parts + 5)
        line.expect("running", permit: true)
        #expect(line.terminate() == .exit(0))
    }
}
