// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct RoleTests {
    /// What another user's request is answered; perl is on every Debian, and another user can't reach our own programs.
    private func ask(_ line: LineUnderTest, groups: String, _ request: String) throws -> JSON? {
        let script = """
            use Socket; socket(S, PF_UNIX, SOCK_STREAM, 0) or die $!; connect(S, sockaddr_un($ARGV[0])) or die $!;
            syswrite(S, "$ARGV[1]\\n"); print scalar <S>;
            """
        let output = try run(
            "/usr/bin/setpriv",
            [
                "--reuid", "65534", "--regid", "65534", groups.isEmpty ? "--clear-groups" : "--groups=\(groups)",
                "/usr/bin/perl", "-e", script, line.control, request,
            ])
        #expect(output.ending == .exit(0), "\(output)")
        return output.json
    }

    @Test("commands are for the groups that the kernel knows of the connection; everybody may ask for the status")
    func groups() throws {
        guard getuid() == 0 else { return print("SKIPPED: roles by group: only root can become another user") }
        let line = try LineUnderTest("roles", parts: [.good, .noise])
        // Groups that every Debian has.
        line.more = "roles: {operate: [games, no-such-group], supervise: [mail]}"
        try line.boot()
        for folder in [line.folder.path, line.sockets] { #expect(chmod(folder, 0o755) == 0) }
        #expect(chmod(line.control, 0o666) == 0)
        let (games, mail, other) = ("60,100", "8", "100")
        let start = "{\"cmd\":\"start\"}"
        let bypass = "{\"cmd\":\"bypass\",\"minutes\":1,\"reason\":\"test\"}"
        for (groups, request) in [(other, start), ("", start), (games, bypass), (other, bypass)] {
            let answer = try ask(line, groups: groups, request)
            #expect(
                answer?["error"]?["code"]?.text == "not_allowed", "\(groups) \(request): \(String(describing: answer))")
        }
        line.expect("ready", permit: false)
        #expect(try ask(line, groups: "", "{\"cmd\":\"status\"}")?["state"]?.text == "ready")
        #expect(try ask(line, groups: games, start)?["ok"] == .bool(true))
        try line.wait(for: "stopped")
        let acknowledge = "{\"cmd\":\"ack\",\"verdict\":\"defect\",\"reason\":\"test\"}"
        #expect(try ask(line, groups: mail, acknowledge)?["ok"] == .bool(true), "who supervises may operate")
        #expect(line.command("reset"), "root may always")
        try line.wait(for: "ready")
        #expect(try ask(line, groups: mail, bypass)?["ok"] == .bool(true))
        line.expect("bypass", permit: true)
        // Other groups, without a restart.
        line.more = "roles: {operate: []}"
        try line.writeConfiguration()
        line.daemon?.send(SIGHUP)
        #expect(Patience.until { (try? line.event("configuration_reloaded")) != nil })
        let end = "{\"cmd\":\"bypass\",\"end\":true}"
        #expect(try ask(line, groups: mail, end)?["error"]?["hint"]?.text?.contains("only root") == true)
        let answer = line.ask("{\"cmd\":\"bypass\",\"end\":true}")
        #expect(answer?["ok"] == .bool(true), "\(String(describing: answer))")
    }
}
