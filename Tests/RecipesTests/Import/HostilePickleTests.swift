// SPDX-License-Identifier: Apache-2.0

import Glibc
import Recipes
import Testing
import TorchFixtures

/// Pickles that would do something if they were unpickled, and ones that would eat the memory or the stack.
@Suite struct HostilePickleTests {
    /// The error of a sound archive with this pickle: PROTO 2, then what `write` adds, then STOP.
    private func error(stop: Bool = true, _ write: (inout PickleBytes) -> Void) -> RecipeError? {
        var pickle = PickleBytes()
        write(&pickle)
        if stop { pickle.op(".") }
        let zip = StoredZip([
            .init("archive/data.pkl", pickle.bytes), .init("archive/data/0", [UInt8](repeating: 0, count: 64)),
        ])
        return recipeError { _ = try TorchCheckpoint(zip.bytes, name: "file") }
    }

    /// A state dict of one value that `write` puts on the stack.
    private func inDictionary(_ write: (inout PickleBytes) -> Void) -> RecipeError? {
        error {
            $0.op("}")
            $0.text("conv1.weight")
            write(&$0)
            $0.op("s")
        }
    }

    private static let marker = "/tmp/jidoka-hostile-pickle-\(getpid())"

    @Test("the tensor that the others differ from is sound")
    func sound() { #expect(inDictionary { $0.tensor(count: 16, shape: [2, 8], strides: [8, 1]) } == nil) }

    @Test(
        "names that would be imported are refused by name, and nothing is run",
        arguments: [
            "os system", "posix system", "nt system", "subprocess Popen", "builtins eval", "builtins exec",
            "builtins getattr", "__builtin__ eval", "runpy _run_code", "torch load", "torch.hub load", "torch Storage",
            "torch DoubleStorage", "torch._utils _rebuild_tensor", "torch._utils _rebuild_sparse_tensor",
            "torch.nn.parameter Parameter", "collections defaultdict", "collections OrderedDict.update",
            "operator attrgetter",
            "codecs decode", "numpy.core.multiarray _reconstruct", "pickle loads", "webbrowser open", "", " ",
            "collections",
        ])
    func imports(name: String) {
        let parts = name.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let (module, global) = (parts[0], parts.count > 1 ? parts[1] : "")
        let called = inDictionary {
            $0.global(module, global)
            $0.op("(")
            $0.text("touch \(Self.marker)")
            $0.raw(Array("tR".utf8))
        }
        #expect(called?.code == .forbidden && called?.found == "GLOBAL \(module).\(global)")
        #expect(called?.hint.contains("nothing of it was run") == true)
        // Not even when it is only named.
        #expect(error { $0.global(module, global) }?.code == .forbidden)
        #expect(access(Self.marker, F_OK) != 0)
    }

    @Test("opcodes that make objects or leave protocol 2 are refused by name")
    func opcodes() {
        let cases: [(String, [UInt8])] = [
            ("INST", Array("(ios\nsystem\n".utf8)), ("NEWOBJ", [0x81]), ("NEWOBJ_EX", [0x92]),
            ("STACK_GLOBAL", [0x93]), ("EXT1", [0x82, 1]), ("EXT2", [0x83, 1, 0]), ("EXT4", [0x84, 1, 0, 0, 0]),
            ("OBJ", Array("(o".utf8)), ("PERSID", Array("P0\n".utf8)), ("POP", Array("N0".utf8)),
            ("DUP", Array("N2".utf8)),
            ("POP_MARK", Array("(1".utf8)), ("MEMOIZE", [0x94]), ("FRAME", [0x95, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("LONG4", [0x8B, 255, 255, 255, 127]), ("BINUNICODE8", [0x8D]), ("BINBYTES8", [0x8E]),
            ("BYTEARRAY8", [0x96]),
            ("PROTO", [0x80, 4]), ("EMPTY_SET", [0x8F]), ("INT", Array("I1\n".utf8)), ("GET", Array("g0\n".utf8)),
        ]
        for (name, bytes) in cases {
            let refused = error { $0.raw(bytes) }
            #expect(
                refused?.code == .forbidden && refused?.found == "opcode \(name)", "\(name): \(refused?.found ?? "")")
        }
        let known = Set("(NKMJGX)t]}aesuqrhjcQRb.".utf8).union([0x85, 0x86, 0x87, 0x88, 0x89, 0x8A])
        for opcode in UInt8.min...UInt8.max where !known.contains(opcode) {
            #expect(error { $0.raw([opcode]) }?.found.hasPrefix("opcode ") == true, "\(opcode)")
        }
        for version: UInt8 in [0, 1, 3, 4, 5, 255] {
            let zip = StoredZip([.init("archive/data.pkl", [0x80, version] + Array("}.".utf8))])
            #expect(recipeError { _ = try TorchCheckpoint(zip.bytes, name: "file") }?.code == .forbidden)
        }
    }

    @Test("REDUCE and BUILD of anything but tensors and ordered dictionaries are refused")
    func calls() {
        let refused: [(inout PickleBytes) -> Void] = [
            { $0.raw(Array("N)R".utf8)) },
            { $0.raw(Array("})R".utf8)) },
            {
                $0.text("os.system")
                $0.raw(Array(")R".utf8))
            },
            // The result of a call is called.
            {
                $0.orderedDictionary()
                $0.raw(Array(")R".utf8))
            },
            {
                $0.global("collections", "OrderedDict")
                $0.raw(Array("NR".utf8))
            },
            {
                $0.global("collections", "OrderedDict")
                $0.raw(Array("]\u{85}R".unicodeScalars.map { UInt8($0.value) }))
            },
            {
                $0.global("torch", "FloatStorage")
                $0.raw(Array(")R".utf8))
            },
            {
                $0.global("torch._utils", "_rebuild_tensor_v2")
                $0.raw(Array(")R".utf8))
            },
            {
                $0.global("torch._utils", "_rebuild_parameter")
                $0.raw(Array("N\u{89}}\u{87}R".unicodeScalars.map { UInt8($0.value) }))
            },
            {
                $0.orderedDictionary()
                $0.raw(Array("}".utf8))
                $0.text("__class__")
                $0.raw(Array("Nsb".utf8))
            },
            {
                $0.orderedDictionary()
                $0.raw(Array("Nb".utf8))
            },
            {
                $0.tensor(count: 16, shape: [16], strides: [1])
                $0.raw(Array("}b".utf8))
            },
            { $0.raw(Array("}}b".utf8)) },
            {
                $0.global("torch", "FloatStorage")
                $0.raw(Array("}b".utf8))
            },
        ]
        for (index, write) in refused.enumerated() {
            #expect(inDictionary(write)?.code == .forbidden, "\(index)")
        }
    }

    @Test("memo places that were never written, written twice, or make a dictionary hold itself are refused")
    func memo() {
        #expect(error { $0.raw(Array("h".utf8) + [7]) }?.code == .forbidden)
        #expect(error { $0.raw(Array("j".utf8) + [255, 255, 255, 255]) }?.code == .forbidden)
        #expect(
            error { $0.raw(Array("}q".utf8) + [0] + Array("q".utf8) + [0]) }?.expected == "memo places written once")
        // {'conv1.weight': itself}
        #expect(
            error {
                $0.op("}")
                $0.put()
                $0.text("conv1.weight")
                $0.get(0)
                $0.op("s")
            }?.found == "a dictionary of 1")
        // A list that holds itself, and a dictionary that is its own state dict.
        #expect(
            inDictionary {
                $0.op("]")
                $0.put()
                $0.get(0)
                $0.op("a")
            }?.found == "a list of 1")
        #expect(
            error {
                $0.op("}")
                $0.put()
                $0.text("state_dict")
                $0.get(0)
                $0.op("s")
            } != nil)
    }

    @Test("billion laughs, a million nested containers and long runs of one opcode end at once")
    func floods() {
        #expect(
            inDictionary {
                $0.op(")")
                $0.put()
                for level in 0..<200 {
                    $0.op("(")
                    for _ in 0..<10 { $0.get(level) }
                    $0.op("t")
                    $0.put()
                }
            }?.code != nil)
        for run in ["(", ")\u{85}", "]a", "]", "N", "(N", "})s", "}"] {
            let bytes = run.unicodeScalars.map { UInt8($0.value) }
            #expect(
                inDictionary { $0.raw(Array([[UInt8]](repeating: bytes, count: 900_000 / bytes.count).joined())) }
                    != nil)
        }
        #expect(
            inDictionary {
                $0.op("]")
                $0.raw(Array([[UInt8]](repeating: Array("Na".utf8), count: 500_000).joined()))
            }?.found == "a list of 500000")
        // Lists that are put into each other after the fact: L0 ∋ L1 ∋ L2 …
        #expect(
            inDictionary {
                $0.op("]")
                $0.put()
                for level in 0..<50_000 {
                    $0.get(level)
                    $0.op("]")
                    $0.put()
                    $0.op("a")
                }
            } != nil)
        #expect(error { $0.raw([UInt8](repeating: UInt8(ascii: "N"), count: 3 << 20)) }?.code == .forbidden)
    }

    @Test("an empty stack, foreign marks and leftovers are refused")
    func stack() {
        for text in [
            "a", "s", "u", "e", "t", "R", "b", "Q", "q\u{0}", "(s", "N(s", "N(R", "]N(a", "}NNN(u", "]t", "NN", "", "(",
            "N(",
        ] {
            let bytes = text.unicodeScalars.map { UInt8($0.value) }
            #expect(error { $0.raw(bytes) }?.code == .forbidden, "\(text)")
        }
        for letter in [0x85, 0x86, 0x87] as [UInt8] { #expect(error { $0.raw([letter]) }?.code == .forbidden) }
        #expect(error { $0.raw(Array("}NNNu".utf8)) }?.code == .forbidden)
        #expect(error { $0.raw(Array("}(Nu".utf8)) }?.code == .forbidden)
    }

    @Test("lengths beyond the pickle, texts that are not UTF-8 and endless names are refused")
    func lengths() {
        for bytes: [UInt8] in [
            [0x8A, 255], [0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1], [UInt8(ascii: "X"), 255, 255, 255, 255],
            [UInt8(ascii: "X"), 255, 255, 255, 127, 65], [UInt8(ascii: "X"), 1, 0, 0, 0, 0xFF],
            [UInt8(ascii: "X"), 0, 0, 1, 0] + [UInt8](repeating: 65, count: 65536), [UInt8(ascii: "G"), 0, 0],
            [UInt8(ascii: "M"), 1], [UInt8(ascii: "J"), 1, 2, 3], Array("ccollections".utf8),
            Array("ccollections\nOrderedDict".utf8),
            [UInt8(ascii: "c")] + [UInt8](repeating: 65, count: 100_000),
        ] { #expect(error(stop: false) { $0.raw(bytes) }?.code == .forbidden) }
    }

    @Test("a pickle that is cut after any opcode is refused, with or without a STOP")
    func cuts() {
        let whole = TorchFile([
            .init("conv1.weight", shape: [2, 2, 2], values: .init(repeating: 1, count: 8)),
            .init("n", kind: "LongStorage", shape: [], data: .init(repeating: 0, count: 8)),
        ])
        let pickle = whole.pickle()
        for length in 0..<pickle.count {
            for end in [[], [UInt8(ascii: ".")]] {
                var zip = whole.zip
                zip.records[0].data = Array(pickle.prefix(length)) + end
                // With a STOP at the right place what is left is a whole dictionary, of nothing or of everything.
                let names = try? TorchCheckpoint(zip.bytes, name: "file").names
                #expect(names == nil || (!end.isEmpty && (names == [] || names == ["conv1.weight", "n"])), "\(length)")
            }
        }
    }

    @Test("storages with odd names and counts are refused")
    func storages() {
        for key in ["", "../0", "/etc/passwd", "0/../0", "a", "-1", " 0", "00000000000000000000000", "0\u{0}", "٣"] {
            #expect(
                inDictionary { $0.tensor(key: key, count: 16, shape: [16], strides: [1]) }?.code == .forbidden, "\(key)"
            )
        }
        for count in [-1, -16, 1 << 31, 1 << 40, Int.max, Int.min] {
            #expect(inDictionary { $0.tensor(count: count, shape: [1], strides: [1]) }?.code == .forbidden, "\(count)")
        }
        for count in [15, 17, 0, 1 << 30] {
            #expect(inDictionary { $0.tensor(count: count, shape: [0], strides: [1]) }?.code == .badFile, "\(count)")
        }
        #expect(inDictionary { $0.tensor(key: "1", count: 16, shape: [1], strides: [1]) }?.found == "no such record")
        #expect(inDictionary { $0.tensor("LongStorage", count: 16, shape: [1], strides: [1]) }?.code == .badFile)
        // One storage with two meanings.
        #expect(
            error {
                $0.op("}")
                $0.text("a")
                $0.tensor(count: 16, shape: [1], strides: [1])
                $0.op("s")
                $0.text("b")
                $0.tensor("HalfStorage", count: 32, shape: [1], strides: [1])
                $0.op("s")
            }?.found == "two")
    }

    @Test("tensors that reach out of their storage, repeat it or have negative extents are refused")
    func tensors() {
        let cases: [(offset: Int, shape: [Int], strides: [Int])] = [
            (0, [17], [1]), (1, [16], [1]), (16, [1], [1]), (17, [0], [1]), (-1, [1], [1]), (0, [-1], [1]),
            (0, [2], [-1]),
            (0, [2, 8], [9, 1]), (0, [2], [16]), (0, [1000], [0]), (0, [17, 1], [0, 0]), (0, [2], []), (0, [], [1]),
            (0, [.max], [1]), (0, [.max, .max], [1, 1]), (0, [2], [.max]), (0, [3, 3], [.max / 2, 1]), (.max, [1], [1]),
            (.min, [1], [1]), (0, [.min], [1]), (0, [1 << 32, 1 << 32], [0, 0]), (0, [0, .max, .max], [1, 1, 1]),
            (0, .init(repeating: 1, count: 9), .init(repeating: 1, count: 9)),
        ]
        for (offset, shape, strides) in cases {
            let refused = inDictionary { $0.tensor(count: 16, offset: offset, shape: shape, strides: strides) }
            #expect(refused?.code == .forbidden, "\(offset) \(shape) \(strides)")
        }
    }

    @Test("dictionaries with keys that are no names, values that are no tensors, or a name twice are refused")
    func dictionaries() {
        for key: [UInt8] in [
            [UInt8(ascii: "N")], [UInt8(ascii: "K"), 1], [UInt8(ascii: ")")], [UInt8(ascii: "X"), 0, 0, 0, 0],
        ] {
            #expect(
                error {
                    $0.op("}")
                    $0.raw(key)
                    $0.tensor(count: 16, shape: [1], strides: [1])
                    $0.op("s")
                }?.code == .badFile)
        }
        for value in ["N", "K\u{1}", ")", "]", "}"] {
            #expect(inDictionary { $0.raw(value.unicodeScalars.map { UInt8($0.value) }) }?.expected == "a tensor")
        }
        #expect(
            error {
                $0.op("}")
                for _ in 0..<2 {
                    $0.text("a")
                    $0.tensor(count: 16, shape: [1], strides: [1])
                    $0.op("s")
                }
            }?.found == "two")
        for value in ["N", "K\u{1}", ")", "]"] {
            #expect(error { $0.raw(value.unicodeScalars.map { UInt8($0.value) }) }?.code == .badFile)
        }
    }
}
