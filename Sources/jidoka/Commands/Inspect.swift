// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Inspection
import Pictures
import Recipes

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Judge pictures, and show where a defect is.",
        discussion:
            "Exit status 0: all pass; 1: at least one part would stop the line; 2: a picture could not be judged.")

    @Argument(help: "Pictures (PNG, JPEG).")
    var files: [String]
    @Option(help: "Name of the recipe.")
    var recipe: String
    @Option(help: "Write heat maps: a .png or .jpg for one picture, a folder for several.")
    var heatmap: String?
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    struct Line: Encodable {
        let file: String
        let score: Float?
        let threshold: Float
        let verdict: String
        let heatmap: String?
        let error: String?

        enum CodingKeys: CodingKey { case file, score, threshold, verdict, heatmap, error }

        /// Every key is written, null where there is no value.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(file, forKey: .file)
            try container.encode(score, forKey: .score)
            try container.encode(threshold, forKey: .threshold)
            try container.encode(verdict, forKey: .verdict)
            try container.encode(heatmap, forKey: .heatmap)
            try container.encode(error, forKey: .error)
        }
    }

    func run() throws {
        let loaded = try LoadedRecipe(try RecipeFolder(recipe, in: place.recipes))
        let inspector = try Inspector(model: loaded.model)
        let toFolder = try heatmap.map { try isFolder($0) } ?? false
        var lines: [Line] = []
        for (index, file) in files.enumerated() {
            Terminal.shared.show("\(Terminal.bar(Double(index) / Double(files.count)))  \(file)")
            lines.append(judge(file, loaded, inspector, toFolder: toFolder))
            if !output.isJSON, let line = lines.last {
                Terminal.shared.clear()
                print(
                    line.error.map { "FAULT  \($0)" }
                        ?? "\(line.verdict.uppercased())  \(file)  score \(line.score ?? .nan)  threshold \(line.threshold)"
                )
            }
        }
        Terminal.shared.clear()
        if output.isJSON { try printJSON(lines) }
        if lines.contains(where: { $0.verdict == "fault" }) { throw ExitCode(2) }
        if lines.contains(where: { $0.verdict == "stop" }) { throw ExitCode(1) }
    }

    private func judge(_ file: String, _ loaded: LoadedRecipe, _ inspector: Inspector, toFolder: Bool) -> Line {
        let bound = loaded.threshold.stop
        do throws(PictureError) {
            let bytes = try Picture.readBytes(file)
            let seen = try Picture.prepared(decoding: bytes, name: file, rule: loaded.recipe.input)
            let score = inspector.score(seen.pixels)
            let outcome = loaded.threshold.judge(score)
            var written: String?
            if let heatmap {
                let path =
                    toFolder ? "\(heatmap)/\(file.replacing("/", with: "_").trimmed(of: "._"))-heatmap.png" : heatmap
                let map = HeatMap(
                    values: inspector.mapper.values, width: inspector.mapper.size, height: inspector.mapper.size,
                    threshold: loaded.calibration.thresholds.pixel)
                let caption = [
                    "\(outcome.rawValue.uppercased())  \(file.split(separator: "/").last ?? "")",
                    "score \(TrainingDisplay.rounded(score, 3))  threshold \(TrainingDisplay.rounded(bound, 3))  recipe \(loaded.recipe.name)",
                ]
                let original = try Picture.decode(bytes, name: file)
                try map.panel(original: original, seenBy: loaded.recipe.input, caption: caption).write(to: path)
                written = path
            }
            return Line(
                file: file, score: score.isFinite ? score : nil, threshold: bound, verdict: outcome.rawValue,
                heatmap: written, error: score.isFinite ? nil : "\(file): the score is not finite")
        } catch {
            return Line(file: file, score: nil, threshold: bound, verdict: "fault", heatmap: nil, error: "\(error)")
        }
    }

    /// Whether heat maps go into a folder; it is made when it isn't there.
    private func isFolder(_ path: String) throws -> Bool {
        let lower = path.lowercased()
        if [".png", ".jpg", ".jpeg"].contains(where: { lower.hasSuffix($0) }) && !Folder.exists(path) {
            guard files.count == 1 else {
                throw ValidationError(
                    "--heatmap \(path): expected a folder for \(files.count) pictures, found a file name")
            }
            return false
        }
        try SafeFile.makeFolder(path)
        return true
    }
}

extension String {
    /// Without leading characters of a set.
    fileprivate func trimmed(of characters: String) -> String { String(drop { characters.contains($0) }) }
}
