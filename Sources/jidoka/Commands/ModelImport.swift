// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Daemon
import Digests
import Inspection
import Recipes

struct ModelImport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Make a teacher of ResNet-18 weights that were downloaded.",
        discussion: """
            Takes .safetensors (torchvision's or timm's names, batch norm separate or folded, float32, float16 or \
            bfloat16) and PyTorch's .pth, of which nothing is run. Keeps conv1 and layer1 to layer3. torchvision's weights: \
            \(TeacherImport.download), sha256 \(TeacherImport.knownFiles[0].digest).
            """)

    @Argument(help: "The file with the weights.")
    var file: String
    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("Write NAME.safetensors here (default: resnet18-teacher).", valueName: "name"))
    var name: String?
    @Option(help: ArgumentHelp("Write this file instead.", valueName: "file"))
    var out: String?
    @Flag(help: "Write float16: half the size, weights rounded.")
    var half = false
    @Option(help: "Refuse a file whose sha256 is another one.")
    var sha256: String?
    @Flag(help: "Replace a file that is there.")
    var force = false
    @OptionGroup var output: JSONOption

    /// What was made of the file.
    struct Summary: Encodable {
        let file: String
        let sha256: String
        let format: String
        let known: String?
        let weights: TeacherSelfTest.Verdict
        let difference: String?
        let prefix: String
        let dropped: [String]
        let unexpected: [String]
        let statistics: [String: TeacherSelfTest.Statistics]
        let teacher: String
        let teacherSHA256: String
        let bytes: Int
        let next: String

        enum CodingKeys: String, CodingKey {
            case file, sha256, format, known, weights, difference, prefix, dropped, unexpected, statistics, teacher,
                bytes, next
            case teacherSHA256 = "teacher_sha256"
        }
    }

    func validate() throws {
        guard name == nil || out == nil else { throw ValidationError("give --as or --out, not both") }
        if let name, name.isEmpty || name.contains("/") || name.hasPrefix(".") {
            throw ValidationError("'\(name)' is no name: give --out for a path")
        }
        if let sha256, sha256.utf8.count != 64 || !sha256.allSatisfy(\.isHexDigit) {
            throw ValidationError("--sha256 takes 64 hexadecimal digits")
        }
    }

    func run() throws {
        let path = out ?? (name ?? "resnet18-teacher") + ".safetensors"
        guard force || !SafeFile.exists(path) else {
            throw ValidationError("\(path) is there already: give --force to replace it, or another name with --as")
        }
        let teacher = try TeacherImport.read(file, digest: sha256)
        let bytes = teacher.encoded(
            half: half, origin: file.split(separator: "/").last.map(String.init) ?? file, tool: DaemonVersion.tool)
        // What training will do with it has to work before it is called a success.
        _ = try ModelFile.teacher(bytes, name: path, levels: Level.allCases)
        try SafeFile.write(bytes, to: path)
        let isUnknown = teacher.known == nil && teacher.selfTest.verdict == .unknown
        let summary = Summary(
            file: file, sha256: teacher.digest, format: teacher.format, known: teacher.known?.weights,
            weights: teacher.selfTest.verdict, difference: isUnknown ? teacher.selfTest.difference : nil,
            prefix: teacher.prefix, dropped: teacher.dropped, unexpected: teacher.unexpected,
            statistics: .init(
                uniqueKeysWithValues: teacher.selfTest.levels.map { ($0.level.rawValue, $0.statistics) }),
            teacher: path, teacherSHA256: Digest.sha256(bytes), bytes: bytes.count,
            next: "jidoka train NAME --data PICTURES --teacher \(path)")
        if output.isJSON { return try printJSON(summary) }
        print(summary.text)
    }
}

extension ModelImport.Summary {
    /// For people; what looks wrong stands where it can't be overlooked, before the next command.
    var text: String {
        var lines = [
            "read         \(file): \(format)", "sha256       \(sha256)",
            "             \(known.map { "the published file of \($0)" } ?? "not one of the published files that are known here")",
            "self-test    \(known ?? weights.rawValue)",
            "written      \(teacher): \(bytes) bytes, sha256 \(teacherSHA256)",
        ]
        if !dropped.isEmpty {
            let groups = Set(dropped.map { RecipeError.oneLine(group($0), 80) }).sorted().joined(separator: ", ")
            lines.insert("left out     \(dropped.count) tensors that a teacher doesn't need: \(groups)", at: 4)
        }
        if !prefix.isEmpty {
            lines.insert("names        without the prefix '\(RecipeError.oneLine(prefix, 80))'", at: 4)
        }
        if !unexpected.isEmpty {
            lines.append(
                "warning      \(unexpected.count) tensors that ResNet-18 doesn't have were left out: "
                    + unexpected.prefix(5).map { RecipeError.oneLine($0, 80) }.joined(separator: ", ")
                    + (unexpected.count > 5 ? ", ..." : ""))
        }
        if let difference {
            lines.append("warning      unknown weights, alive but not ImageNet's IMAGENET1K_V1: \(difference).")
            lines.append(
                "             Right for another training recipe; if you expected torchvision's, the file is damaged.")
        }
        return lines.joined(separator: "\n") + "\nnext         \(next)"
    }

    /// `layer4.1.bn2.weight` → `layer4.*`, `layer1.0.bn1.num_batches_tracked` → `*.num_batches_tracked`.
    private func group(_ name: String) -> String {
        if name.hasSuffix(".num_batches_tracked") { return "*.num_batches_tracked" }
        return prefix + (name.dropFirst(prefix.count).split(separator: ".").first.map(String.init) ?? name) + ".*"
    }
}
