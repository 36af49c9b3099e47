// SPDX-License-Identifier: Apache-2.0

/// Files as `torch.save(state_dict, FILE)` writes them.
package struct TorchFile {
    /// One tensor: bytes of its own storage and how it looks at them.
    package struct Entry {
        package var name: String
        package var kind: String
        package var shape: [Int]
        package var strides: [Int]
        package var offset = 0
        package var data: [UInt8]
        /// Wrapped as `torch.nn.Parameter`.
        package var isParameter = false

        package init(_ name: String, kind: String = "FloatStorage", shape: [Int], data: [UInt8]) {
            self.name = name
            self.kind = kind
            self.shape = shape
            self.data = data
            var step = 1
            strides = shape.reversed().map { extent in
                defer { step *= max(extent, 1) }
                return step
            }.reversed()
        }

        /// float32 numbers.
        package init(_ name: String, shape: [Int], values: [Float]) {
            self.init(name, shape: shape, data: values.withUnsafeBytes { Array($0) })
        }

        var width: Int { kind == "LongStorage" ? 8 : kind == "FloatStorage" ? 4 : 2 }
    }

    package var entries: [Entry]
    /// Puts the state dict under this key, as training checkpoints do.
    package var wrapper: String?
    package var byteOrder: String? = "little"

    package init(_ entries: [Entry]) { self.entries = entries }

    /// `data.pkl`, with the attribute `_metadata` that state dicts have.
    package func pickle(legacy: Bool = false) -> [UInt8] {
        var pickle = PickleBytes()
        if let wrapper {
            pickle.op("}")
            pickle.put()
            pickle.op("(")
            pickle.text("epoch")
            pickle.integer(90)
            pickle.text("best")
            pickle.raw([UInt8(ascii: "G"), 0x3F, 0xE8, 0, 0, 0, 0, 0, 0])
            pickle.text(wrapper)
        }
        pickle.orderedDictionary()
        pickle.put()
        pickle.op("(")
        for (index, entry) in entries.enumerated() {
            pickle.text(entry.name)
            pickle.put()
            if entry.isParameter {
                pickle.global("torch._utils", "_rebuild_parameter")
            }
            pickle.tensor(
                entry.kind, key: "\(index)", count: entry.data.count / entry.width, offset: entry.offset,
                shape: entry.shape, strides: entry.strides, legacy: legacy)
            if entry.isParameter {
                pickle.boolean(true)
                pickle.orderedDictionary()
                pickle.raw([0x87, UInt8(ascii: "R")])
            }
        }
        pickle.op("u")
        // {'_metadata': OrderedDict({'': {'version': 1}})}
        pickle.op("}")
        pickle.text("_metadata")
        pickle.orderedDictionary()
        pickle.text("")
        pickle.op("}")
        pickle.text("version")
        pickle.integer(1)
        pickle.raw(Array("sssb".utf8))
        if wrapper != nil { pickle.op("u") }
        pickle.op(".")
        return pickle.bytes
    }

    /// Records of the zip format.
    package var zip: StoredZip {
        var records = [StoredZip.Record("archive/data.pkl", pickle())]
        if let byteOrder { records.append(.init("archive/byteorder", Array(byteOrder.utf8))) }
        for (index, entry) in entries.enumerated() { records.append(.init("archive/data/\(index)", entry.data)) }
        return StoredZip(records + [.init("archive/version", Array("3\n".utf8))])
    }

    /// Bytes of the older format.
    package var legacy: [UInt8] {
        var magic = PickleBytes()
        magic.raw([0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, UInt8(ascii: ".")])
        var version = PickleBytes()
        version.integer(1001)
        version.op(".")
        var machine = PickleBytes()
        machine.raw(Array("}(".utf8))
        machine.text("protocol_version")
        machine.integer(1001)
        machine.text("little_endian")
        machine.boolean(true)
        machine.raw(Array("u.".utf8))
        var keys = PickleBytes()
        keys.raw(Array("](".utf8))
        for index in entries.indices { keys.text("\(index)") }
        keys.raw(Array("e.".utf8))
        var out = magic.bytes + version.bytes + machine.bytes + pickle(legacy: true) + keys.bytes
        for entry in entries {
            let count = entry.data.count / entry.width
            out += (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } + entry.data
        }
        return out
    }
}
