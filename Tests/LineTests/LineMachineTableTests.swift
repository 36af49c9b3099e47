// SPDX-License-Identifier: Apache-2.0

import Line
import Testing

/// Every state × every input, written down: the effects in short (see `LineSamples.short`), after `→state` when the
/// state changes.
@Suite struct LineMachineTableTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        /// In every state that has no column of its own.
        let otherwise: String
        var columns: [LineState: String] = [:]

        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "boot", otherwise: "→fault - L fault", columns: [.fault: "- fault"]),
        Row(name: "recipe same", otherwise: "", columns: [.blocked: "recipe_ready"]),
        Row(
            name: "recipe other", otherwise: "recipe_ready",
            columns: [
                .running: "→ready - L configuration_reloaded", .andon: "→ready - L configuration_reloaded",
            ]),
        Row(
            name: "recipe missing", otherwise: "recipe_missing",
            columns: [
                .running: "→fault - L fault", .andon: "→fault - L fault", .ready: "→blocked blocked",
                .fault: "- fault",
            ]),
        Row(name: "source ready", otherwise: "", columns: [.blocked: "source_ready"]),
        Row(
            name: "source lost", otherwise: "source_lost",
            columns: [
                .running: "→fault - L fault", .andon: "→fault - L fault", .ready: "→blocked blocked",
                .fault: "- fault",
            ]),
        Row(name: "good", otherwise: ""),
        Row(name: "tie", otherwise: ""),
        Row(name: "suspicious", otherwise: "", columns: [.running: "→andon L warn", .andon: "warn"]),
        Row(
            name: "bad", otherwise: "defect_while_not_running",
            columns: [
                .running: "→stopped - R L stop", .andon: "→stopped - R L stop", .bypass: "R defect_while_bypassed",
            ]),
        Row(name: "late", otherwise: "", columns: [.running: "→fault - R L fault", .andon: "→fault - R L fault"]),
        Row(
            name: "part failed", otherwise: "",
            columns: [
                .running: "→fault - R L fault", .andon: "→fault - R L fault", .bypass: "R part_unjudged",
            ]),
        Row(name: "parts unjudged", otherwise: "R R part_unjudged"),
        Row(name: "drift", otherwise: "drift", columns: [.running: "→andon L drift"]),
        Row(name: "encoder", otherwise: ""),
        Row(name: "tick", otherwise: ""),
        Row(name: "challenge passed", otherwise: "challenge_passed"),
        Row(
            name: "challenge failed", otherwise: "→fault - L fault", columns: [.fault: "- fault", .bypass: "fault"]),
        Row(
            name: "nan", otherwise: "defect_while_not_running",
            columns: [
                .running: "→fault - R L fault", .andon: "→fault - R L fault", .bypass: "R defect_while_bypassed",
            ]),
        Row(
            name: "inf threshold", otherwise: "defect_while_not_running",
            columns: [
                .running: "→fault - R L fault", .andon: "→fault - R L fault", .bypass: "R defect_while_bypassed",
            ]),
        Row(name: "fault", otherwise: "→fault - L fault", columns: [.fault: "- fault", .bypass: "fault"]),
        Row(name: "fault again", otherwise: "→fault - L fault", columns: [.fault: "", .bypass: "fault"]),
        Row(name: "momentary fault", otherwise: "→fault - L fault", columns: [.fault: "- fault", .bypass: "fault"]),
        Row(name: "cleared", otherwise: "", columns: [.fault: "fault_cleared"]),
        Row(
            name: "ack", otherwise: "!ack refused",
            columns: [
                .stopped: "→acknowledged L acknowledge", .fault: "→acknowledged L acknowledge",
                .andon: "→running L acknowledge",
            ]),
        Row(name: "ack no user", otherwise: "!ack refused"),
        Row(name: "ack no reason", otherwise: "!ack refused"),
        Row(name: "reset", otherwise: "!reset refused", columns: [.acknowledged: "→ready L reset"]),
        Row(name: "reset no user", otherwise: "!reset refused"),
        Row(name: "start", otherwise: "!start refused", columns: [.ready: "→running start + L"]),
        Row(name: "start no user", otherwise: "!start refused"),
        Row(
            name: "bypass", otherwise: "→bypass bypass + L",
            columns: [
                .running: "→bypass L bypass", .andon: "→bypass L bypass", .bypass: "!bypass refused",
            ]),
        Row(name: "bypass no user", otherwise: "!bypass refused"),
        Row(name: "bypass too long", otherwise: "!bypass refused"),
        Row(name: "end bypass", otherwise: "!bypass refused", columns: [.bypass: "→ready - L bypass_ended"]),
        Row(
            name: "change recipe", otherwise: "!recipe refused",
            columns: [
                .blocked: "changeover load", .ready: "→blocked changeover blocked load",
                .running: "→blocked - L changeover blocked load", .andon: "→blocked - L changeover blocked load",
            ]),
        Row(name: "policy", otherwise: ""),
        Row(
            name: "config verdicts", otherwise: "configuration_reloaded",
            columns: [
                .running: "→ready - L configuration_reloaded", .andon: "→ready - L configuration_reloaded",
            ]),
        Row(name: "config other", otherwise: "configuration_reloaded"),
        Row(name: "config rejected", otherwise: "configuration_rejected"),
        Row(name: "record failed", otherwise: "→fault - L fault", columns: [.fault: "- fault"]),
        Row(name: "fault record failed", otherwise: "→fault - L", columns: [.fault: "-"]),
        Row(
            name: "summary", otherwise: "",
            columns: [.stopped: "summary", .acknowledged: "summary", .andon: "summary"]),
        Row(
            name: "shutdown", otherwise: "- L shutdown",
            columns: [
                .running: "→ready - L shutdown", .andon: "→ready - L shutdown", .bypass: "→ready - L shutdown",
            ]),
    ]

    @Test("every state answers every input as written in the table", arguments: rows)
    func table(row: Row) throws {
        let input = try #require(LineSamples.inputs.first { $0.name == row.name }).input
        for state in LineState.allCases {
            var machine = LineSamples.machine(in: state)
            try #require(machine.state == state)
            let effects = LineSamples.short(machine.handle(input, time: 2))
            let found = machine.state == state ? effects : "→\(machine.state.rawValue) \(effects)"
            #expect(found == row.columns[state] ?? row.otherwise, "\(row.name) in \(state.rawValue)")
        }
    }

    @Test("the table has a row for every kind of input")
    func complete() {
        #expect(Self.rows.map(\.name) == LineSamples.inputs.map(\.name))
    }
}
