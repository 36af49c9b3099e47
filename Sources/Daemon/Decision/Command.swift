// SPDX-License-Identifier: Apache-2.0

import Line

/// What a person may ask of the line over the control socket.
enum Command: Sendable, Equatable {
    /// See `LineInput.acknowledge`.
    case acknowledge(user: String, verdict: AcknowledgeVerdict, reason: String)
    /// See `LineInput.reset`.
    case reset(user: String)
    /// See `LineInput.start`.
    case start(user: String)
    /// See `LineInput.bypass`.
    case bypass(user: String, reason: String, duration: UInt64)
    /// See `LineInput.endBypass`.
    case endBypass(user: String)
    /// See `LineInput.changeRecipe`.
    case recipe(user: String, name: String)

    var input: LineInput {
        switch self {
        case .acknowledge(let user, let verdict, let reason):
            .acknowledge(user: user, verdict: verdict, reason: reason)
        case .reset(let user): .reset(user: user)
        case .start(let user): .start(user: user)
        case .bypass(let user, let reason, let duration): .bypass(user: user, reason: reason, duration: duration)
        case .endBypass(let user): .endBypass(user: user)
        case .recipe(let user, let name): .changeRecipe(user: user, recipe: name)
        }
    }
}

/// What became of a command.
enum CommandAnswer: Sendable, Equatable {
    /// It was carried out; the state after it.
    case done(LineState)
    /// It was refused, why, and what to do.
    case refused(why: String, hint: String)
}
