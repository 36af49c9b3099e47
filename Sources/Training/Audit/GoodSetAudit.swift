// SPDX-License-Identifier: Apache-2.0

import Calibration
import Inspection
import Pictures
import Recipes

/// What a person should look at in a set of good pictures: the most suspicious first, those of the same part, those with another
/// exposure or focus. It only says so: nothing is taken out.
public struct GoodSetAudit: Sendable, Encodable {
    /// What is audited.
    public struct Plan: Sendable {
        /// Folder that the paths are below.
        public var root: String
        /// Paths of the pictures below it.
        public var paths: [String]
        /// How a picture becomes network input.
        public var input: InputRule
        /// Bytes of the teacher's file, and its name for errors.
        public var teacher: (bytes: [UInt8], name: String)
        /// What the pictures were dealt to; nil: nothing yet.
        public var list: PartList?
        /// What is out already.
        public var exclusions = Exclusions()
        /// Seed of the memory.
        public var seed: UInt64 = 1

        /// A plan.
        public init(
            root: String, paths: [String], input: InputRule, teacher: (bytes: [UInt8], name: String),
            list: PartList? = nil
        ) {
            self.root = root
            self.paths = paths
            self.input = input
            self.teacher = teacher
            self.list = list
        }
    }

    /// One picture, with everything that was found.
    public struct Entry: Sendable, Encodable {
        /// 1 is the most suspicious.
        public let rank: Int
        /// Path below the root.
        public let part: String
        /// SHA-256 of the file.
        public let sha256: String
        /// `PatchSuspicion`: robust deviations of the strangest places from what the set has there.
        public let suspicion: Float
        /// Where to look, in pixels of the network's input.
        public let place: Region
        /// Mean luminance, 0 to 255.
        public let exposure: Double
        /// `Sharpness`.
        public let sharpness: Double
        /// What of exposure and focus is unlike the others.
        public let conditions: [ConditionOutlier.Kind]
        /// What it was dealt to; nil: nothing yet.
        public let role: PartDeal.Role?
        /// Who has excluded it; nil: nobody.
        public let excludedBy: String?

        enum CodingKeys: String, CodingKey {
            case rank, part, sha256, suspicion, place, exposure, sharpness, conditions, role
            case excludedBy = "excluded_by"
        }
    }

    /// An outlier in exposure or focus, by name.
    public struct Outlier: Sendable, Encodable {
        /// Path below the root.
        public let part: String
        /// What it is.
        public let found: ConditionOutlier
    }

    /// SHA-256 of the teacher's file.
    public let teacher: String
    /// How pictures became network input.
    public let input: InputRule
    /// The folder.
    public let root: String
    /// All pictures, the most suspicious first.
    public let pictures: [Entry]
    /// Paths of pictures that show the same part, two or more each.
    public let nearDuplicates: [[String]]
    /// Exposure and focus.
    public let outliers: [Outlier]

    enum CodingKeys: String, CodingKey {
        case teacher, input, root, pictures, outliers
        case nearDuplicates = "near_duplicates"
    }

    /// Looks at all pictures.
    ///
    /// Calibrate parts are looked at and vouch for nobody: what a person then takes out of the train and select parts does not
    /// depend on them, and the threshold's promise is that of parts that nothing else has seen. Nor do excluded pictures.
    /// - Throws: `CalibrationError` for bad or changed files, `RecipeError` for a bad teacher, `TrainingError` for fewer than ten parts.
    public init(_ plan: Plan, progress: RecipeCalibration.Progress? = nil) throws {
        let teacher = try ModelFile.teacher(
            plan.teacher.bytes, name: plan.teacher.name, levels: AuditPatches.usualLevels)
        let patches = try AuditPatches(
            teacher: try teacher.plan(inputSize: plan.input.size, name: plan.teacher.name))
        let parts = try PreparedPart.load(plan.paths.map { plan.root + "/" + $0 }, rule: plan.input) {
            progress?("reading good parts", $0, $1)
        }
        if let list = plan.list { try PreparedPart.check(parts, against: list.parts, in: plan.root) }
        let own = Fingerprint.groups(parts.map(\.fingerprint))
        let groups = plan.list.map { Self.numbers($0) } ?? Self.numbers(own, count: parts.count)
        let out = plan.exclusions.inForce
        let reference = parts.indices.filter {
            out[parts[$0].sha256] == nil && plan.list?.parts[$0].role != .calibrate
        }
        let store = try patches.store(parts.map(\.pixels)) { progress?("teacher's features", $0, $1) }
        let found = try PatchSuspicion.of(
            Array(parts.indices), reference: reference, groups: groups, in: store, patches: patches, seed: plan.seed
        ) { progress?("comparing pictures", $0, $1) }
        let size = plan.input.size
        let conditions = Parallel.map(parts) {
            ConditionOutlier.Condition(Picture(width: size, height: size, pixels: $0.pixels))
        }
        let outliers = ConditionOutlier.find(conditions)
        let order = parts.indices.sorted { (found[$0].value, $1) > (found[$1].value, $0) }
        self.teacher = teacher.digest
        (input, root) = (plan.input, plan.root)
        pictures = order.enumerated().map { place, index in
            Entry(
                rank: place + 1, part: plan.paths[index], sha256: parts[index].sha256, suspicion: found[index].value,
                place: Self.place(found[index], size: size), exposure: conditions[index].exposure,
                sharpness: conditions[index].sharpness,
                conditions: outliers.filter { $0.picture == index }.map(\.kind), role: plan.list?.parts[index].role,
                excludedBy: out[parts[index].sha256]?.excluded.by)
        }
        nearDuplicates = own.filter { $0.count > 1 }.map { group in group.map { plan.paths[$0] } }
        self.outliers = outliers.map { Outlier(part: plan.paths[$0.picture], found: $0) }
    }

    /// Three grid places in each direction around the strangest, inside the picture.
    private static func place(_ found: PatchSuspicion, size: Int) -> Region {
        let step = Level.layer2.reduction
        let side = min(size, 3 * step)
        func start(_ place: Int) -> Int { max(0, min(size - side, (place - 1) * step)) }
        return Region(x: start(found.x), y: start(found.y), width: side, height: side)
    }

    /// A number for each picture, the same for those of the same group.
    static func numbers(_ groups: [[Int]], count: Int) -> [Int] {
        var numbers = Array(0..<count)
        for group in groups { for index in group { numbers[index] = group[0] } }
        return numbers
    }

    /// A part without a group is one of its own.
    private static func numbers(_ list: PartList) -> [Int] {
        list.parts.enumerated().map { index, part in part.group ?? -1 - index }
    }
}
