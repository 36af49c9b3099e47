// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct EvaluationTests {
    private static let keys: Set<String> = [
        "image_auroc", "pixel_auroc", "precision", "recall", "f1", "recall_at_zero_fp", "per_defect", "latency_ms",
        "n_good", "n_defect", "threshold", "false_stop_rate", "n_left_out", "image_auroc_interval",
        "average_precision", "aupro_30", "n_regions", "n_masks_lost",
    ]

    /// MVTec layout: parts that the recipe passes and noise, with or without masks.
    private func dataSet(masks: Bool) throws -> TemporaryFolder {
        let fixture = try Fixture.shared()
        let folder = try TemporaryFolder("mvtec")
        for name in ["test", "ground_truth", "ground_truth/noise"] { try Files.makeFolder(folder / name) }
        try fixture.lay(Array(repeating: .good, count: 6), in: folder / "test/good")
        try Files.makeFolder(folder / "test/noise")
        for index in 0..<4 {
            try Files.write(
                PlainPNG.noise(side: 64, seed: UInt64(index) + 1), to: folder / "test/noise/\(index).png")
            if masks {
                try Files.write(PlainPNG.mask(side: 64), to: folder / "ground_truth/noise/\(index)_mask.png")
            }
        }
        return folder
    }

    private func evaluate(_ data: String, _ more: String...) throws -> Output {
        let fixture = try Fixture.shared()
        return try run(
            Programs.jidoka, ["evaluate", data, "--recipe", "tiny", "--recipes", fixture.recipes] + more)
    }

    @Test("the JSON has exactly its keys, null where there are no masks")
    func keys() throws {
        let fixture = try Fixture.shared()
        // The parts of the recipe itself prove nothing, so the good ones here are all left out.
        let data = try dataSet(masks: false)
        let result = try evaluate(data.path, "--json")
        let json = try #require(result.json)
        #expect(result.ending == .exit(0) && result.errors.isEmpty)
        #expect(json.keys == Self.keys)
        #expect(json["pixel_auroc"] == .null && json["image_auroc"] == .null && json["aupro_30"] == .null)
        #expect(json["image_auroc_interval"] == .null && json["average_precision"] == .null)
        // Without good parts there is a histogram and no curve.
        let out = data / "report"
        #expect(try evaluate(data.path, "--out", out).ending == .exit(0))
        #expect(Files.names(out) == ["histogram.svg", "results.json", "scores.csv"])
        #expect(json["n_left_out"]?.int == 6 && json["n_good"]?.int == 0 && json["n_defect"]?.int == 4)
        #expect(json["recall"]?.double == 1 && json["threshold"] == .number(fixture.threshold))
        #expect(json["per_defect"]?["noise"]?.keys.isSuperset(of: ["n", "recall"]) == true)
        #expect((json["latency_ms"]?.double ?? 0) > 0)
    }

    @Test("with parts that it has not seen and with masks everything is a number")
    func masks() throws {
        let data = try dataSet(masks: true)
        // Another demonstration's parts: never seen.
        let demo = try jidoka(
            "demo", "--out", data / "demo", "--parts", "50", "--epochs", "0", "--defects", "1", "--seed", "9",
            "--rate", "1000")
        let fresh = Files.names(data / "demo/good")
        #expect(fresh.count == 50, "\(demo)")
        for name in fresh.prefix(10) {
            try Files.copy(data / "demo/good/\(name)", to: data / "test/good/fresh-\(name)")
        }
        let json = try #require(try evaluate(data.path, "--json").json)
        #expect(json.keys == Self.keys)
        #expect(json["n_good"]?.int == 10 && json["n_left_out"]?.int == 6)
        #expect(json["image_auroc"]?.double == 1 && json["recall_at_zero_fp"]?.double == 1)
        #expect((0...1).contains(json["pixel_auroc"]?.double ?? -1))
        let rate = json["false_stop_rate"]?.double ?? -1
        #expect((0...1).contains(rate) && json["per_defect"]?["noise"]?["n"]?.int == 4)
        #expect((json["precision"]?.double ?? 0) > 0 && (json["f1"]?.double ?? 0) > 0)
        #expect((0...1).contains(json["aupro_30"]?.double ?? -1) && json["n_regions"]?.int == 4)
        #expect(json["n_masks_lost"]?.int == 0 && json["average_precision"]?.double == 1)
        #expect(json["image_auroc_interval"]?.items.last?.double == 1)
        let out = data / "report"
        let text = try evaluate(data.path, "--out", out)
        #expect(text.ending == .exit(0) && text.out.contains("image AUROC 1.0000 (95 %: ") && text.errors.isEmpty)
        #expect(text.out.contains("AUPRO(0.3)") && text.out.contains("4 regions"))
        #expect(Files.names(out) == ["histogram.svg", "pr.svg", "results.json", "roc.svg", "scores.csv"])
        #expect(JSON(parsing: Files.text(out + "/results.json") ?? "")?.keys == Self.keys)
        let scores = (Files.text(out + "/scores.csv") ?? "").split(separator: "\n")
        #expect(scores.first == "part,kind,score,verdict" && scores.count == 15)
        #expect(scores.contains { $0.hasPrefix("test/noise/0.png,noise,") && $0.hasSuffix(",stop") })
        let file = data / "a-file"
        try Files.write("text", to: file)
        let refused = try evaluate(data.path, "--out", file)
        #expect(refused.ending == .exit(1) && refused.out.isEmpty && refused.errors.contains(file))
    }

    @Test("a flat pair of folders works, and good parts only are refused")
    func pair() throws {
        let fixture = try Fixture.shared()
        let folder = try TemporaryFolder("pair")
        try fixture.lay([.good, .good], in: folder / "OK")
        try fixture.lay([.noise], in: folder / "NG")
        let json = try #require(try evaluate(folder.path, "--json").json)
        #expect(json["n_defect"]?.int == 1 && json["per_defect"]?.keys == ["NG"])
        let refused = try evaluate(fixture.goodFolder, "--json")
        #expect(refused.ending == .exit(1) && refused.out.isEmpty && refused.errors.contains(fixture.goodFolder))
    }

    @Test("bad pictures and bad masks are named, and no measure is printed")
    func badPictures() throws {
        let data = try dataSet(masks: true)
        try Files.write([], to: data / "test/noise/zero.png")
        try Files.write("text", to: data / "test/good/text.jpg")
        let output = try evaluate(data.path, "--json")
        #expect(output.ending == .exit(1) && output.out.isEmpty)
        #expect(output.errors.contains("zero.png") && output.errors.contains("text.jpg"))
        unlink(data / "test/noise/zero.png")
        unlink(data / "test/good/text.jpg")
        try Files.write("text", to: data / "ground_truth/noise/0_mask.png")
        let mask = try evaluate(data.path, "--json")
        #expect(mask.ending == .exit(1) && mask.out.isEmpty && mask.errors.contains("0_mask.png"))
    }
}
