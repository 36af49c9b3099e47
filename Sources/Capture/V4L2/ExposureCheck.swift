// SPDX-License-Identifier: Apache-2.0

import Inspection
import Pictures

/// Whether a picture is bright enough, and not too bright, to show a part.
package enum ExposureCheck {
    /// What is wrong with the brightness of network input.
    ///
    /// - Parameters:
    ///   - prepared: `(size, size, 3)`.
    ///   - target: the part of it that the picture fills.
    ///   - limits: of the recipe.
    /// - Returns: `.dark` or `.saturated`, nil when it is fit to be judged.
    package static func fault(
        of prepared: Picture, within target: Region, limits: CameraSettings.Limits, camera: String
    ) -> CaptureError? {
        var counts = [Int](repeating: 0, count: 256)
        let grey = prepared.grey
        for y in target.y..<target.y + target.height {
            for x in target.x..<target.x + target.width { counts[Int(grey[y * prepared.width + x])] += 1 }
        }
        let total = target.width * target.height
        // The brightest hundredth stays below: at most that many, less one, reach the limit.
        let bright = counts[min(255, max(0, limits.dark))...].reduce(0, +)
        if limits.dark > 0, bright * 100 < total {
            return CaptureError(
                .dark, camera, expected: "at least a hundredth of the picture at brightness \(limits.dark) or more",
                found: "\(percent(bright, total)) of it", hint: "is the light on, the lens free, the exposure right?")
        }
        let below = counts[..<min(256, max(0, limits.saturated))].reduce(0, +)
        if limits.saturated <= 255, below * 20 <= total {
            return CaptureError(
                .saturated, camera,
                expected: "more than a twentieth of the picture below brightness \(limits.saturated)",
                found: "\(percent(below, total)) of it", hint: "is there stray light, is the exposure right?")
        }
        return nil
    }

    private static func percent(_ part: Int, _ whole: Int) -> String {
        "\(formatted(100 * Double(part) / Double(whole))) %"
    }
}
