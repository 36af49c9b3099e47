// SPDX-License-Identifier: Apache-2.0
import CTraining
import Glibc

/// Adam, with L2 decay (Adam) or decoupled decay (AdamW); torch's conventions.
///
/// `m = β₁ m + (1 − β₁) g`, `v = β₂ v + (1 − β₂) g²`, `p −= rate · m̂ / (√v̂ + ε)` with `m̂ = m / (1 − β₁ᵗ)`,
/// `v̂ = v / (1 − β₂ᵗ)`. Sources: Kingma and Ba, 2015; Loshchilov and Hutter, "Decoupled weight decay", 2019.
public final class Adam: Optimiser {
    /// What weight decay does.
    public enum Decay: Sendable {
        /// `g = gradient + decay · p`: Adam.
        case inGradient
        /// `p *= 1 − rate · decay` before the step: AdamW.
        case decoupled
    }

    /// The trained ones among the parameters given.
    public var parameters: [Parameter] { slots.parameters }
    /// Step size.
    public var learningRate: Double
    /// β₁, which one-cycle schedules may move; the correction uses the current value, as torch does.
    public var beta1: Double
    /// β₂.
    public let beta2: Double
    /// ε.
    public let epsilon: Double
    /// Pulls parameters towards 0.
    public let weightDecay: Double
    /// What weight decay does.
    public let decay: Decay
    private var slots: OptimiserSlots

    /// An optimiser of the trained ones among `parameters`.
    public init(
        _ parameters: [Parameter], learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-8, weightDecay: Double = 0, decay: Decay = .inGradient
    ) {
        slots = OptimiserSlots(["m", "v"], for: parameters)
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.decay = decay
    }

    /// AdamW with torch's default decay of 0.01.
    public static func decoupled(
        _ parameters: [Parameter], learningRate: Double, weightDecay: Double = 0.01
    ) -> Adam {
        Adam(parameters, learningRate: learningRate, weightDecay: weightDecay, decay: .decoupled)
    }

    /// One update.
    public func step() {
        for (index, parameter) in slots.parameters.enumerated() {
            guard let gradient = parameter.tensor.lineage?.stored() else { continue }
            slots.steps[index] += 1
            let step = Double(slots.steps[index])
            let rate = Float(learningRate / (1 - pow(beta1, step)))
            let scale = Float(1 / (1 - pow(beta2, step)).squareRoot())
            let inGradient = decay == .inGradient ? Float(weightDecay) : 0
            let keep = decay == .decoupled ? Float(1 - learningRate * weightDecay) : 1
            let (b1, b2, epsilon) = (Float(beta1), Float(beta2), Float(epsilon))
            let p = parameter.tensor.storage.pointer
            let (m, v) = (slots.storages[0][index].pointer, slots.storages[1][index].pointer)
            Workers.forEachRun(of: gradient.count, grain: updateGrain) { at, count in
                ct_adam(
                    p + at, gradient.pointer + at, m + at, v + at, rate, b1, b2, scale, epsilon, inGradient, keep,
                    count)
            }
        }
    }

    /// Both running means and step counts: `adam.m.NAME`, `adam.v.NAME`, `adam.step.NAME`.
    public func exported() -> [NamedArray] { slots.exported(prefix: "adam") }

    /// Takes over what ``exported()`` gave.
    public func load(_ arrays: [NamedArray]) throws(TrainingError) { try slots.load(arrays, prefix: "adam") }
}
