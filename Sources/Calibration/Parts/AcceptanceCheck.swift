// SPDX-License-Identifier: Apache-2.0

import Pictures

/// Whether a picture is worth learning from: sharp, and not of a part that was taken already.
///
/// Both are only known by comparison, so the first nine pictures are provisional: with the tenth they are looked at again,
/// and at the end all are held against the sharpness of the whole set.
public struct AcceptanceCheck: Sendable {
    /// Why a picture is none to learn from.
    public enum Refusal: Sendable, Equatable, CustomStringConvertible {
        /// Less sharp than the others.
        case blurred(sharpness: Double, limit: Double, median: Double)
        /// Of the same part as another one.
        case duplicate(of: String, likeness: Float)

        /// One word for programs.
        public var reason: String {
            switch self {
            case .blurred: "blurred"
            case .duplicate: "duplicate"
            }
        }

        /// What is wrong, with numbers.
        public var description: String {
            func number(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
            return switch self {
            case .blurred(let sharpness, let limit, let median):
                "blurred: sharpness \(number(sharpness)), limit \(number(limit)), the others' median \(number(median))"
            case .duplicate(let other, let likeness):
                "the same part as \(other): likeness \(number(Double(likeness))), 1 is the same picture"
            }
        }
    }

    private struct Accepted {
        let name: String
        let sharpness: Double
        let fingerprint: Fingerprint
        /// Whether it may still be taken back.
        let isOurs: Bool
    }

    private var accepted: [Accepted] = []

    /// Nothing accepted yet.
    public init() {}

    /// Number of pictures accepted.
    public var count: Int { accepted.count }
    /// The middle sharpness of the accepted pictures.
    public var medianSharpness: Double { Sharpness.median(accepted.map(\.sharpness)) }
    /// The sharpness that the next picture needs.
    public var sharpnessLimit: Double { Sharpness.limit(among: accepted.map(\.sharpness)) }

    /// A picture that is there already and stays, whatever comes.
    public mutating func keep(_ name: String, prepared: Picture, fingerprint: Fingerprint) {
        accepted.append(
            Accepted(name: name, sharpness: Sharpness.of(prepared), fingerprint: fingerprint, isOurs: false))
    }

    /// Judges a picture, and counts it among the accepted ones when nothing speaks against it.
    ///
    /// - Parameters:
    ///   - prepared: network input.
    ///   - fingerprint: of the decoded picture, as dealing the parts takes it.
    /// - Returns: nil when it is accepted.
    public mutating func judge(_ name: String, prepared: Picture, fingerprint: Fingerprint) -> Refusal? {
        let one = Accepted(name: name, sharpness: Sharpness.of(prepared), fingerprint: fingerprint, isOurs: true)
        if let refusal = blur(of: one, among: accepted) ?? likeness(of: one, among: accepted) { return refusal }
        accepted.append(one)
        return nil
    }

    /// Looks again at pictures accepted earlier and takes back those that would be refused now.
    ///
    /// Call it after each accepted picture and, with `isLast`, once at the end.
    /// - Returns: the names of the pictures to be removed, and why.
    public mutating func takeBack(isLast: Bool = false) -> [(name: String, refusal: Refusal)] {
        let isTenth = accepted.count == Fingerprint.fewest
        guard isTenth || (isLast && accepted.count >= Fingerprint.fewest) else { return [] }
        var back: [(name: String, refusal: Refusal)] = []
        // The last first: of two pictures of one part the earlier one stays.
        for index in accepted.indices.reversed() where accepted[index].isOurs {
            let one = accepted[index]
            var others = accepted
            others.remove(at: index)
            guard let refusal = blur(of: one, among: others) ?? (isTenth ? likeness(of: one, among: others) : nil)
            else { continue }
            back.append((one.name, refusal))
            accepted = others
        }
        return back
    }

    private func blur(of one: Accepted, among others: [Accepted]) -> Refusal? {
        let values = others.map(\.sharpness)
        let limit = Sharpness.limit(among: values)
        return one.sharpness < limit
            ? .blurred(sharpness: one.sharpness, limit: limit, median: Sharpness.median(values)) : nil
    }

    private func likeness(of one: Accepted, among others: [Accepted]) -> Refusal? {
        guard let nearest = one.fingerprint.nearest(among: others.map(\.fingerprint)), nearest.isSamePart else {
            return nil
        }
        return .duplicate(of: others[nearest.index].name, likeness: nearest.likeness)
    }
}
