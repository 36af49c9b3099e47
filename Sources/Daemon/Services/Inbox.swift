// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Inspection
import Synchronization

/// What waits for the decision thread: commands and news in their order, and at most one frame.
///
/// Any thread may post; one thread takes.
final class Inbox: Sendable {
    /// Something that the decision thread has to do.
    enum Item: Sendable {
        /// A person's command; `reply` is called exactly once.
        case command(Command, reply: @Sendable (CommandAnswer) -> Void)
        /// Read the configuration again (SIGHUP).
        case reload
        /// The source delivers.
        case sourceReady
        /// The source is gone.
        case sourceLost(reason: String)
        /// A part whose picture can't be used.
        case badPicture(part: String, detail: String)
        /// End of the daemon.
        case shutdown
    }

    private struct Content: ~Copyable {
        var items: [Item] = []
        var frame: Frame?
        var isClosed = false
    }

    private let content = Mutex(Content())
    private let posted = DispatchSemaphore(value: 0)
    private let frameTaken = DispatchSemaphore(value: 0)

    /// Adds an item.
    ///
    /// - Returns: false when the inbox is closed; then nobody will take it.
    @discardableResult
    func post(_ item: Item) -> Bool {
        let accepted = content.withLock { content in
            if !content.isClosed { content.items.append(item) }
            return !content.isClosed
        }
        if accepted { posted.signal() }
        return accepted
    }

    /// Hands a frame over and waits until the decision thread has taken it: no part is skipped, none is queued.
    ///
    /// - Returns: false when the inbox is closed.
    func offer(_ frame: consuming Frame) -> Bool {
        var slot: Frame? = consume frame
        let accepted = content.withLock { content in
            guard !content.isClosed else { return false }
            content.frame = slot.take()
            return true
        }
        guard accepted else { return false }
        posted.signal()
        frameTaken.wait()
        return content.withLock { !$0.isClosed }
    }

    /// Waits until something was posted; false when `seconds` went by first.
    func wait(seconds: Double) -> Bool { posted.wait(timeout: .now() + seconds) == .success }

    /// The oldest item.
    func takeItem() -> Item? { content.withLock { $0.items.isEmpty ? nil : $0.items.removeFirst() } }

    /// The frame, if there is one.
    func takeFrame() -> Frame? {
        let frame = content.withLock { content in
            var slot: Frame?
            swap(&slot, &content.frame)
            return slot
        }
        if frame != nil { frameTaken.signal() }
        return frame
    }

    /// Lets a waiting source go; nothing is accepted any more.
    ///
    /// - Returns: items that nobody will do.
    func close() -> [Item] {
        let (waiting, left) = content.withLock { content in
            content.isClosed = true
            let had = content.frame != nil
            content.frame = nil
            let items = content.items
            content.items = []
            return (had, items)
        }
        if waiting { frameTaken.signal() }
        return left
    }
}
