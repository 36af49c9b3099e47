// SPDX-License-Identifier: Apache-2.0

import CKernels
import Glibc

/// One table of integer kernels.
struct IntegerVariant {
    let kernels: UnsafePointer<ck_integer_kernels>

    var name: String { String(cString: kernels.pointee.name) }
    var runs: Bool { ck_integer_runs(kernels) != 0 }

    /// Every table of this build, widest first.
    static var all: [IntegerVariant] {
        var result: [IntegerVariant] = []
        guard var next = ck_integer_variants() else { return [] }
        while let kernels = next.pointee {
            result.append(IntegerVariant(kernels: kernels))
            next += 1
        }
        return result
    }

    /// The reference.
    static var scalar: IntegerVariant { all[all.count - 1] }

    /// Those to hold against the reference on this CPU.
    static var others: [IntegerVariant] { all.filter { $0.runs && $0.name != "scalar" } }

    /// Names that this CPU should run by what Linux says about it, asked independently of the list.
    static var expected: Set<String> {
        var flags: Set<Substring> = []
        if let file = fopen("/proc/cpuinfo", "r") {
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 16384)
            while fgets(&line, Int32(line.count), file) != nil {
                let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                guard text.hasPrefix("flags") || text.hasPrefix("Features") else { continue }
                flags = Set(text.split { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == ":" })
                break
            }
        }
        var names: Set = ["scalar"]
        if flags.contains("avx2") { names.insert("avx2") }
        if flags.isSuperset(of: ["avx2", "avx_vnni"]) { names.insert("avxvnni") }
        if flags.isSuperset(of: ["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"]) {
            names.insert("avx512vnni")
        }
        if flags.contains("asimd") { names.insert("neon") }
        if flags.contains("asimddp") { names.insert("neondot") }
        return names
    }
}
