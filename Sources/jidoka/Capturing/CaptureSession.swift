// SPDX-License-Identifier: Apache-2.0

import Calibration
import Capture
import Glibc
import Inspection
import Pictures
import Recipes

/// Fills `recipes/NAME/good` with pictures that are worth learning from.
struct CaptureSession {
    let folder: RecipeFolder
    let rule: InputRule
    let supply: any PictureSupply
    /// Pictures to take; nil is as many as there are.
    let count: Int?
    private var check = AcceptanceCheck()
    private var number = 0
    private(set) var summary: CaptureSummary

    /// So many refused pictures in a row mean that something is wrong with the whole.
    private static let patience = 100

    /// Looks at the pictures that are there already.
    init(_ folder: RecipeFolder, rule: InputRule, supply: any PictureSupply, count: Int?) throws {
        self.folder = folder
        self.rule = rule
        self.supply = supply
        self.count = count
        summary = CaptureSummary(
            recipe: folder.path, source: supply.name, format: supply.negotiated?.summary, asked: count)
        try SafeFile.makeFolder(folder.good)
        let paths = Folder.pictures(folder.good)
        for part in try PreparedPart.load(paths, rule: rule) {
            let name = Self.name(of: part.path)
            check.keep(
                name, prepared: Picture(width: rule.size, height: rule.size, pixels: part.pixels),
                fingerprint: part.fingerprint)
            number = max(number, Folder.stem(name).split(separator: "-").last.flatMap { Int($0) } ?? 0)
        }
        summary.before = paths.count
    }

    /// Takes pictures until there are enough, the supply ends, or somebody presses Ctrl-C.
    mutating func run() throws {
        var inARow = 0
        while summary.taken < count ?? .max, !Interrupt.isRequested {
            show()
            let candidate: Candidate
            do throws(CaptureError) {
                guard let next = try supply.next() else { break }
                candidate = next
            } catch {
                guard let reason = Self.reason(error.code) else {
                    // What was taken is there all the same.
                    summary.failure = "\(error)"
                    break
                }
                note(error.thing, reason, "\(error.code.summary): expected \(error.expected), found \(error.found)")
                inARow += 1
                if inARow >= Self.patience { break }
                continue
            }
            let fingerprint = Fingerprint(candidate.picture)
            let name = Self.fileName(number + 1)
            if let refusal = check.judge(name, prepared: candidate.prepared, fingerprint: fingerprint) {
                note(candidate.part, refusal.reason, "\(refusal)")
                inARow += 1
                if inARow >= Self.patience { break }
                continue
            }
            inARow = 0
            number += 1
            let file = try candidate.file()
            try SafeFile.write(file.bytes, to: "\(folder.good)/\(name).\(file.suffix)")
            summary.taken += 1
            try takeBack(isLast: false)
        }
        try takeBack(isLast: true)
        summary.isInterrupted = Interrupt.isRequested
        if inARow >= Self.patience {
            summary.failure = "\(inARow) pictures in a row were refused: see why, and mend it"
        }
        summary.sharpnessMedian = check.medianSharpness
        summary.sharpnessLimit = check.sharpnessLimit
        summary.good = Folder.pictures(folder.good).count
        Terminal.shared.clear()
    }

    private mutating func takeBack(isLast: Bool) throws {
        for (name, refusal) in check.takeBack(isLast: isLast) {
            for path in Folder.pictures(folder.good) where Self.name(of: path) == name { unlink(path) }
            summary.taken -= 1
            note(name, refusal.reason, "taken back: \(refusal)")
        }
    }

    private mutating func note(_ part: String, _ reason: String, _ text: String) {
        summary.refused[reason, default: 0] += 1
        summary.refusals.append(.init(part: part, reason: reason, why: text))
        if Terminal.shared.isInteractive { Terminal.shared.say("refused  \(part): \(text)") }
    }

    private func show() {
        let refused = summary.refusals.count
        let share = count.map { Double(summary.taken) / Double($0) }
        Terminal.shared.show(
            "\(share.map { Terminal.bar($0) + "  " } ?? "")\(summary.taken) good\(count.map { " of \($0)" } ?? "")"
                + ", \(refused) refused, sharpness \(Int(check.medianSharpness)) (limit \(Int(check.sharpnessLimit)))")
    }

    /// One word for a picture that is none to learn from; nil for an error that ends the session.
    private static func reason(_ code: CaptureError.Code) -> String? {
        switch code {
        case .badPicture: "damaged"
        case .dark, .saturated, .frozen: code.rawValue
        default: nil
        }
    }

    private static func fileName(_ number: Int) -> String {
        let digits = String(number)
        return "good-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// Its own pictures go by their names without suffix.
    private static func name(of path: String) -> String {
        let stem = Folder.stem(path)
        return stem.hasPrefix("good-") ? stem : path.split(separator: "/").last.map(String.init) ?? path
    }
}

/// What a session of `jidoka capture` did.
struct CaptureSummary: Encodable {
    struct Refusal: Encodable {
        let part, reason, why: String
    }

    let recipe: String
    let source: String
    let format: String?
    let asked: Int?
    /// Pictures that were there before.
    var before = 0
    /// Pictures taken now.
    var taken = 0
    /// Pictures that are there now.
    var good = 0
    var refused: [String: Int] = [:]
    var refusals: [Refusal] = []
    var sharpnessMedian = 0.0
    var sharpnessLimit = 0.0
    var isInterrupted = false
    var failure: String?

    init(recipe: String, source: String, format: String?, asked: Int?) {
        self.recipe = recipe
        self.source = source
        self.format = format
        self.asked = asked
    }

    enum CodingKeys: String, CodingKey {
        case recipe, source, format, asked, before, taken, good, refused, refusals, failure
        case sharpnessMedian = "sharpness_median"
        case sharpnessLimit = "sharpness_limit"
        case isInterrupted = "interrupted"
    }

    /// For people; a terminal has shown the refusals already.
    func text(withRefusals: Bool) -> String {
        var lines = withRefusals ? refusals.map { "refused  \($0.part): \($0.why)" } : []
        let counts = refused.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        lines.append("\(taken) pictures taken, \(refusals.count) refused\(counts.isEmpty ? "" : " (\(counts))")")
        lines.append("\(good) pictures of good parts in \(recipe)/good\(format.map { ", camera \($0)" } ?? "")")
        return lines.joined(separator: "\n")
    }
}
