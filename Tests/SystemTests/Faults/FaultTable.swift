// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The rows that `Tests/faults/table.py` prints, one JSON object a line, in the file that `JIDOKA_FAULT_TABLE` names.
enum FaultTable {
    /// Appends a row; without a file it is only printed.
    static func append(
        _ fault: String, injected: Int, outcomes: [String: Int], worst: Double?, limit: Double, lost: Int,
        doubled: Int, isFailed: Bool = false
    ) throws {
        let outcome = outcomes.sorted { $0.key < $1.key }
            .map { $0.value == 0 ? $0.key : "\($0.key) \($0.value)×" }
            .joined(separator: ", ")
        let time = worst.map { String(($0 * 10).rounded() / 10) } ?? "null"
        let row =
            "{\"fault\":\"\(fault)\",\"injected\":\(injected),\"outcome\":\"\(outcome)\",\"worst_ms\":\(time),"
            + "\"limit\":\(limit),\"lost\":\(lost),\"doubled\":\(doubled),\"failed\":\(isFailed)}"
        print("fault: \(row)")
        guard let path = Programs.environment("JIDOKA_FAULT_TABLE") else { return }
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw SystemFailure("open \(path)") }
        defer { close(file) }
        let bytes = Array((row + "\n").utf8)
        guard write(file, bytes, bytes.count) == bytes.count else { throw SystemFailure("write \(path)") }
    }

    /// A fault that can't be injected here; it is in the table with the reason.
    static func skip(_ fault: String, _ reason: String) throws {
        try append(fault, injected: 0, outcomes: ["skipped: \(reason)": 0], worst: nil, limit: 0, lost: 0, doubled: 0)
    }
}
