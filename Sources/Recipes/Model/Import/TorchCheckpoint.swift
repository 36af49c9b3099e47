// SPDX-License-Identifier: Apache-2.0

import Inspection

/// The tensors of a file of `torch.save`: a state dict, or a dictionary with one under `state_dict` or `model`.
///
/// Two containers: a zip archive (PyTorch 1.6 and newer: `data.pkl`, `data/0`, `data/1` …, `byteorder`) and the older chain of
/// pickles with the storages behind them. Opening checks that every storage is there in its exact size; numbers are
/// copied only when asked for. Nothing of the file is run.
package struct TorchCheckpoint: Sendable {
    /// The container that was found.
    package enum Container: String, Sendable {
        case zip = "PyTorch zip"
        case legacy = "PyTorch legacy"
    }

    private enum Source: Sendable {
        case zip(ZipArchive)
        /// Where each storage lies in the file.
        case legacy([UInt8], [String: Range<Int>])
    }

    /// More tensors than any network that is meant here.
    static let mostTensors = 10_000
    /// The first pickle of the older format: a magic number.
    static let legacyStart: [UInt8] = [
        0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
    ]

    /// The container that was found.
    package let container: Container
    private let tensors: [String: TorchTensor]
    private let source: Source
    private let name: String

    /// Names of all tensors, sorted.
    package var names: [String] { tensors.keys.sorted() }

    /// Extents of a tensor.
    package func shape(of tensor: String) -> [Int]? { tensors[tensor]?.shape }

    /// Opens a file's bytes; `name` is for errors.
    ///
    /// - Throws: `RecipeError` that names the byte, record or tensor, what was expected and found.
    package init(_ bytes: [UInt8], name: String) throws(RecipeError) {
        self.name = name
        if bytes.starts(with: ZipArchive.signature) {
            let archive = try ZipArchive(bytes, name: name)
            guard archive.entries["constants.pkl"] == nil else {
                throw RecipeError(
                    .badFile, name, expected: "a state dict", found: "a TorchScript program",
                    hint: "save its weights: torch.save(model.state_dict(), FILE)")
            }
            // Written since PyTorch 2.1; x86 and ARM machines write little-endian numbers.
            if archive.entries["byteorder"] != nil {
                let order = String(decoding: try archive.contents(of: "byteorder"), as: UTF8.self)
                guard order == "little" else { throw Self.odd(name, "byte order 'little'", "'\(order.prefix(20))'") }
            }
            let pickle = try archive.contents(of: "data.pkl")
            var reader = PickleReader(bytes, from: pickle.startIndex, to: pickle.endIndex, name: name)
            let value = try reader.read()
            guard reader.position == pickle.endIndex else {
                throw Self.odd("\(name): data.pkl", "\(pickle.count) bytes up to STOP", "more behind it")
            }
            tensors = try Self.stateDictionary(value, reader.objects, name: name)
            source = .zip(archive)
            container = .zip
        } else {
            let (value, objects, places) = try Self.legacy(bytes, name: name)
            tensors = try Self.stateDictionary(value, objects, name: name)
            source = .legacy(bytes, places)
            container = .legacy
        }
        try checkStorages()
    }

    /// A tensor's numbers as float32, row major.
    ///
    /// - Throws: `RecipeError` when there is no such tensor, it holds integers, or its record's CRC-32 is wrong.
    package func weight(_ tensor: String) throws(RecipeError) -> WeightTensor {
        guard let view = tensors[tensor], view.storage.kind != .int64 else {
            throw Self.odd(
                "\(name): \(tensor)", "a tensor of floating-point numbers", tensors[tensor] == nil ? "none" : "int64")
        }
        let raw: ArraySlice<UInt8>
        switch source {
        case .zip(let archive): raw = try archive.contents(of: "data/" + view.storage.key)
        case .legacy(let bytes, let places): raw = bytes[places[view.storage.key] ?? 0..<0]
        }
        let count = view.count
        let width = view.storage.kind.width
        var values = [Float](repeating: 0, count: count)
        raw.withUnsafeBytes { raw in
            // An odometer over the extents; `place` is the element's position in the storage. An axis of extent 1 may have any
            // stride: it is taken and given back, so wrapping around does no harm.
            var digits = [Int](repeating: 0, count: view.shape.count)
            var place = view.offset
            for index in 0..<count {
                values[index] = Self.float(raw, place * width, view.storage.kind)
                var axis = view.shape.count - 1
                while axis >= 0 {
                    digits[axis] += 1
                    place &+= view.strides[axis]
                    guard digits[axis] == view.shape[axis] else { break }
                    place &-= digits[axis] &* view.strides[axis]
                    digits[axis] = 0
                    axis -= 1
                }
            }
        }
        return WeightTensor(shape: view.shape, values: values)
    }

    private static func float(_ raw: UnsafeRawBufferPointer, _ offset: Int, _ kind: TorchStorage.Kind) -> Float {
        switch kind {
        case .float32: Float(bitPattern: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        case .float16: Float(Float16(bitPattern: raw.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
        case .bfloat16:
            Float(bitPattern: UInt32(raw.loadUnaligned(fromByteOffset: offset, as: UInt16.self)) << 16)
        case .int64: 0
        }
    }

    /// Every storage has its record, in exactly its size, and means the same wherever it is named.
    private func checkStorages() throws(RecipeError) {
        var seen: [String: TorchStorage] = [:]
        for (tensor, view) in tensors.sorted(by: { $0.key < $1.key }) {
            let storage = view.storage
            if let other = seen[storage.key] {
                guard other == storage else {
                    throw Self.odd("\(name): \(tensor)", "one meaning of storage \(storage.key)", "two")
                }
                continue
            }
            seen[storage.key] = storage
            let bytes =
                switch source {
                case .zip(let archive): archive.entries["data/" + storage.key]?.range.count
                case .legacy(_, let places): places[storage.key]?.count
                }
            guard bytes == storage.count * storage.kind.width else {
                throw Self.odd(
                    "\(name): storage \(storage.key) of \(tensor)", "\(storage.count * storage.kind.width) bytes",
                    bytes.map { "\($0)" } ?? "no such record")
            }
        }
    }

    /// The dictionary of tensors: the pickle's value, or what it has under the usual keys.
    private static func stateDictionary(
        _ value: PickleValue, _ objects: PickleObjects, name: String
    ) throws(RecipeError) -> [String: TorchTensor] {
        guard var pairs = objects.dictionary(value) else {
            throw odd(name, "a dictionary of tensors", objects.describe(value))
        }
        for key in ["state_dict", "model_state_dict", "model"] {
            let inner = pairs.first { if case .text(key) = $0.key { true } else { false } }
            if let inner, let dictionary = objects.dictionary(inner.value) {
                pairs = dictionary
                break
            }
        }
        guard pairs.count <= mostTensors else { throw odd(name, "at most \(mostTensors) tensors", "\(pairs.count)") }
        var result: [String: TorchTensor] = [:]
        for (key, value) in pairs {
            guard case .text(let tensor) = key, !tensor.isEmpty, tensor.utf8.count <= 256 else {
                throw odd(name, "names of tensors as keys", objects.describe(key))
            }
            let thing = "\(name): \(RecipeError.oneLine(tensor, 80))"
            guard let view = objects.tensor(value) else { throw odd(thing, "a tensor", objects.describe(value)) }
            guard result.updateValue(view, forKey: tensor) == nil else { throw odd(thing, "one tensor", "two") }
        }
        return result
    }

    static func odd(_ thing: String, _ expected: String, _ found: String) -> RecipeError {
        RecipeError(
            .badFile, thing, expected: expected, found: found,
            hint: "import a file of torch.save(model.state_dict(), FILE); compare its sha256 if it was downloaded")
    }
}

extension TorchCheckpoint {
    /// Magic number, protocol 1001, facts of the machine, the dictionary, the storages' keys; then each storage's length and
    /// numbers (PyTorch before 1.6, or `_use_new_zipfile_serialization=False`).
    private static func legacy(
        _ bytes: [UInt8], name: String
    ) throws(RecipeError) -> (PickleValue, PickleObjects, [String: Range<Int>]) {
        guard bytes.starts(with: legacyStart) else {
            throw odd(name, "a file of torch.save", "another one")
        }
        var position = legacyStart.count
        func next() throws(RecipeError) -> (PickleValue, PickleObjects) {
            var reader = PickleReader(bytes, from: position, to: bytes.count, name: name)
            let value = try reader.read()
            position = reader.position
            return (value, reader.objects)
        }
        let (version, _) = try next()
        guard case .integer(1001) = version else { throw odd(name, "protocol 1001", "another one") }
        let (machine, facts) = try next()
        let little = facts.dictionary(machine)?.contains {
            if case (.text("little_endian"), .boolean(true)) = $0 { true } else { false }
        }
        guard little == true else { throw odd(name, "little-endian numbers", "others") }
        let (value, objects) = try next()
        let (list, lists) = try next()
        guard let keys = lists.list(list), keys.count <= mostTensors else {
            throw odd(name, "a list of at most \(mostTensors) storages", lists.describe(list))
        }
        // A storage's width stands in the tensors that use it; one that nobody uses can't be stepped over.
        var widths: [String: Int] = [:]
        for kind in objects.kinds {
            if case .storage(let storage) = kind { widths[storage.key] = storage.kind.width }
        }
        var places: [String: Range<Int>] = [:]
        for key in keys {
            guard case .text(let key) = key, let width = widths[key], places[key] == nil else {
                throw odd(name, "every storage once", lists.describe(key))
            }
            guard let count = bytes.word64(position), count <= 1 << 30,
                Int(count) * width <= bytes.count - position - 8
            else { throw odd("\(name): storage \(key)", "its length and numbers", "the file's end") }
            position += 8
            places[key] = position..<(position + Int(count) * width)
            position += Int(count) * width
        }
        guard position == bytes.count else {
            throw odd(name, "\(position) bytes", "\(bytes.count)")
        }
        return (value, objects, places)
    }
}
