// SPDX-License-Identifier: Apache-2.0

import Capture
import Recipes
import Synchronization

/// The present source and its trigger; a reload puts another one in their place.
final class SourceSlot: Sendable {
    private struct Content {
        var feed: SourceFeed?
        var trigger: EventTrigger?
        var isTriggeredByPrograms = false
        /// Counts the feeds: one that is on its way out must not put its trigger in place of a later one's.
        var generation = 0
    }

    /// An object of its own, because the gate is there before the slot.
    private final class Present: Sendable {
        let content = Mutex(Content())
    }

    /// Opened and shut by the decision thread with the permit.
    let gate: Gate
    private let present: Present
    private let inbox: Inbox

    init(inbox: Inbox) {
        self.inbox = inbox
        let present = Present()
        self.present = present
        gate = Gate { isOpen in present.content.withLock { $0.feed }?.setArmed(isOpen) }
    }

    /// Opens the source of a configuration; the one before is stopped first.
    func start(_ configuration: Configuration, _ recipe: Result<LoadedRecipe, RecipeError>) {
        let generation = present.content.withLock { content in
            content.generation += 1
            content.trigger = nil
            content.isTriggeredByPrograms = configuration.isTriggeredByPrograms
            return content.generation
        }
        var next: SourceFeed?
        // Without a recipe nobody knows how large a frame must be.
        if case .success(let loaded) = recipe {
            let opening = configuration.sourceOpening(loaded) { [present] trigger in
                present.content.withLock { content in
                    if content.generation == generation { content.trigger = trigger as? EventTrigger }
                }
            }
            next = SourceFeed(inbox: inbox, gate: gate, open: opening)
        }
        let previous = present.content.withLock { content in
            defer { content.feed = next }
            return content.feed
        }
        previous?.stop()
        next?.start()
    }

    /// What has happened since the camera was opened; nil when the source is none, or not open.
    var counters: CameraCounters? { present.content.withLock { $0.feed }?.counters }

    /// Ends the source.
    func stop() { present.content.withLock { $0.feed }?.stop() }

    /// A part is there, says a program; nil when the source is not triggered by programs.
    func trigger() -> FireAnswer? {
        guard present.content.withLock({ $0.isTriggeredByPrograms }) else { return nil }
        return fire(at: DeadlineGate.now())
    }

    /// A part is there, at a time of `CLOCK_MONOTONIC`.
    func fire(at moment: UInt64) -> FireAnswer? {
        present.content.withLock { $0.trigger }?.fire(at: moment)
    }
}
