// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc
import Inspection
import Pictures

/// Finds the format, size and rate for a recipe and sets them.
///
/// What was asked for explicitly and is not granted is an error; what was left open is our choice.
struct FormatNegotiation {
    let device: VideoDevice
    let settings: CameraSettings
    let rule: InputRule
    let capability: v4l2_capability

    /// The agreement, and what converts its frames when they are not read natively.
    func run() throws(CaptureError) -> (NegotiatedFormat, FrameConverter?) {
        let offered = try device.formats()
        guard !offered.isEmpty else {
            throw CaptureError(.notOffered, device.path, expected: "at least one pixel format", found: "none")
        }
        let chosen = try choose(offered)
        let size = try chooseSize(chosen)
        var converter: FrameConverter?
        var wanted = v4l2_format()
        wanted.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
        if chosen.format == .converted {
            let made = try FrameConverter(device: device, size: size)
            wanted.fmt.pix = made.source.fmt.pix
            converter = made
        } else {
            wanted.fmt.pix.pixelformat = FourCC.number(chosen.code)
            wanted.fmt.pix.width = UInt32(clamping: size.width)
            wanted.fmt.pix.height = UInt32(clamping: size.height)
        }
        wanted.fmt.pix.field = V4L2_FIELD_NONE.rawValue
        var granted = wanted
        try device.require(.setFormat, &granted, .notOffered, expected: "\(chosen.code) \(words(size))")
        try check(granted.fmt.pix, wanted.fmt.pix, size, chosen)
        converter?.source = granted
        let rate = try setRate(granted.fmt.pix, size)
        let agreed = NegotiatedFormat(granted.fmt.pix, format: chosen.format, rate: rate, capability: capability)
        try checkLayout(agreed)
        return (agreed, converter)
    }

    private func choose(_ offered: [CameraFormat]) throws(CaptureError) -> CameraFormat {
        for format in settings.format.map({ [$0] }) ?? CameraSettings.Format.allCases {
            // In our order of codes, not the driver's: Motion JPEG before single JPEGs.
            let codes = format == .converted ? offered.filter { $0.format == .converted }.map(\.code) : format.codes
            for code in codes {
                if let found = offered.first(where: { $0.code == code }) { return found }
            }
        }
        let names = offered.map { "\($0.code) (\($0.format.rawValue))" }.joined(separator: ", ")
        throw CaptureError(
            .notOffered, device.path, expected: "format \(settings.format?.rawValue ?? "of any kind")",
            found: "a camera without it", hint: "it offers \(names)")
    }

    private func chooseSize(_ format: CameraFormat) throws(CaptureError) -> CameraSettings.Size {
        if let asked = settings.size { return asked }
        let need =
            rule.region.map { CameraSettings.Size(width: $0.x + $0.width, height: $0.y + $0.height) }
            ?? CameraSettings.Size(width: rule.size, height: rule.size)
        let candidates = format.sizes.map { offer -> CameraSettings.Size in
            guard let step = offer.step else { return offer.size }
            func up(_ need: Int, _ low: Int, _ high: Int, _ step: Int) -> Int {
                min(high, low + max(0, need - low + step - 1) / step * step)
            }
            return CameraSettings.Size(
                width: up(need.width, offer.size.width, offer.largest.width, step.width),
                height: up(need.height, offer.size.height, offer.largest.height, step.height))
        }
        let area = { (size: CameraSettings.Size) in size.width * size.height }
        let covering = candidates.filter { $0.width >= need.width && $0.height >= need.height }
        if let smallest = covering.min(by: { (area($0), $0.width) < (area($1), $1.width) }) { return smallest }
        // Too small everywhere: enlarging the largest loses least. A region that does not fit is found out at the
        // check.
        if let largest = candidates.max(by: { area($0) < area($1) }) { return largest }
        var present = v4l2_format()
        present.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
        try device.require(.getFormat, &present, .notOffered, expected: "a picture size")
        return CameraSettings.Size(width: Int(present.fmt.pix.width), height: Int(present.fmt.pix.height))
    }

