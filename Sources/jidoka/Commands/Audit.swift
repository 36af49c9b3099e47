// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Calibration
import Inspection
import Recipes
import Training

struct Audit: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look for defects, doubles, and bad light or focus among good pictures.",
        discussion: """
            Ranks the pictures by how unlike the others they are at their strangest places, and writes contact sheets that a \
            person can look at. Nothing is taken out by itself: --exclude does that on a person's word. Training then leaves \
            the picture out; where it was to calibrate, it counts as an exceedance, so that the certificate keeps its promise.
            """)

    @Argument(help: "Folder of good parts: MVTec layout, OK/NG, or pictures only; left out with --recipe.")
    var data: String?
    @Option(help: "Name of a recipe, whose own good pictures are meant.")
    var recipe: String?
    @Option(help: "Teacher, as 'jidoka train' takes it (default: the recipe's, or the built-in one).")
    var teacher: String?
    @OptionGroup var input: InputChoices
    @Option(help: "Folder for suspicious.png and audit.json.")
    var out: String?
    @Option(help: "How many of the most suspicious pictures are shown.")
    var count = 40
    @Option(
        help: ArgumentHelp(
            "Take this picture out of the recipe's good set; may be given several times.", valueName: "file"))
    var exclude: [String] = []
    @Option(help: ArgumentHelp("Take an exclusion back; may be given several times.", valueName: "file"))
    var include: [String] = []
    @Option(help: "Who says so.")
    var by: String?
    @Option(help: "Why.")
    var reason: String?
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    private var isWord: Bool { !exclude.isEmpty || !include.isEmpty }

    func validate() throws {
        guard data != nil || recipe != nil else {
            throw ValidationError("name a folder of good parts, or a recipe with --recipe")
        }
        guard (1...10_000).contains(count) else { throw ValidationError("count must be 1 to 10000, found \(count)") }
        guard !isWord || recipe != nil else {
            throw ValidationError("--exclude and --include belong to a recipe: add --recipe NAME")
        }
        guard isWord == (by != nil), isWord == (reason != nil) else {
            throw ValidationError(
                isWord ? "whose word is it? --by PERSON --reason TEXT" : "--by and --reason belong to --exclude")
        }
    }

    func run() throws {
        if let recipe, isWord { return try word(try RecipeFolder(recipe, in: place.recipes)) }
        OpenBLASCore.reexecuteWithBestCore()
        let audit = try GoodSetAudit(try plan(), progress: TrainingDisplay.reporter.step)
        Terminal.shared.clear()
        var sheets: [String] = []
        if let out {
            try SafeFile.makeFolder(out)
            let title =
                "\(recipe ?? audit.root.split(separator: "/").last.map(String.init) ?? audit.root): "
                + "the \(min(count, audit.pictures.count)) most suspicious of \(audit.pictures.count) good pictures"
            sheets = try audit.writeSheets(count, title: title, to: out)
            try SafeFile.write(Array((try JSONText.of(audit) + "\n").utf8), to: out + "/audit.json")
        }
        if output.isJSON { return try printJSON(audit) }
        for line in AuditText(audit, count: count).lines { print(line) }
        if let first = sheets.first {
            print("look at \(first)\(sheets.count > 1 ? " and \(sheets.count - 1) more" : "")")
        }
    }

    private func plan() throws -> GoodSetAudit.Plan {
        guard let recipe else {
            let set = try DataSet(data ?? "")
            return GoodSetAudit.Plan(
                root: set.root, paths: set.good.map { String($0.dropFirst(set.root.count + 1)) },
                input: try input.rule(), teacher: try teacherBytes(nil))
        }
        let folder = try RecipeFolder(recipe, in: place.recipes)
        let pictures = try GoodPictures(folder, data: data)
        var plan = GoodSetAudit.Plan(
            root: pictures.root, paths: pictures.paths, input: try input.rule(for: folder),
            teacher: try teacherBytes(folder), list: pictures.list)
        plan.exclusions = try Exclusions.read(folder)
        return plan
    }

    private func teacherBytes(_ folder: RecipeFolder?) throws(RecipeError) -> (bytes: [UInt8], name: String) {
        let own = folder.flatMap { SafeFile.exists($0.teacher) ? $0.teacher : nil }
        guard let path = teacher ?? own else { return (ModelFile.embeddedTeacher, "built-in teacher") }
        return (try SafeFile.read(path), path)
    }

    /// Writes down what a person says of some pictures: all of them or none.
    private func word(_ folder: RecipeFolder) throws {
        let word = try Exclusions.word(by: by ?? "", reason: reason ?? "")
        let pictures = try GoodPictures(folder, data: data)
        var exclusions = try Exclusions.read(folder)
        var lines: [String] = []
        for file in exclude {
            let part = try pictures.named(file)
            try exclusions.exclude(part.path, sha256: part.sha256, word)
            lines.append("excluded: \(part.path)\(Self.consequence(pictures.list == nil ? nil : part.role))")
        }
        for file in include {
            let part = try pictures.named(file)
            try exclusions.include(part.path, sha256: part.sha256, word)
            lines.append("taken back: \(part.path)\(Self.consequence(pictures.list == nil ? nil : part.role))")
        }
        try exclusions.write(folder)
        if output.isJSON { return try printJSON(exclusions) }
        for line in lines { print(line) }
    }

    private static func consequence(_ role: PartDeal.Role?) -> String {
        switch role {
        case .calibrate: " (a calibrate part: run 'jidoka calibrate', which counts excluded parts as exceedances)"
        case .train, .select: " (a \(role?.rawValue ?? "") part: run 'jidoka train' again)"
        case nil: ""
        }
    }
}
