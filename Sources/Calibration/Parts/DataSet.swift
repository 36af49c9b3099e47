// SPDX-License-Identifier: Apache-2.0

import Glibc
import Pictures

/// A folder of pictures in one of the layouts that we know.
///
/// MVTec (`train/good`, `test/good`, `test/<defect>`, `ground_truth/<defect>/*_mask.png`), a flat `OK/ NG/` pair, or one
/// folder of good pictures. PNG or JPEG. Everything is in the natural order of names, so that a scan is repeatable.
public struct DataSet: Sendable, Equatable {
    /// One picture to be judged.
    public struct Item: Sendable, Equatable {
        /// Path of the picture.
        public let path: String
        /// Kind of defect; nil for a good part.
        public let defect: String?
        /// Path of the defect's mask, if there is one.
        public let mask: String?
    }

    /// The folder.
    public let root: String
    /// Good parts to learn from.
    public let good: [String]
    /// Parts to be judged: good and defective.
    public let test: [Item]

    /// Finds the pictures of a folder.
    ///
    /// - Throws: `CalibrationError` when the folder is missing or holds no pictures in a known layout.
    public init(_ root: String) throws(CalibrationError) {
        var trimmed = root
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard Folder.exists(trimmed) else {
            throw CalibrationError(
                .badData, root, expected: "a folder of pictures", found: "no such folder", hint: "check the path")
        }
        self.root = trimmed
        if Folder.exists(trimmed + "/train/good") || Folder.exists(trimmed + "/test") {
            good = Folder.pictures(trimmed + "/train/good")
            test = Self.mvtecTest(trimmed)
        } else if let ok = ["OK", "ok", "good"].map({ trimmed + "/" + $0 }).first(where: Folder.exists) {
            good = Folder.pictures(ok)
            let bad = ["NG", "ng", "bad"].map { trimmed + "/" + $0 }.first(where: Folder.exists)
            test =
                good.map { Item(path: $0, defect: nil, mask: nil) }
                + (bad.map(Folder.pictures) ?? []).map { Item(path: $0, defect: "NG", mask: nil) }
        } else {
            good = Folder.pictures(trimmed)
            test = []
        }
        guard !good.isEmpty || !test.isEmpty else {
            throw CalibrationError(
                .badData, root, expected: "pictures (.jpg .png) in train/good, OK or the folder itself", found: "none",
                hint: "see 'Data sets' in the README")
        }
    }

    private static func mvtecTest(_ root: String) -> [Item] {
        var items: [Item] = []
        for kind in Folder.folders(root + "/test") {
            let masks = Folder.pictures("\(root)/ground_truth/\(kind)")
            for path in Folder.pictures("\(root)/test/\(kind)") {
                let stem = Folder.stem(path)
                let mask = masks.first { Folder.stem($0) == stem + "_mask" || Folder.stem($0) == stem }
                items.append(Item(path: path, defect: kind == "good" ? nil : kind, mask: mask))
            }
        }
        return items
    }
}

/// Listing of folders, sorted as a person would.
public enum Folder {
    /// Whether a folder is there.
    public static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Paths of the PNG and JPEG files directly in a folder.
    public static func pictures(_ path: String) -> [String] {
        entries(path).filter { name in
            let lower = name.lowercased()
            return [".png", ".jpg", ".jpeg"].contains { lower.hasSuffix($0) } && !name.hasPrefix(".")
        }.map { path + "/" + $0 }
    }

    /// Names of the folders in a folder.
    public static func folders(_ path: String) -> [String] {
        entries(path).filter { !$0.hasPrefix(".") && exists(path + "/" + $0) }
    }

    /// File name without folder and extension.
    public static func stem(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
    }

    private static func entries(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { names.append(String(cString: $0)) }
            }
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted(by: NaturalOrder.precedes)
    }
}
