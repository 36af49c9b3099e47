// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// Times of a report: UTC, as people read them.
enum ReportTime {
    /// The day that a moment lies in, counted from 1970.
    static func day(_ nanoseconds: UInt64) -> Int { Int(nanoseconds / 86_400_000_000_000) }

    /// `2026-11-21` of a day.
    static func date(ofDay day: Int) -> String { String(full(UInt64(max(0, day)) * 86_400_000_000_000).prefix(10)) }

    /// `2026-11-21 03:12`.
    static func minute(_ nanoseconds: UInt64) -> String {
        String(full(nanoseconds).prefix(16)).replacing("T", with: " ")
    }

    /// `2026-11-21 03:12:07`.
    static func second(_ nanoseconds: UInt64) -> String {
        String(full(nanoseconds).prefix(19)).replacing("T", with: " ")
    }

    /// `2026-11-21 03:12` of RFC 3339 text; other text as it is.
    static func minute(_ text: String) -> String {
        text.count >= 16 && text.contains("T") ? String(text.prefix(16)).replacing("T", with: " ") : text
    }

    private static func full(_ nanoseconds: UInt64) -> String {
        Date(timeIntervalSince1970: Double(nanoseconds / 1_000_000_000)).ISO8601Format()
    }
}
