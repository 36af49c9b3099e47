// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

extension FaultTests {
    @Test("a corrupted recipe is never judged by: at SIGHUP and at a restart the permit is off")
    func corruptedRecipe() throws {
        let fixture = try Fixture.shared()
        let line = try Self.line("f-recipe")
        line.recipes = line.folder / "recipes"
        let copy = line.recipes + "/tiny"
        try Files.makeFolder(line.recipes)
        try Files.copyFolder(fixture.recipes + "/tiny", to: copy)
        // The daemon can't see it before it has read the files: the time is that from SIGHUP, with all the reading.
        let run = FaultRun(
            "corrupted recipe (a byte of each file), SIGHUP (reading included), restart", line,
            limit: FaultRun.Limit.death)
        let files = ["recipe.yaml", "calibration.json", "maps.safetensors", "int8.safetensors"]
        for file in files where Files.exists(copy + "/" + file) {
            for round in 0..<Self.rounds(2, thorough: 25) {
                try run.bringToRunning()
                let whole = try #require(Files.bytes(copy + "/" + file))
                // Not a byte that a line of text can be without: one that makes it another recipe or none.
                let place = round == 0 ? 100 : .random(in: 0..<whole.count)
                try Files.flipByte(copy + "/" + file, beforeEnd: place)
                let now = ContinuousClock.now
                line.daemon?.send(SIGHUP)
                let off = run.off(since: now, atMost: 2)
                let isRefused = Patience.until(seconds: 2) { line.status?["recipe"] == .null }
                let outcome = isRefused ? "refused" : off == nil ? "no change to judge by" : "another recipe"
                run.count("\(file) \(outcome)", off: off, mustBeOff: isRefused)
                if isRefused { #expect(!line.command("start") && !line.permitIsOn, "\(file)") }
                line.kill9()
                run.ledger.drain()
                try run.reboot()
                if isRefused {
                    for request in ["reset", "start"] { line.command(request) }
                    _ = line.acknowledge()
                    for request in ["reset", "start"] { line.command(request) }
                    #expect(line.status?["recipe"] == .null && !line.permitIsOn, "\(file) after a restart")
                }
                try Files.write(whole, to: copy + "/" + file)
                line.daemon?.send(SIGHUP)
            }
        }
        try run.finish()
    }

    @Test("a second daemon on the same state or sockets refuses, and the first one runs on with its permit")
    func twoDaemons() throws {
        let run = FaultRun("second daemon on the same state, sockets, source", try Self.line("f-two"))
        try run.bringToRunning()
        let first = run.line
        for round in 0..<Self.rounds(3, thorough: 60) {
            let second = try LineUnderTest("f-second", recipes: first.recipes, source: first.source)
            // Its outputs are the first one's, too, where the state's lock protects them.
            let shares = ["state", "everything", "sockets"][round % 3]
            if shares != "sockets" { second.state = first.state }
            if shares != "state" { second.sockets = first.sockets }
            if shares == "everything" { second.outputsFile = first.outputsFile }
            try second.writeConfiguration()
            try second.launch()
            var wentOff = false
            #expect(
                Patience.until {
                    wentOff = wentOff || !first.permitIsOn
                    return second.daemon?.isRunning != true
                })
            #expect(second.daemon?.wait() == .exit(1), "\(shares)")
            #expect(!wentOff, "the first one's permit, \(shares)")
            run.count(wentOff ? "first one disturbed" : "second refused, first ran on", off: nil, mustBeOff: false)
            try run.expectJudging()
            first.expect("running", permit: true, "\(shares)")
        }
        try run.finish()
    }
}
