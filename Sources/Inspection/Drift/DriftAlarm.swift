// SPDX-License-Identifier: Apache-2.0

/// What a drift watch looks at.
public enum DriftQuantity: String, Sendable, CaseIterable, Codable {
    /// The anomaly score.
    case score
    /// How bright the picture is.
    case exposure
    /// How fine its structures are.
    case focus
    /// Red over green.
    case red
    /// Blue over green.
    case blue

    /// The quantity in the middle of a sentence.
    var name: String {
        switch self {
        case .score, .exposure, .focus: rawValue
        case .red: "red/green"
        case .blue: "blue/green"
        }
    }

    /// What has happened to it, for the operator.
    func happening(isRising: Bool) -> String {
        switch self {
        case .score: isRising ? "the scores rise" : "the scores fall"
        case .exposure: isRising ? "the pictures get brighter" : "the pictures get darker"
        case .focus: isRising ? "the pictures get sharper or noisier" : "the pictures get less sharp"
        case .red: isRising ? "the pictures get redder" : "the pictures get less red"
        case .blue: isRising ? "the pictures get bluer" : "the pictures get less blue"
        }
    }
}

/// Parts are not what they were at calibration: what has moved, since when and by how much.
///
/// The alarm is certain to the level of the watch. Everything else here is an estimate for the person who looks into it.
public struct DriftAlarm: Sendable, Equatable {
    /// Where to look first.
    public enum Cause: String, Sendable, Codable {
        /// The pictures themselves changed: camera, lens, lighting.
        case camera
        /// Only the scores did: the parts, and so the process that makes them.
        case process
        /// The scores did, and nothing is known of the pictures at calibration.
        case unknown
    }

    /// What has moved most clearly.
    public let quantity: DriftQuantity
    /// Whether its values rise.
    public let isRising: Bool
    /// Parts that had been watched when the alarm came, this one included.
    public let parts: Int
    /// The first of them, about, that was different, counted from 1.
    public let since: Int
    /// Median since then, of the last 100 parts at most.
    public let median: Float
    /// Median at calibration.
    public let calibrated: Float
    /// Other quantities that seem to have moved too.
    public let others: [DriftQuantity]
    /// Where to look first.
    public let cause: Cause

    /// One line for the operator, such as "the pictures get darker: exposure 96.1 where calibration had 101.3, since about
    /// part 812 of this run (camera, lighting)".
    public var text: String {
        "\(quantity.happening(isRising: isRising)): \(quantity.name) \(Self.rounded(median)) where calibration had "
            + "\(Self.rounded(calibrated)), since about part \(since) of this run (\(hint))"
    }

    private var hint: String {
        switch cause {
        case .unknown:
            return "camera or process: this calibration knows no picture statistics, 'jidoka calibrate' adds them"
        case .process: return "the process: exposure, focus and colour are as they were"
        case .camera: break
        }
        let also = others.filter { $0 != quantity }.map(\.name).joined(separator: ", ")
        let more = also.isEmpty ? "" : "; \(also) moved too"
        switch quantity {
        case .score: return "camera, lens or lighting: \(also) moved too"
        case .exposure: return "camera, lighting" + more
        case .focus: return "camera: focus, dirt on the lens, vibration" + more
        case .red, .blue: return "camera, lighting, colour of the parts" + more
        }
    }

    /// Four significant digits, without an exponent where that is readable.
    static func rounded(_ value: Float) -> String {
        guard value.isFinite, value != 0 else { return "\(value)" }
        var scale = 1.0
        let magnitude = Double(value.magnitude)
        while magnitude * scale < 1_000, scale < 1e9 { scale *= 10 }
        return "\(Float((Double(value) * scale).rounded() / scale))"
    }
}
