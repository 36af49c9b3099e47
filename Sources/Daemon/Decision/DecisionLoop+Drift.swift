// SPDX-License-Identifier: Apache-2.0

import Inspection
import Line
import Recipes

/// Whether parts, light and camera are still like those of the calibration: an alarm is an andon, and never another threshold.
extension DecisionLoop {
    /// A recipe is about to be in force: its calibration is what parts are held against, in a run of its own.
    func prepareDrift(_ loaded: LoadedRecipe) {
        (drift, untoldDrift) = (nil, nil)
        guard settings.driftLevel > 0 else { return }
        let calibration = loaded.calibration
        // Of a camera that is set otherwise nobody has to be told that its pictures are others.
        let statistics = loaded.cameraOverride == nil ? calibration.pictureStatistics : nil
        if statistics == nil {
            log.notice(
                "drift: only scores are watched; the calibration knows nothing of light and camera as they are set now")
        }
        do throws(InspectionError) {
            drift = try DriftWatch(
                scores: calibration.scores.map(\.score), statistics: statistics,
                level: settings.driftLevel)
        } catch {
            log.warning("drift is not watched", metadata: ["detail": "\(error)"])
        }
    }

    /// The same recipe, read again: a new run begins only where something of the watch has changed.
    func renewDrift(_ again: LoadedRecipe?) {
        guard let again, let loaded, loaded.identity == again.identity,
            (drift?.level ?? 0) != settings.driftLevel || loaded.calibration != again.calibration
        else { return }
        self.loaded = again
        prepareDrift(again)
    }

    /// After a part was judged, and everything else is done: passed or stopped, it is one more of those that are compared.
    ///
    /// After an alarm nothing is watched until a person has ended the andon, or started the line again: then a new run begins.
    func watchDrift(_ frame: borrowing Frame, _ score: Float) {
        // In place: a copy of the watch would have its megabytes copied with each part.
        guard drift != nil else { return }
        if drift?.alarm != nil {
            guard machine.state == .running else { return }
            // The part that raised it had stopped the line: it is told when the line runs again.
            if let untold = untoldDrift {
                untoldDrift = nil
                handle(.drift(detail: untold))
                return
            }
            drift?.restart()
        }
        let statistics = PictureStatistics(frame.pixels, size: frame.size)
        guard let alarm = drift?.add(score: score, statistics: statistics) else { return }
        guard machine.state.isInspecting else {
            untoldDrift = alarm.text
            return
        }
        handle(.drift(detail: alarm.text))
    }
}
