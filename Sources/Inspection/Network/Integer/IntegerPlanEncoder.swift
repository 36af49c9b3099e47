// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Writes a scheduled program as the bytes of a plan: header, values, steps, data.
struct IntegerPlanEncoder {
    private let program: IntegerProgram
    private let inputSize: Int

    init(_ program: IntegerProgram, inputSize: Int) {
        self.program = program
        self.inputSize = inputSize
    }

    /// The plan.
    var bytes: [UInt8] {
        let (offsets, arena) = program.arena()
        var data = Data()
        let steps = program.steps.map { step(of: $0, &data) }
        var tables: [UInt8] = []
        for (value, offset) in zip(program.values, offsets) { append(self.value(of: value, at: offset), to: &tables) }
        for step in steps { append(step, to: &tables) }
        var header = ck_plan_header()
        header.magic = CK_PLAN_MAGIC
        header.version = CK_PLAN_VERSION
        header.input_size = UInt32(inputSize)
        header.value_count = UInt32(program.values.count)
        header.step_count = UInt32(program.steps.count)
        header.arena_bytes = UInt64(arena)
        let offset = Data.aligned(MemoryLayout<ck_plan_header>.size + tables.count)
        header.data_offset = UInt64(offset)
        header.data_bytes = UInt64(data.bytes.count)
        header.multiply_accumulates = UInt64(program.multiplyAccumulates)
        var result: [UInt8] = []
        result.reserveCapacity(offset + data.bytes.count)
        append(header, to: &result)
        result += tables
        result += [UInt8](repeating: 0, count: offset - result.count)
        result += data.bytes
        return result
    }

    /// Weights and what goes with them, each part aligned.
    private struct Data {
        var bytes: [UInt8] = []

        static func aligned(_ count: Int) -> Int {
            (count + Int(CK_ALIGNMENT) - 1) / Int(CK_ALIGNMENT) * Int(CK_ALIGNMENT)
        }

        /// - Returns: where the part begins.
        mutating func append<T>(_ values: [T]) -> UInt64 {
            let offset = bytes.count
            values.withUnsafeBytes { bytes.append(contentsOf: $0) }
            bytes += [UInt8](repeating: 0, count: Self.aligned(bytes.count) - bytes.count)
            return UInt64(offset)
        }
    }

    /// The bytes of a C struct without padding, as this little-endian machine holds it.
    private func append<T>(_ value: T, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
    }

    private func value(of value: IntegerProgram.Value, at offset: Int) -> ck_plan_value {
        var result = ck_plan_value()
        result.kind = value.kind.rawValue
        result.height = UInt32(value.shape.height)
        result.width = UInt32(value.shape.width)
        result.channels = UInt32(value.shape.channels)
        result.border = UInt32(value.border)
        result.maximum = UInt32(value.maximum)
        result.fill = (value.fill[0], value.fill[1], value.fill[2], value.fill[3])
        result.offset = UInt64(offset)
        return result
    }

    private func step(of step: IntegerProgram.Step, _ data: inout Data) -> ck_plan_step {
        var result = ck_plan_step()
        result.operation = step.operation.rawValue
        result.stage = UInt32(step.stage)
        result.input = UInt32(step.input)
        result.second = step.second.map { UInt32($0) } ?? CK_NONE
        result.kernel = UInt32(step.kernel)
        result.stride = UInt32(step.stride)
        result.padding = UInt32(step.padding)
        result.group_count = UInt32(step.groups.count)
        result.second_scale = step.secondScale
        withUnsafeMutableBytes(of: &result.group) { memory in
            let groups = memory.bindMemory(to: ck_plan_group.self)
            for (index, group) in step.groups.enumerated() { groups[index] = self.group(of: group, &data) }
        }
        return result
    }

    private func group(of group: IntegerProgram.Group, _ data: inout Data) -> ck_plan_group {
        var result = ck_plan_group()
        result.output = UInt32(group.output)
        result.first_scale = group.firstScale
        if let weights = group.weights {
            result.weights = data.append(Self.packed(weights))
            result.bias = data.append(Self.filled(weights.bias))
            result.signed_bias = data.append(Self.filled(weights.signedBias))
            result.scale = data.append(Self.filled(weights.factors))
        }
        return result
    }

    /// `(out)` → `(blocks · 64)`, the rest of the last block 0.
    private static func filled<T: Numeric>(_ values: [T]) -> [T] {
        let block = Int(CK_BLOCK)
        return values + [T](repeating: 0, count: (block - values.count % block) % block)
    }

    /// `(out, in, height, width)` → `(blocks, ⌈height · width · in / 4⌉, 64, 4)` in the packed order, places that don't exist 0.
    private static func packed(_ weights: IntegerProgram.Weights) -> [Int8] {
        let (block, width) = (Int(CK_BLOCK), Int(CK_GROUP))
        let places = QuantisedNetwork.packedPlaces(kernel: weights.shape[2], channels: weights.shape[1])
        let out = weights.shape[0]
        let steps = (places.count + width - 1) / width
        let count = (out + block - 1) / block * steps * block * width
        return [Int8](unsafeUninitializedCapacity: count) { packed, used in
            packed.initialize(repeating: 0)
            weights.weights.withUnsafeBufferPointer { from in
                for o in 0..<out {
                    let lane = (o / block * steps * block + o % block) * width
                    for (position, place) in places.enumerated() {
                        packed[lane + position / width * block * width + position % width] =
                            from[o * places.count + place]
                    }
                }
            }
            used = count
        }
    }
}
