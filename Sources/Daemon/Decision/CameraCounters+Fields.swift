// SPDX-License-Identifier: Apache-2.0

import Capture
import Sockets

extension CameraCounters {
    /// The answer's `camera` object.
    var fields: [String: JSONValue] {
        let counts: [String: UInt64] = [
            "frames": frames, "dropped": dropped, "corrupt": corrupt, "repeated": repeated, "dark": dark,
            "saturated": saturated, "parts": parts, "failed_parts": failedParts,
        ]
        return counts.mapValues { .integer(Int64(clamping: $0)) }
    }
}
