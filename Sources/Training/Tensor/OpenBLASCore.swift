// SPDX-License-Identifier: Apache-2.0
import COpenBLAS
import Glibc

/// Which of OpenBLAS's kernels run, and how to get the fastest ones for this CPU.
///
/// OpenBLAS chooses when it is loaded, by the CPU or by the environment variable `OPENBLAS_CORETYPE`; a value left there
/// for another machine can halve the speed, and the choice can't be changed afterwards. So a program that is about to
/// train calls ``reexecuteWithBestCore(arguments:)`` first.
public enum OpenBLASCore {
    /// The user's explicit choice, which wins over ``best``.
    public static let choiceVariable = "JIDOKA_OPENBLAS_CORE"
    /// Set in the second run, so that there is never a third.
    public static let guardVariable = "JIDOKA_OPENBLAS_REEXECUTED"

    /// The core type whose kernels are in use, for example `Haswell`; `openblas_get_corename()`.
    public static var name: String {
        guard let name = openblas_get_corename() else { return "unknown" }
        return String(cString: name)
    }

    /// The core type that is fastest on this CPU, nil when there is no rule and OpenBLAS had better choose itself.
    ///
    /// sgemm, 1024³, one thread of an AMD Zen 5, OpenBLAS 0.3.21: Haswell 126, Zen 123, SkylakeX 238, Cooperlake 245
    /// GFLOP/s; the two AVX-512 sets share their single-precision kernels.
    public static var best: String? { best(flags: processorFlags) }

    /// The rule behind ``best``, for the words of the `flags` line of `/proc/cpuinfo`.
    package static func best(flags: Set<String>) -> String? {
        if flags.isSuperset(of: ["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"]) {
            return flags.contains("avx512_bf16") ? "Cooperlake" : "SkylakeX"
        }
        return flags.isSuperset(of: ["avx2", "fma"]) ? "Haswell" : nil
    }

    /// The core type that a program with this environment should run with; nil leaves the choice to OpenBLAS.
    package static func wanted(environment: [String: String], flags: Set<String>) -> String? {
        if let choice = environment[choiceVariable], !choice.isEmpty { return choice }
        return best(flags: flags)
    }

    /// Whether the running core type does for the wanted one: the same, or the other AVX-512 set.
    package static func isGoodEnough(_ name: String, for wanted: String, isExplicit: Bool) -> Bool {
        if name.lowercased() == wanted.lowercased() { return true }
        let wide: Set<String> = ["skylakex", "cooperlake", "sapphirerapids"]
        return !isExplicit && wide.contains(name.lowercased()) && wide.contains(wanted.lowercased())
    }

    /// Starts this program again with the best core type, unless it runs with it already.
    ///
    /// Returns when there is nothing to do: the core type is right, this is the second run, or the system refuses.
    /// Call it before any thread or file is opened; standard input, output and error and the process number stay.
    /// Prints nothing.
    ///
    /// - Parameter arguments: the program's arguments, its name first.
    public static func reexecuteWithBestCore(arguments: [String] = CommandLine.arguments) {
        let environment = currentEnvironment
        guard environment[guardVariable] == nil,
            let wanted = wanted(environment: environment, flags: processorFlags),
            !isGoodEnough(name, for: wanted, isExplicit: environment[choiceVariable].map { !$0.isEmpty } ?? false)
        else { return }
        setenv("OPENBLAS_CORETYPE", wanted, 1)
        setenv("OPENBLAS_NUM_THREADS", "1", 1)
        setenv(guardVariable, "1", 1)
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        pointers.append(nil)
        execv("/proc/self/exe", &pointers)
        // Only reached when the system refused: go on with the slower kernels, as before.
        unsetenv(guardVariable)
        for pointer in pointers { free(pointer) }
    }

    /// Keeps OpenBLAS from starting threads of its own beside ``Workers``.
    @inline(__always)
    static func useOneThread() { _ = oneThread }

    private static let oneThread: Void = openblas_set_num_threads(1)

    private static var currentEnvironment: [String: String] {
        var result: [String: String] = [:]
        for name in [choiceVariable, guardVariable] { result[name] = getenv(name).map { String(cString: $0) } }
        return result
    }

    /// The words of the first `flags` line of `/proc/cpuinfo`; empty on other architectures.
    package static let processorFlags: Set<String> = {
        guard let file = fopen("/proc/cpuinfo", "r") else { return [] }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) >= 0, let line {
            let text = String(cString: line)
            if text.hasPrefix("flags") { return Set(text.split(whereSeparator: \.isWhitespace).map(String.init)) }
        }
        return []
    }()
}
