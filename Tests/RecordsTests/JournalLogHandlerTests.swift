// SPDX-License-Identifier: Apache-2.0

import Logging
import Records
import Testing

@Suite struct JournalLogHandlerTests {
    @Test("metadata become fields of the journal, the message id keeps its name")
    func fields() {
        let fields = LogFields.fields(
            message: "stopped", level: .warning, label: "jidokad",
            metadata: ["state_from": "running", "message_id": "ab12", "größe": "1", "part": "a=b\n.png"])
        #expect(
            fields.map { "\($0.name)=\($0.value)" } == [
                "MESSAGE=stopped", "PRIORITY=4", "SYSLOG_IDENTIFIER=jidokad", "JIDOKA_GR__SSE=1",
                "MESSAGE_ID=ab12", "JIDOKA_PART=a=b\n.png", "JIDOKA_STATE_FROM=running",
            ])
        #expect(LogFields.fieldName(String(repeating: "x", count: 100)).utf8.count == 64)
    }

    @Test("a line of text is one line")
    func line() {
        #expect(
            LogFields.line(
                message: "a\nb", level: .error, metadata: ["part": "a b", "n": "1", "empty": "", "message_id": "x"],
                time: 0)
                == #"1970-01-01T00:00:00.000000000Z error a\nb empty="" n=1 part="a b""#)
    }

    @Test("only the device and inode of standard error count as the journal")
    func journalStream() {
        #expect(JournalStream.matches("8:1234", device: 8, inode: 1_234))
        for variable in ["8:1235", "9:1234", "8", "", ":", "8:1234:5", "a:b", "8: 1234"] {
            #expect(!JournalStream.matches(variable, device: 8, inode: 1_234), "\(variable)")
        }
    }

    @Test("a process whose standard error is a pipe writes plain lines")
    func plain() throws {
        let line = try #require(try ChildProcess("log", "-").readErrorLine())
        #expect(line.hasSuffix(#"Z warning a line\nof two part="a b.png""#), "\(line)")
    }
}
