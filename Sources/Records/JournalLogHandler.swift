// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging

/// Log lines for `journalctl` with fields when standard error is the journal, plain lines on standard error otherwise.
///
/// A metadata key `part` becomes the field `JIDOKA_PART`; `message_id` becomes `MESSAGE_ID`, which picks the catalog
/// entry. When the journal can't be reached, the line goes to standard error after all: nothing is lost silently.
public struct JournalLogHandler: LogHandler {
    /// Where lines go.
    public enum Destination: Sendable {
        /// Structured, by `sd_journal_sendv`.
        case journal
        /// Text on standard error: `<time> <level> <message> key=value …`.
        case standardError
    }

    /// Lines below this level are dropped by `Logger`.
    public var logLevel: Logger.Level = .info
    /// Fields of every line.
    public var metadata: Logger.Metadata = [:]
    /// Fields from the task that logs.
    public var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let destination: Destination

    /// A handler for `LoggingSystem.bootstrap { JournalLogHandler(label: $0) }`.
    ///
    /// - Parameters:
    ///   - label: name of the logger; `SYSLOG_IDENTIFIER` in the journal.
    ///   - destination: `nil` finds out whether standard error is the journal (sd_journal_print(3), `JOURNAL_STREAM`).
    public init(label: String, destination: Destination? = nil) {
        self.label = label
        self.destination = destination ?? (JournalStream.isStandardError ? .journal : .standardError)
    }

    /// One field of every line.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Sends one line.
    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error { all["error"] = "\(error)" }
        let message = event.message.description
        if destination == .journal {
            var fields = LogFields.fields(message: message, level: event.level, label: label, metadata: all)
            fields.append(("CODE_FILE", event.file))
            fields.append(("CODE_LINE", String(event.line)))
            fields.append(("CODE_FUNC", event.function))
            if JournalStream.send(fields) { return }
        }
        let bytes = Array(
            (LogFields.line(message: message, level: event.level, metadata: all, time: UTCTime.now) + "\n").utf8)
        // Whoever doesn't read our standard error never holds up the thread that decides: what doesn't fit is left out
        // here, and is in the history all the same.
        var polled = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&polled, 1, 0) > 0 else { return }
        // One write, so that lines of several threads don't mix; nobody could be told that it failed.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
