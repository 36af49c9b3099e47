// SPDX-License-Identifier: Apache-2.0

import Recipes
import Sockets

/// The histogram of parts in a daemon's status.
struct DaemonLatency {
    private let fields: [String: JSONValue]

    /// - Throws: `RecipeError` when the status has none.
    init(_ status: [String: JSONValue]) throws(RecipeError) {
        guard case .object(let fields)? = status["latency"] else {
            throw RecipeError(
                .unreadable, "jidokad", key: "latency", expected: "its histogram in the status", found: "none",
                hint: "use the daemon of the same version")
        }
        self.fields = fields
    }

    /// `count`, or milliseconds such as `p50_ms`.
    ///
    /// - Throws: `RecipeError` when no part was judged.
    subscript(_ key: String) -> Double {
        get throws(RecipeError) {
            switch fields[key] {
            case .number(let value)?: return value
            case .integer(let value)?: return Double(value)
            default:
                throw RecipeError(
                    .unreadable, "jidokad", key: "latency.\(key)", expected: "a number", found: "nothing",
                    hint: "no part was judged")
            }
        }
    }
}
