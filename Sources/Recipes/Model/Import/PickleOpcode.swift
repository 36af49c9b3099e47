// SPDX-License-Identifier: Apache-2.0

/// Names of the opcodes that are refused, for errors (Python's `pickletools`).
enum PickleOpcode {
    private static let names: [UInt8: String] = [
        UInt8(ascii: "i"): "INST", UInt8(ascii: "o"): "OBJ", 0x81: "NEWOBJ", 0x92: "NEWOBJ_EX",
        0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x93: "STACK_GLOBAL", UInt8(ascii: "P"): "PERSID",
        UInt8(ascii: "0"): "POP", UInt8(ascii: "1"): "POP_MARK", UInt8(ascii: "2"): "DUP", 0x80: "PROTO", 0x95: "FRAME",
        UInt8(ascii: "I"): "INT", UInt8(ascii: "L"): "LONG", 0x8B: "LONG4", UInt8(ascii: "F"): "FLOAT",
        UInt8(ascii: "S"): "STRING", UInt8(ascii: "T"): "BINSTRING", UInt8(ascii: "U"): "SHORT_BINSTRING",
        UInt8(ascii: "V"): "UNICODE", UInt8(ascii: "B"): "BINBYTES", UInt8(ascii: "C"): "SHORT_BINBYTES",
        0x8C: "SHORT_BINUNICODE", 0x8D: "BINUNICODE8", 0x8E: "BINBYTES8", 0x96: "BYTEARRAY8", 0x8F: "EMPTY_SET",
        0x90: "ADDITEMS", 0x91: "FROZENSET", 0x94: "MEMOIZE", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
        UInt8(ascii: "p"): "PUT", UInt8(ascii: "g"): "GET", UInt8(ascii: "l"): "LIST", UInt8(ascii: "d"): "DICT",
    ]

    static func name(_ opcode: UInt8) -> String {
        "opcode \(names[opcode] ?? "0x" + String(opcode, radix: 16))"
    }
}
