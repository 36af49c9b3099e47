// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Training

@Suite struct AccuracyReportTests {
    /// A finished run, as it lies on the disk.
    private func run(
        _ set: String, seed: Int, auroc: Double, detector: String = "reduced-student", width: Double = 1,
        hardest: Double = 0.1
    ) throws -> AccuracyRun {
        let text = """
            {"case": {"set": "\(set)", "data": "d", "data_sha256": "s-\(set)", "detector": "\(detector)",
              "teacher": "built-in", "teacher_path": null, "teacher_sha256": "t", "size": 256, "epochs": 100,
              "width": \(width), "hardest": \(hardest),
              "seed": \(seed), "engine": "int8", "levels": ["layer1", "layer2"]},
             "training_seconds": \(seed == 1 ? "null" : "60"), "best_epoch": 90, "train_parts": 120, "program": "p",
             "map": {"levels": ["layer3"], "weights": [1], "normalisation": "global", "smoothing": 4, "score": "maximum"},
             "hindsight": {"settings": {"levels": ["layer2"], "weights": [1], "normalisation": "none", "smoothing": 2,
              "score": "maximum"}, "image_auroc": 0.97}, "milliseconds": 1.5,
             "evaluation": {"image_auroc": \(auroc), "image_auroc_interval": [0.5, 1], "average_precision": 0.9,
              "pixel_auroc": null, "aupro_30": null, "n_regions": 0, "n_masks_lost": 0, "precision": 1, "recall": 0.5,
              "f1": 0.6, "recall_at_zero_fp": 0.25, "per_defect": {}, "latency_ms": 2, "n_good": 30, "n_defect": 60,
              "threshold": 3, "false_stop_rate": 0, "n_left_out": 0}}
            """
        return try JSONDecoder().decode(AccuracyRun.self, from: Data(text.utf8))
    }

    private func report(_ runs: [AccuracyRun]) -> AccuracyReport {
        AccuracyReport(
            runs: runs, failures: [], skipped: [], planned: runs.count, otherBuilds: 0, instructionSet: "avx2",
            core: "Haswell")
    }

    @Test("the table has mean and deviation over the seeds, and a dash where there is no figure")
    func table() throws {
        let report = report([
            try run("b|ricks", seed: 1, auroc: 0.9), try run("b|ricks", seed: 2, auroc: 0.96),
            try run("tiles", seed: 1, auroc: 0.5), try run("b|ricks", seed: 1, auroc: 0.7, detector: "stpm"),
        ])
        let tables = report.markdown.components(separatedBy: "Map settings").map { table in
            table.split(separator: "\n").filter { $0.hasPrefix("|") }
        }
        let rows = tables[0]
        #expect(rows.count == 5 && Set(rows.map(\.count)).count == 1)
        // A line for each run in the second one, with what was chosen and what would have been best.
        #expect(tables.count == 2 && tables[1].count == 6 && Set(tables[1].map(\.count)).count == 1)
        #expect(tables[1][2].contains("| layer3, global, maximum, smoothing 4") && tables[1][2].contains("| 0.970 "))
        // One data set after the other.
        #expect(rows[2].hasPrefix("| b\\|ricks | reduced-student | built-in | int8   | 256  | layer1+layer2 | 2 "))
        #expect(rows[2].contains("| 0.930 ± 0.042 |") && rows[3].contains("stpm") && rows[4].hasPrefix("| tiles"))
        #expect(rows[4].contains("| 0.500 ") && !rows[4].contains("±") && rows[4].contains("| –"))
        // Seed 1 went on after an end: its seconds are not known.
        #expect(report.groups[0].trainingSeconds?.count == 1 && report.groups[2].trainingSeconds == nil)
        #expect(!report.markdown.contains("published"))
    }

    @Test("the textures' mean is that of the five, per seed, and only where all five are there")
    func textures() throws {
        let names = ["carpet", "grid", "leather", "tile", "wood"]
        var runs: [AccuracyRun] = []
        for (index, name) in names.enumerated() {
            runs.append(try run(name, seed: 1, auroc: 0.90 + Double(index) * 0.01))
            runs.append(try run(name, seed: 2, auroc: 0.94 + Double(index) * 0.01))
        }
        let whole = report(runs).markdown
        #expect(whole.contains("| 0.940 ± 0.028 |"), "\(whole)")
        // Wood of seed 2 is missing: its seed gives no mean.
        let most = report(Array(runs.dropLast())).markdown.split(separator: "\n")
        let ours = try #require(most.first { $0.contains("(measured)") })
        #expect(ours.hasSuffix("| 0.940 | 0.920 |"), "\(ours)")
        let published = most.filter { $0.contains("(published)") }
        #expect(published.count == 7 && published.last?.contains("| –") == true)
    }

    @Test("another width or share of hardest places is another row, and says so")
    func students() throws {
        let report = report([
            try run("tiles", seed: 1, auroc: 0.9), try run("tiles", seed: 1, auroc: 0.8, width: 2),
            try run("tiles", seed: 1, auroc: 0.7, hardest: 0.01),
            try run("tiles", seed: 1, auroc: 0.6, detector: "stpm", hardest: 1),
        ])
        let rows = report.markdown.split(separator: "\n").filter { $0.contains("int8") }
        #expect(rows.count == 4 && rows[0].contains("| reduced-student ") && rows[3].contains("| stpm "))
        #expect(
            rows[1].contains("| reduced-student, width 2.0 ") && rows[2].contains("| reduced-student, hardest 0.01 "))
    }

    @Test("the JSON has every key of a group, null where there is no figure")
    func json() throws {
        let report = report([try run("tiles", seed: 1, auroc: 0.5)])
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(report.groups[0]), as: UTF8.self)
        #expect(text.contains("\"pixel_auroc\":null") && text.contains("\"training_seconds\":null"))
        #expect(text.contains("\"image_auroc\":{\"mean\":0.5,\"n\":1,\"sd\":null}"))
        let again = try JSONDecoder().decode(AccuracyRun.self, from: try encoder.encode(report.runs[0]))
        #expect(again.one == report.runs[0].one && again.evaluation.imageAUROC == 0.5)
    }
}
