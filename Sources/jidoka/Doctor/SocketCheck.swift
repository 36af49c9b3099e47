// SPDX-License-Identifier: Apache-2.0

import Sockets

/// Whether the daemon answers, and what it says.
enum SocketCheck {
    static func findings(folder: String) -> [Finding] {
        let path = folder + "/control.sock"
        let answer: ControlAnswer
        do throws(SocketsError) {
            answer = try LineClient(path: path).request(ControlRequest(command: "status"), timeout: 2)
        } catch {
            return [failure(error)]
        }
        var findings = [finding(answer, path)]
        do throws(SocketsError) {
            _ = try EventReader(path: folder + "/events.sock", timeout: 2)
            findings.append(.ok("sockets", "\(folder)/events.sock can be read"))
        } catch {
            findings.append(failure(error))
        }
        return findings
    }

    private static func finding(_ answer: ControlAnswer, _ path: String) -> Finding {
        switch answer {
        case .refused(let failure): return .error("sockets", "\(path): \(failure.message)", failure.hint)
        case .done(let fields):
            let state = StatusText.text("state", in: fields)
            let text =
                "\(path): the line is \(state), permit \(fields["permit"] == .bool(true) ? "on" : "off"), "
                + "\(StatusText.text("parts", in: fields)) parts"
            guard fields["reason"] != .null, ["blocked", "fault", "stopped"].contains(state) else {
                return .ok("sockets", text)
            }
            return .warning(
                "sockets", "\(text)\n\(StatusText.text("reason", in: fields))",
                state == "stopped" ? "look at the part, then 'jidoka ack'" : "mend the cause; see 'jidoka events'")
        }
    }

    private static func failure(_ error: SocketsError) -> Finding {
        switch error.code {
        case .denied:
            .warning("sockets", "\(error)", "operators belong to the group of the socket: 'ls -l \(error.thing)'")
        case .missing: .warning("sockets", "\(error.thing): no daemon answers", "start it: 'systemctl start jidokad'")
        default: .error("sockets", "\(error)", error.hint)
        }
    }
}
