// SPDX-License-Identifier: Apache-2.0

/// Boot and shutdown, and the time before and after.
extension LineMachine {
    /// Facts are learnt without an effect, as nothing may be recorded before the latch of the last run is known.
    mutating func handleBeforeBoot(_ input: LineInput, _ now: Moment) -> [LineEffect] {
        switch input {
        case .boot(let latch):
            return boot(latch, now)
        case .recipeReady(let recipe, let model):
            self.recipe = recipe
            self.model = model
        case .recipeMissing(let reason):
            recipe = nil
            model = nil
            recipeMissingReason = reason
        case .sourceReady:
            sourceIsReady = true
        case .sourceLost(let reason):
            sourceIsReady = false
            sourceLostReason = reason
        case .fault(let code, _):
            activeCauses.insert(code)
        case .faultCleared(let code):
            activeCauses.remove(code)
        case .acknowledge:
            return [refuseOutright(.acknowledge, "the daemon is starting", "try again")]
        case .reset:
            return [refuseOutright(.reset, "the daemon is starting", "try again")]
        case .start:
            return [refuseOutright(.start, "the daemon is starting", "try again")]
        case .bypass, .endBypass:
            return [refuseOutright(.bypass, "the daemon is starting", "try again")]
        case .changeRecipe:
            return [refuseOutright(.recipe, "the daemon is starting", "try again")]
        case .policy(let policy):
            self.policy = policy
        case .encoder(let count):
            encoderCount = count
        case .verdict, .partFailed, .partsUnjudged, .drift, .tick, .challengePassed, .challengeFailed,
            .configurationChanged, .configurationRejected, .summaryDue:
            break
        case .recordFailed, .shutdown:
            return [.permit(false)]
        }
        return []
    }

    /// The permit is off and the latch is written: nothing may change it any more.
    mutating func handleEnded(_ input: LineInput) -> [LineEffect] {
        switch input {
        case .acknowledge: [refuseOutright(.acknowledge, "the daemon is ending", "try again when it is back")]
        case .reset: [refuseOutright(.reset, "the daemon is ending", "try again when it is back")]
        case .start: [refuseOutright(.start, "the daemon is ending", "try again when it is back")]
        case .bypass, .endBypass: [refuseOutright(.bypass, "the daemon is ending", "try again when it is back")]
        case .changeRecipe: [refuseOutright(.recipe, "the daemon is ending", "try again when it is back")]
        case .boot, .recordFailed, .shutdown: [.permit(false)]
        default: []
        }
    }

    /// Off first, whatever was; then what the last run left behind.
    private mutating func boot(_ last: Latch?, _ now: Moment) -> [LineEffect] {
        phase = .alive
        let from = last?.state
        var records: [LineEffect] = []
        state = from.flatMap { LineTable.boot[$0] } ?? .blocked
        switch from {
        case nil, .blocked, .ready: break
        case .running, .andon, .bypass:
            // A clean end leaves none of them, so it is an unclean end whatever the flag says.
            let what = from == .bypass ? "bypassed" : from == .andon ? "in andon" : "running"
            let why = "the last run ended without a shutdown while \(what)"
            reason = last?.reason.map { from == .running ? why : "\(why); \($0)" } ?? why
            stoppedPart = last?.part
            records += note(.uncleanEnd, now) {
                $0.stateFrom = from
                $0.detail = why
            }
        case .stopped, .acknowledged:
            reason = last?.reason
            stoppedPart = last?.part
        case .fault:
            let prefix = "fault before the restart: "
            let why = last?.reason ?? "unknown"
            // However often it is started again, once is enough.
            reason = why.hasPrefix(prefix) ? why : prefix + why
            stoppedPart = last?.part
        }
        let end =
            switch last?.cleanEnd {
            case nil: "first boot"
            case true?: "clean end"
            case false?: "unclean end"
            }
        let detail = reason.map { "\(end); \($0)" } ?? end
        let part = stoppedPart
        let came = records.isEmpty && from != state ? from : nil
        records += note(.boot, now) {
            $0.stateFrom = came
            $0.part = part
            $0.detail = detail
        }
        let early = activeCauses.sorted { $0.rawValue < $1.rawValue }
        activeCauses = []
        for code in early { records += fault(code, "found before boot", now) }
        records += settle(now)
        return [.permit(false), .lamp(state.lamp)] + records.filter(\.isRecord)
    }

    /// Ends on purpose. A running line comes back as ready and needs a start; everything latched stays latched, also what
    /// is under a bypass, and a bad part on its way.
    mutating func shutDown(_ now: Moment) -> [LineEffect] {
        phase = .ended
        let call: [LineEffect] = isEscalated ? [.escalation(false)] : []
        let counts = takeSummary()
        var next = LineTable.shutdown[state] ?? state
        if let pendingStop {
            next = .stopped
            reason = pendingStop.reason
            stoppedPart = pendingStop.part
        }
        if state == .bypass { next = underneath ?? .blocked }
        var detail = counts
        if !pendingRejects.isEmpty {
            let parts = pendingRejects.map(\.part).joined(separator: ", ")
            detail = (counts.map { $0 + "; " } ?? "") + "on their way and not sorted out: \(parts)"
        }
        let effects = enter(next, .shutdown, now) { $0.detail = detail }
        return [.permit(false), .lamp(.off)] + call + effects.filter(\.isRecord)
    }

    private func refuseOutright(_ command: LineCommand, _ why: String, _ hint: String) -> LineEffect {
        .refuse(command, why: why, hint: hint)
    }
}

extension LineEffect {
    var isReject: Bool {
        if case .reject = self { true } else { false }
    }

    var isRecord: Bool {
        if case .record = self { true } else { false }
    }
}
