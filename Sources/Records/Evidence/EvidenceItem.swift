// SPDX-License-Identifier: Apache-2.0

import Inspection
import Pictures

/// What is kept of one part, as it leaves the deciding thread: nothing of it is looked at there.
public struct EvidenceItem: Sendable {
    /// The event, as it was recorded; nil for a good part that is kept as a sample.
    public var recorded: RecordedEvent?
    /// The event's place in the chain.
    public var anchor: HistoryAnchor?
    /// Name of the part.
    public var part: String
    /// When it was decided, nanoseconds since 1970, UTC.
    public var time: UInt64
    /// The part's score and the bounds it was held against.
    public var score: Float, threshold: Float, warn: Float?
    /// The camera's own bytes; empty when the source has none.
    public var original: [UInt8]
    /// How they lie in memory; nil for a picture file.
    public var layout: RawLayout?
    /// The network input, `(size, size, 3)`.
    public var pixels: [UInt8]
    /// Side of the input.
    public var size: Int
    /// The anomaly map, `(size, size)`, and the bound of a pixel.
    public var map: [Float], pixelThreshold: Float
    /// How the picture became the input.
    public var rule: InputRule
    /// The recipe's name, and the identity of everything in it that a verdict depends on.
    public var recipe: String, identity: String
    /// SHA-256 of what inspects.
    public var model: String
    /// How the camera was set.
    public var controls: [CameraSettings.Control]
    /// Milliseconds from picture ready to decision, and of the networks alone.
    public var latency: Double, networks: Double
    /// Instruction set of the networks.
    public var instructionSet: String

    /// Everything that is known of a part.
    public init(
        recorded: RecordedEvent?, anchor: HistoryAnchor?, part: String, time: UInt64, score: Float, threshold: Float,
        warn: Float?, original: [UInt8], layout: RawLayout?, pixels: [UInt8], size: Int, map: [Float],
        pixelThreshold: Float, rule: InputRule, recipe: String, identity: String, model: String,
        controls: [CameraSettings.Control], latency: Double, networks: Double, instructionSet: String
    ) {
        self.recorded = recorded
        self.anchor = anchor
        self.part = part
        self.time = time
        (self.score, self.threshold, self.warn) = (score, threshold, warn)
        (self.original, self.layout) = (original, layout)
        (self.pixels, self.size) = (pixels, size)
        (self.map, self.pixelThreshold) = (map, pixelThreshold)
        self.rule = rule
        (self.recipe, self.identity, self.model) = (recipe, identity, model)
        self.controls = controls
        (self.latency, self.networks) = (latency, networks)
        self.instructionSet = instructionSet
    }

    /// About how much memory it holds.
    var bytes: Int { original.count + pixels.count + 4 * map.count }
}
