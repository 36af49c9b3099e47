// SPDX-License-Identifier: Apache-2.0

/// What became of one picture of a challenge: a known defect must be above the stop threshold, a known good part must pass.
public struct ChallengeResult: Sendable, Equatable {
    /// What the picture shows.
    public enum Expectation: String, Sendable, Codable, CaseIterable {
        /// A known defect: its score must be above the stop threshold.
        case bad
        /// A known good part: its score must be at most the stop threshold.
        case good
    }

    /// The picture's name, below `challenge/`.
    public let name: String
    /// What it shows.
    public let expected: Expectation
    /// Its score; nil when it could not be read.
    public let score: Float?
    /// What the score is held against.
    public let threshold: Float
    /// Why it could not be read; nil when it was.
    public let problem: String?

    /// A picture that was scored.
    public init(name: String, expected: Expectation, score: Float, threshold: Threshold) {
        (self.name, self.expected, self.score, problem) = (name, expected, score, nil)
        self.threshold = threshold.stop
    }

    /// A picture that could not be read.
    public init(name: String, expected: Expectation, problem: String, threshold: Threshold) {
        (self.name, self.expected, score, self.problem) = (name, expected, nil, problem)
        self.threshold = threshold.stop
    }

    /// Whether it is as it has to be; never for a picture that could not be read, or a score that is not finite.
    public var isRight: Bool { failure == nil }

    /// What is wrong, in words; nil when nothing is.
    public var failure: String? {
        guard let score else { return problem ?? "\(name) was not read" }
        guard score.isFinite else { return "\(name): the score is \(score), not a number that can be judged" }
        switch expected {
        case .bad:
            guard score <= threshold else { return nil }
            return "\(name) is a known defect and passes: score \(score), threshold \(threshold)"
        case .good:
            guard score > threshold else { return nil }
            return "\(name) is a known good part and would stop the line: score \(score), threshold \(threshold)"
        }
    }
}
