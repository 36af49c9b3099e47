// SPDX-License-Identifier: Apache-2.0

import Calibration
import Glibc
import Pictures

extension GoodSetAudit {
    /// Contact sheets of the most suspicious pictures, with a frame around the place to look at.
    ///
    /// Pictures are shown with their own proportions, whatever the input rule makes of them.
    /// - Throws: `PictureError` for a file that can't be read any more.
    public func sheets(_ count: Int, title: String) throws(PictureError) -> [Picture] {
        var items: [ContactSheet.Item] = []
        for entry in pictures.prefix(count) {
            let picture = try Picture.read(root + "/" + entry.part)
            let placement = try picture.placement(by: input)
            var words = ["\(entry.rank)  \(Self.number(entry.suspicion))"]
            words[0] += entry.conditions.map { "  \($0.rawValue)" }.joined()
            if entry.excludedBy != nil { words[0] += "  EXCLUDED" }
            words.append(entry.part)
            if let role = entry.role { words[0] += "  \(role.rawValue)" }
            items.append(.init(picture: picture, caption: words, mark: Self.mark(entry.place, placement)))
        }
        return ContactSheet.sheets(items, title: title)
    }

    /// A place of the network's input in pixels of the original.
    static func mark(_ place: Region, _ placement: (source: Region, target: Region)) -> Region {
        let (source, target) = placement
        func interval(
            _ start: Int, _ length: Int, _ from: (Int, Int), _ to: (Int, Int)
        ) -> (start: Int, length: Int) {
            let scale = Double(to.1) / Double(from.1)
            let first = Double(max(0, start - from.0)) * scale
            let last = Double(min(from.1, start + length - from.0)) * scale
            return (to.0 + Int(first.rounded()), max(1, Int((last - first).rounded())))
        }
        let across = interval(place.x, place.width, (target.x, target.width), (source.x, source.width))
        let down = interval(place.y, place.height, (target.y, target.height), (source.y, source.height))
        return Region(x: across.start, y: down.start, width: across.length, height: down.length)
    }

    /// Two digits after the point.
    public static func number(_ value: Float) -> String { NumberText.fixed(Double(value), 2) }

    /// Writes `suspicious.png` (with several sheets `suspicious-2.png` and so on) into a folder; sheets of an earlier audit that
    /// are not written again are removed.
    ///
    /// - Returns: their paths.
    /// - Throws: `PictureError`.
    public func writeSheets(_ count: Int, title: String, to folder: String) throws(PictureError) -> [String] {
        func path(_ number: Int) -> String {
            number == 0 ? "\(folder)/suspicious.png" : "\(folder)/suspicious-\(number + 1).png"
        }
        let sheets = try sheets(count, title: title)
        for (number, sheet) in sheets.enumerated() { try sheet.write(to: path(number)) }
        var stale = sheets.count
        while unlink(path(stale)) == 0 { stale += 1 }
        return sheets.indices.map(path)
    }
}
