// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Inspection

/// The safetensors container: a length, a JSON header, then the tensors' bytes. Reading checks everything, runs nothing.
///
/// Format: 8 bytes little-endian header length; `{"name": {"dtype", "shape", "data_offsets": [begin, end]}, …,
/// "__metadata__": {string: string}}`; data, row major, little endian, without gaps or overlaps.
public struct Safetensors: Sendable {
    /// Kinds of numbers that we read.
    public enum Kind: String, Codable, Sendable {
        /// IEEE 754 single.
        case f32 = "F32"
        /// IEEE 754 half.
        case f16 = "F16"
        /// The upper half of an IEEE 754 single.
        case bf16 = "BF16"
        /// Signed bytes.
        case i8 = "I8"
        /// Signed 32-bit.
        case i32 = "I32"
        /// Signed 64-bit.
        case i64 = "I64"

        /// Bytes of one number.
        public var width: Int {
            switch self {
            case .i8: 1
            case .f16, .bf16: 2
            case .f32, .i32: 4
            case .i64: 8
            }
        }
    }

    struct Entry: Codable {
        var dtype: String
        var shape: [Int]
        var data_offsets: [Int]
    }

    /// Text values by key.
    public var metadata: [String: String] = [:]
    /// float32 tensors by name (half and brain precision widened).
    public var tensors: Weights = [:]
    /// Signed bytes and 32-bit numbers by name; a name is never in `tensors` too.
    public var integers: [String: IntegerTensor] = [:]

    /// A container to be filled and written.
    public init(tensors: Weights = [:], integers: [String: IntegerTensor] = [:], metadata: [String: String] = [:]) {
        self.tensors = tensors
        self.integers = integers
        self.metadata = metadata
    }

    /// Reads and checks a file.
    ///
    /// - Throws: `RecipeError` that names file, tensor, what was expected and found.
    public static func read(_ path: String) throws(RecipeError) -> Safetensors {
        try parse(try SafeFile.read(path), name: path)
    }

    /// Checks and decodes a file's bytes; `name` is for errors.
    public static func parse(_ bytes: [UInt8], name: String) throws(RecipeError) -> Safetensors {
        guard bytes.count >= 8 else {
            throw damaged(name, "at least 8 bytes", "\(bytes.count)")
        }
        let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
        guard length >= 2, length <= UInt64(bytes.count - 8), length <= 100_000_000 else {
            throw damaged(name, "a header length within the file's \(bytes.count) bytes", "\(length)")
        }
        let start = 8 + Int(length)
        let (entries, metadata) = try header(Array(bytes[8..<start]), name: name)
        var result = Safetensors(metadata: metadata)
        var end = 0
        // An empty tensor shares its place with the next one and comes before it.
        for (tensor, entry) in entries.sorted(by: {
            $0.value.data_offsets.lexicographicallyPrecedes($1.value.data_offsets)
        }) {
            let (kind, count) = try check(entry, tensor: tensor, name: name)
            guard entry.data_offsets[0] == end, entry.data_offsets[1] <= bytes.count - start else {
                throw damaged(
                    "\(name): \(tensor)",
                    "bytes from \(end), without gap or overlap, inside the file's \(bytes.count - start)",
                    "\(entry.data_offsets)")
            }
            end = entry.data_offsets[1]
            let raw = bytes[(start + entry.data_offsets[0])..<(start + end)]
            if let values = floats(raw, kind: kind, count: count) {
                result.tensors[tensor] = WeightTensor(shape: entry.shape, values: values)
            } else if let values = integers(raw, kind: kind, count: count) {
                result.integers[tensor] = IntegerTensor(shape: entry.shape, values: values)
            }
        }
        guard end == bytes.count - start else {
            throw damaged(name, "\(end) bytes of tensors", "\(bytes.count - start)")
        }
        return result
    }

    /// The file's bytes: tensors in the order of their names, so that equal content gives equal bytes.
    ///
    /// - Parameter floats: `f32`, or `f16` to round the floats to half precision.
    /// - Precondition: no name stands for floats and integers.
    public func encoded(floats: Kind = .f32) -> [UInt8] {
        precondition(floats == .f32 || floats == .f16, "a kind of floats that is written")
        precondition(tensors.keys.allSatisfy { integers[$0] == nil }, "one tensor of each name")
        var entries: [String: Entry] = [:]
        var data: [UInt8] = []
        for name in (Array(tensors.keys) + Array(integers.keys)).sorted() {
            let begin = data.count
            if let tensor = tensors[name] {
                if floats == .f16 {
                    tensor.values.map { Float16($0) }.withUnsafeBytes { data.append(contentsOf: $0) }
                } else {
                    tensor.values.withUnsafeBytes { data.append(contentsOf: $0) }
                }
                entries[name] = Entry(dtype: floats.rawValue, shape: tensor.shape, data_offsets: [begin, data.count])
            } else if let tensor = integers[name] {
                switch tensor.values {
                case .bytes(let values): values.withUnsafeBytes { data.append(contentsOf: $0) }
                case .words(let values): values.withUnsafeBytes { data.append(contentsOf: $0) }
                }
                entries[name] = Entry(
                    dtype: tensor.kind.rawValue, shape: tensor.shape, data_offsets: [begin, data.count])
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var header = "{\"__metadata__\":" + Self.json(metadata, encoder)
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            header += "," + Self.json(name, encoder) + ":" + Self.json(entry, encoder)
        }
        header += "}"
        while header.utf8.count % 8 != 0 { header += " " }
        let length = UInt64(header.utf8.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(8 * $0)) } + Array(header.utf8) + data
    }

