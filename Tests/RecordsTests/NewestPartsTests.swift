// SPDX-License-Identifier: Apache-2.0

import Records
import Testing

@Suite struct NewestPartsTests {
    @Test("the start of the newest parts is that of this recipe and this model")
    func start() throws {
        let folder = TestFolder()
        let path = folder.file("parts.sqlite")
        let history = try PartHistory(path: path)
        var rows = (1...30).map { PartHistoryTests.row($0) }
        for place in rows.indices.suffix(10) { rows[place].basis.model = "other" }
        for place in rows.indices.suffix(3) { rows[place].basis.recipe = "discs" }
        _ = try history.append(rows)
        try history.close()
        func start(_ count: Int, _ recipe: String = "plates", _ model: String = "9f2c") throws -> UInt64? {
            try PartQuery.start(ofNewest: count, recipe: recipe, model: model, path: path)
        }
        #expect(try start(5) == rows[15].time && start(1) == rows[19].time)
        #expect(try start(1_000) == rows[0].time && start(0) == nil)
        #expect(try start(1_000, "plates", "other") == rows[20].time)
        #expect(try start(2, "discs", "other") == rows[28].time && start(2, "discs") == nil)
        #expect(throws: RecordsError.self) {
            try PartQuery.start(ofNewest: 1, recipe: "a", model: "b", path: folder.file("none"))
        }
    }
}
