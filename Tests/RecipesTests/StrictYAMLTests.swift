// SPDX-License-Identifier: Apache-2.0

import Glibc
import Recipes
import Testing

@Suite struct StrictYAMLTests {
    private func failure(_ text: String) -> RecipeError? {
        do throws(RecipeError) {
            _ = try StrictYAML.parse(text, file: "t.yaml")
            return nil
        } catch {
            return error
        }
    }

    @Test("what YAML allows and a configuration never needs is refused with its line")
    func forbidden() {
        let cases: [(text: String, code: RecipeError.Code, line: Int)] = [
            ("", .empty, 0), ("# only a comment\n\n", .empty, 0), ("---\n", .empty, 0), ("~", .empty, 0),
            ("just words\n", .wrongType, 1), ("- a\n- b\n", .wrongType, 1), ("42", .wrongType, 1),
            ("a: 1\nb: 2\na: 3\n", .duplicateKey, 3), ("a:\n  x: 1\n  y: 2\n  x: 3\n", .duplicateKey, 4),
            ("a: 1\n# a: 2\n\n\"a\": 3\n", .duplicateKey, 4), ("{a: 1, a: 2}", .duplicateKey, 1),
            ("a:\n  - x: 1\n    x: 2\n", .duplicateKey, 3),
            ("a: 1\n\tb: 2\n", .syntax, 2), ("a:\n  \t- b\n", .syntax, 2),
            ("a: 1\nb: [1, 2\n", .syntax, 3), ("a: 1\n b: 2\n", .syntax, 2), ("a: \"open\nb: 1\n", .syntax, 3),
            ("a: 1\n---\na: 2\n", .forbidden, 2), ("a: &x 1\nb: 2\n", .forbidden, 1),
            ("a: 1\nb: *x\n", .forbidden, 2), ("a: 1\nb: !!str 5\n", .forbidden, 2),
            ("a: 1\nb: !thing 5\n", .forbidden, 2), ("%YAML 1.1\n---\na: 1\n", .forbidden, 1),
            ("a: 1\nb: \u{7}\n", .notText, 2), ("a: 1\u{2028}b: 2\n", .notText, 1), ("a: \0\n", .notText, 1),
            ("? [a, b]\n: 1\n", .wrongType, 1), (": 1\n", .syntax, 1), ("{: 1}\n", .syntax, 1),
            ("\"\": 1\n", .wrongType, 1),
        ]
        for (text, code, line) in cases {
            let error = failure(text)
            #expect(
                error?.code == code && error?.line == line, "\(text.debugDescription): \(String(describing: error))")
            let place = line > 0 ? "t.yaml:\(line): " : "t.yaml: "
            #expect(error?.description.hasPrefix(place) == true)
        }
    }

    @Test("signs inside words, quotes and comments are no anchors, tags or tabs")
    func allowed() throws {
        let text = """
            # comment with &anchor, !tag and *alias
            a: R&D   # &x
            b: "stop!"
            c: /srv/a&b!c\t
            d: 'x: [y'
            e: 5 & 6

            """
        let mapping = try StrictYAML.parse(text, file: "t")
        #expect(try mapping.required("a", as: String.self) == "R&D")
        #expect(try mapping.required("b", as: String.self) == "stop!")
        #expect(try mapping.required("c", as: String.self) == "/srv/a&b!c")
        #expect(try mapping.required("d", as: String.self) == "x: [y")
        #expect(try mapping.required("e", as: String.self) == "5 & 6")
        try mapping.finish()
        let marked = try StrictYAML.parse("\u{FEFF}a: 1\r\nb: 2\r\n", file: "t")
        #expect(try marked.required("a", as: Int.self) == 1)
        #expect(try marked.required("b", as: Int.self) == 2)
    }

    @Test("bytes that are not UTF-8 are refused with their line")
    func encoding() {
        do throws(RecipeError) {
            _ = try StrictYAML.parse(bytes: Array("a: 1\nb: ".utf8) + [0xFF, 0x0A], file: "t.yaml")
            Issue.record("bytes that are not UTF-8 were read")
        } catch {
            #expect(error.code == .notText && error.line == 2)
        }
    }

    @Test("text that is too large, nested too deeply or full of anchors is refused, not expanded")
    func bombs() {
        #expect(failure("a: " + String(repeating: "x", count: StrictYAML.largest))?.code == .tooLarge)
        for unit in ["[", "{a: ", "- ", "? ", "-\t", ": "] {
            for count in [17, 64, 999, 5000, 60_000] {
                let error = failure(String(repeating: unit, count: count))
                #expect(error != nil, "\(unit) \(count)")
                #expect(failure("a: " + String(repeating: unit, count: count)) != nil, "a: \(unit) \(count)")
                #expect(failure("a:\n " + String(repeating: unit, count: count) + "\n") != nil, "\(unit) \(count)")
            }
        }
        let closed = "a: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        #expect(failure(closed)?.code == .forbidden)
        var indented = ""
        for level in 0..<300 { indented += String(repeating: " ", count: level) + "a:\n" }
        #expect(failure(indented)?.code == .forbidden)
        #expect(failure(String(repeating: "- - - -\n", count: 8000)) != nil)
        var laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n"
        for (name, before) in zip("bcdefghi", "abcdefgh") {
            laughs += "\(name): &\(name) [" + Array(repeating: "*\(before)", count: 9).joined(separator: ", ") + "]\n"
        }
        let laugh = failure(laughs)
        #expect(laugh?.code == .forbidden && laugh?.line == 1)
        #expect(failure("a: [1,&a [1]]\n")?.code == .forbidden)
        #expect(failure("{\"a\":&a [1]}\n")?.code == .forbidden)
        // What looks like a comment may be the inside of a quoted text, and the anchor behind it a real one.
        #expect(failure("a: [\"x\n # y\", &a [1]]\n")?.code == .forbidden)
        #expect(failure("a: [\"x\n#\", &a [1]]\n")?.code == .forbidden)
    }

    @Test("a missing file, a folder and a huge file are refused with their path")
    func files() {
        func code(_ path: String) -> RecipeError.Code? {
            do throws(RecipeError) {
                _ = try StrictYAML.read(path)
                return nil
            } catch {
                #expect(error.thing == path)
                return error.code
            }
        }
        #expect(code("/nonexistent/jidoka.yaml") == .unreadable)
        #expect(code("/tmp") == .unreadable)
        #expect(code("/dev/zero") == .tooLarge)
        #expect(code("/dev/null") == .empty)
    }
}
