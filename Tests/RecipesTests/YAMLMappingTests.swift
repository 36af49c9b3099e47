// SPDX-License-Identifier: Apache-2.0

import Recipes
import Testing

@Suite struct YAMLMappingTests {
    private enum Colour: String, CaseIterable {
        case red
        case green
        case darkBlue = "dark-blue"
    }

    private func mapping(_ text: String) throws -> YAMLMapping {
        try StrictYAML.parse(text, file: "jidoka.yaml")
    }

    private func failure(_ text: String, _ body: (YAMLMapping) throws -> Void) -> RecipeError? {
        do {
            try body(try mapping(text))
            return nil
        } catch {
            return error as? RecipeError
        }
    }

    @Test("values are read as what they are asked for")
    func values() throws {
        let root = try mapping(
            """
            text: hello world
            quoted: "42"
            block: |
              two
              lines
            whole: -7
            big: 18446744073709551615
            number: 2.5e-3
            truth: true
            colour: dark-blue
            list: [1, 2, 3]
            words:
              - a
              - "1"
            nested: {x: 1, y: 2}
            rows:
              - {n: 1}
              - n: 2
            """)
        #expect(try root.required("text", as: String.self) == "hello world")
        #expect(try root.required("quoted", as: String.self) == "42")
        #expect(try root.required("block", as: String.self) == "two\nlines\n")
        #expect(try root.required("whole", as: Int.self, in: -7...7) == -7)
        #expect(try root.required("big", as: UInt64.self) == .max)
        #expect(try root.required("number", as: Double.self) == 0.0025)
        #expect(try root.required("truth", as: Bool.self))
        #expect(try root.required("colour", oneOf: Colour.self) == .darkBlue)
        #expect(try root.requiredList("list", of: Int.self) == [1, 2, 3])
        #expect(try root.optionalList("words", of: String.self) == ["a", "1"])
        let nested = try root.requiredMapping("nested")
        #expect(try nested.required("x", as: Int.self) + nested.required("y", as: Int.self) == 3)
        try nested.finish()
        let rows = try root.optionalMappings("rows") ?? []
        #expect(rows.map(\.path) == ["rows[0]", "rows[1]"])
        #expect(try rows.map { try $0.required("n", as: Int.self) } == [1, 2])
        #expect(try root.optional("absent", as: Int.self) == nil)
        #expect(try root.optionalMapping("absent-mapping") == nil)
        try root.finish()
    }

