// SPDX-License-Identifier: Apache-2.0

import Calibration
import FoundationEssentials
import Glibc
import Recipes
import Sockets
import SyntheticParts

/// A daemon that judges a folder of parts for a measurement, and a person who starts it again when it stops.
final class BenchmarkLine {
    let daemon: DaemonProcess
    private let root: String
    /// Parts judged before the daemon's counter began anew with a start.
    private var before = 0
    private var counted = 0
    /// Times the line had to be started again: bad parts among those that are replayed.
    private(set) var restarts = 0

    /// Starts the daemon on parts and the line.
    ///
    /// - Parameters:
    ///   - parts: folder of pictures; nil is the recipe's own good parts, or where it was trained.
    ///   - rate: parts per second, 0 is as fast as it can.
    ///   - more: further lines of configuration; `name` tells lines of one process apart.
    ///   - hasOutputs: whether the permit goes into a file; outputs in memory otherwise.
    init(
        recipe: String, recipes: String, parts: String?, rate: Double, threads: Int, hasOutputs: Bool = true,
        name: String = "", more: String = ""
    ) throws {
        let recipes = try Self.whole(recipes)
        let folder = try RecipeFolder(recipe, in: recipes)
        let pictures = try Self.whole(try parts ?? Self.pictures(of: folder))
        root = "/tmp/jidoka-bench-line.\(getpid())\(name)"
        daemon = try DaemonProcess(
            root: root, recipes: recipes,
            configuration: """
                recipe: \(recipe)
                source: {kind: folder, path: "\(pictures)", rate: \(rate), repeat: true}
                inspection: {threads: \(threads)}
                # The same pictures again and again, some of them learned from, would be an alarm.
                drift: {level: 0}
                \(more)
                """, name: name, hasOutputs: hasOutputs)
        try daemon.waitUntilReady(interval: 20_000)
        try daemon.command("start")
    }

    /// Parts judged so far while the line ran, and the status that says so.
    func progress() throws -> (parts: Int, status: [String: JSONValue]) {
        guard let status = try daemon.status() else {
            throw RecipeError(.unreadable, "jidokad", expected: "its status", found: "a refusal")
        }
        if case .integer(let parts)? = status["parts"] {
            if Int(parts) < counted { before += counted }
            counted = Int(parts)
        }
        switch status["state"] {
        case .string("running"), .string("ready"), .string("andon"): break
        case .string("stopped"):
            // A good part above the threshold; the measurement goes on.
            try daemon.command("ack", ["verdict": .string("false_stop"), "reason": .string("benchmark")])
            try daemon.command("reset")
            try daemon.command("start")
            restarts += 1
        default:
            throw RecipeError(
                .unreadable, "jidokad", expected: "a running line", found: StatusText.text("state", in: status),
                hint: StatusText.text("reason", in: status))
        }
        return (before + counted, status)
    }

    /// Ends the daemon and removes its folder; may be called twice.
    func end() {
        daemon.end()
        try? FileManager.default.removeItem(atPath: root)
    }

    deinit { end() }

    private static func pictures(of folder: RecipeFolder) throws -> String {
        if !Folder.pictures(folder.good).isEmpty { return folder.good }
        return try PartList.read(folder.parts).data
    }

    /// A daemon wants whole paths; the folder may be given as a short one.
    private static func whole(_ path: String) throws(RecipeError) -> String {
        guard let real = realpath(path, nil) else {
            throw RecipeError(
                .unreadable, path, expected: "a folder", found: String(cString: strerror(errno)), errno: errno,
                hint: "name another one")
        }
        defer { free(real) }
        return String(cString: real)
    }
}
