// SPDX-License-Identifier: Apache-2.0

import Inspection
import Line
import Recipes

/// Whether parts, light and camera are still like those of the calibration: an alarm is an andon, and never another threshold.
extension DecisionLoop {
    /// A recipe is about to be in force: its calibration is what parts are held against, in a run of its own.
    func prepareDrift(_ loaded: LoadedRecipe) {
        drift = nil
        guard settings.driftLevel > 0 else { return }
        let calibration = loaded.calibration
        if calibration.pictureStatistics == nil {
            log.notice(
                "drift: the calibration is older than the statistics of light and camera; only scores are watched")
        }
        do throws(InspectionError) {
            drift = try DriftWatch(
                scores: calibration.scores.map(\.score), statistics: calibration.pictureStatistics,
                level: settings.driftLevel)
        } catch {
            log.warning("drift is not watched", metadata: ["detail": "\(error)"])
        }
    }

    /// After a part was judged, and everything else is done: passed or stopped, it is one more of those that are compared.
    ///
    /// After an alarm nothing is watched until a person has ended the andon, or started the line again: then a new run begins.
    func watchDrift(_ frame: borrowing Frame, _ score: Float) {
        // In place: a copy of the watch would have its megabytes copied with each part.
        guard drift != nil else { return }
        if drift?.alarm != nil {
            guard machine.state == .running else { return }
            drift?.restart()
        }
        let statistics = PictureStatistics(frame.pixels, size: frame.size)
        guard let alarm = drift?.add(score: score, statistics: statistics) else { return }
        handle(.drift(detail: alarm.text))
    }
}
