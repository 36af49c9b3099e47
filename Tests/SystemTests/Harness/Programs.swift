// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The real executables, and what is in the environment.
enum Programs {
    static let jidoka = folder + "/jidoka"
    static let jidokad = folder + "/jidokad"

    /// Long counts in full.
    static let isThorough = environment("JIDOKA_THOROUGH") == "1"

    /// Folder of real pictures, if there is one.
    static let data = environment("JIDOKA_DATA")

    /// The programs are built beside the test bundle; `JIDOKA_BIN` names another place.
    private static let folder: String = {
        if let named = environment("JIDOKA_BIN") { return named }
        var link = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &link, link.count - 1)
        let own = String(decoding: link.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let places = [own] + CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
        let folders = places.map { place in
            place.lastIndex(of: "/").map { String(place[..<$0]) } ?? "."
        }
        return folders.first { access($0 + "/jidokad", X_OK) == 0 } ?? folders[0]
    }()

    static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// What a finished command left behind.
struct Output {
    let ending: ChildProcess.Ending
    /// Standard output.
    let out: String
    /// Standard error.
    let errors: String

    var json: JSON? { JSON(parsing: out) }
}

/// Runs `jidoka` to its end.
func jidoka(_ arguments: String..., seconds: Double = 300) throws -> Output {
    try run(Programs.jidoka, arguments, seconds: seconds)
}

/// Runs any program to its end.
func run(_ program: String, _ arguments: [String], seconds: Double = 300) throws -> Output {
    let folder = try TemporaryFolder("run")
    let child = try ChildProcess(program, arguments, output: folder / "out", errors: folder / "errors")
    let ending = child.wait(seconds: seconds)
    return Output(ending: ending, out: Files.text(folder / "out") ?? "", errors: Files.text(folder / "errors") ?? "")
}
