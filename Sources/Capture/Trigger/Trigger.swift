// SPDX-License-Identifier: Apache-2.0

/// A part that came by: its number and when.
public struct PartMoment: Sendable, Equatable {
    /// Counts the parts of one trigger, from 1; a part that gets no picture has a number too.
    public var number: UInt64
    /// Nanoseconds of `CLOCK_MONOTONIC`: the first picture taken at or after it shows the part.
    public var moment: UInt64

    /// A part.
    public init(number: UInt64, moment: UInt64) {
        self.number = number
        self.moment = moment
    }
}

/// What a trigger has to say.
public enum TriggerAnswer: Sendable, Equatable {
    /// A part is due.
    case part(PartMoment)
    /// None until the deadline.
    case none
    /// The trigger was stopped.
    case ended
}

/// Says when there is a part in front of the camera.
///
/// It is armed while the line may run; what happens before that is no part.
public protocol Trigger: AnyObject, Sendable {
    /// Whether any recent picture will do, the newest first, because nothing but time makes the parts.
    var isFreeRunning: Bool { get }

    /// Waits for the next part.
    ///
    /// - Parameter deadline: nanoseconds of `CLOCK_MONOTONIC`; one in the past does not wait.
    func next(until deadline: UInt64) -> TriggerAnswer

    /// Begins or ends taking parts; ending forgets those not yet asked for. A trigger begins disarmed.
    ///
    /// - Returns: how many parts were forgotten.
    @discardableResult
    func setArmed(_ on: Bool) -> Int

    /// Ends the trigger for good and wakes who waits.
    func stop()
}

extension Trigger {
    /// False: every part has its own picture.
    public var isFreeRunning: Bool { false }
}
