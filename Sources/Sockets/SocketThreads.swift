// SPDX-License-Identifier: Apache-2.0

import Threads

/// What this module's users start their threads with; it moved to `Threads` when the camera needed it too.
package typealias PosixThread = Threads.PosixThread
