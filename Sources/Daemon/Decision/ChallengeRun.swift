// SPDX-License-Identifier: Apache-2.0

import Inspection
import Recipes

/// Known parts that are shown to the inspector, one at a time, and when they are shown again.
package struct ChallengeRun {
    /// What a run has found.
    package enum Outcome: Equatable {
        /// Every picture is as it has to be.
        case passed
        /// At least one is not, in words.
        case failed(String)
        /// There is no picture.
        case nothingToShow
    }

    /// Until when there is patience to wait for a pause between two parts, `CLOCK_MONOTONIC` in nanoseconds.
    package struct Patience: Equatable {
        /// From then on it is enough that no part waits.
        package var hurry: UInt64
        /// From then on it is done.
        package var last: UInt64

        package init(hurry: UInt64, last: UInt64) { (self.hurry, self.last) = (hurry, last) }
    }

    /// What is shown.
    package private(set) var pictures: ChallengePictures
    /// Whether the line may not be started before it was passed, whatever the configuration says.
    package private(set) var isRequired: Bool
    /// When the next run begins by itself; nil: not before somebody wants it.
    package private(set) var due: UInt64?
    /// How long the present run may wait.
    package private(set) var patience = Patience(hurry: 0, last: 0)
    private var next: Int?
    private var failures: [String] = []
    private var scheduled: Patience?
    private var begun: UInt64 = 0

    /// Pictures that have not been shown.
    package init(_ pictures: ChallengePictures = ChallengePictures(folder: "")) {
        self.pictures = pictures
        isRequired = !pictures.isEmpty
    }

    /// Whether a run has begun and is not over.
    package var isRunning: Bool { next != nil }

    /// The picture that is next; nil when all were shown, or none is wanted.
    package var item: ChallengePictures.Item? {
        guard let next, next < pictures.items.count else { return nil }
        return pictures.items[next]
    }

    /// Whether it is the last one of the run.
    package var isLast: Bool { next.map { $0 == pictures.items.count - 1 } ?? false }

    /// Other pictures, of the same recipe. What was not required before does not stop a line that runs.
    package mutating func renew(_ pictures: ChallengePictures) {
        self.pictures = pictures
        isRequired = isRequired && !pictures.isEmpty
        next = nil
    }

    /// Begins a run.
    package mutating func begin(at now: UInt64) {
        (next, begun) = (0, now)
        failures = pictures.problem.map { [$0] } ?? []
        patience = Patience(hurry: now &+ 10_000_000_000, last: now &+ 60_000_000_000)
        if let scheduled {
            let isByItself = due.map { now >= $0 } ?? false
            patience = Patience(
                hurry: isByItself ? scheduled.hurry : min(patience.hurry, scheduled.hurry),
                last: isByItself ? scheduled.last : min(patience.last, scheduled.last))
        }
        due = nil
    }

    /// Takes what became of `item`.
    package mutating func take(_ result: ChallengeResult) {
        next = next.map { $0 + 1 }
        if let failure = result.failure { failures.append(failure) }
    }

    /// Ends the run.
    ///
    /// - Parameters:
    ///   - problem: what else is wrong.
    ///   - period: how long a passed run counts; the next one begins in good time before that, nil is never.
    package mutating func end(at now: UInt64, problem: String? = nil, period: UInt64?) -> Outcome {
        (next, scheduled) = (nil, nil)
        let all = failures + (problem.map { [$0] } ?? [])
        if let first = all.first {
            let others = all.count > 1 ? "; and \(all.count - 1) more" : ""
            return .failed(first + others)
        }
        if let period, !pictures.isEmpty {
            // At least four times what this run took, so that a busy line gets through in time.
            let room = min(period / 2, max(period / 10, 4 * (now >= begun ? now - begun : 0)))
            due = now &+ (period - room)
            scheduled = Patience(hurry: now &+ (period - room / 2), last: now &+ (period - room / 5))
        }
        return pictures.isEmpty ? .nothingToShow : .passed
    }
}
