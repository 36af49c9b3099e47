// SPDX-License-Identifier: Apache-2.0

/// How the promise of a threshold stands today.
public enum PromiseState: String, Sendable, Encodable, CaseIterable {
    /// Production has enough parts and stays within the promise.
    case kept
    /// Nothing speaks against it, and production does not yet prove it.
    case open
    /// The order of the calibrate parts, or a camera that is set otherwise, speaks against what it assumes; or production is above what is kept
    /// on average, as this very calibration may be.
    case doubtful
    /// Production has more false stops than any calibration from so many parts gives with 95 %.
    case broken

    /// Judges.
    ///
    /// - Parameters:
    ///   - falseStops: of good parts in production; nil: none are known.
    ///   - isDoubted: whether something but the order speaks against the assumptions.
    init(_ certificate: Certificate, falseStops: ShareInterval?, isDoubted: Bool) {
        switch Self.breach(certificate, falseStops) {
        case .broken: self = .broken
        case .doubtful: self = .doubtful
        case .kept where isDoubted || certificate.order?.isSuspicious == true: self = .doubtful
        case .kept: self = falseStops.map { $0.high <= certificate.threshold.alpha } ?? false ? .kept : .open
        }
    }

    private static func breach(_ certificate: Certificate, _ falseStops: ShareInterval?) -> PromiseBreach {
        PromiseBreach(
            lowest: falseStops?.low ?? 0, promised: certificate.threshold.alpha, confident: certificate.confidentRate)
    }

    /// What is promised and how it stands, in one sentence.
    func sentence(_ certificate: Certificate, falseStops: ShareInterval?) -> String {
        let threshold = certificate.threshold
        let surely =
            threshold.confidence.map { "with a confidence of \(Certificate.confident($0))" }
            ?? "on average over calibrations"
        let promise =
            "At most \(Certificate.percent(threshold.alpha)) of good parts stop the line, \(surely) "
            + "(\(NumberText.grouped(threshold.count)) calibrate parts)"
        let seen =
            falseStops.map {
                "\(NumberText.grouped($0.count)) of \(NumberText.grouped($0.of)) good parts in production stopped it falsely, \($0.text)"
            }
            ?? "there is no production to hold it against"
        return switch self {
        case .kept: "\(promise), and production keeps to it: \(seen)."
        case .open where falseStops == nil: "\(promise); \(seen)."
        case .open: "\(promise); production is in accord with it and does not yet prove it: \(seen)."
        case .doubtful where Self.breach(certificate, falseStops) == .doubtful:
            "\(promise); production is above that, and still within what \(threshold.count) calibrate parts may give: \(seen)."
        case .doubtful:
            "\(promise), on assumptions that something speaks against: see the certificate; \(seen)."
        case .broken: "\(promise), and production does not keep to it: \(seen)."
        }
    }
}
