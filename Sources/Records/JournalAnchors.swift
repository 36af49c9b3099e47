// SPDX-License-Identifier: Apache-2.0

/// What the journal was told of a history, held against what stands in it.
struct JournalAnchors {
    /// Places of this history that agree.
    private(set) var agreeing = 0
    /// Names of other histories that the journal knows.
    let strangers: [String]
    private let told: [Int64: Set<String>]
    private var met: Set<Int64> = []

    /// - Parameters:
    ///   - anchors: what the journal was told; nil when there is none to ask.
    ///   - name: of the history.
    init(_ anchors: [HistoryAnchor]?, of name: String) {
        told = Dictionary(grouping: (anchors ?? []).filter { $0.history == name }, by: \.seq)
            .mapValues { Set($0.map(\.hash)) }
        strangers = Set((anchors ?? []).map(\.history)).subtracting([name]).sorted()
    }

    /// The newest place that the journal knows.
    var newest: Int64? { told.keys.max() }

    /// Whether the journal knows older places, and not this one: then it should have been told.
    func misses(_ seq: Int64) -> Bool { told[seq] == nil && told.keys.contains { $0 < seq } }

    /// Places in a range that nothing was held against.
    func unmet(after start: Int64, to end: Int64) -> [Int64] {
        told.keys.filter { $0 > start && $0 <= end && !met.contains($0) }.sorted()
    }

    /// Holds a place against what the journal knows of it.
    ///
    /// - Parameters:
    ///   - hash: what stands in the history.
    ///   - thing: what it is, in words.
    /// - Returns: what is wrong.
    mutating func compare(_ seq: Int64, _ hash: String?, _ thing: String) -> [String] {
        guard let known = told[seq] else { return [] }
        met.insert(seq)
        var problems = known.count > 1 ? ["the journal was told \(known.count) different things of \(thing)"] : []
        if let hash, known.contains(hash) {
            agreeing += 1
        } else {
            problems.append("not what the journal knows: \(thing)")
        }
        return problems
    }

    /// Histories that nobody has put away on purpose.
    func problems(without accepted: Set<String>, _ what: String) -> [String] {
        strangers.filter { !accepted.contains($0) }
            .map { "the journal knows another \(what), \($0): this one was put in its place" }
    }
}
