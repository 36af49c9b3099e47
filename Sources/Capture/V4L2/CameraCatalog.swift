// SPDX-License-Identifier: Apache-2.0

import CLinuxShims
import Glibc

/// The video devices of the machine.
public enum CameraCatalog {
    /// Every `/dev/videoN` with its names and, for cameras, what it offers.
    ///
    /// Opens each for a moment, which does not disturb a program that streams from it.
    public static func cameras() -> [CameraDescription] {
        cameras(root: "/dev", calls: .system)
    }

    /// The same with another folder of devices.
    package static func cameras(root: String, calls: VideoCalls) -> [CameraDescription] {
        let aliases = ["v4l/by-id", "v4l/by-path"].flatMap { links(in: "\(root)/\($0)") }
        return names(in: root).compactMap { name in
            name.hasPrefix("video") ? Int(name.dropFirst(5)) : nil
        }.sorted().map { number in
            let path = "\(root)/video\(number)"
            var description = describe(path, calls: calls)
            description.names = aliases.filter { $0.target == realPath(path) }.map(\.path)
            return description
        }
    }

    /// One device.
    package static func describe(_ path: String, calls: VideoCalls) -> CameraDescription {
        var description = CameraDescription(path: path)
        do throws(CaptureError) {
            let device = try VideoDevice(path: path, calls: calls)
            let capability = try device.capability()
            (description.driver, description.card, description.bus) = capability.names
            description.kind = capability.kind
            guard description.kind == .camera else { return description }
            description.formats = try device.formats()
            description.controls = try device.controls()
        } catch {
            description.error = error
        }
        return description
    }

    private static func names(in folder: String) -> [String] {
        guard let listing = opendir(folder) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) { names.append(text(of: entry.pointee.d_name)) }
        return names.sorted()
    }

    private static func links(in folder: String) -> [(path: String, target: String)] {
        names(in: folder).compactMap { name in
            let path = "\(folder)/\(name)"
            return name.hasPrefix(".") ? nil : realPath(path).map { (path, $0) }
        }
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
