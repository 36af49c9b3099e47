// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Nanoseconds since 1970 as text and back, without a calendar of the system and without loss.
///
/// The civil date is Howard Hinnant's `civil_from_days` and `days_from_civil` (chrono-compatible low-level date
/// algorithms, 2013).
package enum UTCTime {
    private static let nanosecondsPerDay: UInt64 = 86_400_000_000_000

    /// The clock for people, now.
    package static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// `2026-11-21T03:12:00.123456789Z`; always nine digits, so that lines sort as text.
    package static func text(_ nanoseconds: UInt64) -> String {
        let days = Int(nanoseconds / nanosecondsPerDay)
        let rest = nanoseconds % nanosecondsPerDay
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let seconds = Int(rest / 1_000_000_000)
        return pad(year, 4) + "-" + pad(month, 2) + "-" + pad(day, 2) + "T" + pad(seconds / 3_600, 2) + ":"
            + pad(seconds / 60 % 60, 2) + ":" + pad(seconds % 60, 2) + "." + pad(Int(rest % 1_000_000_000), 9) + "Z"
    }

    /// What `text` wrote; `nil` for anything else.
    package static func nanoseconds(_ text: String) -> UInt64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 30 else { return nil }
        for (place, mark) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"), (19, "."), (29, "Z")] {
            guard bytes[place] == mark.utf8.first else { return nil }
        }
        func number(_ range: Range<Int>) -> Int? {
            var value = 0
            for byte in bytes[range] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            let fraction = number(20..<29), year >= 1970, (1...12).contains(month), (1...31).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let (product, overflow) = UInt64(days).multipliedReportingOverflow(by: nanosecondsPerDay)
        guard !overflow else { return nil }
        let inDay = UInt64((hour * 60 + minute) * 60 + second) * 1_000_000_000 + UInt64(fraction)
        let (sum, carried) = product.addingReportingOverflow(inDay)
        guard !carried, Self.text(sum) == text else { return nil }
        return sum
    }

    /// A time as people write it, in UTC: `2026-11-21`, `2026-11-21T03:12`, `2026-11-21T03:12:00` with up to nine digits behind a
    /// dot, a space for the `T`, a `Z` or none; `nil` for anything else.
    package static func moment(_ text: String) -> UInt64? {
        let (plain, full) = (text.replacing(" ", with: "T"), "0000-00-00T00:00:00.000000000Z")
        let head = plain.hasSuffix("Z") ? String(plain.dropLast()) : plain
        guard [10, 16, 19].contains(head.count) || (21...29).contains(head.count) else { return nil }
        return nanoseconds(head + full.dropFirst(head.count))
    }

    private static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
