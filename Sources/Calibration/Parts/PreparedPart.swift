// SPDX-License-Identifier: Apache-2.0

import Digests
import Pictures
import Recipes

/// A picture of a part, read, hashed and scaled to network input.
public struct PreparedPart: Sendable {
    /// Path of the file.
    public let path: String
    /// SHA-256 of the file.
    public let sha256: String
    /// `(size, size, 3)` bytes, RGB.
    public let pixels: [UInt8]
    /// For finding near-duplicates.
    public let fingerprint: Fingerprint

    /// Reads one file.
    ///
    /// - Throws: `PictureError` that names the file.
    public init(_ path: String, rule: InputRule) throws(PictureError) {
        let bytes = try Picture.readBytes(path)
        let (picture, prepared) = try Picture.decoded(bytes, name: path, for: rule)
        self.path = path
        sha256 = Digest.sha256(bytes)
        pixels = prepared.pixels
        fingerprint = Fingerprint(picture)
    }

    /// Reads many files on all cores; every bad file is named, not only the first.
    ///
    /// - Parameter progress: called now and then with (done, total), from any thread.
    /// - Throws: `CalibrationError` that lists the bad files.
    public static func load(
        _ paths: [String], rule: InputRule, progress: (@Sendable (Int, Int) -> Void)? = nil
    ) throws(CalibrationError) -> [PreparedPart] {
        let results = Parallel.map(paths, progress: progress) { path -> Result<PreparedPart, PictureError> in
            do throws(PictureError) { return .success(try PreparedPart(path, rule: rule)) } catch {
                return .failure(error)
            }
        }
        var parts: [PreparedPart] = []
        var bad: [PictureError] = []
        for result in results {
            switch result {
            case .success(let part): parts.append(part)
            case .failure(let error): bad.append(error)
            }
        }
        guard bad.isEmpty else {
            let all = bad.map { "\n  \($0)" }.joined()
            throw CalibrationError(
                .badData, "pictures", expected: "\(paths.count) that can be read",
                found: "\(bad.count) bad:\(all)\n ", hint: "remove or replace these files")
        }
        return parts
    }

    /// Refuses parts that are not those that were dealt, one for one: a file that changed since may belong to another role now.
    ///
    /// - Throws: `CalibrationError` that names the first few.
    package static func check(
        _ loaded: [PreparedPart], against dealt: [PartList.Part], in root: String
    ) throws(CalibrationError) {
        let changed = zip(dealt, loaded).filter { $0.sha256 != $1.sha256 }.map(\.0.path)
        guard changed.isEmpty, dealt.count == loaded.count else {
            throw CalibrationError(
                .badData, root, expected: "the good parts that were dealt at training",
                found: "\(changed.count) changed since: \(changed.prefix(5).joined(separator: ", "))",
                hint: "restore them or train the recipe again")
        }
    }
}
