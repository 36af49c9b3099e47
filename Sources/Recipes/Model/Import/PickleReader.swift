// SPDX-License-Identifier: Apache-2.0

/// A pickle machine that can only build tensors, numbers, texts, tuples, lists and dictionaries.
///
/// Format: Python's `pickletools`, protocol 2, the one that `torch.save` writes. An ordinary unpickler imports and calls what
/// the file names; this one knows 31 opcodes and the 7 names of `PickleGlobal`, calls nothing, and refuses the rest by name.
struct PickleReader {
    /// Largest pickle: ResNet-18's has 14 KB, and every byte may cost some 50 bytes of memory.
    static let mostBytes = 2 << 20

    private(set) var objects = PickleObjects()
    private let bytes: [UInt8]
    private let name: String
    private(set) var position: Int
    private let limit: Int
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]

    /// A reader of the pickle that starts at `start` and ends before `limit`; `name` is for errors.
    init(_ bytes: [UInt8], from start: Int, to limit: Int, name: String) {
        self.bytes = bytes
        self.name = name
        position = start
        self.limit = min(limit, bytes.count, start + Self.mostBytes)
    }

    /// Runs to the STOP opcode; `position` is behind it afterwards.
    mutating func read() throws(RecipeError) -> PickleValue {
        guard try byte() == 0x80, try byte() == 2 else {
            throw refuse("a pickle of protocol 2", "another one", "save it again with torch.save's defaults")
        }
        while true {
            let opcode = try byte()
            if opcode == UInt8(ascii: ".") { break }
            try execute(opcode)
        }
        guard stack.count == 1, marks.isEmpty else {
            throw refuse("one value at the end", "\(stack.count) values and \(marks.count) marks")
        }
        return stack[0]
    }

    private mutating func execute(_ opcode: UInt8) throws(RecipeError) {
        switch opcode {
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.boolean(true))
        case 0x89: stack.append(.boolean(false))
        case UInt8(ascii: "K"): stack.append(.integer(Int(try byte())))
        case UInt8(ascii: "M"): stack.append(.integer(try number(2)))
        case UInt8(ascii: "J"): stack.append(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))
        case 0x8A: stack.append(.integer(try long()))
        case UInt8(ascii: "G"): stack.append(.number(try double()))
        case UInt8(ascii: "X"): stack.append(.text(try text()))
        case UInt8(ascii: ")"): stack.append(objects.make(.tuple))
        case 0x85: try makeTuple(1)
        case 0x86: try makeTuple(2)
        case 0x87: try makeTuple(3)
        case UInt8(ascii: "t"):
            let values = try popToMark()
            stack.append(objects.make(.tuple, values))
        case UInt8(ascii: "]"): stack.append(objects.make(.list))
        case UInt8(ascii: "}"): stack.append(objects.make(.dictionary))
        case UInt8(ascii: "a"): try append([try pop()])
        case UInt8(ascii: "e"): try append(try popToMark())
        case UInt8(ascii: "s"):
            let value = try pop()
            try setItems([try pop(), value])
        case UInt8(ascii: "u"): try setItems(try popToMark())
        case UInt8(ascii: "q"): try remember(at: Int(try byte()))
        case UInt8(ascii: "r"): try remember(at: try number(4))
        case UInt8(ascii: "h"): try recall(Int(try byte()))
        case UInt8(ascii: "j"): try recall(try number(4))
        case UInt8(ascii: "c"): stack.append(.global(try global()))
        case UInt8(ascii: "Q"): stack.append(try persistent(try pop()))
        case UInt8(ascii: "R"):
            let arguments = try pop()
            stack.append(try reduce(try pop(), arguments))
        case UInt8(ascii: "b"):
            let state = try pop()
            try build(state)
        default:
            throw refuse(
                "an opcode that describes tensors", "\(PickleOpcode.name(opcode))", PickleReader.harmless)
        }
    }

    // MARK: Bytes

    private mutating func byte() throws(RecipeError) -> UInt8 {
        guard position < limit else {
            throw refuse("a pickle of at most \(limit) bytes that ends with STOP", "its end")
        }
        position += 1
        return bytes[position - 1]
    }

    private mutating func take(_ count: Int) throws(RecipeError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= limit - position else {
            throw refuse("\(count) more bytes", "\(limit - position)")
        }
        position += count
        return bytes[(position - count)..<position]
    }

    /// An unsigned little-endian number of up to four bytes.
    private mutating func number(_ width: Int) throws(RecipeError) -> Int {
        try take(width).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// LONG1: two's complement of a stated length.
    private mutating func long() throws(RecipeError) -> Int {
        let length = Int(try byte())
        guard length <= 8 else { throw refuse("an integer of at most 8 bytes", "one of \(length)") }
        let raw = try take(length)
        let value = raw.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let unused = UInt64(64 - 8 * length)
        return length == 0 ? 0 : Int(Int64(bitPattern: value << unused) >> Int64(unused))
    }

    private mutating func double() throws(RecipeError) -> Double {
        Double(bitPattern: try take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    private mutating func text() throws(RecipeError) -> String {
        let length = try number(4)
        guard length <= 4096 else { throw refuse("a text of at most 4096 bytes", "\(length)") }
        guard let text = String(validating: try take(length), as: UTF8.self) else {
            throw refuse("text in UTF-8", "other bytes")
        }
        return text
    }

    /// Up to a line feed, at most 128 bytes.
    private mutating func line() throws(RecipeError) -> String {
        let start = position
        while try byte() != 0x0A {
            guard position - start <= 128 else { throw refuse("a name of at most 128 bytes", "a longer one") }
        }
        return String(decoding: bytes[start..<(position - 1)], as: UTF8.self)
    }

    private mutating func global() throws(RecipeError) -> PickleGlobal {
        let module = try line()
        let found = "\(module).\(try line())"
        guard let global = PickleGlobal(rawValue: found) else {
            throw refuse(
                "one of \(PickleGlobal.allCases.map(\.rawValue).joined(separator: ", "))", "GLOBAL \(found)",
                PickleReader.harmless)
        }
        return global
    }

    // MARK: Stack and memo

    private mutating func pop() throws(RecipeError) -> PickleValue {
        // What lies below a mark belongs to another container.
        guard stack.count > (marks.last ?? 0), let value = stack.popLast() else {
            throw refuse("a value on the stack", "none")
        }
        return value
    }

    private mutating func popToMark() throws(RecipeError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw refuse("a mark on the stack", "none") }
        let values = Array(stack[mark...])
        stack.removeSubrange(mark...)
        return values
    }

    private mutating func makeTuple(_ count: Int) throws(RecipeError) {
        var values: [PickleValue] = []
        for _ in 0..<count { values.insert(try pop(), at: 0) }
        stack.append(objects.make(.tuple, values))
    }

    private func top() throws(RecipeError) -> PickleValue {
        guard stack.count > (marks.last ?? 0), let value = stack.last else {
            throw refuse("a value on the stack", "none")
        }
        return value
    }

    private mutating func append(_ values: [PickleValue]) throws(RecipeError) {
        guard case .object(let index) = try top(), case .list = objects.kinds[index] else {
            throw refuse("a list to append to", objects.describe(try top()))
        }
        objects.add(values, to: index)
    }

    private mutating func setItems(_ values: [PickleValue]) throws(RecipeError) {
        guard case .object(let index) = try top(), objects.isDictionary(index), values.count % 2 == 0 else {
            throw refuse("a dictionary and pairs of key and value", objects.describe(try top()))
        }
        objects.add(values, to: index)
    }

    private mutating func remember(at index: Int) throws(RecipeError) {
        let value = try top()
        guard memo.updateValue(value, forKey: index) == nil else {
            throw refuse("memo places written once", "place \(index) written again")
        }
    }

    private mutating func recall(_ index: Int) throws(RecipeError) {
        guard let value = memo[index] else { throw refuse("a memo place that was written", "place \(index)") }
        stack.append(value)
    }

    // MARK: What torch.save writes

    /// `('storage', torch.FloatStorage, '0', 'cpu', 9408)`; the old format adds a None.
    private mutating func persistent(_ value: PickleValue) throws(RecipeError) -> PickleValue {
        guard let parts = objects.tuple(value), parts.count == 5 || parts.count == 6,
            case .text("storage") = parts[0], case .global(let global) = parts[1], let kind = global.storage,
            case .text(let key) = parts[2], case .text = parts[3], case .integer(let count) = parts[4]
        else {
            throw refuse("BINPERSID of ('storage', kind, key, place, count)", objects.describe(value))
        }
        if parts.count == 6 {
            guard case .none = parts[5] else {
                throw refuse("a storage of its own", "a view of another storage", "save it with a newer PyTorch")
            }
        }
        guard (1...20).contains(key.utf8.count), key.utf8.allSatisfy({ (48...57).contains($0) }),
            (0...1 << 30).contains(count)
        else {
            throw refuse("a storage's key of digits and at most 2^30 numbers", "'\(key)' with \(count) numbers")
        }
        return objects.make(.storage(TorchStorage(kind: kind, key: key, count: count)))
    }

    private mutating func reduce(
        _ callable: PickleValue, _ arguments: PickleValue
    ) throws(RecipeError) -> PickleValue {
        guard case .global(let global) = callable, let values = objects.tuple(arguments) else {
            throw refuse(
                "REDUCE of a known name with a tuple", "REDUCE of \(objects.describe(callable))", PickleReader.harmless)
        }
        switch global {
        case .orderedDictionary where values.isEmpty:
            return objects.make(.orderedDictionary)
        case .rebuildTensor:
            return objects.make(.tensor(try tensor(values)))
        case .rebuildParameter where values.count == 3:
            guard let tensor = objects.tensor(values[0]), case .boolean = values[1], isEmptyDictionary(values[2]) else {
                throw refuse("_rebuild_parameter(tensor, bool, OrderedDict())", "other arguments")
            }
            return objects.make(.tensor(tensor))
        default:
            throw refuse(
                "\(global.rawValue) with its usual arguments", "REDUCE with \(values.count)", PickleReader.harmless)
        }
    }

    /// (storage, offset, size, stride, requires_grad, hooks), and an empty dictionary in newer files.
    private func tensor(_ values: [PickleValue]) throws(RecipeError) -> TorchTensor {
        guard values.count == 6 || (values.count == 7 && isEmptyDictionary(values[6])),
            case .object(let index) = values[0], case .storage(let storage) = objects.kinds[index],
            case .integer(let offset) = values[1], let shape = objects.integers(values[2]),
            let strides = objects.integers(values[3]), case .boolean = values[4], isEmptyDictionary(values[5])
        else {
            throw refuse(
                "_rebuild_tensor_v2(storage, offset, size, stride, bool, OrderedDict())", "other arguments")
        }
        guard let tensor = TorchTensor(storage: storage, offset: offset, shape: shape, strides: strides) else {
            throw refuse(
                "a tensor inside its storage of \(storage.count) numbers",
                "shape \(shape), strides \(strides), offset \(offset)")
        }
        return tensor
    }

    /// A state dictionary carries versions of its layers in an attribute; nothing else may have a state.
    private func build(_ state: PickleValue) throws(RecipeError) {
        guard case .object(let index) = try top(), case .orderedDictionary = objects.kinds[index],
            let attributes = objects.dictionary(state), attributes.count == 1,
            case .text("_metadata") = attributes[0].key
        else {
            throw refuse(
                "BUILD of an OrderedDict with '_metadata'",
                "BUILD of \(objects.describe(try top())) with \(objects.describe(state))", PickleReader.harmless)
        }
    }

    private func isEmptyDictionary(_ value: PickleValue) -> Bool { objects.dictionary(value)?.isEmpty == true }

    private static let harmless =
        "nothing of it was run; import only files that hold a state dict: torch.save(model.state_dict(), FILE)"

    private func refuse(_ expected: String, _ found: String, _ hint: String? = nil) -> RecipeError {
        RecipeError(
            .forbidden, "\(name): pickle, byte \(position)", expected: expected, found: found,
            hint: hint ?? "the file is damaged or not one of torch.save: download it again and compare its sha256")
    }
}
