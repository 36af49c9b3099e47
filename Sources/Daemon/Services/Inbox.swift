// SPDX-License-Identifier: Apache-2.0

import Capture
import Dispatch
import Inspection
import Line
import Recipes
import Synchronization

/// What waits for the decision thread: commands and news in their order, and at most one frame.
///
/// Any thread may post; one thread takes.
final class Inbox: Sendable {
    /// Something that the decision thread has to do.
    enum Item: Sendable {
        /// A person's command; `reply` is called exactly once.
        case command(Command, reply: @Sendable (CommandAnswer) -> Void)
        /// The configuration was read again (SIGHUP).
        case reloaded(DecisionLoop.Reload)
        /// The source delivers.
        case sourceReady
        /// The source is gone; a kind is told once until the source is back, whatever the reason's figures are.
        case sourceLost(reason: String, kind: String)
        /// Whether what the camera gives are pictures of parts.
        case pictures(PictureHealth)
        /// A part that could not be judged, and why.
        case badPart(part: String, code: FaultCode, detail: String)
        /// Parts that had passed the camera when the line stopped.
        case unjudged(parts: Int)
        /// The conveyor's encoder has counted.
        case encoder
        /// A recipe that a person has asked for, and its source.
        case loaded(Result<LoadedRecipe, RecipeError>, startSource: @Sendable () -> Void)
        /// A copy of a part's picture with a defect in it, for the detection heartbeat.
        case blended(DetectionHeartbeat.Trial)
        /// What is wrong with the inputs (trigger, button); nil when they work.
        case inputs(failure: String?)
        /// End of the daemon.
        case shutdown
    }

    /// The way in of one source; what an earlier source still says is not listened to.
    final class Entry: Sendable {
        fileprivate let frameTaken = DispatchSemaphore(value: 0)
    }

    private struct Content: ~Copyable {
        var items: [Item] = []
        var frame: Frame?
        var entry: Entry?
        var isClosed = false
    }

    private let content = Mutex(Content())
    private let posted = DispatchSemaphore(value: 0)

    /// Opens the way in for a source.
    func open(_ entry: Entry) {
        content.withLock { $0.entry = entry }
    }

    /// Shuts a source out: its frame that waits is dropped, and whatever it still offers is refused.
    func shut(_ entry: Entry) {
        let isWaiting = content.withLock { content in
            guard content.entry === entry else { return false }
            let had = content.frame != nil
            content.entry = nil
            content.frame = nil
            return had
        }
        if isWaiting { entry.frameTaken.signal() }
    }

    /// Adds an item.
    ///
    /// - Parameter entry: the source that says it; nil when it comes from elsewhere.
    /// - Returns: false when the inbox is closed or the source was shut out; then nobody will take it.
    @discardableResult
    func post(_ item: Item, through entry: Entry? = nil) -> Bool {
        let accepted = content.withLock { content in
            guard !content.isClosed, entry == nil || content.entry === entry else { return false }
            content.items.append(item)
            return true
        }
        if accepted { posted.signal() }
        return accepted
    }

    /// Hands a frame over and waits until the decision thread has taken it: no part is skipped, none is queued.
    ///
    /// - Returns: false when the inbox is closed or the source was shut out.
    func offer(_ frame: consuming Frame, through entry: Entry) -> Bool {
        var slot: Frame? = consume frame
        let accepted = content.withLock { content in
            guard !content.isClosed, content.entry === entry else { return false }
            content.frame = slot.take()
            return true
        }
        guard accepted else { return false }
        posted.signal()
        entry.frameTaken.wait()
        return content.withLock { !$0.isClosed && $0.entry === entry }
    }

    /// Waits until something was posted; false when `nanoseconds` went by first.
    func wait(nanoseconds: UInt64) -> Bool {
        posted.wait(timeout: .now() + .nanoseconds(Int(clamping: nanoseconds))) == .success
    }

    /// The oldest item.
    func takeItem() -> Item? { content.withLock { $0.items.isEmpty ? nil : $0.items.removeFirst() } }

    /// Whether a frame waits.
    var hasFrame: Bool { content.withLock { $0.frame != nil } }

    /// The frame, if there is one.
    func takeFrame() -> Frame? {
        var slot: Frame?
        let entry = content.withLock { content in
            guard content.frame != nil else { return nil as Entry? }
            swap(&slot, &content.frame)
            return content.entry
        }
        entry?.frameTaken.signal()
        return slot
    }

    /// Lets a waiting source go; nothing is accepted any more.
    ///
    /// - Returns: items that nobody will do.
    func close() -> [Item] {
        let (waiting, left) = content.withLock { content in
            content.isClosed = true
            let entry = content.frame == nil ? nil : content.entry
            content.frame = nil
            let items = content.items
            content.items = []
            return (entry, items)
        }
        waiting?.frameTaken.signal()
        return left
    }
}
