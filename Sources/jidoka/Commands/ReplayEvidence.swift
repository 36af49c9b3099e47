// SPDX-License-Identifier: Apache-2.0

import Calibration
import Daemon
import Digests
import Inspection
import Line
import Pictures
import Recipes
import Records

/// Parts decided again from their evidence; a recipe's copy is read once.
final class EvidenceReplay {
    /// Folder of the history and the evidence.
    let state: String
    private var copies: [String: (recipe: LoadedRecipe, inspector: Inspector)] = [:]

    init(state: String) { self.state = state }

    /// What came out.
    struct Report: Encodable {
        var evidence: String
        var part: String
        var event: String?
        var recipe: String
        var score: String
        var scoreBits: String
        var again: String
        var againBits: String
        var verdict: String
        var problems: [String] = []

        enum CodingKeys: String, CodingKey {
            case evidence, part, event, recipe, score, again, verdict, problems
            case scoreBits = "score_bits"
            case againBits = "again_bits"
        }
    }

    /// The folder of the evidence.
    func folder(of stop: String) throws -> String {
        let root = state + "/evidence"
        if let seq = Int64(stop) {
            let names = Folder.folders(root)
            if let name = names.first(where: { $0.hasPrefix(EvidenceStore.start(of: seq)) }) {
                return root + "/" + name
            }
            if let name = try announced(seq, names) { return root + "/" + name }
        } else if !stop.contains("/"), Folder.exists(root + "/" + stop) {
            return root + "/" + stop
        }
        throw RecipeError(
            .unreadable, root, expected: "evidence of \(stop)", found: "none",
            hint:
                "'jidoka events' has the numbers; evidence is kept of stops and suspicious parts, as long as there is room"
        )
    }

    /// A part that stopped the line further on was decided, and kept, when its stop was announced.
    private func announced(_ seq: Int64, _ names: [String]) throws -> String? {
        let history = state + "/history.sqlite"
        guard SafeFile.exists(history), let stop = try HistoryReader(path: history).event(seq)?.recorded.event,
            stop.kind == .stop, let part = stop.part
        else { return nil }
        let earlier = names.filter { $0.hasSuffix("-stop_pending") && $0 < EvidenceStore.start(of: seq) }
        return try earlier.last {
            try EvidenceFile.read("\(state)/evidence/\($0)/evidence.json").part == part
        }
    }

    /// Decides the part of a folder again.
    ///
    /// - Throws: what keeps it from being decided.
    func decide(_ folder: String) throws -> Report {
        let kept = try EvidenceFile.read(folder + "/evidence.json")
        let bytes = try SafeFile.read(folder + "/" + kept.picture)
        let (loaded, inspector) = try copy(of: kept)
        var problems: [String] = []
        if Digest.sha256(bytes) != kept.pictureDigest { problems.append("\(kept.picture) was changed") }
        if EvidenceCopy.digest(of: loaded) != kept.identity { problems.append("the copy of the recipe was changed") }
        let pixels = try pixels(kept, bytes, loaded)
        if Digest.sha256(pixels) != kept.inputDigest { problems.append("the picture gives another network input") }
        let score = inspector.score(pixels)
        if EvidenceFile.bits(score) != kept.scoreBits { problems.append("the score has other bits") }
        if EvidenceFile.bits(loaded.threshold.stop) != kept.thresholdBits {
            problems.append("the threshold has other bits")
        }
        if let line = kept.event { problems += try check(line, kept, score) }
        return Report(
            evidence: folder.split(separator: "/").last.map(String.init) ?? folder, part: kept.part, event: kept.event,
            recipe: kept.recipe, score: kept.score, scoreBits: kept.scoreBits, again: score.description,
            againBits: EvidenceFile.bits(score), verdict: loaded.threshold.judge(score).rawValue, problems: problems)
    }

    private func copy(of kept: EvidenceFile) throws -> (recipe: LoadedRecipe, inspector: Inspector) {
        let key = "\(kept.identity) \(kept.recipe)"
        if let known = copies[key] { return known }
        let folder = "\(state)/evidence/recipes/\(kept.identity.prefix(16))"
        let loaded = try LoadedRecipe(try RecipeFolder(kept.recipe, in: folder))
        let copy = (loaded, try Inspector(model: loaded.model))
        // A few are in use at a time; each holds its networks.
        if copies.count >= 4 { copies.removeAll() }
        copies[key] = copy
        return copy
    }

    private func pixels(_ kept: EvidenceFile, _ bytes: [UInt8], _ loaded: LoadedRecipe) throws -> [UInt8] {
        let rule = loaded.recipe.input
        if let layout = kept.layout {
            return try Picture.decode(raw: bytes, layout: layout, name: kept.picture).prepared(by: rule).pixels
        }
        // A source without bytes of its own has given the network input.
        if kept.picture == "input.png" { return try Picture.decode(bytes, name: kept.picture).pixels }
        return try Picture.prepared(decoding: bytes, name: kept.picture, rule: rule).pixels
    }

    /// The evidence against the history: the same line, in the same place of the chain.
    private func check(_ line: String, _ kept: EvidenceFile, _ score: Float) throws -> [String] {
        let event = try EventLine.decode(line)
        var problems: [String] = []
        if let recorded = event.event.score, recorded.isFinite, recorded != score + 0 {
            problems.append("the event has another score, \(recorded)")
        }
        guard SafeFile.exists(state + "/history.sqlite") else { return problems }
        let history = try HistoryReader(path: state + "/history.sqlite")
        guard let found = try history.event(event.seq) else {
            // The evidence may be kept for longer than the event.
            if try history.isPruned(event.seq) { return problems }
            return problems + ["the history has no event \(event.seq) any more"]
        }
        if EventLine.encode(found.recorded) != line || found.hash != kept.hash {
            problems.append("event \(event.seq) in the history is another one")
        }
        return problems
    }
}
