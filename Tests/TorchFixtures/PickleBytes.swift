// SPDX-License-Identifier: Apache-2.0

/// Pickle bytes opcode by opcode, as Python's `pickle` writes protocol 2; what is written need not make sense.
package struct PickleBytes {
    package private(set) var bytes: [UInt8] = [0x80, 2]
    private var memo: [String: Int] = [:]
    private var places = 0

    package init() {}

    /// Opcodes or arguments as they are.
    package mutating func raw(_ some: [UInt8]) { bytes += some }
    /// An opcode that is a letter.
    package mutating func op(_ letter: Character) { bytes += Array(String(letter).utf8) }

    /// GLOBAL, remembered; the next time from the memo.
    package mutating func global(_ module: String, _ name: String) {
        let key = "\(module) \(name)"
        if let place = memo[key] { return get(place) }
        op("c")
        bytes += Array("\(module)\n\(name)\n".utf8)
        memo[key] = put()
    }

    package mutating func text(_ text: String) {
        op("X")
        word(UInt32(text.utf8.count))
        bytes += Array(text.utf8)
    }

    /// BININT1, BININT2, BININT or LONG1, whichever is the shortest.
    package mutating func integer(_ value: Int) {
        switch value {
        case 0...255: bytes += [UInt8(ascii: "K"), UInt8(value)]
        case 256...65535: bytes += [UInt8(ascii: "M"), UInt8(value & 255), UInt8(value >> 8)]
        case Int(Int32.min)...Int(Int32.max):
            op("J")
            word(UInt32(bitPattern: Int32(value)))
        default: bytes += [0x8A, 8] + (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
    }

    package mutating func boolean(_ value: Bool) { bytes.append(value ? 0x88 : 0x89) }

    package mutating func tuple(_ values: [Int]) {
        op("(")
        for value in values { integer(value) }
        op("t")
    }

    /// BINPUT or LONG_BINPUT into the next place, which is returned.
    @discardableResult package mutating func put() -> Int {
        if places < 256 {
            bytes += [UInt8(ascii: "q"), UInt8(places)]
        } else {
            op("r")
            word(UInt32(places))
        }
        places += 1
        return places - 1
    }

    package mutating func get(_ place: Int) {
        if place < 256 {
            bytes += [UInt8(ascii: "h"), UInt8(place)]
        } else {
            op("j")
            word(UInt32(place))
        }
    }

    package mutating func orderedDictionary() {
        global("collections", "OrderedDict")
        raw([UInt8(ascii: ")"), UInt8(ascii: "R")])
    }

    /// `('storage', torch.KIND, KEY, 'cpu', COUNT)` BINPERSID; the old format adds a None.
    package mutating func storage(_ kind: String, key: String, count: Int, legacy: Bool = false) {
        op("(")
        text("storage")
        global("torch", kind)
        text(key)
        text("cpu")
        integer(count)
        if legacy { op("N") }
        op("t")
        op("Q")
    }

    /// A whole `_rebuild_tensor_v2`.
    package mutating func tensor(
        _ kind: String = "FloatStorage", key: String = "0", count: Int, offset: Int = 0, shape: [Int], strides: [Int],
        legacy: Bool = false
    ) {
        global("torch._utils", "_rebuild_tensor_v2")
        op("(")
        storage(kind, key: key, count: count, legacy: legacy)
        integer(offset)
        tuple(shape)
        tuple(strides)
        boolean(false)
        orderedDictionary()
        op("t")
        op("R")
    }

    private mutating func word(_ value: UInt32) {
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
