// SPDX-License-Identifier: Apache-2.0

/// An array of float32 of any rank, row major, that remembers how it was computed.
///
/// Feature maps are `(N, H, W, C)`, convolution weights `(KH, KW, Ci, Co)`. Operations are free functions
/// (``convolution(_:weight:bias:stride:padding:)``, ``relu(_:)``, ``add(_:_:)`` …); each lives in one file with its
/// forward and backward pass side by side. When an input requires a gradient, the operation records a backward closure,
/// and ``backward()`` runs the closures in reverse.
///
/// Tensors belong to the thread that made them; the operations themselves use all ``Workers``.
public final class Tensor {
    /// Extent of each dimension; empty for a single number.
    public let shape: [Int]
    let storage: Storage
    let lineage: Lineage?
    /// Mean and variance of each channel, when the operation that made the tensor computed them on the way.
    let moments: ChannelMoments?

    init(shape: [Int], storage: Storage, lineage: Lineage? = nil, moments: ChannelMoments? = nil) {
        self.shape = shape
        self.storage = storage
        self.lineage = lineage
        self.moments = moments
    }

    /// A tensor of given values, in row-major order.
    ///
    /// - Parameter requiresGradient: makes it a leaf that collects a gradient.
    public convenience init(shape: [Int], values: [Float], requiresGradient: Bool = false) {
        let count = Tensor.count(shape)
        precondition(values.count == count, "shape \(shape) holds \(count) values, not \(values.count)")
        let storage = Storage(count: count)
        values.withUnsafeBufferPointer { values in
            if let base = values.baseAddress { storage.pointer.update(from: base, count: count) }
        }
        self.init(shape: shape, storage: storage, lineage: requiresGradient ? Lineage(count: count) : nil)
    }

    /// A tensor of zeros.
    public static func zeros(_ shape: [Int], requiresGradient: Bool = false) -> Tensor {
        let count = count(shape)
        return Tensor(
            shape: shape, storage: Storage(zeros: count), lineage: requiresGradient ? Lineage(count: count) : nil)
    }

    /// Number of elements.
    public var count: Int { storage.count }
    /// Whether ``backward()`` of something computed from this tensor gives it a gradient.
    public var requiresGradient: Bool { lineage != nil }
    /// The elements in place, row major. Valid while the tensor lives; write only to tensors that no recorded operation
    /// still needs.
    public var data: UnsafeMutableBufferPointer<Float> { .init(start: storage.pointer, count: storage.count) }
    /// A copy of the elements, row major.
    public var values: [Float] { Array(data) }
    /// The only element of a tensor with one element, such as a loss.
    public var item: Float {
        precondition(count == 1, "a tensor of shape \(shape) is not one number")
        return storage.pointer[0]
    }
    /// A copy of the gradient, row major; nil when none has arrived. Gradients of intermediate results are freed by
    /// ``backward()`` as soon as they have been used.
    public var gradient: [Float]? {
        lineage?.stored().map { Array(UnsafeBufferPointer(start: $0.pointer, count: $0.count)) }
    }

    /// Forgets the gradient; its memory goes back to the pool.
    public func clearGradient() { lineage?.clear() }

    /// The same values without the history.
    public var detached: Tensor { Tensor(shape: shape, storage: storage) }

    /// Adds d(self)/d(leaf) to the gradient of every leaf that this single number was computed from.
    ///
    /// The recorded graph is used up; a second call stops the program.
    public func backward() {
        precondition(count == 1, "backward() starts from one number, not from shape \(shape)")
        backward(gradient: [1])
    }

    /// As ``backward()`` for a tensor of any shape, whose own gradient is given, row major.
    public func backward(gradient: [Float]) {
        guard let lineage else { preconditionFailure("backward(): nothing that led here requires a gradient") }
        lineage.accumulate(Tensor(shape: shape, values: gradient).storage)
        lineage.walk()
    }

    static func count(_ shape: [Int]) -> Int {
        precondition(shape.allSatisfy { $0 >= 0 }, "negative extent in shape \(shape)")
        return shape.reduce(1, *)
    }

    /// `(N, H, W, C)` of a feature map.
    var extents: (pictures: Int, height: Int, width: Int, channels: Int) {
        precondition(shape.count == 4, "a feature map is (N, H, W, C), not \(shape)")
        return (shape[0], shape[1], shape[2], shape[3])
    }

    /// The result of an operation: records `backward` when an input requires a gradient and recording is on.
    ///
    /// `backward` receives the result's lineage, takes the gradient from it and passes gradients on to the lineages of
    /// the inputs. It must capture only what it needs.
    static func result(
        shape: [Int], storage: Storage, of inputs: [Tensor?], moments: ChannelMoments? = nil,
        backward: @escaping (Lineage) -> Void
    ) -> Tensor {
        let lineages = Recording.isOn ? inputs.compactMap { $0?.lineage } : []
        let lineage =
            lineages.isEmpty ? nil : Lineage(count: storage.count, inputs: lineages, backward: backward)
        return Tensor(shape: shape, storage: storage, lineage: lineage, moments: moments)
    }

    /// Whether an operation on these inputs will be recorded, so that it must keep what its backward pass needs.
    static func isRecorded(_ inputs: [Tensor?]) -> Bool { Recording.isOn && inputs.contains { $0?.lineage != nil } }
}

enum Recording {
    @TaskLocal static var isOn = true
}

/// Runs `body` without recording: for validation and frozen networks. Nothing is kept for a backward pass.
public func withoutGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Recording.$isOn.withValue(false, operation: body)
}
