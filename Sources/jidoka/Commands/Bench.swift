// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Training

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure this machine against its own peak.",
        subcommands: [
            BenchInfer.self, BenchStart.self, BenchLine.self, BenchSoak.self, BenchTrain.self, BenchChoices.self,
            BenchAccuracy.self, BenchAudit.self, BenchHistory.self, BenchRecords.self, BenchDrift.self,
        ])
}

struct BenchTrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Training pictures per second, and the share of the sgemm peak of the same run."
    )

    @Option(help: "Threads (default: all cores).")
    var threads: Int?
    @Option(help: "Side of the picture, a multiple of 32.")
    var size = 256
    @Option(help: "Levels, from stem,layer1,layer2,layer3.")
    var levels: LevelList?
    @Option(help: "Pictures per step.")
    var batch = 16
    @Option(help: "Timed steps.")
    var steps = 20
    @OptionGroup var output: JSONOption

    struct Report: Encodable {
        let picturesPerSecond: Double
        let picturesPerSecondMedian: Double
        let gflopPerPicture: Double
        let sgemmPeakGFLOPS: Double
        let peakShare: Double
        let openblas: String
        let threads: Int
        let size: Int
        let batch: Int
        let steps: Int
        let levels: [String]

        enum CodingKeys: String, CodingKey {
            case threads, size, batch, steps, levels, openblas
            case picturesPerSecond = "pictures_per_second"
            case picturesPerSecondMedian = "pictures_per_second_median"
            case gflopPerPicture = "gflop_per_picture"
            case sgemmPeakGFLOPS = "sgemm_peak_gflops"
            case peakShare = "peak_share"
        }
    }

    func run() throws {
        OpenBLASCore.reexecuteWithBestCore()
        let names = levels?.levels.map(\.rawValue) ?? DistillationSettings().levels.map(\.rawValue)
        let result = try TrainingBenchmark(
            threads: threads ?? Workers.threads, size: size, levels: names, batch: batch, steps: steps
        ).run()
        let report = Report(
            picturesPerSecond: result.best, picturesPerSecondMedian: result.median,
            gflopPerPicture: result.gigaflopPerPicture, sgemmPeakGFLOPS: result.peakGigaflops,
            peakShare: result.shareOfPeak, openblas: result.core, threads: result.threads, size: result.size,
            batch: result.batch, steps: result.steps, levels: result.levels)
        if output.isJSON { return try printJSON(report) }
        print(
            """
            \(TrainingDisplay.rounded(Float(result.best), 1)) pictures/s best, \
            \(TrainingDisplay.rounded(Float(result.median), 1)) median (\(size)×\(size), \(names.joined(separator: "+")), \
            batch \(batch), \(result.threads) threads)
            \(TrainingDisplay.rounded(Float(100 * result.shareOfPeak), 1)) % of the sgemm peak of this run, \
            \(TrainingDisplay.rounded(Float(result.peakGigaflops), 0)) GFLOP/s (OpenBLAS \(result.core))
            """)
    }
}
