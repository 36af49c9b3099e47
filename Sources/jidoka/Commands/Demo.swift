// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "From nothing to a stopped line: learn synthetic parts, calibrate, run, stop on a defect, start again.",
        discussion: """
            Uses the real daemon with its sockets and history, in a folder of its own. Exit status 0 when every defect \
            stopped the line, as many as were asked for, and no good part did.
            """)

    @Option(help: "Folder for everything that the demonstration makes.")
    var out = "demo-out"
    @Option(help: "Good parts that are learned.")
    var parts = 1000
    @Option(help: "Defects that have to stop the line.")
    var defects = 2
    @Option(help: "Passes over the train parts; 0 leaves the student untrained, and the demonstration must fail.")
    var epochs = 8
    @Option(help: "Parts per second on the line.")
    var rate = 12.0
    @Option(help: "Seed of the parts and of the training.")
    var seed: UInt64 = 1
    @Option(help: "Folder for the recipe (default: OUT/recipes).")
    var recipes: String?
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard parts >= 50, (1...20).contains(defects), (0...1000).contains(epochs), rate > 0, rate <= 1000 else {
            throw ValidationError("parts must be at least 50, defects 1 to 20, epochs 0 to 1000, rate above 0")
        }
    }

    func run() throws {
        let demonstration = Demonstration(
            folder: out, recipes: recipes, parts: parts, defects: defects, epochs: epochs, rate: rate, seed: seed,
            isQuiet: output.isJSON)
        let summary = try demonstration.run()
        if output.isJSON { try printJSON(summary) } else { print(summary.text) }
        guard summary.passed else { throw ExitCode(1) }
    }
}
