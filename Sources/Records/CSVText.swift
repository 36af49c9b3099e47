// SPDX-License-Identifier: Apache-2.0

/// Fields as CSV writes them (RFC 4180).
enum CSVText {
    /// Fields with commas between them; nil is empty. A field that a spreadsheet would take for a formula is quoted text to it.
    static func line(_ fields: [String?]) -> String { fields.map { field($0 ?? "") }.joined(separator: ",") }

    /// The shortest decimal, `nan`, `inf` or `-inf`.
    static func number(_ value: Float?) -> String? { value.map { EventLine.nonFinite($0) ?? $0.description } }

    private static func field(_ text: String) -> String {
        // A name that begins like a formula is no number; a leading apostrophe is what spreadsheets take for text.
        let isFormula = "=+-@\t\r".contains(text.first ?? " ") && Double(text) == nil
        let plain = isFormula ? "'" + text : text
        guard plain.utf8.contains(where: { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }) else { return plain }
        return "\"" + plain.replacing("\"", with: "\"\"") + "\""
    }
}
