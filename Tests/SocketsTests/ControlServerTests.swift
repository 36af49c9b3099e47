// SPDX-License-Identifier: Apache-2.0

import Glibc
import Sockets
import Synchronization
import Testing

@Suite struct ControlServerTests {
    private func server(_ path: String) throws -> ControlServer {
        try ControlServer(path: path, commands: ["status", "ack", "echo", "slow", "big"]) {
            request, peer throws(ControlFailure) in
            switch request.command {
            case "ack": return .done(["reason": .string(try request.string("reason")), "peer": .string(peer.name)])
            case "echo": return .done(request.arguments)
            case "big": return .done(["text": .string(String(repeating: "x", count: 20_000))])
            case "slow":
                while !Self.mayGoOn.load(ordering: .relaxed) { usleep(1_000) }
                return .done([:])
            default: return .done(["state": "blocked", "uid": .integer(Int64(peer.user))])
            }
        }
    }

    private static let mayGoOn = Atomic(false)

    @Test("a request is answered, the kernel says who asked, and a missing field is an answer too")
    func request() throws {
        let path = SocketPath.fresh()
        let server = try server(path)
        defer { server.close() }
        let client = LineClient(path: path)
        #expect(
            try client.request(ControlRequest(command: "status"))
                == .done(["state": "blocked", "uid": .integer(Int64(getuid()))]))
        let answer = try client.request(ControlRequest(command: "ack", arguments: ["reason": "dust"]))
        guard case .done(let fields) = answer, case .string(let name)? = fields["peer"] else {
            Issue.record("\(answer)")
            return
        }
        #expect(fields["reason"] == "dust" && (getuid() != 0 || name == "root"))
        let wrong: [([String: JSONValue], String)] = [([:], "missing_field"), (["reason": 1], "wrong_type")]
        for (arguments, code) in wrong {
            guard case .refused(let failure) = try client.request(ControlRequest(command: "ack", arguments: arguments))
            else {
                Issue.record("\(arguments) was not refused")
                continue
            }
            #expect(failure.code == code && !failure.hint.isEmpty)
        }
    }

    @Test("wrong lines get an error that says what is wrong, and the connection lives")
    func wrongLines() throws {
        let path = SocketPath.fresh()
        let server = try server(path)
        defer { server.close() }
        let client = try RawClient(path)
        let cases: [(String, String)] = [
            ("{", "bad_json"), ("nonsense", "bad_json"), ("[1,2]", "wrong_type"), ("\"status\"", "wrong_type"),
            ("{}", "missing_field"), (#"{"cmd":1}"#, "wrong_type"), (#"{"cmd":"stauts"}"#, "unknown_command"),
            (#"{"v":2,"cmd":"status"}"#, "wrong_version"), (#"{"v":"1","cmd":"status"}"#, "wrong_type"),
            (#"{"cmd":"status"}}"#, "bad_json"), (#"{"cmd":"status""#, "bad_json"),
            (String(repeating: "[", count: 60_000), "bad_json"),
        ]
        for (line, code) in cases {
            client.write(line)
            #expect(client.readErrorCode() == code, "\(line.prefix(40))")
        }
        client.write(Array("{\"cmd\":\"\u{FF}\"".utf8) + [0xFF, 0xC0, 0x0A])
        #expect(client.readErrorCode() == "bad_utf8")
        client.write(String(repeating: "x", count: 65_537))
        #expect(client.readErrorCode() == "line_too_long")
        client.write(String(repeating: "y", count: 1_000_000))
        #expect(client.readErrorCode() == "line_too_long")
        // The longest line that is allowed.
        let head = #"{"cmd":"echo","text":""#
        client.write(head + String(repeating: "z", count: 65_536 - head.utf8.count - 2) + "\"}")
        #expect(client.readField("ok") == true)
        client.write("\r\n  \n" + #"{"v":1,"cmd":"status"}"# + "\r")
        #expect(client.readField("ok") == true)
    }

    @Test("random lines get one answer each and never end the connection")
    func fuzz() throws {
        let thorough = getenv("JIDOKA_THOROUGH") != nil
        let count = thorough ? 200_000 : 12_000
        let path = SocketPath.fresh()
        let server = try server(path)
        defer { server.close() }
        let client = try RawClient(path)
        var random = SystemRandomNumberGenerator()
        let seeds = [
            #"{"v":1,"cmd":"status"}"#, #"{"cmd":"ack","reason":"dust"}"#, #"{"cmd":"echo","a":[1,2.5,{"b":null}]}"#,
            #"{"cmd":"echo","cmd":"echo","n":1e400,"m":-0,"s":"\ud800\u0000"}"#,
        ].map { Array($0.utf8) }
        let words = ["{", "}", "\"", ":", ",", "cmd", "1e9", "\\u", "null", "[", "]", "\u{0}", "ü"].map {
            Array($0.utf8)
        }
        var answered = 0
        for start in stride(from: 0, to: count, by: 50) {
            var sent = 0
            for _ in start..<min(start + 50, count) {
                var line = seeds.randomElement(using: &random) ?? []
                for _ in 0..<Int.random(in: 0...4, using: &random) {
                    let place = Int.random(in: 0...line.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: line.insert(UInt8.random(in: 0...255, using: &random), at: place)
                    case 1: line.insert(contentsOf: words.randomElement(using: &random) ?? [], at: place)
                    case 2 where place < line.count: line.remove(at: place)
                    default: line = Array(line[..<place])
                    }
                }
                line.removeAll { $0 == 0x0A }
                if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
                client.write(line + [0x0A])
                sent += 1
            }
            for _ in 0..<sent {
                guard case .bool? = client.readField("ok") else {
                    Issue.record("no answer after \(answered) lines")
                    return
                }
                answered += 1
            }
        }
        client.write(#"{"cmd":"status"}"#)
        #expect(client.readField("ok") == true)
        print("\(answered) random lines answered (\(thorough ? "thorough" : "short"))")
    }

    @Test("bytes one at a time, several requests at once and a half-closed connection are all served in order")
    func slices() throws {
        let path = SocketPath.fresh()
        let server = try server(path)
        defer { server.close() }
        let client = try RawClient(path)
        for byte in Array("{\"cmd\":\"echo\",\"n\":7}\n".utf8) { client.write([byte]) }
        #expect(client.readField("n") == 7)
        client.write((0..<500).map { "{\"cmd\":\"echo\",\"n\":\($0)}" }.joined(separator: "\n"))
        client.endWriting()
        for number in 0..<500 { #expect(client.readField("n") == .integer(Int64(number))) }
        #expect(client.readLine() == nil)
    }

    @Test("a slow handler keeps its own connection waiting and nobody else")
    func slowHandler() throws {
        let path = SocketPath.fresh()
        let server = try server(path)
        defer { server.close() }
        let slow = try RawClient(path)
        slow.write(#"{"cmd":"slow"}"#)
        slow.write(#"{"cmd":"echo","n":1}"#)
        for _ in 0..<20 {
            #expect(try LineClient(path: path).request(ControlRequest(command: "status")) != .done([:]))
        }
        Self.mayGoOn.store(true, ordering: .relaxed)
        #expect(slow.readField("ok") == true)
        #expect(slow.readField("n") == 1)
    }

    @Test("a client that never reads its answers holds nobody up")
    func neverReads() throws {
        let path = SocketPath.fresh()
        let server = try server(path)
        defer { server.close() }
        let deaf = try RawClient(path)
        let flags = fcntl(deaf.descriptor, F_GETFL)
        _ = fcntl(deaf.descriptor, F_SETFL, flags | O_NONBLOCK)
        for _ in 0..<5_000 { deaf.write("{\"cmd\":\"big\"}") }
        for _ in 0..<20 {
            #expect(try LineClient(path: path).request(ControlRequest(command: "echo")) == .done([:]))
        }
    }

    @Test("a thousand connections, whole, half and broken off, leave nothing open")
    func connections() throws {
        let path = SocketPath.fresh()
        let server = try server(path)
        defer { server.close() }
        for number in 0..<1_000 {
            let client = try RawClient(path)
            switch number % 4 {
            case 0: break
            case 1: client.write(Array("{\"cmd\":\"sta".utf8))
            case 2: client.write("{\"cmd\":\"status\"}")
            default:
                client.write("{\"cmd\":\"status\"}")
                #expect(client.readField("ok") == true)
            }
        }
        #expect(eventually { SocketPath.open(path) == 1 }, "\(SocketPath.open(path)) sockets are open")
    }

    @Test("more idle connections than there are places don't lock a new client out")
    func crowd() throws {
        let path = SocketPath.fresh()
        let server = try server(path)
        defer { server.close() }
        let idle = try (0..<300).map { _ in try RawClient(path) }
        #expect(try LineClient(path: path).request(ControlRequest(command: "echo")) == .done([:]))
        #expect(SocketPath.open(path) <= 1 + 128)
        withExtendedLifetime(idle) {}
    }

    @Test("the recorded name begins with the account, whatever the person calls themselves")
    func recordedName() {
        let peer = Peer(process: 1, user: 2, group: 3, name: "operator")
        #expect(peer.recordedName(display: nil) == "operator")
        #expect(peer.recordedName(display: "  Anna \n Berg\t") == "operator (Anna Berg)")
        #expect(peer.recordedName(display: "\u{202E}root\u{0}") == "operator (root)")
        #expect(peer.recordedName(display: " \n ") == "operator")
        #expect(peer.recordedName(display: String(repeating: "x", count: 500)).count == 75)
    }
}
