// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import Recipes

/// A copy of the last configuration that was in force, so that the outputs can be driven off when it has become bad.
enum LastGoodConfiguration {
    private static let name = "last-good.yaml"

    /// Keeps a copy in the state folder; a failure is a warning, since the daemon works without it.
    static func remember(_ path: String, in state: String, log: Logger) {
        do throws(RecipeError) {
            let bytes = try SafeFile.read(path, limit: 1 << 20)
            let copy = state + "/" + name
            if SafeFile.exists(copy), let old = try? SafeFile.read(copy, limit: 1 << 20), old == bytes { return }
            try SafeFile.write(bytes, to: copy)
        } catch {
            log.warning("no copy of the configuration could be kept", metadata: ["detail": "\(error)"])
        }
    }

    /// The copy; nil when there is none.
    ///
    /// The bad configuration can't say where the state is: systemd does (`STATE_DIRECTORY`), or it is the default place.
    static func load() -> Configuration? {
        let folder = getenv("STATE_DIRECTORY").map { String(cString: $0) } ?? Configuration.defaults.state
        return try? Configuration.load(folder + "/" + name)
    }
}
