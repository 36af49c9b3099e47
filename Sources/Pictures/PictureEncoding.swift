// SPDX-License-Identifier: Apache-2.0

import CPictures
import Glibc

extension Picture {
    /// A baseline JPEG of this picture.
    ///
    /// - Parameter quality: 1...100 as libjpeg counts; colour is halved in both directions below 90 and kept from 90 on.
    /// - Throws: `.badArgument` for a quality out of range, `.tooLarge` for a side over 65,500 pixels.
    public func jpeg(quality: Int) throws(PictureError) -> [UInt8] {
        guard (1...100).contains(quality) else {
            throw PictureError(.badArgument, "JPEG quality", expected: "1...100", found: "\(quality)")
        }
        return try encode(.jpeg) { rgb, width, height, out, message in
            cp_jpeg_encode(rgb, width, height, Int32(quality), &out, &message)
        }
    }

    /// An 8-bit RGB PNG of this picture; decoding it gives the same pixels.
    ///
    /// - Throws: `.tooLarge` when memory runs out.
    public func png() throws(PictureError) -> [UInt8] {
        try encode(.png) { rgb, width, height, out, message in cp_png_encode(rgb, width, height, &out, &message) }
    }

    /// Writes this picture as PNG (`.png`) or as JPEG of quality 92 (`.jpg`, `.jpeg`).
    ///
    /// Safe against a power cut: temporary file in the same folder, fsync, rename, fsync of the folder.
    ///
    /// - Throws: `.badArgument` for another extension, `.tooLarge`, `.writeFailed` (an old file is then unchanged, unless
    ///   only the flush of the folder failed).
    public func write(to path: String) throws(PictureError) {
        let name = path.lowercased()
        if name.hasSuffix(".png") {
            try Self.writeBytes(try png(), to: path)
        } else if name.hasSuffix(".jpg") || name.hasSuffix(".jpeg") {
            try Self.writeBytes(try jpeg(quality: 92), to: path)
        } else {
            throw PictureError(
                .badArgument, path, expected: "a name that ends in .png, .jpg or .jpeg", found: "another extension")
        }
    }

    /// Writes bytes, such as a camera's own JPEG, as safely as `write(to:)` does.
    ///
    /// - Throws: `.badArgument`, `.writeFailed`.
    public static func writeBytes(_ bytes: [UInt8], to path: String) throws(PictureError) {
        try PictureFile.write(bytes, to: path)
    }

    private func encode(
        _ format: PictureFormat,
        _ call: (UnsafePointer<UInt8>?, UInt32, UInt32, inout cp_bytes, inout cp_message) -> cp_status
    ) throws(PictureError) -> [UInt8] {
        var out = cp_bytes()
        var message = cp_message()
        var status = CP_TOO_LARGE
        if let width = UInt32(exactly: width), let height = UInt32(exactly: height) {
            status = pixels.withUnsafeBufferPointer { call($0.baseAddress, width, height, &out, &message) }
        }
        defer { free(out.data) }
        guard status == CP_OK else {
            throw PictureError(
                .tooLarge, "\(format.rawValue) of \(width) x \(height) pixels", expected: "a size that can be encoded",
                found: message.words)
        }
        return [UInt8](UnsafeBufferPointer(start: out.data, count: out.count))
    }
}
