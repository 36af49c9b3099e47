// SPDX-License-Identifier: Apache-2.0

import CKernels
import Glibc

/// One of the instruction sets that the integer kernels are written for; all give the same bits.
///
/// `@unchecked Sendable`: points to a constant table of functions that lives as long as the program.
public struct InstructionSet: @unchecked Sendable, Equatable, CustomStringConvertible {
    /// The environment variable that `current()` reads.
    public static let variable = "JIDOKA_ISA"

    package let kernels: UnsafePointer<ck_integer_kernels>

    /// Every instruction set of this build, widest first; the scalar reference comes last.
    public static var all: [InstructionSet] {
        var result: [InstructionSet] = []
        guard var entry = ck_integer_variants() else { return result }
        while let kernels = entry.pointee {
            result.append(InstructionSet(kernels: kernels))
            entry += 1
        }
        return result
    }

    /// Those of `all` that this CPU and kernel can run.
    public static var running: [InstructionSet] { all.filter(\.runs) }

    /// The instruction set of a name, whether this CPU has it or not.
    ///
    /// - Throws: `InspectionError` for an unknown name, listing those that there are.
    public static func named(_ name: String) throws(InspectionError) -> InstructionSet {
        guard let found = all.first(where: { $0.name == name }) else {
            throw InspectionError(
                .badSetting, "instruction set", expected: "one of \(names(all))", found: "'\(name)'",
                hint: "correct \(variable), or unset it for the widest that this CPU has")
        }
        return found
    }

    /// The one that the environment variable `JIDOKA_ISA` names, or the widest that runs here when it is unset or empty.
    ///
    /// - Throws: `InspectionError` for an unknown name and for one that this CPU has not: never a fall-back.
    public static func current() throws(InspectionError) -> InstructionSet {
        try chosen(getenv(variable).map { String(cString: $0) })
    }

    /// What `current()` gives for a value of the variable.
    package static func chosen(_ name: String?) throws(InspectionError) -> InstructionSet {
        if let name, !name.isEmpty {
            let found = try named(name)
            try found.check()
            return found
        }
        guard let widest = all.first(where: \.runs) else {
            throw InspectionError(
                .notSupported, "instruction set", expected: "one of \(names(all))", found: "none that runs",
                hint: "this build has no kernels for this machine")
        }
        return widest
    }

    /// The name, as in `JIDOKA_ISA`.
    public var name: String { String(cString: kernels.pointee.name) }

    /// Whether this CPU and kernel can run it.
    public var runs: Bool { ck_integer_runs(kernels) != 0 }

    /// Itself, when this CPU can run it.
    ///
    /// - Throws: `InspectionError` that says what this CPU has.
    public func checked() throws(InspectionError) -> InstructionSet {
        try check()
        return self
    }

    /// The name.
    public var description: String { name }

    /// Refuses an instruction set that would end in an illegal instruction.
    package func check() throws(InspectionError) {
        guard runs else {
            throw InspectionError(
                .notSupported, "instruction set \(name)", expected: "a CPU that has it",
                found: "one that has \(Self.names(Self.running))",
                hint: "set \(Self.variable) to one of these, or unset it")
        }
    }

    private static func names(_ sets: [InstructionSet]) -> String { sets.map(\.name).joined(separator: ", ") }
}
