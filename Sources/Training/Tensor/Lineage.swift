// SPDX-License-Identifier: Apache-2.0
import CTraining
import Synchronization

/// Where a tensor came from and what its gradient is: one node of the recorded graph.
///
/// A lineage does not hold its tensor's values, so values that no backward pass needs are freed during the forward pass.
final class Lineage {
    private static let counter = Atomic<Int>(0)

    /// Order of creation; an operation's output is always younger than its inputs.
    let sequence: Int
    /// Elements of the tensor and of its gradient.
    let count: Int
    /// The lineages that `backward` adds gradients to.
    private(set) var inputs: [Lineage]
    /// The gradient so far.
    private(set) var gradient: Storage?
    /// A gradient that is computed where it is used; see ``DeferredGradient``. Never together with `gradient`.
    private var deferred: DeferredGradient?
    private var backward: ((Lineage) -> Void)?
    private var isSpent = false

    /// A node; without `backward` it is a leaf, whose gradient stays until it is cleared.
    init(count: Int, inputs: [Lineage] = [], backward: ((Lineage) -> Void)? = nil) {
        sequence = Self.counter.add(1, ordering: .relaxed).newValue
        self.count = count
        self.inputs = inputs
        self.backward = backward
    }

    func clear() {
        gradient = nil
        deferred = nil
    }

    // MARK: Receiving gradients

    /// Adds a gradient; the first one is adopted without a copy.
    func accumulate(_ addend: Storage) {
        resolve()
        guard gradient != nil else {
            gradient = addend
            return
        }
        let (target, _) = target()
        Workers.forEachRun(of: count, grain: 1 << 16) { start, count in
            ct_add(target + start, addend.pointer + start, count, false, target + start)
        }
    }

    /// Adds a gradient that is computed where it is used; only the first and only one stays deferred.
    func accumulate(_ addend: DeferredGradient) {
        if gradient == nil, deferred == nil { deferred = addend } else { accumulate(addend.stored()) }
    }

    /// Memory to add a gradient to; when `isFresh` the contents are undefined and must be overwritten.
    func target() -> (pointer: UnsafeMutablePointer<Float>, isFresh: Bool) {
        resolve()
        if gradient == nil {
            let storage = Storage(count: count)
            gradient = storage
            return (storage.pointer, true)
        }
        // Where another owner may still read the values, leave them alone.
        if !isKnownUniquelyReferenced(&gradient) { gradient = gradient?.copy() }
        guard let gradient else { preconditionFailure("a gradient vanished") }
        return (gradient.pointer, false)
    }

    // MARK: Handing gradients out, to `backward`

    /// The gradient for reading; nil when nothing arrived.
    func stored() -> Storage? {
        resolve()
        return gradient
    }

    /// The gradient as memory that the caller may overwrite; this lineage has none afterwards.
    func takeWritable() -> Storage? {
        resolve()
        guard gradient != nil else { return nil }
        let isUnique = isKnownUniquelyReferenced(&gradient)
        let storage = gradient
        gradient = nil
        return isUnique ? storage : storage?.copy()
    }

    /// The gradient in whichever form it has.
    func source() -> GradientSource? {
        if let deferred { return .deferred(deferred) }
        return gradient.map { .stored($0) }
    }

    private func resolve() {
        guard let waiting = deferred else { return }
        deferred = nil
        gradient = waiting.stored()
    }

    // MARK: The walk

    /// Runs every backward closure that `self` depends on, youngest first; each frees what it captured.
    func walk() {
        precondition(!isSpent, "backward() was already called on this graph, its buffers are gone")
        var seen: Set<ObjectIdentifier> = [ObjectIdentifier(self)]
        var pending = [self]
        var order: [Lineage] = []
        while let node = pending.popLast() {
            precondition(!node.isSpent, "a part of this graph was already used by another backward()")
            order.append(node)
            for input in node.inputs where seen.insert(ObjectIdentifier(input)).inserted { pending.append(input) }
        }
        order.sort { $0.sequence < $1.sequence }
        while let node = order.popLast() {
            guard let backward = node.backward else { continue }
            node.backward = nil
            node.inputs = []
            node.isSpent = true
            if node.gradient != nil || node.deferred != nil { backward(node) }
            node.clear()
        }
    }
}

/// A gradient that is computed block by block where it is used.
///
/// Batch normalisation hands one to the convolution before it: writing the gradient of the convolution's output to memory
/// only to read it back would cost two passes over the largest array of the network.
struct DeferredGradient {
    /// Pictures, pixels of each and channels of each pixel.
    let pictures: Int, pixels: Int, channels: Int
    /// Writes the gradient `(count, channels)` of pixels `first..<first + count` of one picture. Called from several
    /// threads at once.
    let write: (_ picture: Int, _ first: Int, _ count: Int, _ to: UnsafeMutablePointer<Float>) -> Void

    /// The whole gradient in memory.
    func stored() -> Storage {
        let storage = Storage(count: pictures * pixels * channels)
        let grain = 512
        let runs = (pixels + grain - 1) / grain
        Workers.forEach(pictures * runs) { shard, _ in
            let (picture, run) = shard.quotientAndRemainder(dividingBy: runs)
            let first = run * grain
            write(picture, first, min(grain, pixels - first), storage.pointer + (picture * pixels + first) * channels)
        }
        return storage
    }
}

/// The gradient of an operation's output, for operations that can use both forms.
enum GradientSource {
    case stored(Storage)
    case deferred(DeferredGradient)
}
