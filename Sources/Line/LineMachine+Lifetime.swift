// SPDX-License-Identifier: Apache-2.0

/// Boot and shutdown, and the time before and after.
extension LineMachine {
    /// Facts are learnt without an effect, as nothing may be recorded before the latch of the last run is known.
    mutating func handleBeforeBoot(_ input: LineInput, _ time: UInt64) -> [LineEffect] {
        switch input {
        case .boot(let latch):
            return boot(latch, time)
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
        case .verdict, .configurationChanged, .configurationRejected, .summaryDue:
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
        case .boot, .recordFailed, .shutdown: [.permit(false)]
        default: []
        }
    }

    /// Off first, whatever was; then what the last run left behind.
    private mutating func boot(_ last: Latch?, _ time: UInt64) -> [LineEffect] {
        phase = .alive
        let from = last?.state
        var records: [LineEffect] = []
        switch from {
        case nil, .blocked, .ready:
            state = .blocked
        case .running:
            // A clean end leaves `ready`, so `running` is an unclean end whatever the flag says.
            state = .stopped
            let why = "the last run ended without a shutdown while running"
            reason = why
            stoppedPart = last?.part
            records += note(.uncleanEnd, time) {
                $0.stateFrom = .running
                $0.detail = why
            }
        case .stopped:
            state = .stopped
            reason = last?.reason
            stoppedPart = last?.part
        case .acknowledged:
            state = .acknowledged
            reason = last?.reason
            stoppedPart = last?.part
        case .fault:
            state = .stopped
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
        records += note(.boot, time) {
            $0.stateFrom = came
            $0.part = part
            $0.detail = detail
        }
        let early = activeCauses.sorted { $0.rawValue < $1.rawValue }
        activeCauses = []
        for code in early { records += fault(code, "found before boot", time) }
        if state == .blocked, recipe != nil, sourceIsReady { records += enter(.ready, .ready, time) }
        return [.permit(false), .lamp(state.lamp)] + records.filter(\.isRecord)
    }

    /// Ends on purpose. A running line comes back as ready and needs a start; everything latched stays latched.
    mutating func shutDown(_ time: UInt64) -> [LineEffect] {
        phase = .ended
        let counts = takeSummary()
        let effects = enter(state == .running ? .ready : state, .shutdown, time) { $0.detail = counts }
        return [.permit(false), .lamp(.off)] + effects.filter(\.isRecord)
    }

    private func refuseOutright(_ command: LineCommand, _ why: String, _ hint: String) -> LineEffect {
        .refuse(command, why: why, hint: hint)
    }
}

extension LineEffect {
    var isRecord: Bool {
        if case .record = self { true } else { false }
    }
}
