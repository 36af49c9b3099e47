// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A learning rate as a pure function of the step.
public protocol Schedule: Sendable {
    /// The rate for step `step`, counted from 0.
    func learningRate(at step: Int) -> Double
}

/// Up from `peak / division` to `peak` in the first share of the steps, then down to `peak / division / finalDivision`,
/// both along half a cosine; torch's `OneCycleLR`.
///
/// Source: Smith and Topin, "Super-convergence", 2019.
public struct OneCycle: Schedule, Equatable {
    /// The highest rate.
    public var peak: Double
    /// Steps of the whole cycle; later steps keep the last rate.
    public var steps: Int
    /// Share of the steps that rise.
    public var rise: Double
    /// The first rate is `peak / division`.
    public var division: Double
    /// The last rate is `peak / division / finalDivision`.
    public var finalDivision: Double
    /// Highest and lowest momentum (SGD) or β₁ (Adam); it falls while the rate rises.
    public var momentum: (high: Double, low: Double) { (0.95, 0.85) }

    /// A cycle; the defaults are torch's.
    public init(
        peak: Double, steps: Int, rise: Double = 0.3, division: Double = 25, finalDivision: Double = 1e4
    ) {
        precondition(steps > 0 && (0...1).contains(rise), "one-cycle: \(steps) steps, rise \(rise)")
        self.peak = peak
        self.steps = steps
        self.rise = rise
        self.division = division
        self.finalDivision = finalDivision
    }

    /// The rate for a step.
    public func learningRate(at step: Int) -> Double {
        value(at: step, start: peak / division, middle: peak, end: peak / division / finalDivision)
    }

    /// The momentum or β₁ for a step, between 0.95 and 0.85, as torch cycles it by default.
    public func momentum(at step: Int) -> Double {
        value(at: step, start: momentum.high, middle: momentum.low, end: momentum.high)
    }

    private func value(at step: Int, start: Double, middle: Double, end: Double) -> Double {
        let step = Double(min(max(0, step), steps - 1)), last = Double(steps - 1)
        let turn = rise * Double(steps) - 1
        if step <= turn { return halfCosine(from: start, to: middle, at: turn > 0 ? step / turn : 1) }
        return halfCosine(from: middle, to: end, at: last > turn ? (step - turn) / (last - turn) : 1)
    }
}

/// Half a cosine from `start` at step 0 to `end` at step `steps`; torch's `CosineAnnealingLR`.
///
/// Source: Loshchilov and Hutter, "SGDR", 2017, without restarts.
public struct Cosine: Schedule, Equatable {
    /// The first rate.
    public var start: Double
    /// The rate from step `steps` on.
    public var end: Double
    /// Steps from one to the other.
    public var steps: Int

    /// A schedule.
    public init(start: Double, end: Double = 0, steps: Int) {
        precondition(steps > 0, "cosine: \(steps) steps")
        self.start = start
        self.end = end
        self.steps = steps
    }

    /// The rate for a step.
    public func learningRate(at step: Int) -> Double {
        halfCosine(from: start, to: end, at: Double(min(max(0, step), steps)) / Double(steps))
    }
}

private func halfCosine(from start: Double, to end: Double, at share: Double) -> Double {
    end + (start - end) * (1 + cos(Double.pi * share)) / 2
}
