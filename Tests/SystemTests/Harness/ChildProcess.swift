// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A program of ours as a child process, with its output in files.
///
/// Files, not pipes: a child that writes much never waits for the test, and nothing can be inherited by mistake.
final class ChildProcess {
    /// How it ended.
    enum Ending: Equatable {
        /// By itself, with this status.
        case exit(Int32)
        /// By this signal.
        case signal(Int32)
        /// Not in time; it was killed.
        case timeOut
    }

    /// The system refused to start it.
    struct NotStarted: Error {
        let program: String
        let reason: String
    }

    let process: pid_t
    private var ending: Ending?

    /// Starts a program; it is killed with the object if it still runs then.
    ///
    /// - Parameters:
    ///   - output: file that gets standard output.
    ///   - errors: file, or named pipe with a reader, that gets standard error; it is written from its end on.
    ///   - environment: variables besides our own.
    init(
        _ program: String, _ arguments: [String], output: String, errors: String, environment: [String: String] = [:]
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, flags, 0o644)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, flags, 0o644)
        // The signals as a shell would hand them over, whatever the test process does with them.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var defaults = sigset_t()
        sigemptyset(&none)
        sigemptyset(&defaults)
        for number in [SIGHUP, SIGINT, SIGTERM, SIGPIPE] { sigaddset(&defaults, number) }
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var variables: [UnsafeMutablePointer<CChar>?] = []
        var next = environ
        while let variable = next.pointee {
            variables.append(strdup(variable))
            next += 1
        }
        variables += environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for variable in variables { free(variable) } }
        var process = pid_t()
        let status = posix_spawn(&process, program, &actions, &attributes, words, variables)
        guard status == 0 else { throw NotStarted(program: program, reason: String(cString: strerror(status))) }
        self.process = process
    }

    deinit {
        guard ending == nil else { return }
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    /// Whether it has not ended yet.
    var isRunning: Bool { poll() == nil }

    /// Sends a signal; nothing happens when it has ended.
    func send(_ number: Int32) {
        if ending == nil { kill(process, number) }
    }

    /// Waits until it ends, and kills it when that takes too long.
    func wait(seconds: Double = Patience.seconds) -> Ending {
        _ = Patience.until(seconds: seconds) { poll() != nil }
        if let ending { return ending }
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        ending = .timeOut
        return .timeOut
    }

    private func poll() -> Ending? {
        if let ending { return ending }
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return nil }
        let number = status & 0x7F
        ending = number == 0 ? .exit((status >> 8) & 0xFF) : .signal(number)
        return ending
    }
}

/// Time-outs are for tests that hang; no test is about seconds.
enum Patience {
    /// Long enough for any machine.
    static let seconds = 90.0

    /// Looks again and again until something is so; false when it takes too long.
    static func until(seconds: Double = seconds, _ isSo: () throws -> Bool) rethrows -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        var pause: UInt32 = 500
        while try !isSo() {
            guard ContinuousClock.now < end else { return false }
            usleep(pause)
            pause = min(20_000, pause * 2)
        }
        return true
    }
}
