// SPDX-License-Identifier: Apache-2.0

import Glibc
import Inspection
import Pictures

/// Pictures of known parts, `RECIPES/NAME/challenge/bad` and `challenge/good`: with them the box shows that it still sees.
public struct ChallengePictures: Sendable {
    /// One of them.
    public struct Item: Sendable {
        /// `bad/crack.png`.
        public let name: String
        /// What it shows.
        public let expected: ChallengeResult.Expectation
        /// `(size, size, 3)` bytes, RGB, or why there are none.
        public let pixels: Result<[UInt8], PictureError>
    }

    /// All of them, the bad ones first, in natural order.
    public let items: [Item]
    /// Why they could not be read at all; nil when they could.
    public let problem: String?
    /// Where they are looked for.
    public let folder: String

    /// The most pictures, for an input of up to 836 pixels; of larger ones so many that they take 128 MiB.
    public static func most(size: Int) -> Int { min(64, max(1, (1 << 27) / (3 * size * size))) }

    /// Reads and decodes the pictures, as the folder source does; none when there is no such folder.
    ///
    /// A picture that can't be read is one of the items: it is a challenge that is not passed.
    /// - Throws: `RecipeError` when there are too many, or a folder can't be listed.
    public init(_ folder: RecipeFolder, rule: InputRule) throws(RecipeError) {
        var items: [Item] = []
        for expected in ChallengeResult.Expectation.allCases {
            for name in try Self.names(folder.challenge + "/" + expected.rawValue) {
                let name = expected.rawValue + "/" + name
                guard items.count < Self.most(size: rule.size) else {
                    throw RecipeError(
                        .outOfRange, folder.challenge,
                        expected: "at most \(Self.most(size: rule.size)) pictures of \(rule.size) pixels",
                        found: "more", hint: "keep the defects that are hardest to see")
                }
                items.append(
                    Item(name: name, expected: expected, pixels: Self.read(folder.challenge + "/" + name, rule)))
            }
        }
        self.items = items
        self.folder = folder.challenge
        problem = nil
    }

    /// Pictures that could not be read at all, or none.
    public init(folder: String, problem: String? = nil) {
        self.folder = folder
        self.problem = problem
        items = []
    }

    /// Whether there is nothing to show.
    public var isEmpty: Bool { items.isEmpty && problem == nil }

    /// Number of known defects.
    public var badCount: Int { items.count { $0.expected == .bad } }

    private static func read(_ path: String, _ rule: InputRule) -> Result<[UInt8], PictureError> {
        do throws(PictureError) {
            let bytes = try Picture.readBytes(path)
            return .success(try Picture.prepared(decoding: bytes, name: path, rule: rule).pixels)
        } catch {
            return .failure(error)
        }
    }

    /// Names of the pictures directly in a folder, in natural order; none when it is not there.
    private static func names(_ path: String) throws(RecipeError) -> [String] {
        guard let listing = opendir(path) else {
            guard errno != ENOENT else { return [] }
            throw RecipeError(
                .unreadable, path, expected: "a folder that can be listed", found: String(cString: strerror(errno)),
                errno: errno, hint: "check the folder, its owner and its permissions")
        }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            let lower = name.lowercased()
            guard !name.hasPrefix("."), [".png", ".jpg", ".jpeg"].contains(where: lower.hasSuffix) else { continue }
            names.append(name)
        }
        return names.sorted(by: NaturalOrder.precedes)
    }
}

extension ChallengePictures.Item {
    /// Shows the picture to an inspector.
    public func judged(by inspector: Inspector, _ threshold: Threshold) -> ChallengeResult {
        switch pixels {
        case .failure(let error):
            return ChallengeResult(name: name, expected: expected, problem: "\(error)", threshold: threshold)
        case .success(let pixels):
            let size = inspector.model.inputSize
            guard pixels.count == size * size * 3 else {
                return ChallengeResult(
                    name: name, expected: expected, problem: "\(name): not as large as the networks' input",
                    threshold: threshold)
            }
            return ChallengeResult(
                name: name, expected: expected, score: inspector.score(pixels), threshold: threshold)
        }
    }
}
