// SPDX-License-Identifier: Apache-2.0

import Inspection
import Line
import Recipes
import Records

/// Which parts are kept, and what of them leaves the deciding thread.
extension DecisionLoop {
    /// Keeps the part of an event that says something about it, and every so many good ones.
    ///
    /// - Parameters:
    ///   - frame: the part's picture; its bytes are shared, not copied.
    ///   - networks: milliseconds that the networks took.
    ///   - latency: milliseconds from picture ready to decision.
    func keep(_ frame: borrowing Frame, _ verdict: Verdict, networks: Double, latency: Double) {
        guard let evidence, let inspector, let loaded else { return }
        // The last one: a suspicious part may also be the one too many.
        let event = recordedNow?.last {
            $0.recorded.event.part == frame.part && Self.kept.contains($0.recorded.event.kind)
        }
        if event == nil {
            guard verdict.outcome == .good, settings.goodEvery > 0 else { return }
            goodParts += 1
            guard goodParts % settings.goodEvery == 0 else { return }
        }
        evidence.offer(
            EvidenceItem(
                recorded: event?.recorded, anchor: event?.anchor, part: frame.part, time: UTCTime.now,
                score: verdict.score, threshold: verdict.threshold, warn: verdict.warn, original: frame.original,
                layout: frame.layout, pixels: frame.pixels, size: frame.size, map: inspector.mapper.values,
                pixelThreshold: loaded.calibration.thresholds.pixel, rule: loaded.recipe.input,
                recipe: loaded.recipe.name, identity: loaded.identity, model: loaded.digest,
                controls: loaded.camera.controls, latency: latency, networks: networks,
                instructionSet: (try? InstructionSet.current().name) ?? "unknown"))
    }

    /// Events about a part that somebody may want to see again.
    private static let kept: Set<LineEvent.Kind> = [
        .stop, .stopPending, .warn, .fault, .defectWhileBypassed, .defectWhileNotRunning, .partUnjudged,
    ]

    /// Copies the files of a recipe before it decides anything, so that its decisions can be proved when it has changed.
    func archive(_ loaded: LoadedRecipe, from folder: RecipeFolder) {
        evidence?.archive { store throws in try EvidenceCopy.make(of: folder, loaded, in: store) }
    }
}
