// SPDX-License-Identifier: Apache-2.0

/// Numbers as people read them, the same on every machine.
public enum NumberText {
    /// With a fixed number of places after the point, `0.870`; halves are rounded away from zero.
    public static func fixed(_ value: Double, _ places: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        let scale = (0..<places).reduce(1.0) { result, _ in result * 10 }
        // What no whole number of steps can say is written as it is.
        guard abs(value) * scale < 1e18 else { return "\(value)" }
        let all = Int((abs(value) * scale).rounded())
        let sign = value < 0 && all > 0 ? "-" : ""
        guard places > 0 else { return "\(sign)\(all)" }
        let rest = String(all % Int(scale))
        return "\(sign)\(all / Int(scale))." + String(repeating: "0", count: places - rest.count) + rest
    }

    /// With three significant digits, `0.0123`, `4.70`, `209`.
    public static func significant(_ value: Double) -> String {
        var places = 2
        var limit = 10.0
        while abs(value) >= limit, places > 0 {
            places -= 1
            limit *= 10
        }
        limit = 1
        while abs(value) < limit, value != 0, places < 8 {
            places += 1
            limit /= 10
        }
        return fixed(value, places)
    }

    /// With as many places as it needs, at most `places`: `2.5`, `10`.
    static func short(_ value: Double, _ places: Int = 2) -> String {
        var text = fixed(value, places)
        guard text.contains(".") else { return text }
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }
}
