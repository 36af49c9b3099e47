// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Records

struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Decide parts again: one from its evidence, bit for bit, or all that were recorded by another threshold.",
        discussion: """
            With the number of a stop: the picture's own bytes go the way they went on the line, through the recipe's copy that was \
            made when it was loaded. Exit status 0: the same bits; 1: another decision, or evidence that was changed; 2: can't be \
            decided again.

            With --since: the recorded scores are decided again, by the threshold of another false-stop rate (--alpha, from the \
            calibrate scores of the recipe that is there now) or by --threshold. It lists the stops that there would have been as \
            well, and those that would not, with what people found at them. Scores of another model can't be compared and are left \
            out. What the line would have done afterwards is not simulated. Nothing is changed. A time is '2026-11-21' or \
            '2026-11-21T03:12', in UTC. Exit status 0: done; 1: --pictures found another decision; 2: can't be read.
            """)

    @Argument(help: "Number of the event ('jidoka events'), or the name of a folder in STATE/evidence.")
    var stop: String?
    @OptionGroup(title: "Time machine") var machine: TimeMachineOptions
    @Option(help: "Folder of the history and the evidence.")
    var state = "/var/lib/jidoka"
    @OptionGroup var place: RecipesOption
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard stop == nil || machine.given == nil else {
            throw ValidationError("\(machine.given ?? "") belongs to --since; a number decides one part again")
        }
        guard stop != nil || machine.since != nil else {
            throw ValidationError("name a stop by its number, or a time with --since")
        }
    }

    func run() throws {
        do {
            guard let stop else {
                return try TimeMachineRun(options: machine, state: state, recipes: place.recipes).run(output.isJSON)
            }
            try decide(stop)
        } catch let code as ExitCode {
            throw code
        } catch {
            Terminal.shared.say("jidoka: replay: \(error)")
            throw ExitCode(2)
        }
    }

    private func decide(_ stop: String) throws {
        let replay = EvidenceReplay(state: state)
        let report = try replay.decide(try replay.folder(of: stop))
        if output.isJSON { try printJSON(report) } else { show(report) }
        guard report.problems.isEmpty else { throw ExitCode(1) }
    }

    private func show(_ report: EvidenceReplay.Report) {
        for problem in report.problems { print("DIFFERENT: \(problem)") }
        print("\(report.evidence): part \(report.part), recipe \(report.recipe), \(report.verdict)")
        print("score then  \(report.score)  (bits \(report.scoreBits))")
        print("score again \(report.again)  (bits \(report.againBits))")
        if report.problems.isEmpty { print("the same decision, bit for bit") }
    }
}
