// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import Glibc
import Line
import Records

struct BenchHistory: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "How long questions to a large history of parts take, against one a hundredth of its size.",
        discussion: """
            Generates two histories and asks both the same: the parts of a time, of a name, of a verdict, of a state of the line. \
            The ratio is what a hundred times the parts cost; with an index it is near 1.
            """)

    @Option(help: "Parts in the large one.")
    var rows = 1_000_000
    @Option(help: "Times that each question is asked; the median counts.")
    var runs = 21
    @OptionGroup var output: JSONOption

    struct Report: Encodable {
        let rows, small_rows: Int
        let mb: Double
        /// Parts that were recorded in a second, in blocks of 1,000, without waiting for the disk.
        let rows_per_second: Double
        let questions: [Question]
        /// Parts that the verification hashes in a second.
        let verified_per_second: Double
    }

    struct Question: Encodable {
        let question: String
        let rows: Int
        let small_ms, ms, ratio: Double
    }

    func validate() throws {
        guard (10_000...1_000_000_000).contains(rows), (1...1000).contains(runs) else {
            throw ValidationError("rows must be 10000 to 1000000000, runs 1 to 1000")
        }
    }

    func run() throws {
        Interrupt.watch()
        let folder = "/tmp/jidoka-bench-history.\(getpid())"
        mkdir(folder, 0o700)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (small, large) = (folder + "/small.sqlite", folder + "/large.sqlite")
        _ = try fill(small, rows / 100)
        let seconds = try fill(large, rows)
        guard !Interrupt.isRequested else { throw ExitCode(130) }
        let questions = try questions.map { try ask($0.name, $0.query, small, large) }
        let begun = ContinuousClock.now
        let found = try PartVerification(path: large) {
            Terminal.shared.show("verifying \($0)/\($1)", isLast: $0 == $1)
        }
        Terminal.shared.clear()
        guard found.problems.isEmpty else { throw ExitCode(1) }
        var state = stat()
        stat(large, &state)
        let report = Report(
            rows: rows, small_rows: rows / 100, mb: Double(state.st_size) / 1e6,
            rows_per_second: Double(rows) / seconds, questions: questions,
            verified_per_second: Double(rows) / ((ContinuousClock.now - begun) / .seconds(1)))
        if output.isJSON { return try printJSON(report) }
        print(
            "\(rows) parts, \(Int(report.mb)) MB; \(Int(report.rows_per_second)) recorded, "
                + "\(Int(report.verified_per_second)) verified a second")
        for one in questions {
            print(
                "\(one.question): \(one.rows) rows in \(TrainingDisplay.rounded(Float(one.ms), 3)) ms, "
                    + "\(TrainingDisplay.rounded(Float(one.ratio), 2)) times that of \(rows / 100) parts")
        }
    }

    /// Two parts a second from 2026 on; every 1,000th is bad and stops the line, every 100th suspicious.
    private func fill(_ path: String, _ rows: Int) throws -> Double {
        let history = try PartHistory(path: path, keep: .max, synchronous: "OFF")
        let begun = ContinuousClock.now
        let basis = PartRow.Basis(recipe: "plates", model: String(repeating: "9f", count: 32), threshold: 1.25, warn: 1)
        var done = 0
        while done < rows, !Interrupt.isRequested {
            let block = (done..<min(done + 1_000, rows)).map { place in
                let number = place + 1
                let verdict: PartRow.Verdict =
                    number.isMultiple(of: 1_000) ? .bad : number.isMultiple(of: 100) ? .suspicious : .good
                let score = Float(0.5) + Float(place % 997) / 2_000
                return PartRow(
                    time: Self.beginning + UInt64(place) * 500_000_000, part: "part-\(number)",
                    score: verdict == .bad ? score + 1 : score, verdict: verdict,
                    state: verdict == .bad ? .stopped : verdict == .suspicious ? .andon : .running,
                    milliseconds: 3.4375, basis: basis)
            }
            _ = try history.append(block)
            done += block.count
            if done % 50_000 == 0 {
                Terminal.shared.show("\(Terminal.bar(Double(done) / Double(rows)))  \(done) parts")
            }
        }
        Terminal.shared.clear()
        let seconds = (ContinuousClock.now - begun) / .seconds(1)
        try history.close()
        return seconds
    }

    private static let beginning: UInt64 = 1_767_225_600_000_000_000

    /// In the small history's range, and each with as many answers in both.
    private var questions: [(name: String, query: PartQuery)] {
        let middle = Self.beginning + UInt64(rows / 200) * 500_000_000
        var time = PartQuery(), part = PartQuery(), verdict = PartQuery(), state = PartQuery()
        (time.since, time.until) = (middle, middle + 50_000_000_000)
        part.part = "part-\(rows / 200)"
        verdict.verdict = .bad
        state.state = .stopped
        return [("time", time), ("part", part), ("verdict", verdict), ("state", state)]
    }

    private func ask(_ name: String, _ query: PartQuery, _ small: String, _ large: String) throws -> Question {
        // No more than the small one has of each kind.
        let most = min(100, max(1, rows / 100_000))
        var count = 0
        func once(_ path: String) throws -> Double {
            count = 0
            let begun = ContinuousClock.now
            // What a person looks at first.
            try query.run(path: path, page: most) { _ in
                count += 1
                return count < most
            }
            return (ContinuousClock.now - begun) / .milliseconds(1)
        }
        // In turn, so that both meet the same machine.
        let times = try (0..<runs).map { _ in (small: try once(small), large: try once(large)) }
        let fast = times.map(\.small).sorted()[runs / 2]
        let slow = times.map(\.large).sorted()[runs / 2]
        return Question(question: name, rows: count, small_ms: fast, ms: slow, ratio: slow / fast)
    }
}
