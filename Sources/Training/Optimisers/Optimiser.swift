// SPDX-License-Identifier: Apache-2.0

/// Changes trained parameters by their gradients.
public protocol Optimiser: AnyObject {
    /// What it changes, in order.
    var parameters: [Parameter] { get }
    /// Step size; set it from a ``Schedule`` before each step.
    var learningRate: Double { get set }

    /// One update; parameters without a gradient stay as they are.
    func step()

    /// Everything besides the parameters that the next steps depend on, under names of its own.
    func exported() -> [NamedArray]

    /// Takes over what ``exported()`` gave, so that training goes on with the same bits. All or nothing.
    ///
    /// - Throws: `TrainingError` when names, shapes or values do not fit.
    func load(_ arrays: [NamedArray]) throws(TrainingError)
}

extension Optimiser {
    /// Forgets all gradients; call it before each forward pass.
    public func clearGradients() {
        for parameter in parameters { parameter.tensor.clearGradient() }
    }
}

/// One float array per trained parameter, such as momenta, and the number of steps each has seen.
struct OptimiserSlots {
    let names: [String]
    let parameters: [Parameter]
    /// `[slot][parameter]`.
    private(set) var storages: [[Storage]]
    /// Updates so far, per parameter.
    var steps: [Int]

    /// Slots of zeros; each is exported as `OPTIMISER.SLOT.PARAMETER`.
    init(_ names: [String], for parameters: [Parameter]) {
        let trained = parameters.filter(\.isTrained)
        precondition(Set(trained.map(\.name)).count == trained.count, "an optimiser's parameters share a name")
        self.names = names
        self.parameters = trained
        storages = names.map { _ in trained.map { Storage(zeros: $0.tensor.count) } }
        steps = trained.map { _ in 0 }
    }

    // Steps are exported as floats, which are exact up to this.
    static let mostSteps = 1 << 24

    func exported(prefix: String) -> [NamedArray] {
        var arrays: [NamedArray] = []
        for (index, parameter) in parameters.enumerated() {
            precondition(steps[index] <= Self.mostSteps, "more than \(Self.mostSteps) steps cannot be exported")
            arrays.append(
                NamedArray(name: "\(prefix).step.\(parameter.name)", shape: [1], values: [Float(steps[index])]))
            for (name, storages) in zip(names, storages) {
                let values = UnsafeBufferPointer(start: storages[index].pointer, count: storages[index].count)
                arrays.append(
                    NamedArray(
                        name: "\(prefix).\(name).\(parameter.name)", shape: parameter.tensor.shape,
                        values: Array(values)))
            }
        }
        return arrays
    }

    mutating func load(_ arrays: [NamedArray], prefix: String) throws(TrainingError) {
        var wanted: [(name: String, shape: [Int])] = []
        for parameter in parameters {
            wanted.append(("\(prefix).step.\(parameter.name)", [1]))
            for name in names { wanted.append(("\(prefix).\(name).\(parameter.name)", parameter.tensor.shape)) }
        }
        let matched = try NamedArray.matched(arrays, to: wanted)
        let width = names.count + 1
        for index in parameters.indices {
            let step = matched[index * width]
            guard let count = Int(exactly: step.values[0]), (0...Self.mostSteps).contains(count) else {
                throw TrainingError(
                    .value, step.name, expected: "a whole number of steps", found: "\(step.values[0])")
            }
        }
        for index in parameters.indices {
            steps[index] = Int(matched[index * width].values[0])
            for slot in names.indices {
                matched[index * width + 1 + slot].values.withUnsafeBufferPointer { values in
                    guard let base = values.baseAddress else { return }
                    storages[slot][index].pointer.update(from: base, count: values.count)
                }
            }
        }
    }
}
