// SPDX-License-Identifier: Apache-2.0

import Calibration
import Digests
import Glibc
import Inspection
import Recipes

/// One training and evaluation of a benchmark: everything that its figures depend on, but for the program.
public struct AccuracyCase: Codable, Sendable, Equatable {
    /// Name of the data set: its folder's.
    public let set: String
    /// Folder of the data set.
    public let data: String
    /// SHA-256 of names and sizes of its pictures and masks.
    public let dataDigest: String
    /// What looks at the teacher's features.
    public let detector: Recipe.Detector
    /// Name of the teacher: its file's, or `built-in`.
    public let teacher: String
    /// Path of the teacher's file; null is the built-in one.
    public let teacherPath: String?
    /// SHA-256 of its bytes.
    public let teacherDigest: String
    /// Side of the input in pixels.
    public let size: Int
    /// Passes over the train parts; 0 for a detector without a student.
    public let epochs: Int
    /// Width of the reduced student; 1 for every other detector.
    public let width: Double
    /// Share of a step's places that the reduced student learns from; 1 for every other detector.
    public let hardest: Double
    /// Seed of deal, weights and order.
    public let seed: UInt64
    /// In which numbers it runs.
    public let engine: Recipe.Engine
    /// Levels of the teacher's features.
    public let levels: [Level]

    enum CodingKeys: String, CodingKey {
        case set, data, detector, teacher, size, epochs, width, hardest, seed, engine, levels
        case dataDigest = "data_sha256"
        case teacherPath = "teacher_path"
        case teacherDigest = "teacher_sha256"
    }

    /// Name of the case's folder and recipe: the same as long as nothing changes that its figures depend on, as far
    /// as names and sizes of the pictures tell.
    public var key: String {
        let identity =
            "\(dataDigest) \(detector.rawValue) \(teacherDigest) \(size) \(seed) \(engine.rawValue) "
            + levels.map(\.rawValue).joined(separator: "+") + (detector.hasStudent ? " \(distillation)" : "")
            + " chosen map"
        let readable = "\(set)-\(detector.rawValue)-\(teacher)-\(size)-\(seed)".utf8.map { byte in
            Recipe.isName("a" + String(UnicodeScalar(byte))) ? byte : UInt8(ascii: "_")
        }
        let start = readable.first == UInt8(ascii: ".") ? [UInt8(ascii: "_")] : []
        return String(decoding: (start + readable).prefix(52), as: UTF8.self) + "-"
            + Digest.sha256(Array(identity.utf8)).prefix(10)
    }

    /// What runs of several seeds have in common.
    var group: Group {
        Group(
            set: set, dataDigest: dataDigest, detector: detector, teacher: teacher, teacherDigest: teacherDigest,
            size: size, epochs: epochs, width: width, hardest: hardest, engine: engine, levels: levels)
    }

    /// What runs of several seeds have in common.
    struct Group: Hashable {
        let set: String
        let dataDigest: String
        let detector: Recipe.Detector
        let teacher: String
        let teacherDigest: String
        let size: Int
        let epochs: Int
        let width: Double
        let hardest: Double
        let engine: Recipe.Engine
        let levels: [Level]
    }

    /// How the case is trained: as `jidoka train` does it unless told otherwise.
    func plan(recipes: String, restart: Bool) -> RecipeTraining.Plan {
        RecipeTraining.Plan(
            name: key, recipes: recipes, data: data, teacher: teacherPath, input: .init(size: size),
            detector: detector, engine: engine, map: MapSettings(levels: levels), choice: MapChoice.Given(),
            distillation: distillation, alpha: nil, restart: restart)
    }

    private var distillation: DistillationSettings {
        DistillationSettings(
            levels: levels, size: size, epochs: max(1, epochs), hardest: hardest, width: width, seed: seed)
    }
}

/// A data set or teacher of a benchmark, looked at once.
struct AccuracySource {
    let name: String
    let path: String
    let digest: String

    /// The same with the folder above in its name, where the name is taken.
    var withFolderInName: AccuracySource {
        AccuracySource(
            name: path.split(separator: "/").suffix(2).joined(separator: "-"), path: path, digest: digest)
    }

    /// The same with the start of its digest in its name, where the name is taken.
    var withDigestInName: AccuracySource {
        AccuracySource(name: "\(name)-\(digest.prefix(6))", path: path, digest: digest)
    }

    private init(name: String, path: String, digest: String) {
        (self.name, self.path, self.digest) = (name, path, digest)
    }

    /// A data set: the digest is over names and sizes, since reading every picture just to name the run is slow.
    init(dataSet root: String) throws(CalibrationError) {
        let data = try DataSet(root)
        path = data.root
        name = data.root.split(separator: "/").last.map(String.init) ?? "data"
        let files = data.good + data.test.flatMap { [$0.path] + ($0.mask.map { [$0] } ?? []) }
        let lines = files.map { file in
            var status = stat()
            return "\(file.dropFirst(data.root.count)) \(stat(file, &status) == 0 ? status.st_size : -1)\n"
        }
        digest = Digest.sha256(Array(lines.joined().utf8))
    }

    /// A teacher's file; nil is the built-in one.
    init(teacher file: String?) throws(RecipeError) {
        let bytes = try file.map { path throws(RecipeError) in try SafeFile.read(path) }
        digest = Digest.sha256(bytes ?? ModelFile.embeddedTeacher)
        path = file ?? ""
        name = file.map(Folder.stem) ?? "built-in"
    }
}
