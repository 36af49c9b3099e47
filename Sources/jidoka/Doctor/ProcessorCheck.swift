// SPDX-License-Identifier: Apache-2.0

import Glibc
import Inspection

/// Which processor this is, and which kernels run on it.
enum ProcessorCheck {
    /// Words of /proc/cpuinfo that matter to the integer kernels.
    private static let telling: Set<Substring> = [
        "avx2", "avx512f", "avx512bw", "avx512_vnni", "avx_vnni", "asimd", "asimddp", "i8mm",
    ]

    static func findings(_ host: HostFiles) -> [Finding] {
        let chosen: Result<String, InspectionError>
        do throws(InspectionError) { chosen = .success(try InstructionSet.current().name) } catch {
            chosen = .failure(error)
        }
        return findings(
            information: host.text("/proc/cpuinfo") ?? "", cores: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            chosen: chosen, running: InstructionSet.running.map(\.name))
    }

    static func findings(
        information: String, cores: Int, chosen: Result<String, InspectionError>, running: [String]
    ) -> [Finding] {
        let lines = information.split(separator: "\n").map { line in
            line.split(separator: ":", maxSplits: 1).map { $0.trimming { $0 == " " || $0 == "\t" } }
        }
        func value(_ key: String) -> String? { lines.first { $0.count == 2 && $0[0] == key }?[1] }
        let name = value("model name") ?? value("Model") ?? "unknown model"
        let flags = Set((value("flags") ?? value("Features") ?? "").split(separator: " ")).intersection(telling)
        let text = "\(name), \(cores) \(cores == 1 ? "core" : "cores"), \(flags.sorted().joined(separator: " "))"
        switch chosen {
        case .failure(let error): return [.error("processor", "\(text)\n\(error)", error.hint)]
        case .success("scalar"):
            return [
                .warning(
                    "processor", "\(text)\nno vector instructions that the kernels are written for",
                    "inspection works, but slowly: measure it with 'jidoka bench infer'")
            ]
        case .success(let chosen):
            return [.ok("processor", "\(text)\nkernels: \(chosen) (of \(running.joined(separator: ", ")))")]
        }
    }
}

extension Substring {
    /// Without such characters at both ends.
    fileprivate func trimming(_ isUnwanted: (Character) -> Bool) -> String {
        var rest = self
        while let first = rest.first, isUnwanted(first) { rest.removeFirst() }
        while let last = rest.last, isUnwanted(last) { rest.removeLast() }
        return String(rest)
    }
}
