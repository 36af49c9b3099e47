// SPDX-License-Identifier: Apache-2.0
import CTraining

/// Gradient descent with momentum and L2 decay; torch's conventions, no dampening.
///
/// `g = gradient + decay · p`, `v = momentum · v + g` (`v = g` at first), `p −= rate · v`.
public final class SGD: Optimiser {
    /// The trained ones among the parameters given.
    public var parameters: [Parameter] { slots.parameters }
    /// Step size.
    public var learningRate: Double
    /// Share of the last step that is kept, 0 for none.
    public var momentum: Double
    /// Pulls parameters towards 0.
    public let weightDecay: Double
    private var slots: OptimiserSlots

    /// An optimiser of the trained ones among `parameters`.
    public init(_ parameters: [Parameter], learningRate: Double, momentum: Double = 0, weightDecay: Double = 0) {
        slots = OptimiserSlots(["momentum"], for: parameters)
        self.learningRate = learningRate
        self.momentum = momentum
        self.weightDecay = weightDecay
    }

    /// One update.
    public func step() {
        for (index, parameter) in slots.parameters.enumerated() {
            guard let gradient = parameter.tensor.lineage?.stored() else { continue }
            let (p, v) = (parameter.tensor.storage.pointer, slots.storages[0][index].pointer)
            let isFirst = slots.steps[index] == 0
            let (rate, momentum, decay) = (Float(learningRate), Float(momentum), Float(weightDecay))
            Workers.forEachRun(of: gradient.count, grain: updateGrain) { at, count in
                ct_sgd(p + at, gradient.pointer + at, v + at, rate, momentum, decay, isFirst, count)
            }
            slots.steps[index] += 1
        }
    }

    /// Momenta and step counts: `sgd.momentum.NAME`, `sgd.step.NAME`.
    public func exported() -> [NamedArray] { slots.exported(prefix: "sgd") }

    /// Takes over what ``exported()`` gave.
    public func load(_ arrays: [NamedArray]) throws(TrainingError) { try slots.load(arrays, prefix: "sgd") }
}

/// Elements of one shard of an update.
let updateGrain = 1 << 15
