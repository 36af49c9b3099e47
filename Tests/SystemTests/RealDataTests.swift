// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct RealDataTests {
    @Test(
        "magnetic tiles replayed from a folder: every stop has its part, and every stopped part is above the threshold",
        .enabled(if: Programs.data != nil, "JIDOKA_DATA is not set"))
    func tiles() throws {
        let root = try #require(Programs.data) + "/magnetic-tile"
        let folder = try TemporaryFolder("tiles")
        let count = Programs.isThorough ? 400 : 60
        print("tiles: \(count) good ones learned")
        try Files.makeFolder(folder / "good")
        for name in Files.names(root + "/train/good").prefix(count) {
            try Files.copy(root + "/train/good/" + name, to: folder / "good/" + name)
        }
        let trained = try jidoka(
            "train", "tiles", "--data", folder / "good", "--recipes", folder / "recipes", "--size", "64", "--epochs",
            "8", "--json")
        #expect(trained.ending == .exit(0), "\(trained.errors)")
        let threshold = try #require(trained.json?["threshold"]?.double)
        try Files.makeFolder(folder / "parts")
        for kind in Files.names(root + "/test") {
            for name in Files.names(root + "/test/" + kind).prefix(4) {
                try Files.copy("\(root)/test/\(kind)/\(name)", to: folder / "parts/\(kind)-\(name)")
            }
        }
        let parts = Files.names(folder / "parts").map { folder / "parts/" + $0 }
        let judged = try run(
            Programs.jidoka, ["inspect", "--recipe", "tiles", "--recipes", folder / "recipes", "--json"] + parts)
        var scores: [String: JSON] = [:]
        for item in judged.json?.items ?? [] {
            scores[item["file"]?.text?.split(separator: "/").last.map(String.init) ?? ""] = item["score"]
        }
        let line = try LineUnderTest(
            "tiles", recipes: folder / "recipes",
            source: "{kind: folder, path: \(folder / "parts"), rate: 100}")
        line.recipe = "tiles"
        try line.boot()
        #expect(line.command("start"))
        // Until the folder has ended: stops are answered as they come.
        var isOver = false
        while !isOver {
            #expect(Patience.until { ["stopped", "fault"].contains(line.status?["state"]?.text) })
            isOver = line.status?["state"]?.text != "stopped"
            if !isOver { try line.bringBack() }
        }
        #expect(line.status?["reason"]?.text?.hasPrefix("source_lost") == true)
        let stops = try line.history().filter { $0["event"]?.text == "stop" }
        for stop in stops {
            let part = try #require(stop["part"]?.text)
            #expect((stop["score"]?.double ?? 0) > threshold && stop["score"] == scores[part])
            #expect(stop["model"] == trained.json?["model"] && stop["threshold"]?.double == threshold)
        }
        print("tiles: \(stops.count) stops in \(parts.count) parts")
    }
}