    @Test("an unknown key is named with its line, the nearest valid key and all valid keys")
    func unknownKey() {
        let text = "recipe: a\n\n\n\n# comment\n\nthresold: 3\n"
        let error = failure(text) { root in
            _ = try root.required("recipe", as: String.self)
            _ = try root.optional("threshold", as: Int.self)
            try root.finish()
        }
        #expect(
            error?.description
                == "jidoka.yaml:7: unknown key 'thresold'; did you mean 'threshold'? (valid: recipe, threshold)")
        let far = failure(text) { root in
            _ = try root.required("recipe", as: String.self)
            try root.finish()
        }
        #expect(far?.description == "jidoka.yaml:7: unknown key 'thresold' (valid: recipe)")
        let nested = failure("a:\n  b:\n    lenght: 1\n") { root in
            let b = try root.requiredMapping("a").requiredMapping("b")
            _ = try b.optional("length", as: Int.self)
            try b.finish()
        }
        #expect(nested?.line == 3 && nested?.key == "a.b.lenght" && nested?.hint == "did you mean 'length'?")
    }

    @Test("a required key that was misspelt is reported where it stands")
    func misspelt() {
        let error = failure("a: 1\nrecpie: x\n") { _ = try $0.required("recipe", as: String.self) }
        #expect(error?.code == .unknownKey && error?.line == 2 && error?.hint == "did you mean 'recipe'?")
        let missing = failure("source:\n  path: x\n") {
            _ = try $0.requiredMapping("source").required("kind", as: String.self)
        }
        #expect(missing?.code == .missingKey && missing?.line == 1 && missing?.key == "source.kind")
        #expect(missing?.description.hasPrefix("jidoka.yaml:1: source.kind: key missing: expected a text") == true)
    }

    @Test("values of another type are refused with line, expectation and finding")
    func types() {
        let words = [
            "x", "\"1\"", "1.5", "0x10", "010", "1_000", "+-1", "99999999999999999999", "", "~", "[1]", "{a: 1}",
            "true",
            "1e3", "١",
        ]
        for word in words {
            let error = failure("a: 1\nb: \(word)\n") { _ = try $0.required("b", as: Int.self) }
            #expect(error?.code == .wrongType && error?.line == 2 && error?.key == "b", "\(word)")
            #expect(error?.expected == "a whole number")
        }
        for word in [".inf", ".nan", "nan", "inf", "1e999", "1.", ".5", "0x1p3", "01.5", "1e", "\"2\""] {
            #expect(
                failure("b: \(word)\n") { _ = try $0.required("b", as: Double.self) }?.code == .wrongType, "\(word)")
        }
        for word in ["yes", "on", "True", "1", "\"true\""] {
            #expect(failure("b: \(word)\n") { _ = try $0.required("b", as: Bool.self) }?.code == .wrongType, "\(word)")
        }
        for word in ["1", "2.5", "true", "null", "nan", "~", ""] {
            #expect(
                failure("b: \(word)\n") { _ = try $0.required("b", as: String.self) }?.code == .wrongType, "\(word)")
        }
        #expect(failure("b: -1\n") { _ = try $0.required("b", as: UInt64.self) }?.code == .wrongType)
        #expect(failure("b: \"1\"\n") { _ = try $0.required("b", as: Int.self) }?.hint == "take the quotes away")
        #expect(failure("b: 1\n") { _ = try $0.required("b", as: String.self) }?.hint == "put it in quotes")
        #expect(failure("b: 1\n") { _ = try $0.requiredMapping("b") }?.code == .wrongType)
        #expect(failure("b: 1\n") { _ = try $0.requiredList("b", of: Int.self) }?.code == .wrongType)
        let entry = failure("b:\n  - 1\n  - x\n") { _ = try $0.requiredList("b", of: Int.self) }
        #expect(entry?.line == 3 && entry?.key == "b[1]")
        let row = failure("b:\n  - n: 1\n  - 5\n") { _ = try $0.optionalMappings("b") }
        #expect(row?.line == 3 && row?.key == "b[1]")
    }

    @Test("numbers out of range and words that are no choice are refused with the range or the choices")
    func ranges() {
        let range = failure("b: 11\n") { _ = try $0.required("b", as: Int.self, in: 1...10) }
        #expect(range?.description == "jidoka.yaml:1: b: out of range: expected a whole number, 1 to 10, found 11")
        #expect(failure("b: -0.1\n") { _ = try $0.optional("b", as: Double.self, in: 0...1) }?.code == .outOfRange)
        let choice = failure("b: gren\n") { _ = try $0.required("b", oneOf: Colour.self) }
        #expect(
            choice?.description
                == "jidoka.yaml:1: b: not a choice: expected red, green, dark-blue, found 'gren' (did you mean 'green'?)"
        )
        #expect(failure("b: [red]\n") { _ = try $0.optional("b", oneOf: Colour.self) }?.code == .notAChoice)
    }

    @Test("keys of another choice are refused with the reason")
    func refused() {
        let error = failure("kind: x\npath: y\n") { try $0.refuse(["seed", "path"], with: "kind: x") }
        #expect(error?.code == .contradiction && error?.line == 2 && error?.expected == "no such key with 'kind: x'")
    }

    @Test("the spelling distance counts letters and swaps, and far words are not suggested")
    func spelling() {
        func distance(_ a: String, _ b: String) -> Int { Spelling.distance(Array(a.utf8), Array(b.utf8)) }
        #expect(distance("", "") == 0 && distance("", "abc") == 3 && distance("abc", "") == 3)
        #expect(distance("kitten", "sitting") == 3 && distance("recpie", "recipe") == 1)
        #expect(Spelling.nearest(to: "REPEATS", among: ["rate", "repeat"]) == "repeat")
        #expect(Spelling.nearest(to: "colour", among: ["rate", "repeat"]) == nil)
    }
}
