// SPDX-License-Identifier: Apache-2.0

import CKernels

/// What the planner works out before anything gets a place or becomes bytes: maps and the steps that make them.
struct IntegerProgram {
    /// A stored map.
    struct Value {
        /// For messages: network and node.
        let name: String
        let kind: ck_kind
        let shape: NetworkPlan.Shape
        /// Largest value that can occur.
        let maximum: Int
        /// Real value of one step of the number; 1 for the picture and for distances.
        let scale: Double
        /// Bytes of the border.
        var fill: [UInt8] = [0, 0, 0, 0]
        /// Rows and columns around the map that convolutions read.
        var border = 0

        var elementBytes: Int { kind == CK_U8 ? 1 : kind == CK_S16 ? 2 : 4 }
        /// Bytes in the arena, border included.
        var bytes: Int {
            (shape.height + 2 * border) * (shape.width + 2 * border) * shape.channels * elementBytes
        }

        /// Whether two maps may take turns at one place: the border is written once, when the arena is made.
        func hasForm(of other: Value) -> Bool {
            kind == other.kind && shape == other.shape && border == other.border && maximum == other.maximum
                && fill == other.fill && kind != CK_F32
        }
    }

    /// Weights of one convolution with what its sums are multiplied with.
    struct Weights: Equatable {
        /// `(out, in, height, width)`.
        let shape: [Int]
        let weights: [Int8]
        let bias: [Int32]
        /// bias + 128 · Σ weights.
        let signedBias: [Int32]
        /// Sum to result, per output channel.
        let factors: [Float]
    }

    /// One result of a step.
    struct Group {
        let output: Int
        /// Of a convolution.
        var weights: Weights?
        /// What an addition multiplies its input with.
        var firstScale: Float = 0
    }

    struct Step {
        let name: String
        let operation: ck_plan_operation
        let input: Int
        var second: Int?
        var kernel = 1
        var stride = 1
        var padding = 0
        var groups: [Group]
        var secondScale: Float = 0
        /// Multiply-accumulates, or about as much work.
        var work: Int
        var stage = 0
    }

    /// Value 0 is the picture.
    private(set) var values: [Value]
    private(set) var steps: [Step] = []
    /// Multiply-accumulates of both networks, without padding; what they share counts for both.
    var multiplyAccumulates = 0

    /// Bytes nearest to the mean colour: where the border of the normalised picture would be 0.
    static let meanColour: [UInt8] = PixelNormalisation.mean.map { UInt8(($0 * 255).rounded()) } + [0]

    init(inputSize: Int) {
        values = [
            Value(
                name: "picture", kind: CK_U8,
                shape: NetworkPlan.Shape(height: inputSize, width: inputSize, channels: 3),
                maximum: 255, scale: 1, fill: Self.meanColour)
        ]
    }

    /// Adds a map; a step makes it.
    mutating func add(_ value: Value) -> Int {
        values.append(value)
        return values.count - 1
    }

    /// Adds a step; its inputs were made before.
    mutating func add(_ step: Step) { steps.append(step) }

    /// Adds a convolution whose only user is a 3 × 3 maximum pooling: such convolutions of one input run as one step, and
    /// equal ones run once.
    ///
    /// - Returns: the pooled map.
    mutating func addPooled(_ step: Step, weights: Weights, output: Value) -> Int {
        let alike = steps.indices.filter {
            let other = steps[$0]
            return other.operation == CK_POOLED_CONVOLUTION && other.input == step.input
                && (other.kernel, other.stride, other.padding) == (step.kernel, step.stride, step.padding)
        }
        for index in alike {
            for group in steps[index].groups where group.weights == weights {
                let known = values[group.output]
                if known.maximum == output.maximum && known.scale == output.scale { return group.output }
            }
        }
        let group = Group(output: add(output), weights: weights)
        if let index = alike.first(where: { steps[$0].groups.count < Int(CK_PLAN_GROUPS) }) {
            steps[index].groups.append(group)
            steps[index].work += step.work
        } else {
            var first = step
            first.groups = [group]
            steps.append(first)
        }
        return group.output
    }

    /// Works out borders and stages, and puts the steps into the order that they run in.
    mutating func schedule() {
        for step in steps where step.operation == CK_CONVOLUTION || step.operation == CK_POOLED_CONVOLUTION {
            values[step.input].border = max(values[step.input].border, step.padding)
        }
        var made = [Int](repeating: -1, count: values.count)
        for index in steps.indices {
            let inputs = [steps[index].input] + (steps[index].second.map { [$0] } ?? [])
            steps[index].stage = 1 + (inputs.map { made[$0] }.max() ?? -1)
            for group in steps[index].groups { made[group.output] = steps[index].stage }
        }
        // The largest first, so that no worker begins one when the others are about to be done.
        let order = steps.indices.sorted { a, b in
            (steps[a].stage, -steps[a].work, a) < (steps[b].stage, -steps[b].work, b)
        }
        steps = order.map { steps[$0] }
    }

    /// Places of all values in the arena: a map may follow a dead one of the same form.
    ///
    /// - Returns: offsets by value and the arena's size, in bytes.
    func arena() -> (offsets: [Int], bytes: Int) {
        var made = [Int](repeating: -1, count: values.count)
        var used = made
        for step in steps {
            used[step.input] = max(used[step.input], step.stage)
            if let second = step.second { used[second] = max(used[second], step.stage) }
            for group in step.groups {
                made[group.output] = step.stage
                used[group.output] = max(used[group.output], step.stage)
            }
        }
        var offsets = [Int](repeating: 0, count: values.count)
        var holders: [Int] = []  // the latest value at each place
        var end = 0
        let alignment = Int(CK_ALIGNMENT)
        for index in values.indices.sorted(by: { (made[$0], $0) < (made[$1], $1) }) {
            let place = holders.firstIndex { used[$0] < made[index] && values[$0].hasForm(of: values[index]) }
            if let place {
                offsets[index] = offsets[holders[place]]
                holders[place] = index
            } else {
                offsets[index] = end
                holders.append(index)
                end += (values[index].bytes + Int(CK_SLACK) + alignment - 1) / alignment * alignment
            }
        }
        return (offsets, end)
    }
}
