// SPDX-License-Identifier: Apache-2.0
//
// Damages model files and plans and loads them: `fuzz-models COUNT [SEED] [--seeds DIR]`. Every damaged file must be refused
// with an error, or loaded and run; built with sanitizers by Tests/fuzz/run.sh. `--seeds` only writes whole plans, for
// libFuzzer to start from.

import Foundation
import Inspection
import Recipes

let arguments = CommandLine.arguments.dropFirst()
let count = arguments.first.flatMap { Int($0) } ?? 1000
let seed = arguments.dropFirst().first.flatMap { UInt64($0) } ?? 1

/// A loader, a sound file, and how many of its first bytes say what the others are.
struct Target {
    let name: String
    let bytes: [UInt8]
    let head: Int
    /// Loads and uses the bytes; throws to refuse them.
    let load: ([UInt8]) throws -> Void
}

let picture = (0..<32 * 32 * 3).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 11) }

func distances(_ plan: IntegerPlan, _ set: InstructionSet, workers: Int) throws -> [UInt32] {
    let network = try IntegerNetwork(plan: plan, instructionSet: set, workers: workers)
    let size = plan.inputSize
    network.run(size == 32 ? picture : [UInt8](repeating: 77, count: size * size * 3))
    return plan.levels.flatMap { network.distances(of: $0.level)?.map(\.bitPattern) ?? [] }
}

func targets() throws -> [Target] {
    let file = IntegerModelFile(
        teacher: try TinyNetworks.quantised(units: 2, firstStageHalves: false, seed: 1),
        student: try TinyNetworks.quantised(units: 1, firstStageHalves: true, seed: 2), inputSize: 32,
        levels: TinyNetworks.levels, input: "32 stretch all",
        origin: .init(
            teacher: .init(repeating: "1", count: 64), student: .init(repeating: "2", count: 64),
            parts: .init(repeating: "3", count: 64), tool: "fuzz", method: "none"))
    let plan = try file.plan(levels: file.levels, inputSize: 32, name: "fuzz")
    let integers = file.encoded()
    let weights = TinyNetworks.weights(units: 1, firstStageHalves: true, seed: 3)
    let model = ModelFile.encoded(
        weights: weights, graph: try TinyNetworks.graph(weights), metadata: ["levels": "layer1"])
    /// Length and JSON of a safetensors file.
    func head(_ bytes: [UInt8]) -> Int {
        8 + bytes.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
    }
    let sets = InstructionSet.running
    let checkpoint = TinyCheckpoint.file
    let (gaussians, memory) = (TinyDetectors.gaussians, TinyDetectors.memory)
    let teacher = try ModelFile.teacher(model, name: "fuzz", levels: [.layer1]).plan(inputSize: 32, name: "fuzz")
    return [
        Target(name: "plan", bytes: plan.bytes, head: 64 + 40 * 20 + 200 * 20) { bytes in
            let plan = try IntegerPlan(bytes: bytes)
            guard plan.inputSize <= 64, plan.multiplyAccumulates <= 1 << 28 else { return }
            let reference = try distances(plan, sets[sets.count - 1], workers: 1)
            guard try distances(plan, sets[0], workers: 2) == reference else { fatalMismatch("plan") }
        },
        Target(name: "int8", bytes: integers, head: head(integers)) { bytes in
            let file = try IntegerModelFile.parse(bytes, name: "fuzz")
            let plan = try file.plan(levels: file.levels, inputSize: file.inputSize, name: "fuzz")
            guard plan.inputSize <= 64 else { return }
            _ = try distances(plan, sets[0], workers: 1)
        },
        Target(name: "teacher", bytes: model, head: head(model)) { bytes in
            let file = try ModelFile.teacher(bytes, name: "fuzz", levels: TinyNetworks.levels)
            FloatNetwork(plan: try file.plan(inputSize: 32, name: "fuzz")).run(picture)
        },
        Target(name: "student", bytes: model, head: head(model)) { bytes in
            let file = try ModelFile.ours(bytes, name: "fuzz")
            FloatNetwork(plan: try file.plan(inputSize: 32, name: "fuzz")).run(picture)
        },
        Target(name: "padim", bytes: gaussians, head: head(gaussians)) { bytes in
            try TinyDetectors.run(try GaussianFile.detector(bytes, name: "fuzz", teacher: teacher), picture)
        },
        Target(name: "memory", bytes: memory, head: head(memory)) { bytes in
            try TinyDetectors.run(try MemoryFile.detector(bytes, name: "fuzz", teacher: teacher), picture)
        },
        // The directory of a zip file lies at its end: damage everywhere.
        Target(name: "pth", bytes: checkpoint.zip.bytes, head: .max, load: TinyCheckpoint.load),
        Target(
            name: "legacy pth", bytes: checkpoint.legacy, head: checkpoint.pickle(legacy: true).count + 256,
            load: TinyCheckpoint.load),
    ]
}

func fatalMismatch(_ name: String) -> Never {
    FileHandle.standardError.write(Data("\(name): the variants differ on a file that was accepted\n".utf8))
    exit(1)
}

let all = try targets()
if let place = CommandLine.arguments.firstIndex(of: "--seeds"), place + 1 < CommandLine.arguments.count {
    for target in all where target.name == "plan" {
        try Data(target.bytes).write(to: URL(fileURLWithPath: CommandLine.arguments[place + 1] + "/plan"))
    }
    exit(0)
}
var mutation = Mutation(seed: seed)
for target in all {
    try target.load(target.bytes)
    var refused = 0
    for _ in 0..<count {
        do { try target.load(mutation.apply(to: target.bytes, head: target.head)) } catch { refused += 1 }
    }
    print("\(target.name): \(count) mutations, \(refused) refused, \(count - refused) accepted and run")
}
