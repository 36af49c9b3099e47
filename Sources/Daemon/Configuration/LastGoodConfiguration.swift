// SPDX-License-Identifier: Apache-2.0

import Glibc
import Outputs
import Recipes

/// A copy of the configuration that was in force last, because its outputs are the ones that may still be on: the file may
/// have become bad since, or name others.
enum LastGoodConfiguration {
    private static let name = "last-good.yaml"

    /// Keeps a copy in the state folder, and where it is looked for when nobody can say where the state is.
    ///
    /// - Throws: `RecipeError` when it could not be kept anywhere.
    static func remember(_ path: String, in state: String) throws(RecipeError) {
        let bytes = try SafeFile.read(path, limit: 1 << 20)
        var failure: RecipeError?
        var isKept = false
        for folder in folders(state) {
            do throws(RecipeError) {
                if let old = try? SafeFile.read(folder + "/" + name, limit: 1 << 20), old == bytes {
                    isKept = true
                    continue
                }
                try SafeFile.write(bytes, to: folder + "/" + name)
                isKept = true
            } catch {
                failure = failure ?? error
            }
        }
        if !isKept, let failure { throw failure }
    }

    /// The copy; nil when there is none.
    ///
    /// - Parameter state: the state folder, when somebody can say where it is.
    static func load(_ state: String? = nil) -> Configuration? {
        for folder in folders(state) {
            if let found = try? Configuration.load(folder + "/" + name) { return found }
        }
        return nil
    }

    /// The state folder, then what systemd says (`STATE_DIRECTORY`) or else the default one.
    private static func folders(_ state: String?) -> [String] {
        let known = getenv("STATE_DIRECTORY").map { String(cString: $0) } ?? Configuration.defaults.state
        guard let state, state != known else { return [known] }
        // A daemon of a test has no business in the folder of the real one.
        return getenv("STATE_DIRECTORY") == nil ? [state] : [state, known]
    }
}

extension Configuration.Outputs {
    /// Drives everything off and lets go of it.
    ///
    /// - Throws: `OutputsError`; what can be driven off was.
    func driveOff() throws(OutputsError) {
        switch self {
        case .none: return
        case .file(let path): try FileOutputs(path: path).set(permit: false)
        case .gpio(let lines): try GPIOOutputs.driveOff(lines)
        }
    }
}
