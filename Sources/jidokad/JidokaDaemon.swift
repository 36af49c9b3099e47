// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Daemon
import Glibc
import Logging
import Recipes
import Records

/// The daemon beside the line.
@main
struct JidokaDaemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jidokad",
        abstract: "Watch a line and stop it on a defect.",
        discussion: """
            SIGTERM ends it with the permit off, SIGHUP reads the configuration again. Exit status 78: the configuration is \
            wrong and starting again won't help.
            """,
        version: DaemonVersion.text)

    @Option(help: "Configuration file (see --example).")
    var config: String = "/etc/jidoka/jidoka.yaml"
    @Flag(help: "Check the configuration and end.")
    var check = false
    @Flag(help: "Drive every output off and end: what the service manager does when the daemon has gone.")
    var permitOff = false
    @Flag(help: "Print a commented example configuration and end.")
    var example = false

    /// EX_CONFIG of sysexits.h: systemd is told not to start again.
    private static let badConfiguration = ExitCode(78)

    func run() async throws {
        if example { return print(Configuration.example) }
        if permitOff { return try dropPermit() }
        let configuration: Configuration
        do throws(RecipeError) {
            configuration = try InspectionDaemon.configuration(config)
        } catch {
            FileHandleText.standardError("jidokad: \(error)\n")
            // Nobody will start it again by itself: the outputs that were in force until now must not stay as they are.
            if !check { try? dropPermit() }
            throw Self.badConfiguration
        }
        if check { return print("\(config): good") }
        // A reader of our standard error that has gone must not end the line's inspection.
        signal(SIGPIPE, SIG_IGN)
        // Until somebody listens for it a SIGHUP would be the end, and there is nothing to read again yet.
        signal(SIGHUP, SIG_IGN)
        if geteuid() == 0 {
            FileHandleText.standardError("jidokad: warning: runs as root; the service runs as the user jidoka\n")
        }
        let level = Logger.Level(rawValue: configuration.log.level.rawValue) ?? .info
        LoggingSystem.bootstrap { label in
            var handler = JournalLogHandler(label: label)
            handler.logLevel = level
            return handler
        }
        do {
            try await InspectionDaemon(configuration: config, log: Logger(label: "jidokad")).run()
        } catch {
            FileHandleText.standardError("jidokad: \(error)\n")
            throw ExitCode(1)
        }
    }

    private func dropPermit() throws {
        do {
            print("jidokad: \(try InspectionDaemon.permitOff(config))")
        } catch {
            FileHandleText.standardError("jidokad: outputs could not be driven off: \(error)\n")
            throw ExitCode(1)
        }
    }
}

/// Text on standard error.
enum FileHandleText {
    static func standardError(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, bytes.count) }
    }
}
