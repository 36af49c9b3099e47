// SPDX-License-Identifier: Apache-2.0

import Capture
import Line

extension CaptureError.Code {
    /// The line's word for it.
    var fault: FaultCode {
        switch self {
        case .badPicture: .pictureCorrupt
        case .noPicture: .partMissed
        case .stale: .pictureStale
        case .dark: .pictureDark
        case .saturated: .pictureSaturated
        case .frozen: .pictureFrozen
        default: .sourceLost
        }
    }

    /// Whether one part can't be judged and the source goes on.
    var isOfOnePart: Bool { self == .badPicture || self == .noPicture }
}
