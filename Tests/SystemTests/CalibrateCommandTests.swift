// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite struct CalibrateCommandTests {
    private func scores(_ folder: TemporaryFolder, _ text: String) throws -> String {
        let path = folder / "scores"
        try Files.write(text, to: path)
        return path
    }

    @Test("a threshold for scores from elsewhere, as lines and as a list, with and without a confidence")
    func fromScores() throws {
        let folder = try TemporaryFolder("scores")
        let text = "# of Monday\n" + (1...299).map { "\($0).5\n" }.joined()
        let sure = try jidoka(
            "calibrate", "--scores", try scores(folder, text), "--alpha", "0.01", "--confidence", "0.95", "--json")
        #expect(sure.ending == .exit(0) && sure.json?["threshold"]?.double == 299.5, "\(sure)")
        #expect(sure.json?["guarantee"]?.text == "confidence" && sure.json?["n"]?.int == 299)
        #expect(sure.json?["alpha"]?.double == 0.01 && sure.json?["confidence"]?.double == 0.95)
        let average = try jidoka(
            "calibrate", "--scores", try scores(folder, "[3, 1, 2.5]"), "--alpha", "0.25", "--json")
        #expect(average.json?["threshold"]?.double == 3 && average.json?["guarantee"]?.text == "marginal", "\(average)")
        #expect(average.json?["confidence"] == .null)
        let words = try jidoka("calibrate", "--scores", try scores(folder, text), "--rate", "30")
        #expect(words.out.contains("guaranteed:") && words.out.contains("in a shift of 14400"), "\(words)")
    }

    @Test("what the parts do not support is refused, unless somebody is named who is content with less")
    func weaker() throws {
        let folder = try TemporaryFolder("weaker")
        let path = try scores(folder, (1...50).map { "\($0)\n" }.joined())
        let refused = try jidoka("calibrate", "--scores", path, "--alpha", "0.001")
        #expect(refused.ending == .exit(1) && refused.errors.contains("999"), "\(refused)")
        let accepted = try jidoka("calibrate", "--scores", path, "--alpha", "0.001", "--accept-weaker", "Anna")
        #expect(accepted.ending == .exit(0) && accepted.out.contains("ASKED FOR: 0.1 %"), "\(accepted)")
        #expect(accepted.out.contains("accepted by Anna") && accepted.out.contains("949 and 2945 more"))
        // In a recipe it is recorded.
        let fixture = try Fixture.shared()
        let recipes = folder / "recipes"
        #expect(try run("/bin/cp", ["-r", fixture.recipes, recipes]).ending == .exit(0))
        let calibrate = ["calibrate", "tiny", "--recipes", recipes, "--data", fixture.goodFolder, "--alpha", "0.001"]
        #expect(try run(Programs.jidoka, calibrate).ending == .exit(1))
        let recorded = try run(
            Programs.jidoka, calibrate + ["--accept-weaker", "Anna", "--confidence", "0.9", "--json"])
        #expect(recorded.ending == .exit(0), "\(recorded)")
        #expect(
            recorded.json?["accepted"]?["by"]?.text == "Anna" && recorded.json?["method"]?.text == "order-statistics")
        #expect(recorded.json?["accepted"]?["alpha"]?.double == 0.001 && recorded.json?["confidence"]?.double == 0.9)
        #expect(recorded.json?["certificate"]?["n"]?.int == recorded.json?["parts"]?.int)
    }

    @Test("nonsense gets an error that names it")
    func nonsense() throws {
        let folder = try TemporaryFolder("nonsense")
        for (text, said) in [
            ("1\ntwo\n", "two"), ("[1, \"x\"]", "list of numbers"), ("", "at least one"), ("1\nnan\n", "finite"),
        ] {
            let output = try jidoka("calibrate", "--scores", try scores(folder, text))
            #expect(output.ending == .exit(1) && output.errors.contains(said), "\(text): \(output)")
        }
        #expect(try jidoka("calibrate").ending == .exit(64))
        #expect(try jidoka("calibrate", "x", "--scores", "y").ending == .exit(64))
        #expect(try jidoka("calibrate", "--scores", "y", "--accept-weaker", " ").ending == .exit(64))
        #expect(try jidoka("calibrate", "--scores", folder / "none").ending == .exit(1))
    }
}
