// SPDX-License-Identifier: Apache-2.0

import Training

/// How a training looks on a terminal.
enum TrainingDisplay {
    static let reporter = RecipeTraining.Reporter(
        step: { what, done, total in
            Terminal.shared.show(
                "\(Terminal.bar(Double(done) / Double(max(1, total))))  \(what) \(done)/\(total)", isLast: done == total
            )
        },
        training: { progress in
            let done = (Double(progress.epoch) + progress.share) / Double(progress.epochs)
            let select = progress.selectLoss.map { ", select \(rounded($0, 4))" } ?? ""
            Terminal.shared.show(
                "\(Terminal.bar(done))  epoch \(progress.epoch + 1)/\(progress.epochs)  loss \(rounded(progress.loss, 4))"
                    + "\(select)  \(Int(progress.picturesPerSecond)) pictures/s  \(time(progress.secondsLeft)) left")
        },
        note: { Terminal.shared.say($0) })

    /// A number with some places after the point.
    static func rounded(_ value: Float, _ places: Int) -> String {
        var scale: Float = 1
        for _ in 0..<places { scale *= 10 }
        return "\((value * scale).rounded() / scale)"
    }

    /// `1:05` or `1:02:03`.
    static func time(_ seconds: Double) -> String {
        let all = Int(seconds.rounded(.up))
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let (hours, minutes, rest) = (all / 3600, all / 60 % 60, all % 60)
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
    }
}

/// What a training gave.
struct TrainingSummary: Encodable {
    let recipe: String
    /// nil without a student, and then not in the JSON.
    let bestEpoch: Int?
    let selectLoss: Float?
    let train: Int
    let select: Int
    let calibrate: Int
    let differentParts: Int
    let detector: String
    let engine: String
    let quantisation: RecipeQuantisation?
    let alpha: Double
    let threshold: Float
    let model: String
    let openblas: String

    enum CodingKeys: String, CodingKey {
        case recipe, train, select, calibrate, detector, engine, quantisation, alpha, threshold, model, openblas
        case bestEpoch = "best_epoch"
        case selectLoss = "select_loss"
        case differentParts = "different_parts"
    }

    var text: String {
        """
        recipe \(recipe): \(train + select + calibrate) good parts (\(differentParts) different): \(train) train, \
        \(select) select, \(calibrate) calibrate
        \(student)\(engine) model \(model.prefix(12))
        """
    }

    private var student: String {
        guard let bestEpoch, let selectLoss else { return "detector \(detector), " }
        return "best epoch \(bestEpoch), loss on the select parts \(selectLoss), "
    }
}
