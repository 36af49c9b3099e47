// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Daemon
@preconcurrency import Glibc

/// The tool that a person types.
@main
struct Jidoka: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jidoka",
        abstract: "Learn good parts, calibrate a threshold, watch a line that stops on a defect.",
        version: DaemonVersion.text,
        groupedSubcommands: [
            CommandGroup(
                name: "Learn",
                subcommands: [
                    CaptureCommand.self, Train.self, Quantize.self, Audit.self, Calibrate.self, AcceptCamera.self,
                    Evaluate.self,
                    Compare.self, Inspect.self, Model.self, ChallengeCommand.self,
                ]),
            CommandGroup(
                name: "Line",
                subcommands: [
                    Status.self, Watch.self, Acknowledge.self, Reset.self, Start.self, Bypass.self, ChangeRecipe.self,
                    TriggerCommand.self, Events.self,
                    Replay.self, ReportCommand.self, StopBudget.self, Export.self, VerifyHistory.self, Doctor.self,
                ]),
            CommandGroup(name: "Try", subcommands: [Demo.self, Bench.self]),
        ])

    /// Runs the command; what could not be printed, on a full disk for one, is an error.
    static func main() {
        main(nil)
        let flushed = fflush(stdout) == 0
        guard flushed, ferror(stdout) == 0 else {
            // read before anything else sets it; a write that failed earlier has left no number that can be trusted
            let reason = flushed ? "an earlier write failed" : String(cString: strerror(errno))
            Terminal.shared.say("jidoka: the output can't be written: \(reason)")
            exit(withError: ExitCode(1))
        }
    }
}
