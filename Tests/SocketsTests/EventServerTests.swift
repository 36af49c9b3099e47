// SPDX-License-Identifier: Apache-2.0

import Glibc
import Sockets
import Synchronization
import Testing

/// A history in memory: what is published was appended here before.
private final class Log: Sendable {
    private let lines = Mutex<[String]>([])

    func append(_ extra: String = "") -> (seq: Int64, line: String) {
        lines.withLock { lines in
            let seq = Int64(lines.count + 1)
            lines.append("{\"v\":1,\"seq\":\(seq)\(extra)}")
            return (seq, lines[lines.count - 1])
        }
    }

    func since(_ seq: Int64, _ limit: Int) -> [(seq: Int64, line: String)] {
        lines.withLock { lines in
            guard seq < lines.count else { return [] }
            let end = min(lines.count, Int(seq) + limit)
            return (Int(max(0, seq))..<end).map { (Int64($0 + 1), lines[$0]) }
        }
    }
}

@Suite struct EventServerTests {
    private func seq(_ line: String?) -> Int64? {
        guard let line, case .object(let fields)? = JSONValue(parsing: Array(line.utf8)),
            case .integer(let seq)? = fields["seq"]
        else { return nil }
        return seq
    }

    /// Reads up to an event; the seqs in the order they came.
    private func read(_ client: RawClient, upTo last: Int64) -> [Int64] {
        var seqs: [Int64] = []
        while let seq = seq(client.readLine()) {
            seqs.append(seq)
            if seq == last { break }
        }
        return seqs
    }

