// SPDX-License-Identifier: Apache-2.0

import Calibration
import Capture
import Glibc
import Inspection
import Pictures
import Recipes

/// A picture that may be worth learning from.
struct Candidate {
    /// The part's or the file's name.
    let part: String
    /// The decoded picture.
    let picture: Picture
    /// Network input.
    let prepared: Picture
    /// What is to be kept, and its suffix.
    let file: () throws -> (bytes: [UInt8], suffix: String)
}

/// Where pictures of good parts come from.
protocol PictureSupply {
    /// Short name for the summary.
    var name: String { get }
    /// What the camera sends; nil for a folder.
    var negotiated: NegotiatedFormat? { get }

    /// Waits for the next picture; nil at the end.
    ///
    /// - Throws: `CaptureError`; after `.badPicture`, `.dark`, `.saturated` and `.frozen` the supply goes on.
    func next() throws(CaptureError) -> Candidate?
    /// Makes a waiting `next` return nil.
    func stop()
}

/// A camera, opened as the daemon opens it.
struct CameraSupply: PictureSupply {
    /// When a picture is taken.
    enum Moment {
        /// So many times a second.
        case rate(Double)
        /// When somebody presses Enter.
        case enter
    }

    let source: CameraSource
    private let rule: InputRule
    private let button: EventTrigger?

    var name: String { source.name }
    var negotiated: NegotiatedFormat? { source.negotiated }

    init(device: String, settings: CameraSettings, rule: InputRule, moment: Moment) throws(CaptureError) {
        self.rule = rule
        let trigger: any Trigger
        switch moment {
        case .rate(let rate):
            button = nil
            trigger = RateTrigger(rate: rate)
        case .enter:
            let event = EventTrigger(debounce: 0, delay: 0)
            button = event
            trigger = event
        }
        source = try CameraSource(device: device, settings: settings, rule: rule, trigger: trigger) { _ in }
        source.setArmed(true)
    }

    func next() throws(CaptureError) -> Candidate? {
        if let button {
            guard EnterKey.wait() else { return nil }
            _ = button.fire(at: DeadlineGate.now())
        }
        guard let captured = try source.nextPicture() else { return nil }
        return Candidate(
            part: captured.part, picture: captured.picture,
            prepared: Picture(width: rule.size, height: rule.size, pixels: captured.prepared), file: captured.file)
    }

    func stop() { source.stop() }
}

/// The pictures of a folder, through the same checks: for a machine without a camera.
final class FolderSupply: PictureSupply {
    let name: String
    let negotiated: NegotiatedFormat? = nil
    private let folder: String
    private let rule: InputRule
    private let limits: CameraSettings.Limits
    private var paths: [String]

    init(folder: String, rule: InputRule, limits: CameraSettings.Limits) throws(CaptureError) {
        name = "folder \(folder)"
        self.folder = folder
        self.rule = rule
        self.limits = limits
        paths = try PictureFolder.pictures(below: folder).reversed()
    }

    /// Number of pictures that are still to come.
    var count: Int { paths.count }

    func next() throws(CaptureError) -> Candidate? {
        guard !Interrupt.isRequested, let part = paths.popLast() else { return nil }
        let (picture, prepared, bytes): (Picture, Picture, [UInt8])
        let target: Region
        do throws(PictureError) {
            bytes = try Picture.readBytes(folder + "/" + part)
            (picture, prepared) = try Picture.decoded(bytes, name: part, for: rule)
            target = rule.region == nil ? try picture.placement(by: rule).target : prepared.bounds
        } catch {
            throw CaptureError(.badPicture, part, expected: "a picture", found: "\(error)", errno: error.errno)
        }
        if let fault = ExposureCheck.fault(of: prepared, within: target, limits: limits, camera: part) { throw fault }
        let suffix = bytes.starts(with: [0xFF, 0xD8]) ? "jpg" : "png"
        return Candidate(part: part, picture: picture, prepared: prepared) { (bytes, suffix) }
    }

    func stop() {}
}

/// The Enter key of the person in front of the camera.
enum EnterKey {
    /// Waits for a line on standard input; false for its end, `q`, or Ctrl-C.
    static func wait() -> Bool {
        while !Interrupt.isRequested {
            var waiting = [
                pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
                pollfd(fd: Interrupt.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waiting, 2, -1) >= 0, waiting[1].revents == 0 else { continue }
            // Byte by byte: what is read ahead is not seen by the next `poll`.
            var byte: UInt8 = 0
            guard read(STDIN_FILENO, &byte, 1) == 1, byte != UInt8(ascii: "q") else { return false }
            if byte == UInt8(ascii: "\n") { return true }
        }
        return false
    }
}
