// SPDX-License-Identifier: Apache-2.0

import Foundation
import Line
import Records
import Testing

@Suite struct MessageIDTests {
    /// The catalog's entries: identifier and everything below it.
    private func catalog() throws -> [(id: String, text: String)] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../systemd/jidoka.catalog")
        let text = try String(contentsOf: file, encoding: .utf8)
        return text.components(separatedBy: "\n-- ").dropFirst().map { entry in
            (String(entry.prefix { $0 != "\n" }), String(entry.drop { $0 != "\n" }))
        }
    }

    @Test("every kind of event has an identifier of its own, 32 lower-case hexadecimal digits")
    func distinct() {
        let ids = LineEvent.Kind.allCases.map(\.messageID)
        #expect(Set(ids).count == LineEvent.Kind.allCases.count)
        for id in ids { #expect(id.wholeMatch(of: /[0-9a-f]{32}/) != nil, "\(id)") }
    }

    @Test("the catalog has one entry for every kind, and none that no kind has")
    func complete() throws {
        let ids = LineEvent.Kind.allCases.map(\.messageID) + [HistoryAnchor.messageID]
        #expect(Set(ids).count == ids.count)
        #expect(try catalog().map(\.id).sorted() == ids.sorted())
    }

    @Test("every entry has a subject, says what to do, and names only fields that the journal gets")
    func texts() throws {
        let fields: Set = [
            "JIDOKA_STATE_TO", "JIDOKA_PART", "JIDOKA_SCORE", "JIDOKA_THRESHOLD", "JIDOKA_RECIPE", "JIDOKA_MODEL",
            "JIDOKA_USER",
        ]
        for entry in try catalog() {
            #expect(entry.text.hasPrefix("\nSubject: "), "\(entry.id)")
            #expect(entry.text.contains("\nDefined-By: Jidoka\n"), "\(entry.id)")
            #expect(entry.text.contains("\nWhat to do: "), "\(entry.id)")
            for field in entry.text.matches(of: /@([A-Z_]+)@/) {
                #expect(fields.contains(String(field.1)), "\(entry.id): \(field.1)")
            }
        }
    }

    @Test("identifiers that people filter by stay what they are")
    func stable() {
        #expect(LineEvent.Kind.stop.messageID == "ad5aca335e734915b5db1e7e41585daf")
        #expect(LineEvent.Kind.fault.messageID == "c0b73e330bfc4a09827298a232ef968e")
    }
}
