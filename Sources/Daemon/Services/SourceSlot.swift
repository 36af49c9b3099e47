// SPDX-License-Identifier: Apache-2.0

import Capture
import Recipes
import Synchronization

/// The present source and its trigger; a reload puts another one in their place.
final class SourceSlot: Sendable {
    private struct Content {
        var feed: SourceFeed?
        var trigger: (any Trigger)?
    }

    /// Opened and shut by the decision thread with the permit.
    let gate: Gate
    private let content = Mutex(Content())
    private let inbox: Inbox
    private let armed: Armed

    /// Tells the present source; an object of its own, because the gate is there before the slot.
    private final class Armed: Sendable {
        let feed = Mutex<SourceFeed?>(nil)
    }

    init(inbox: Inbox) {
        self.inbox = inbox
        let armed = Armed()
        self.armed = armed
        gate = Gate { isOpen in armed.feed.withLock { $0 }?.setArmed(isOpen) }
    }

    /// Opens the source of a configuration; the one before is stopped first.
    func start(_ configuration: Configuration, _ recipe: Result<LoadedRecipe, RecipeError>) {
        var next = Content()
        // Without a recipe nobody knows how large a frame must be.
        if case .success(let loaded) = recipe {
            next.trigger = configuration.makeTrigger()
            next.feed = SourceFeed(
                inbox: inbox, gate: gate, open: configuration.sourceOpening(loaded, trigger: next.trigger))
        }
        let previous = content.withLock { content in
            defer { content = next }
            return content
        }
        armed.feed.withLock { $0 = next.feed }
        previous.feed?.stop()
        next.feed?.start()
    }

    /// Ends the source.
    func stop() { content.withLock { $0.feed }?.stop() }

    /// A part is there, says a program; nil when the source is not triggered by programs.
    func trigger() -> FireAnswer? { fire(at: DeadlineGate.now()) }

    /// A part is there, at a time of `CLOCK_MONOTONIC`.
    func fire(at moment: UInt64) -> FireAnswer? {
        (content.withLock { $0.trigger } as? EventTrigger)?.fire(at: moment)
    }
}
