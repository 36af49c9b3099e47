// SPDX-License-Identifier: Apache-2.0
import CTraining

/// The mean over all pixels of `½‖n(T) − n(S)‖² = 1 − cos(T, S)`, `n(v) = v / ‖v‖₂` over the channels; shape `[]`.
///
/// With a `hardest` share below 1 only those pixels count, of all pictures together, whose loss is largest: what a student already
/// sees well teaches it nothing, and the largest differences on good parts are what sets a threshold (EfficientAD's hard-feature
/// loss, here of whole vectors).
///
/// The teacher is a constant; only the student receives a gradient. Where a vector's squared norm is at most
/// ``zeroNormLimit`` its `n(v)` is 0: such a pixel costs ½ (0 when both are zero) and has no gradient.
/// Source: MixedTeacher, eq. 1–4, squared as in STPM.
///
/// - Parameters:
///   - student: `(N, H, W, C)`.
///   - teacher: the same shape.
///   - hardest: share of the pixels that count, above 0, at most 1. Of pixels with the same loss all count.
public func distillationLoss(student: Tensor, teacher: Tensor, hardest: Double = 1) -> Tensor {
    precondition(
        student.shape == teacher.shape, "distillationLoss: student \(student.shape), teacher \(teacher.shape)")
    precondition(hardest > 0 && hardest <= 1, "distillationLoss: a share of \(hardest)")
    let channels = student.extents.channels
    precondition(student.count > 0, "distillationLoss: nothing to compare in shape \(student.shape)")
    let pixels = student.count / channels
    let (s, t) = (student.storage, teacher.storage)
    // ds = alongTeacher · t + alongStudent · s, per pixel.
    let alongTeacher = Storage(count: pixels), alongStudent = Storage(count: pixels), distance = Storage(count: pixels)

    // Forward: Σ (1 − s·t / (|s||t|)) / pixels.
    var total = sumOfRuns(pixels, grain: normalisationGrain) { first, count in
        ct_cosine_distance(
            s.pointer + first * channels, t.pointer + first * channels, count, Int32(channels), zeroNormLimit,
            distance.pointer + first, alongTeacher.pointer + first, alongStudent.pointer + first)
    }
    var kept = pixels
    if hardest < 1 {
        let least = withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 65536) { bins in
            ct_kth_largest(distance.pointer, pixels, max(1, Int(hardest * Double(pixels))), bins.baseAddress)
        }
        total = ct_keep_hardest(
            distance.pointer, least, pixels, alongTeacher.pointer, alongStudent.pointer, &kept)
    }
    let counted = Float(kept)

    let lineage = student.lineage
    return Tensor.result(shape: [], storage: number(Float(total / Double(kept))), of: [student]) { result in
        // Backward: ds = (−t / (|s||t|) + cos · s / |s|²) · dloss / pixels that count.
        guard let dy = result.stored() else { return }
        let factor = dy.pointer[0] / counted
        let gradient = Storage(count: s.count)
        Workers.forEachRun(of: pixels, grain: normalisationGrain) { first, count in
            let at = first * channels
            ct_cosine_distance_backward(
                s.pointer + at, t.pointer + at, alongTeacher.pointer + first, alongStudent.pointer + first, factor,
                count, Int32(channels), gradient.pointer + at)
        }
        lineage?.accumulate(gradient)
    }
}
