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
