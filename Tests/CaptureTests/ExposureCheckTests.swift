// SPDX-License-Identifier: Apache-2.0

import Capture
import Inspection
import Pictures
import Testing

@Suite("dark and saturated pictures")
struct ExposureCheckTests {
    /// 10 × 10 grey pixels, `count` of them of one level, the rest of another.
    private func fault(_ count: Int, of level: UInt8, rest: UInt8, _ limits: CameraSettings.Limits = .init()) -> String?
    {
        let pixels = (0..<100).flatMap { [UInt8](repeating: $0 < count ? level : rest, count: 3) }
        let picture = Picture(width: 10, height: 10, pixels: pixels)
        return ExposureCheck.fault(of: picture, within: picture.bounds, limits: limits, camera: "cam")?.code.rawValue
    }

    @Test("dark is when the brightest hundredth stays below the limit")
    func dark() {
        #expect(fault(0, of: 0, rest: 23) == "dark")
        #expect(fault(1, of: 24, rest: 23) == nil)
        #expect(fault(1, of: 23, rest: 0) == "dark")
        var off = CameraSettings.Limits()
        off.dark = 0
        #expect(fault(0, of: 0, rest: 0, off) == nil)
    }

    @Test("saturated is when all but the darkest twentieth reach the limit")
    func saturated() {
        #expect(fault(5, of: 0, rest: 250) == "saturated")
        #expect(fault(6, of: 0, rest: 250) == nil)
        #expect(fault(5, of: 0, rest: 249) == nil)
        var off = CameraSettings.Limits()
        off.saturated = 256
        #expect(fault(0, of: 0, rest: 255, off) == nil)
    }

    @Test("what a letterbox fills in does not count")
    func letterbox() throws {
        let black = Picture(width: 40, height: 10, pixels: [UInt8](repeating: 0, count: 1200))
        let rule = InputRule(resize: .letterbox, size: 32)
        let target = try rule.placement(width: 40, height: 10).target
        let prepared = try black.prepared(by: rule)
        #expect(target.height == 8)
        #expect(
            ExposureCheck.fault(of: prepared, within: target, limits: .init(), camera: "cam")?.code == .dark)
        #expect(
            ExposureCheck.fault(of: prepared, within: prepared.bounds, limits: .init(), camera: "cam") == nil)
    }
}
