// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Line
import Sockets

extension AcknowledgeVerdict: ExpressibleByArgument {}

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what the line is doing and why.")

    @OptionGroup var place: SocketsOption
    @OptionGroup var output: JSONOption

    func run() throws {
        let fields = try Conversation(place).ask("status")
        if output.isJSON { return print(JSONValue.object(fields).text) }
        print(StatusText.lines(fields))
    }
}

struct Acknowledge: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack", abstract: "Acknowledge a stop: a named person has looked at the part.",
        discussion: "Acknowledging does not start the line: 'jidoka reset' and 'jidoka start' follow.")

    @Option(help: "What the part turned out to be: defect, false_stop or unclear.")
    var verdict: AcknowledgeVerdict
    @Option(help: "Why, in a few words.")
    var reason: String
    @Option(help: "Your name, if the account is shared; the account's name is recorded too.")
    var user: String?
    @OptionGroup var place: SocketsOption
    @OptionGroup var output: JSONOption

    func run() throws {
        try Conversation(place).command(
            "ack", ["verdict": .string(verdict.rawValue), "reason": .string(reason)], user: user, isJSON: output.isJSON)
    }
}

struct Reset: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take the latch away after an acknowledgement.")

    @Option(help: "Your name, if the account is shared.")
    var user: String?
    @OptionGroup var place: SocketsOption
    @OptionGroup var output: JSONOption

    func run() throws { try Conversation(place).command("reset", user: user, isJSON: output.isJSON) }
}

struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Give the line its run permit; allowed when it is ready.")

    @Option(help: "Your name, if the account is shared.")
    var user: String?
    @OptionGroup var place: SocketsOption
    @OptionGroup var output: JSONOption

    func run() throws { try Conversation(place).command("start", user: user, isJSON: output.isJSON) }
}

struct Bypass: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let the line run without inspection, for a limited time; or end that.",
        discussion: """
            For when the box itself is broken and production has to go on. The permit is on whatever the box finds, and goes off \
            when the time is over. A stop that was latched is still latched then.
            """)

    @Option(help: "For how long; the configuration sets the longest time.")
    var minutes: Int?
    @Option(help: "Why nobody inspects, in a few words.")
    var reason: String?
    @Flag(help: "End the bypass now: the permit goes off.")
    var end = false
    @Option(help: "Your name, if the account is shared; the account's name is recorded too.")
    var user: String?
    @OptionGroup var place: SocketsOption
    @OptionGroup var output: JSONOption

    func validate() throws {
        let isWhole = (minutes ?? 0) > 0 && reason != nil
        guard end ? minutes == nil && reason == nil : isWhole else {
            throw ValidationError("give --minutes and --reason, or --end alone")
        }
    }

    func run() throws {
        var fields: [String: JSONValue] = [:]
        if end { fields["end"] = .bool(true) }
        if let minutes { fields["minutes"] = .integer(Int64(minutes)) }
        if let reason { fields["reason"] = .string(reason) }
        try Conversation(place).command("bypass", fields, user: user, isJSON: output.isJSON)
    }
}

struct ChangeRecipe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipe", abstract: "Change over to another recipe: the line stops and needs a start.",
        discussion: """
            The recipe stays in force over restarts, until another one is asked for or 'recipe:' in the configuration changes.
            """)

    @Argument(help: "Name of the recipe.")
    var name: String
    @Option(help: "Your name, if the account is shared; the account's name is recorded too.")
    var user: String?
    @OptionGroup var place: SocketsOption
    @OptionGroup var output: JSONOption

    func run() throws {
        try Conversation(place).command("recipe", ["name": .string(name)], user: user, isJSON: output.isJSON)
    }
}

struct TriggerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trigger",
        abstract: "Say that a part is in front of the camera, when the source is triggered by programs.",
        discussion: "Prints the number of the part. For 'trigger: software' in the configuration.")

    @OptionGroup var place: SocketsOption
    @OptionGroup var output: JSONOption

    func run() throws {
        let fields = try Conversation(place).ask("trigger")
        if output.isJSON { return print(JSONValue.object(fields).text) }
        print("part \(StatusText.text("part", in: fields))")
    }
}
