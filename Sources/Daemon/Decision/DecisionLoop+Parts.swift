// SPDX-License-Identifier: Apache-2.0

import Line
import Records

/// Every part, as a row for those who ask later; nothing here waits for the disk.
extension DecisionLoop {
    /// A part that was judged.
    ///
    /// - Parameter latency: milliseconds from picture ready to verdict.
    func record(_ verdict: Verdict, latency: Double?) {
        guard let parts else { return }
        parts.offer(
            PartRow(
                time: UTCTime.now, part: verdict.part, score: verdict.score, verdict: .of(verdict),
                state: machine.state, milliseconds: latency.map { Float($0) }, basis: basis))
    }

    /// Parts that went past without a verdict, told to the machine and recorded.
    func unjudged(_ count: Int) {
        handle(.partsUnjudged(count))
        // A number beyond all reason is a counter that ran wild, not parts.
        parts?.offer(Array(repeating: unjudgedRow(nil), count: max(0, min(count, 10_000))))
    }

    /// One part that could not be judged.
    func recordUnjudged(_ part: String?) { parts?.offer(unjudgedRow(part)) }

    private func unjudgedRow(_ part: String?) -> PartRow {
        PartRow(time: UTCTime.now, part: part, verdict: .unjudged, state: machine.state, basis: basis)
    }

    private var basis: PartRow.Basis {
        PartRow.Basis(
            recipe: loaded?.recipe.name, model: loaded?.digest, threshold: threshold?.stop, warn: threshold?.warn)
    }
}

extension PartRow.Verdict {
    /// What a part's row says of a verdict.
    static func of(_ verdict: Verdict) -> Self {
        if verdict.isLate { return .late }
        return switch verdict.outcome {
        case .good: .good
        case .suspicious: .suspicious
        case .bad: .bad
        case .invalid: .invalid
        }
    }
}
