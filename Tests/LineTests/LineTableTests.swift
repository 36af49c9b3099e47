// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Line
import Testing

@Suite struct LineTableTests {
    @Test("a trigger leads out of a state to one other only")
    func unique() {
        for state in LineState.allCases {
            for trigger in LineTable.Trigger.allCases {
                let rows = LineTable.rows.filter { $0.from.contains(state) && $0.trigger == trigger }
                #expect(rows.count <= 1, "\(state.rawValue) by \(trigger.rawValue)")
                #expect(rows.first?.to == LineTable.next(state, trigger))
            }
        }
        for trigger in LineTable.Trigger.allCases {
            #expect(LineTable.rows.contains { $0.trigger == trigger }, "\(trigger.rawValue) leads somewhere")
        }
    }

    @Test("the permit is switched on by a start and by a bypass only, and never by a boot")
    func permit() {
        for row in LineTable.rows where row.to.permit && row.from.contains(where: { !$0.permit }) {
            #expect(row.trigger == .start || row.trigger == .bypass)
        }
        for state in LineState.allCases { #expect(LineTable.boot[state]?.permit == false) }
        #expect(LineTable.shutdown.values.allSatisfy { !$0.permit })
    }

    @Test("a latched state is left by acknowledge, reset, fault and bypass only")
    func latched() {
        for row in LineTable.rows where row.from.contains(.stopped) {
            #expect([.acknowledge, .fault, .bypass].contains(row.trigger))
        }
        for row in LineTable.rows where row.from.contains(.acknowledged) {
            #expect([.reset, .resetIncomplete, .fault, .bypass].contains(row.trigger))
        }
    }

    @Test("the documentation has the table that the machine goes by; JIDOKA_UPDATE=1 writes it")
    func documented() throws {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/Line/README.md")
        let text = try String(contentsOf: url, encoding: .utf8)
        let (begin, end) = ("<!-- table -->\n", "\n<!-- end -->")
        let from = try #require(text.firstRange(of: begin)).upperBound
        let to = try #require(text.firstRange(of: end)).lowerBound
        guard ProcessInfo.processInfo.environment["JIDOKA_UPDATE"] == nil else {
            try (text[..<from] + LineTable.markdown + text[to...]).write(to: url, atomically: true, encoding: .utf8)
            return
        }
        #expect(String(text[from..<to]) == LineTable.markdown, "run the tests once with JIDOKA_UPDATE=1")
    }
}
