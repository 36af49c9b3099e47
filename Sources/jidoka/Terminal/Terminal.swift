// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Progress on a terminal, silence in a pipe. Everything goes to standard error, results go to standard output.
final class Terminal: Sendable {
    /// The terminal of this process.
    static let shared = Terminal()

    /// Whether a person is looking.
    let isInteractive = isatty(STDERR_FILENO) == 1

    private struct State {
        var isShowing = false
        var lastShown: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Redraws the progress line, at most ten times a second unless it is the last of a step.
    func show(_ text: String, isLast: Bool = false) {
        guard isInteractive else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            if !isLast, let last = state.lastShown, now - last < .milliseconds(100) { return }
            state.lastShown = now
            state.isShowing = true
            write("\r\u{1B}[K" + String(text.prefix(Self.columns - 1)))
        }
    }

    /// A line that stays, on a terminal or not.
    func say(_ text: String) {
        state.withLock { state in
            if state.isShowing { write("\r\u{1B}[K") }
            state.isShowing = false
            write(text + "\n")
        }
    }

    /// Removes the progress line.
    func clear() {
        state.withLock { state in
            if state.isShowing { write("\r\u{1B}[K") }
            state.isShowing = false
        }
    }

    /// A bar of `width` characters.
    static func bar(_ share: Double, width: Int = 24) -> String {
        let full = Int((max(0, min(1, share)) * Double(width)).rounded())
        return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
    }

    private static var columns: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) : 100
    }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(STDERR_FILENO, $0.baseAddress.map { $0 + done }, bytes.count - done)
            }
            guard count > 0 else { return }
            done += count
        }
    }
}

/// Prints a result to standard output.
func printJSON(_ value: some Encodable) throws {
    print(try JSONText.of(value))
}
