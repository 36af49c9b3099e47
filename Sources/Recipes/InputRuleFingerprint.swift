// SPDX-License-Identifier: Apache-2.0

import Pictures

extension InputRule {
    /// The rule as one line of text, kept in the student's file: a student knows pictures made by this rule only.
    public var fingerprint: String {
        let place = region.map { "\($0.width)x\($0.height)+\($0.x)+\($0.y)" } ?? "all"
        return "\(size) \(resize.rawValue) \(place)"
    }
}