    private func check(
        _ granted: v4l2_pix_format, _ wanted: v4l2_pix_format, _ size: CameraSettings.Size, _ format: CameraFormat
    ) throws(CaptureError) {
        let got = CameraSettings.Size(width: Int(granted.width), height: Int(granted.height))
        let code = FourCC.letters(granted.pixelformat)
        let offers = format.sizes.map { words($0) }.joined(separator: ", ")
        guard granted.pixelformat == wanted.pixelformat, settings.size == nil || got == size else {
            throw CaptureError(
                .notOffered, device.path, expected: "\(FourCC.letters(wanted.pixelformat)) \(words(size))",
                found: "\(code) \(words(got)) from the camera", hint: "as \(format.code) it offers \(offers)")
        }
        if let region = rule.region, region.x + region.width > got.width || region.y + region.height > got.height {
            throw CaptureError(
                .notOffered, device.path,
                expected:
                    "a picture that holds the region x \(region.x), y \(region.y), \(region.width) x \(region.height)",
                found: words(got), hint: "correct the region or the size; as \(format.code) it offers \(offers)")
        }
        let fields = [V4L2_FIELD_NONE.rawValue, V4L2_FIELD_INTERLACED.rawValue, V4L2_FIELD_ANY.rawValue]
        guard fields.contains(granted.field) else {
            throw CaptureError(
                .notOffered, device.path, expected: "whole pictures", found: "single fields of interlaced video",
                hint: "choose another format or size")
        }
    }

    /// Sizes that a driver got wrong would be read beyond.
    private func checkLayout(_ agreed: NegotiatedFormat) throws(CaptureError) {
        guard agreed.width >= 1, agreed.height >= 1, agreed.width <= Picture.maximumPixels / agreed.height else {
            throw CaptureError(
                .notOffered, device.path, expected: "1 to \(Picture.maximumPixels) pixels",
                found: "\(agreed.width) x \(agreed.height)")
        }
        guard let layout = agreed.layout, agreed.format != .converted, let raw = RawPicture(layout) else { return }
        guard agreed.stride >= raw.rowBytes, agreed.frameBytes >= raw.byteCount else {
            throw CaptureError(
                .notOffered, device.path,
                expected: "rows of \(raw.rowBytes) bytes and frames of \(raw.byteCount) or more",
                found: "rows of \(agreed.stride) bytes and frames of \(agreed.frameBytes)",
                hint: "the driver's fault; try another format")
        }
    }

    /// Sets the rate, if one is asked for; the rate there is then.
    private func setRate(_ pixels: v4l2_pix_format, _ size: CameraSettings.Size) throws(CaptureError) -> Double? {
        var parameters = v4l2_streamparm()
        parameters.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
        guard let asked = settings.rate else {
            guard device.ask(.getParameters, &parameters) == 0 else { return nil }
            return parameters.parm.capture.timeperframe.rate
        }
        guard asked >= 0.001, asked <= 100_000 else {
            throw CaptureError(
                .badArgument, device.path, expected: "a rate of 0.001 to 100000 frames/s", found: "\(asked)")
        }
        parameters.parm.capture.timeperframe = v4l2_fract(
            numerator: 1000, denominator: UInt32((asked * 1000).rounded()))
        let number = device.ask(.setParameters, &parameters)
        // A refused request still holds what was asked.
        let got = number == 0 ? parameters.parm.capture.timeperframe.rate : nil
        // 29.97 is a camera's 30.
        if let got, abs(got - asked) <= asked / 100 { return got }
        guard number == 0 || number == EINVAL || number == ENOTTY else {
            throw device.failure(
                VideoRequest.setParameters.name, number, .notOffered, expected: "\(formatted(asked)) frames/s")
        }
        let offers = try device.rates(pixels.pixelformat, .init(width: Int(pixels.width), height: Int(pixels.height)))
        throw CaptureError(
            .notOffered, device.path, expected: "\(formatted(asked)) frames/s at \(words(size))",
            found: got.map { "\(formatted($0)) from the camera" } ?? "a camera whose rate can't be set",
            hint: offers.isEmpty
                ? "leave the rate out" : "it offers \(offers.map(formatted).joined(separator: ", ")) at this size")
    }

    private func words(_ size: CameraSettings.Size) -> String { "\(size.width) x \(size.height)" }

    private func words(_ offer: CameraSize) -> String {
        offer.step == nil ? words(offer.size) : "\(words(offer.size)) to \(words(offer.largest))"
    }
}
