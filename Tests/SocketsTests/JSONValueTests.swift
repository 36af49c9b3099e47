// SPDX-License-Identifier: Apache-2.0

import Sockets
import Testing

@Suite struct JSONValueTests {
    private func parse(_ text: String) -> JSONValue? { JSONValue(parsing: Array(text.utf8)) }

    @Test("every kind of value is read")
    func values() {
        #expect(parse(" null ") == .null)
        #expect(parse("-0") == .integer(0))
        #expect(parse("9223372036854775807") == .integer(.max))
        #expect(parse("9223372036854775808") == .number(9_223_372_036_854_775_808))
        #expect(parse("-1.5e-3") == .number(-0.0015))
        #expect(parse(#""a\"\\\/\b\f\n\r\t\u00fc\ud83d\ude00""#) == .string("a\"\\/\u{8}\u{C}\n\r\tü\u{1F600}"))
        #expect(
            parse(#"{"a":[1,true,{}],"b":[]}"#)
                == .object(["a": .array([.integer(1), .bool(true), .object([:])]), "b": .array([])]))
    }

    @Test("what is not JSON is refused")
    func refused() {
        let wrong = [
            "", " ", "nul", "nulll", "+1", "01", "1.", ".5", "1e", "-", "1e999", "NaN", "Infinity", "'a'", "\"a",
            "\"\u{1}\"", #""\x""#, #""\u12g4""#, #""\ud800""#, #""\ud800\u0041""#, #""\udc00""#, "[1,]", "[1 2]", "[",
            "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "{} {}", "\u{FEFF}{}", "// c",
            String(repeating: "[", count: 65) + String(repeating: "]", count: 65),
        ]
        for text in wrong { #expect(parse(text) == nil, "\(text)") }
        #expect(JSONValue(parsing: [0x22, 0xC3, 0x22]) == nil)
        #expect(parse(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)) != nil)
    }

    @Test("what is written is read back as the same value, and has no control character")
    func roundTrip() throws {
        var text = "\"\\/ü\u{1F600}\u{2028}\u{7F}"
        for value in UInt8(0)..<0x20 { text.unicodeScalars.append(Unicode.Scalar(value)) }
        let value = JSONValue.object([
            text: .string(text), "n": .number(0.1), "i": .integer(.min), "l": .array([.null, .bool(false)]),
        ])
        #expect(value.text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        #expect(parse(value.text) == value)
        #expect(JSONValue.array([.number(.nan), .number(-.infinity)]).text == #"["nan","-inf"]"#)
    }
}
