// SPDX-License-Identifier: Apache-2.0

import Calibration
import Digests
import Inspection
import Pictures
import Recipes

/// Small random networks and a recipe of them, 32 pixels, level layer1.
enum TestNetworks {
    static let settings = MapSettings(levels: [.layer1], smoothing: 4, score: .topPercent)

    /// Random weights of a one-unit trunk up to layer1.
    static func trunk(_ seed: UInt64) -> Weights {
        var random = SeededRandom(seed)
        var weights: Weights = [:]
        for (name, into, kernel) in [
            ("conv1", 3, 7), ("layer1.0.downsample.0", 64, 1), ("layer1.0.conv1", 64, 3), ("layer1.0.conv2", 64, 3),
        ] {
            let bound = (6 / Float(into * kernel * kernel)).squareRoot()
            weights[name + ".weight"] = WeightTensor(
                shape: [64, into, kernel, kernel], values: random.floats(64 * into * kernel * kernel, -bound...bound))
            weights[name + ".bias"] = WeightTensor(shape: [64], values: random.floats(64, -0.1...0.1))
        }
        return weights
    }

    /// A plan of such a trunk.
    static func plan(_ seed: UInt64) throws -> NetworkPlan {
        let weights = trunk(seed)
        return try NetworkPlan(
            graph: try ResidualTrunk.graph(of: weights, levels: [.layer1]), weights: weights, inputSize: 32)
    }

    /// Writes recipe, teacher and student: what training leaves behind.
    static func write(_ folder: RecipeFolder, rule: InputRule) throws {
        let recipe = Recipe(name: "r", input: rule, engine: .float32, map: settings)
        let (teacher, weights) = (Safetensors(tensors: trunk(1)).encoded(), trunk(2))
        let student = ModelFile.encoded(
            weights: weights, graph: try ResidualTrunk.graph(of: weights, levels: [.layer1]),
            metadata: ["teacher_sha256": Digest.sha256(teacher), "input": rule.fingerprint])
        try SafeFile.makeFolder(folder.path)
        writeQuickly(Array(recipe.yaml.utf8), to: folder.recipe)
        writeQuickly(teacher, to: folder.teacher)
        writeQuickly(student, to: folder.student)
    }
}

/// A part: a disc that all parts share, with a cast surface of its own.
func part(_ seed: UInt64, size: Int = 96, brightness: Int = 0, noise: Int = 0) -> Picture {
    var random = SeededRandom(seed)
    let cell = 3
    let side = size / cell + 2
    let lattice = (0..<side * side).map { _ in Int.random(in: -35...35, using: &random) }
    var grain = SeededRandom(seed &+ 977)
    var pixels: [UInt8] = []
    for y in 0..<size {
        for x in 0..<size {
            let (dy, dx) = (y - size / 2, x - size / 2)
            let inside = dy * dy + dx * dx < size * size / 6
            let texture = lattice[y / cell * side + x / cell]
            let value =
                (inside ? 150 : 60) + texture + brightness
                + (noise > 0 ? Int.random(in: -noise...noise, using: &grain) : 0)
            for shade in [0, 5, 10] { pixels.append(UInt8(clamping: value - shade)) }
        }
    }
    return Picture(width: size, height: size, pixels: pixels)
}
