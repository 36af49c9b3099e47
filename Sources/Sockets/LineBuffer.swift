// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream of bytes into lines of a limited length.
///
/// A line that is too long is told once, as soon as that is known, and skipped up to its newline.
struct LineBuffer {
    enum Piece: Equatable {
        /// A line without its newline; never empty.
        case line([UInt8])
        /// A line of more than `limit` bytes began.
        case tooLong
    }

    /// Longest line in bytes, without the newline.
    let limit: Int
    private var bytes: [UInt8] = []
    private var start = 0
    /// No newline before this place.
    private var searched = 0
    private var isSkipping = false

    init(limit: Int) {
        self.limit = limit
    }

    var isEmpty: Bool { start == bytes.count }

    /// Whether a whole line waits.
    var hasLine: Bool { bytes[searched...].contains(0x0A) }

    mutating func append(_ more: some Sequence<UInt8>) {
        if start > 0 {
            bytes.removeFirst(start)
            searched -= start
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// The next whole line, if there is one; blank lines are passed over.
    mutating func next() -> Piece? {
        while true {
            guard let newline = bytes[searched...].firstIndex(of: 0x0A) else {
                searched = bytes.count
                if isSkipping {
                    start = bytes.count
                    return nil
                }
                guard bytes.count - start > limit else { return nil }
                isSkipping = true
                start = bytes.count
                return .tooLong
            }
            let line = bytes[start..<newline]
            start = newline + 1
            searched = start
            if isSkipping {
                isSkipping = false
                continue
            }
            if line.count > limit { return .tooLong }
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            return .line(Array(line))
        }
    }
}
