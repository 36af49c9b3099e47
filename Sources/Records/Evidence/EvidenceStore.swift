// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import Line
import Pictures
import Recipes

/// The folder of the evidence: one folder for each part that is kept, and a copy of each recipe that decided one.
///
/// `0000000123-stop` for event 123, `good-20261128T101112.123Z` for a sample. A part's folder is whole or absent. One thread uses it.
public struct EvidenceStore: Sendable {
    /// What may be kept.
    public struct Limits: Sendable, Equatable {
        /// All parts together; the oldest samples of good parts go first, then the oldest others.
        public var bytes: Int64
        /// Nanoseconds; nil is for ever.
        public var age: UInt64?

        /// Limits; without any, two gigabytes and for ever.
        public init(bytes: Int64 = 2_000_000_000, age: UInt64? = nil) {
            (self.bytes, self.age) = (bytes, age)
        }
    }

    /// Path of the folder.
    public let path: String
    private let limits: Limits
    /// A part that is kept.
    private struct Part {
        let name: String
        let bytes: Int64
        /// When it was written.
        let time: UInt64
        /// Name of the recipe's copy that decided it; nil when that can't be read.
        let copy: String?
    }

    /// The oldest first.
    private var parts: [Part] = []

    /// Opens the folder, and looks what is in it; what a power cut left half written goes.
    ///
    /// - Throws: `RecipeError` when it can't be made.
    public init(path: String, limits: Limits = Limits()) throws(RecipeError) {
        self.path = path
        self.limits = limits
        try SafeFile.makeFolder(path)
        for name in Self.names(path) where name != "recipes" {
            let folder = path + "/" + name
            guard !name.hasPrefix(".") else {
                FolderTree.remove(folder)
                continue
            }
            parts.append(Self.part(name, folder))
        }
        parts.sort { $0.time < $1.time }
    }

    /// What is kept: names, oldest first.
    public var names: [String] { parts.map(\.name) }

    /// Bytes of all parts.
    public var bytes: Int64 { parts.reduce(0) { $0 + $1.bytes } }

    /// Keeps a part: its picture, the map over it, and what is known.
    ///
    /// - Returns: its folder's name.
    /// - Throws: what keeps it from being written; nothing of it is left then.
    public mutating func keep(_ item: EvidenceItem) throws -> String {
        let name = Self.name(of: item)
        let draft = path + "/." + name
        FolderTree.remove(draft)
        try DiskReserve.require(Int64(item.bytes), in: path)
        try SafeFile.makeFolder(draft)
        do {
            let (picture, bytes) = try Self.picture(of: item)
            try SafeFile.write(bytes, to: draft + "/" + picture)
            // A picture for people may fail, as one that is damaged can't be painted; the evidence is the bytes.
            if let overlay = try? Self.overlay(of: item).png() {
                try SafeFile.write(overlay, to: draft + "/overlay.png")
            }
            try SafeFile.write(
                try EvidenceFile(item, picture: picture, bytes: bytes).encoded(), to: draft + "/evidence.json")
            guard rename(draft, path + "/" + name) == 0 else {
                throw RecipeError(
                    .writeFailed, path + "/" + name, expected: "a new folder", found: String(cString: strerror(errno)),
                    errno: errno, hint: "evidence of that name is there already")
            }
        } catch {
            FolderTree.remove(draft)
            throw error
        }
        parts.append(Self.part(name, path + "/" + name))
        return name
    }

    /// Removes what is too old, and what is too much: samples of good parts first; and copies of recipes that no part that is
    /// kept was decided by, but for the newest, which decides now.
    ///
    /// - Parameter now: nanoseconds since 1970.
    /// - Returns: names that are gone.
    public mutating func prune(now: UInt64) -> [String] {
        var gone: [String] = []
        func remove(_ index: Int, from parts: inout [Part]) {
            let name = parts.remove(at: index).name
            FolderTree.remove(path + "/" + name)
            gone.append(name)
        }
        if let age = limits.age {
            while let index = parts.firstIndex(where: { $0.time + age < now }) { remove(index, from: &parts) }
        }
        var total = bytes
        while total > limits.bytes, !parts.isEmpty {
            let index = parts.firstIndex { $0.name.hasPrefix("good-") } ?? 0
            total -= parts[index].bytes
            remove(index, from: &parts)
        }
        if !gone.isEmpty { pruneCopies() }
        return gone
    }

    private func pruneCopies() {
        let needed = Set(parts.compactMap(\.copy))
        let copies = Self.names(recipes).sorted {
            Self.modified(recipes + "/" + $0) < Self.modified(recipes + "/" + $1)
        }
        for copy in copies.dropLast() where !needed.contains(copy) {
            FolderTree.remove(recipes + "/" + copy)
        }
    }

    private static func part(_ name: String, _ folder: String) -> Part {
        let copy = (try? EvidenceFile.read(folder + "/evidence.json")).map { String($0.identity.prefix(16)) }
        return Part(name: name, bytes: size(folder), time: modified(folder), copy: copy)
    }

    /// Folder of the copies of recipes.
    public var recipes: String { path + "/recipes" }

    /// Where the copy of a recipe is, for an identity as `EvidenceFile` keeps it.
    public func recipes(of identity: String) -> String { recipes + "/" + identity.prefix(16) }

    /// `0000000123-stop`, or the time of a sample.
    static func name(of item: EvidenceItem) -> String {
        guard let recorded = item.recorded else {
            return "good-" + UTCTime.text(item.time).filter { $0.isLetter || $0.isNumber || $0 == "." }
        }
        return Self.start(of: recorded.seq) + recorded.event.kind.rawValue
    }

    /// How the name of an event's folder begins.
    public static func start(of seq: Int64) -> String {
        let digits = String(seq)
        return String(repeating: "0", count: max(0, 10 - digits.count)) + digits + "-"
    }

    private static func picture(of item: EvidenceItem) throws -> (name: String, bytes: [UInt8]) {
        guard !item.original.isEmpty else {
            return ("input.png", try Picture(width: item.size, height: item.size, pixels: item.pixels).png())
        }
        guard item.layout == nil else { return ("picture.raw", item.original) }
        return (item.original.starts(with: [0x89, 0x50]) ? "picture.png" : "picture.jpg", item.original)
    }

    private static func overlay(of item: EvidenceItem) throws -> Picture {
        let map = HeatMap(values: item.map, width: item.size, height: item.size, threshold: item.pixelThreshold)
        let seen = Picture(width: item.size, height: item.size, pixels: item.pixels)
        let outcome =
            switch Verdict(part: item.part, score: item.score, threshold: item.threshold, warn: item.warn).outcome {
            case .good: "PASS"
            case .suspicious: "WARN"
            case .bad: "STOP"
            case .invalid: "FAULT"
            }
        let caption = [
            "\(outcome)  \(item.part)", "score \(item.score)  threshold \(item.threshold)  recipe \(item.recipe)",
        ]
        return map.panel(original: seen, caption: caption)
    }

    private static func names(_ path: String) -> [String] {
        FolderTree.names(path)
    }

    private static func size(_ folder: String) -> Int64 {
        names(folder).reduce(0) { $0 + FolderTree.size(folder + "/" + $1) }
    }

    private static func modified(_ folder: String) -> UInt64 {
        var status = stat()
        guard stat(folder, &status) == 0 else { return 0 }
        return UInt64(clamping: status.st_mtim.tv_sec) * 1_000_000_000 + UInt64(clamping: status.st_mtim.tv_nsec)
    }
}