    /// Writes the file so that it is whole or absent.
    public func write(to path: String) throws(RecipeError) { try SafeFile.write(encoded(), to: path) }

    private static func json<T: Encodable>(_ value: T, _ encoder: JSONEncoder) -> String {
        // Strings, integers and arrays of them always encode.
        (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private static func header(
        _ bytes: [UInt8], name: String
    ) throws(RecipeError) -> (entries: [String: Entry], metadata: [String: String]) {
        struct Key: CodingKey {
            let stringValue: String
            init?(stringValue: String) { self.stringValue = stringValue }
            var intValue: Int? { nil }
            init?(intValue: Int) { nil }
        }
        struct Header: Decodable {
            var entries: [String: Entry] = [:]
            var metadata: [String: String] = [:]
            var hasMetadata = false
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Key.self)
                for key in container.allKeys {
                    if key.stringValue == "__metadata__" {
                        metadata = try container.decode([String: String].self, forKey: key)
                        hasMetadata = true
                    } else {
                        entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
                    }
                }
            }
        }
        do {
            let header = try JSONDecoder().decode(Header.self, from: Data(bytes))
            // JSON leaves open which of two equal keys counts; the text must not say more than was read from it.
            let metadata = header.metadata
            let outer = header.entries.count + (header.hasMetadata ? 1 : 0)
            guard keys(bytes) == [outer, 3 * header.entries.count + metadata.count] else {
                throw damaged(name, "every key once in the header, and none that is not known", "more keys")
            }
            for (tensor, entry) in header.entries where entry.data_offsets.count != 2 {
                throw damaged("\(name): \(tensor)", "two data offsets", "\(entry.data_offsets.count)")
            }
            return (header.entries, metadata)
        } catch let error as RecipeError {
            throw error
        } catch {
            throw damaged(name, "a JSON header of tensors", "something else")
        }
    }

    /// The number of keys at each depth of well-formed JSON, two depths or more.
    private static func keys(_ json: [UInt8]) -> [Int] {
        var counts = [0, 0]
        var depth = 0
        var quoted = false
        var escaped = false
        for byte in json {
            if quoted {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    quoted = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): quoted = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ":"):
                while counts.count < depth { counts.append(0) }
                if depth > 0 { counts[depth - 1] += 1 }
            default: break
            }
        }
        return counts
    }

    private static func check(_ entry: Entry, tensor: String, name: String) throws(RecipeError) -> (Kind, Int) {
        guard let kind = Kind(rawValue: entry.dtype) else {
            throw damaged("\(name): \(tensor)", "F32, F16, BF16, I8, I32 or I64", entry.dtype)
        }
        var count = 1
        for extent in entry.shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow, product <= 1 << 32 else {
                throw damaged("\(name): \(tensor)", "a sensible shape", "\(entry.shape)")
            }
            count = product
        }
        let (begin, end) = (entry.data_offsets[0], entry.data_offsets[1])
        guard begin >= 0, end >= begin, entry.shape.count <= 8, end - begin == count * kind.width else {
            throw damaged(
                "\(name): \(tensor)", "\(count * kind.width) bytes for \(entry.shape) of \(entry.dtype)",
                "offsets \(entry.data_offsets)")
        }
        return (kind, count)
    }

    private static func floats(_ raw: ArraySlice<UInt8>, kind: Kind, count: Int) -> [Float]? {
        raw.withUnsafeBytes { bytes in
            switch kind {
            case .f32:
                (0..<count).map { Float(bitPattern: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }
            case .f16:
                (0..<count).map {
                    Float(Float16(bitPattern: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)))
                }
            case .bf16:
                (0..<count).map {
                    Float(bitPattern: UInt32(bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) << 16)
                }
            case .i8, .i32, .i64: nil
            }
        }
    }

    private static func integers(_ raw: ArraySlice<UInt8>, kind: Kind, count: Int) -> IntegerTensor.Values? {
        raw.withUnsafeBytes { bytes in
            switch kind {
            case .i8: .bytes((0..<count).map { bytes.loadUnaligned(fromByteOffset: $0, as: Int8.self) })
            case .i32: .words((0..<count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) })
            case .f32, .f16, .bf16, .i64: nil
            }
        }
    }

    private static func damaged(_ thing: String, _ expected: String, _ found: String) -> RecipeError {
        RecipeError(
            .badFile, thing, expected: expected, found: found,
            hint: "the safetensors file is damaged or not one: copy or train it again")
    }
}