    @Test("a reader gets the events from its connection on, and with since the older ones first")
    func join() throws {
        let path = SocketPath.fresh()
        let log = Log()
        let server = try EventServer(path: path) { log.since($0, $1) }
        defer { server.close() }
        func publish() {
            let event = log.append()
            server.publish(seq: event.seq, line: event.line)
        }
        for _ in 0..<10 { publish() }
        let live = try EventReader(path: path)
        let joined = try EventReader(path: path, since: 7)
        let all = try EventReader(path: path, since: 0)
        #expect(eventually { server.readers == 3 })
        for _ in 0..<3 { publish() }
        for expected in Int64(11)...13 { #expect(seq(try live.next(timeout: 20)) == expected) }
        for expected in Int64(8)...13 { #expect(seq(try joined.next(timeout: 20)) == expected) }
        for expected in Int64(1)...13 { #expect(seq(try all.next(timeout: 20)) == expected) }
        #expect(throws: SocketsError.self) { try live.next(timeout: 0.05) }
    }

    @Test("readers that join while events are published get each event once and in order")
    func concurrentJoin() throws {
        let path = SocketPath.fresh()
        let log = Log()
        let server = try EventServer(path: path) { log.since($0, $1) }
        defer { server.close() }
        let total: Int64 = 20_000
        let publisher = Publisher {
            for number in 1...total {
                let event = log.append()
                server.publish(seq: event.seq, line: event.line)
                if number % 20 == 0 { usleep(1_000) }
            }
        }
        var joins = 0
        while !publisher.isDone {
            let newest = log.since(0, .max).count
            let since = Int64.random(in: 0...Int64(newest))
            let reader = try RawClient(path)
            // Some ask at once, some when live events are kept back for them, some too late.
            if joins % 4 == 1 { usleep(20_000) }
            if joins % 4 == 2 { usleep(130_000) }
            reader.write("{\"since\":\(since)}")
            let last = Int64(newest) + 200
            guard last < total else { break }
            var seqs: [Int64] = []
            while seqs.count < last - since, let seq = seq(reader.readLine()) { seqs.append(seq) }
            // Who asked too late has got newer ones before.
            let isLate = joins % 4 == 2
            if !isLate { #expect(seqs == Array(since + 1...last), "since \(since)") }
            if isLate {
                // Whatever came first: none twice, and once all older ones are there, none missing.
                while let top = seqs.max(), Set(seqs).count < top - since, let seq = seq(reader.readLine()) {
                    seqs.append(seq)
                }
                #expect(seqs.sorted() == Array(since + 1...(seqs.max() ?? since)), "late since \(since)")
            }
            joins += 1
        }
        publisher.wait()
        #expect(joins > 8)
        print("\(joins) joins while \(total) events were published")
    }

    @Test("a reader that never reads is dropped, and another one gets all of 100,000 events")
    func slowReader() throws {
        let path = SocketPath.fresh()
        let log = Log()
        let server = try EventServer(path: path) { log.since($0, $1) }
        defer { server.close() }
        let deaf = try RawClient(path)
        let good = try RawClient(path)
        good.write(#"{"v":1,"since":0}"#)
        #expect(eventually { server.readers == 2 })
        let total: Int64 = 100_000
        var next: Int64 = 1
        while next <= total {
            // The good reader sets the pace: a burst that fits into its queue, then it reads.
            for _ in 0..<500 {
                let event = log.append(",\"detail\":\"\(String(repeating: "x", count: 100))\"")
                server.publish(seq: event.seq, line: event.line)
            }
            for _ in 0..<500 {
                guard seq(good.readLine()) == next else {
                    Issue.record("event \(next) is missing")
                    return
                }
                next += 1
            }
        }
        #expect(eventually { server.droppedReaders == 1 && server.readers == 1 })
        // What the deaf one finds is a beginning without gaps, and then the end.
        var expected: Int64 = 0
        while let seq = seq(deaf.readLine()) {
            expected += 1
            #expect(seq == expected)
        }
        #expect(expected < total)
    }

    @Test("a reader of the history that stops reading is dropped when nothing moves")
    func stalledHistory() throws {
        let path = SocketPath.fresh()
        let log = Log()
        for _ in 0..<20_000 { _ = log.append(",\"detail\":\"\(String(repeating: "x", count: 100))\"") }
        let server = try EventServer(path: path, mode: 0o600, group: nil, stallMilliseconds: 100) { log.since($0, $1) }
        defer { server.close() }
        let deaf = try RawClient(path)
        deaf.write(#"{"since":0}"#)
        #expect(eventually { server.droppedReaders == 1 })
        withExtendedLifetime(deaf) {}
    }

    @Test("a flood without a pause is never waited for: readers are dropped, and come back by their last seq")
    func flood() throws {
        let path = SocketPath.fresh()
        let log = Log()
        let server = try EventServer(path: path) { log.since($0, $1) }
        defer { server.close() }
        let total: Int64 = 100_000
        let publisher = Publisher {
            for _ in 1...total {
                let event = log.append(",\"detail\":\"\(String(repeating: "x", count: 50))\"")
                server.publish(seq: event.seq, line: event.line)
            }
        }
        var last: Int64 = 0
        var connections = 0
        while last < total, connections < 10_000 {
            let reader = try RawClient(path)
            reader.write("{\"since\":\(last)}")
            connections += 1
            while last < total, let line = reader.readLine() {
                guard let seq = seq(line) else { continue }
                try #require(seq == last + 1)
                last = seq
            }
        }
        publisher.wait()
        #expect(last == total)
        print("\(total) events over \(connections) connections")
    }

    @Test("wrong lines get an error line, and the events go on")
    func wrongLines() throws {
        let path = SocketPath.fresh()
        let log = Log()
        let server = try EventServer(path: path) { log.since($0, $1) }
        defer { server.close() }
        let client = try RawClient(path)
        let cases: [(String, String)] = [
            ("x", "bad_json"), ("{}", "missing_field"), (#"{"since":"1"}"#, "wrong_type"),
            (#"{"since":-1}"#, "wrong_type"), (#"{"since":1.5}"#, "wrong_type"), (#"{"since":99}"#, "since_ahead"),
            (#"{"v":3,"since":1}"#, "wrong_version"), (String(repeating: "x", count: 70_000), "line_too_long"),
        ]
        for (line, code) in cases {
            client.write(line)
            #expect(client.readErrorCode() == code)
        }
        let event = log.append()
        server.publish(seq: event.seq, line: event.line)
        #expect(seq(client.readLine()) == 1)
        client.write(#"{"since":0}"#)
        client.write(#"{"since":0}"#)
        #expect(client.readErrorCode() == "already_following")
        let next = log.append()
        server.publish(seq: next.seq, line: next.line)
        #expect(seq(client.readLine()) == 2)
    }

    @Test("who only ends writing keeps reading; who hangs up is forgotten; nothing stays open")
    func ends() throws {
        let path = SocketPath.fresh()
        let log = Log()
        let server = try EventServer(path: path) { log.since($0, $1) }
        defer { server.close() }
        let half = try RawClient(path)
        half.write(#"{"since":0}"#)
        half.endWriting()
        for _ in 0..<1_000 {
            let client = try RawClient(path)
            client.write(Array("{\"sin".utf8))
        }
        #expect(eventually { server.readers == 1 })
        #expect(eventually { SocketPath.open(path) == 2 })
        let event = log.append()
        server.publish(seq: event.seq, line: event.line)
        #expect(seq(half.readLine()) == 1)
        server.close()
        #expect(half.readLine() == nil)
        #expect(SocketPath.open(path) == 0)
    }
}

/// A thread that publishes.
private final class Publisher: Sendable {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        let isDone = Atomic(false)
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private let work: Work

    init(_ body: @escaping @Sendable () -> Void) {
        work = Work(body)
        var handle = pthread_t()
        let number = pthread_create(
            &handle, nil,
            { argument in
                guard let argument else { return nil }
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                work.body()
                work.isDone.store(true, ordering: .releasing)
                return nil
            }, Unmanaged.passRetained(work).toOpaque())
        #expect(number == 0)
        pthread_detach(handle)
    }

    var isDone: Bool { work.isDone.load(ordering: .acquiring) }

    func wait() { #expect(eventually { self.isDone }) }
}
