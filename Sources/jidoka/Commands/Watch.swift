// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Line
import Sockets

struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the line on a terminal, and acknowledge, reset and start it by keys.",
        discussion: """
            State, permit, the last parts against the threshold, and what happened; 80 × 24 are enough. Parts that come faster than \
            ten a second are not all in the picture. In a pipe it prints one screen and ends. NO_COLOR is heeded.
            """)

    @Flag(help: "Show no colours.")
    var plain = false
    @Flag(help: "Use ASCII signs only.")
    var ascii = false
    @Option(help: "Your name, if the account is shared; the account's name is recorded too.")
    var user: String?
    @OptionGroup var place: SocketsOption

    func run() throws {
        var screen = WatchScreen()
        guard let terminal = RawTerminal() else {
            look(&screen, nil)
            look(&screen, try? EventReader(path: place.events, since: newest(screen), timeout: 1), patience: 0.3)
            print(screen.rows(look(isTerminal: false)).joined(separator: "\n"))
            guard screen.status != nil else { throw ExitCode(1) }
            return
        }
        Interrupt.watch()
        defer { terminal.end() }
        var reader: EventReader?
        while !Interrupt.isRequested {
            if reader == nil { reader = try? EventReader(path: place.events, since: newest(screen), timeout: 1) }
            if !look(&screen, reader) { reader = nil }
            terminal.show(screen.rows(look(isTerminal: true)))
            guard let key = terminal.key(milliseconds: 100) else { continue }
            guard key != "q", key != "\u{4}" else { return }
            screen.answer = act(key, screen, terminal)
        }
    }

    private func look(isTerminal: Bool) -> WatchScreen.Look {
        var look = WatchScreen.Look()
        (look.width, look.height) = RawTerminal.size
        func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
        look.hasColour = isTerminal && !plain && variable("NO_COLOR").isEmpty && variable("TERM") != "dumb"
        let locale = [variable("LC_ALL"), variable("LC_CTYPE"), variable("LANG")].first { !$0.isEmpty } ?? ""
        look.hasBlocks = !ascii && (locale.uppercased().contains("UTF-8") || locale.uppercased().contains("UTF8"))
        return look
    }

    /// Where the events begin that are shown: some before now.
    private func newest(_ screen: WatchScreen) -> Int64 {
        guard case .integer(let seq)? = screen.status?["seq"] else { return 0 }
        return max(0, seq - 12)
    }

    /// Looks at the line; false when the reader of the events has to be opened anew.
    ///
    /// - Parameter patience: seconds to wait for one more event.
    @discardableResult
    private func look(_ screen: inout WatchScreen, _ reader: EventReader?, patience: Double = 0) -> Bool {
        do {
            guard
                case .done(let fields) = try LineClient(path: place.control).request(
                    .init(command: "status"), timeout: 2)
            else { return true }
            let last = screen.status
            (screen.status, screen.problem) = (fields, nil)
            if let score = Self.number(fields["score"]), let threshold = Self.number(fields["threshold"]),
                last?["part"] != fields["part"] || last?["parts"] != fields["parts"]
            {
                screen.parts = screen.parts.suffix(400) + [(score, threshold)]
            }
        } catch {
            (screen.status, screen.problem) = (nil, "\(error)")
            screen.events = []
            return false
        }
        guard let reader else { return true }
        while true {
            do {
                guard let line = try reader.next(timeout: patience) else { return false }
                screen.events = screen.events.suffix(60) + [EventText.line(line)]
            } catch { return error.code == .timeout }
        }
    }

    private static func number(_ value: JSONValue?) -> Double? {
        switch value {
        case .number(let number)?: number
        case .integer(let number)?: Double(number)
        case .string?: .nan
        default: nil
        }
    }

    /// Carries a key's command out; what came of it.
    private func act(_ key: Character, _ screen: WatchScreen, _ terminal: RawTerminal) -> String? {
        switch key {
        case "a":
            guard
                let verdict = ask(
                    "verdict: [d]efect, [f]alse stop, [u]nclear, other keys: never mind", screen, terminal),
                let chosen: AcknowledgeVerdict = ["d": .defect, "f": .falseStop, "u": .unclear][verdict],
                let reason = type("\(chosen.rawValue), because", screen, terminal)
            else { return nil }
            return send("ack", ["verdict": .string(chosen.rawValue), "reason": .string(reason)])
        case "r": return send("reset")
        case "s": return send("start")
        default: return nil
        }
    }

    /// One key; nil after half a minute.
    private func ask(_ question: String, _ screen: WatchScreen, _ terminal: RawTerminal) -> Character? {
        var asking = screen
        asking.question = question
        terminal.show(asking.rows(look(isTerminal: true)))
        return terminal.key(milliseconds: 30_000)
    }

    /// A line of text; nil when it is left by Escape, empty, or nobody types for a minute.
    private func type(_ question: String, _ screen: WatchScreen, _ terminal: RawTerminal) -> String? {
        var bytes: [UInt8] = []
        while true {
            let typed = String(decoding: bytes, as: UTF8.self)
            var asking = screen
            asking.question = "\(question): \(typed)_"
            terminal.show(asking.rows(look(isTerminal: true)))
            guard let key = terminal.key(milliseconds: 60_000), let byte = key.unicodeScalars.first?.value else {
                return nil
            }
            switch byte {
            case 10, 13: return typed.allSatisfy(\.isWhitespace) ? nil : typed
            case 4, 27: return nil
            case 8, 127: bytes = Array(typed.dropLast().utf8)
            case 32...255: if bytes.count < 500 { bytes.append(UInt8(byte)) }
            default: break
            }
        }
    }

    private func send(_ command: String, _ fields: [String: JSONValue] = [:]) -> String {
        var fields = fields
        if let user { fields["user"] = .string(user) }
        do {
            switch try LineClient(path: place.control).request(.init(command: command, arguments: fields), timeout: 15)
            {
            case .done(let answer): return "\(command): the line is \(StatusText.text("state", in: answer))"
            case .refused(let failure): return "\(command): \(failure.message) (\(failure.hint))"
            }
        } catch { return "\(command): \(error)" }
    }
}
