// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Inspection

/// Where recipes are; shared by all commands that read or write one.
struct RecipesOption: ParsableArguments {
    @Option(help: "Folder that holds all recipes.")
    var recipes = "/var/lib/jidoka/recipes"
}

/// Where the daemon's sockets are.
struct SocketsOption: ParsableArguments {
    @Option(help: "Folder of the daemon's sockets.")
    var sockets = "/run/jidoka"
    @Option(help: ArgumentHelp("Taken by every command; here the daemon's own folder counts.", visibility: .hidden))
    var recipes: String?

    /// Operators' socket.
    var control: String { sockets + "/control.sock" }
    /// Readers' socket.
    var events: String { sockets + "/events.sock" }
}

/// Output for programs.
struct JSONOption: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Print JSON instead of text.")
    var isJSON = false
}

/// How many good parts come in a shift.
struct ShiftOptions: ParsableArguments {
    @Option(help: "Good parts a minute, to say what a rate is in a shift.")
    var rate: Double?
    @Option(help: "Hours of a shift.")
    var shiftHours = 8.0

    func validate() throws {
        guard rate.map({ $0 > 0 && $0 <= 1_000_000 }) ?? true, shiftHours > 0, shiftHours <= 24 else {
            throw ValidationError("--rate is above 0 and at most 1000000, --shift-hours at most 24")
        }
    }

    /// Good parts in a shift; nil without a rate.
    var perShift: Double? { rate.map { $0 * 60 * shiftHours } }
}

/// `layer1,layer2` as a list of levels.
struct LevelList: ExpressibleByArgument {
    let levels: [Level]

    init?(argument: String) {
        var levels: [Level] = []
        for word in argument.split(separator: ",") {
            guard let level = Level(rawValue: String(word)), !levels.contains(level) else { return nil }
            levels.append(level)
        }
        guard !levels.isEmpty else { return nil }
        self.levels = levels.sorted()
    }
}

extension MapSettings.Normalisation: ExpressibleByArgument {}
extension MapSettings.ScoreRule: ExpressibleByArgument {}
