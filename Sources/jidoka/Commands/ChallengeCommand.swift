// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Inspection
import Recipes

struct ChallengeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "challenge",
        abstract: "Show a recipe its known defects and known good parts, as the daemon does.",
        discussion: """
            Pictures are in RECIPES/NAME/challenge/bad (each must be above the stop threshold) and challenge/good (each must \
            pass). Exit status 0: all are right; 1: at least one is not, or there is none. The daemon shows them at every load of \
            the recipe and reads them again with 'systemctl reload jidokad'.
            """)

    @Argument(help: "Name of the recipe.")
    var name: String
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    struct Line: Encodable {
        let picture: String
        let expected: String
        let score: Float?
        let threshold: Float
        let right: Bool
        let problem: String?

        init(_ result: ChallengeResult) {
            picture = result.name
            expected = result.expected.rawValue
            score = result.score.flatMap { $0.isFinite ? $0 : nil }
            threshold = result.threshold
            right = result.isRight
            problem = result.failure
        }

        enum CodingKeys: CodingKey { case picture, expected, score, threshold, right, problem }

        /// Every key is written, null where there is no value.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(picture, forKey: .picture)
            try container.encode(expected, forKey: .expected)
            try container.encode(score, forKey: .score)
            try container.encode(threshold, forKey: .threshold)
            try container.encode(right, forKey: .right)
            try container.encode(problem, forKey: .problem)
        }
    }

    func run() throws {
        let folder = try RecipeFolder(name, in: place.recipes)
        let loaded = try LoadedRecipe(folder)
        let pictures = try ChallengePictures(folder, rule: loaded.recipe.input)
        guard !pictures.isEmpty else {
            throw RecipeError(
                .unreadable, folder.challenge, expected: "pictures in 'bad' or 'good'", found: "none",
                hint: "put pictures of known defects into \(folder.challenge)/bad")
        }
        let inspector = try Inspector(model: loaded.model)
        var results: [ChallengeResult] = []
        for (index, item) in pictures.items.enumerated() {
            Terminal.shared.show("\(Terminal.bar(Double(index) / Double(pictures.items.count)))  \(item.name)")
            results.append(item.judged(by: inspector, loaded.threshold))
        }
        Terminal.shared.clear()
        if output.isJSON { try printJSON(results.map(Line.init)) } else { Self.show(results) }
        guard results.allSatisfy(\.isRight) else { throw ExitCode(1) }
    }

    private static func show(_ results: [ChallengeResult]) {
        let width = max(7, results.map(\.name.count).max() ?? 0)
        func row(_ columns: [String]) -> String {
            zip(columns, [width, 8, 12, 12, 0]).map { text, width in
                text + String(repeating: " ", count: max(0, width - text.count))
            }.joined(separator: "  ")
        }
        print(row(["picture", "expected", "score", "threshold", "verdict"]))
        for result in results {
            let score = result.score.map { TrainingDisplay.rounded($0, 4) } ?? "-"
            let threshold = TrainingDisplay.rounded(result.threshold, 4)
            print(row([result.name, result.expected.rawValue, score, threshold, result.isRight ? "right" : "WRONG"]))
        }
        let wrong = results.compactMap(\.failure)
        for failure in wrong { print("WRONG  \(failure)") }
        print("\(results.count - wrong.count) of \(results.count) right")
        if !results.contains(where: { $0.expected == .bad }) {
            print("no known defect among them: with 'challenge_s' in the configuration the line stays blocked")
        }
    }
}
