// SPDX-License-Identifier: Apache-2.0

import Glibc
import Records

/// Makes one daemon at a time the owner of a state folder: two would boot from each other's latch.
///
/// The kernel takes the lock away when the process ends, however it ends.
final class StateLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock, or fails at once.
    ///
    /// - Throws: `RecordsError`, `.locked` when another daemon has it.
    init(folder: String) throws(RecordsError) {
        let path = folder + "/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw RecordsError(
                code: .cannotOpen, thing: path, expected: "a file that can be created",
                found: String(cString: strerror(errno)), errno: errno, hint: "check the folder, its owner and its space"
            )
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            close(descriptor)
            throw RecordsError(
                code: .locked, thing: path, expected: "to be the only daemon of this state folder",
                found: String(cString: strerror(number)), errno: number, hint: "end the other daemon")
        }
    }

    /// Gives the lock back; once, at the end.
    func release() { close(descriptor) }
}
