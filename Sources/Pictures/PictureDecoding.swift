// SPDX-License-Identifier: Apache-2.0

import CPictures

/// The file formats that are read and written.
package enum PictureFormat: String, Sendable, CaseIterable {
    case jpeg = "JPEG"
    case png = "PNG"

    /// The bytes that every file of this kind begins with.
    package var magic: [UInt8] {
        switch self {
        case .jpeg: [0xFF, 0xD8, 0xFF]
        case .png: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        }
    }
}

extension Picture {
    /// The largest picture that is decoded, in pixels: 64 megapixels (2²⁶), 192 MiB of RGB.
    public static let maximumPixels = 1 << 26

    /// Decodes a JPEG or PNG; the format is recognised by its first bytes, never by a file name.
    ///
    /// - JPEG: grey and colour, baseline and progressive. CMYK is `.unsupported`. Colour is decoded with libjpeg's
    ///   exact
    ///   integer transform. EXIF rotation is not applied: pixels stay where the sensor had them. Any data loss that
    ///   libjpeg would only warn about is an error here, because it fills the rest with grey.
    /// - PNG: grey, palette, RGB, with or without alpha, 1 to 16 bit, interlaced or not. 16 bit are rounded to 8, alpha
    ///   is
    ///   composed over black, gamma and colour profiles are ignored. A wrong checksum is an error.
    ///
    /// Bytes after the end of the picture are ignored (cameras pad their buffers).
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - name: what errors call it, usually the path.
    /// - Throws: `.empty`, `.notAPicture`, `.truncated`, `.corrupt`, `.tooLarge` (more than `maximumPixels`, noticed
    ///   before
    ///   pixels are allocated), `.unsupported`.
    public static func decode(_ bytes: [UInt8], name: String) throws(PictureError) -> Picture {
        try decode(bytes, name: name, scale: { _, _ in 1 })
    }

    /// Decodes a JPEG or PNG, a JPEG smaller when the caller wants it so.
    ///
    /// - Parameter scale: of width and height in the header, what a JPEG is divided by: 1, 2, 4 or 8.
    static func decode(
        _ bytes: [UInt8], name: String, scale: (_ width: Int, _ height: Int) throws(PictureError) -> Int
    ) throws(PictureError) -> Picture {
        let format = try recognise(bytes, name)
        var header = cp_header()
        var message = cp_message()
        let readHeader = format == .jpeg ? cp_jpeg_header : cp_png_header
        try check(readHeader(bytes, bytes.count, &header, &message), message, format, bytes.count, name)

        let (pixels, overflow) = Int(header.width).multipliedReportingOverflow(by: Int(header.height))
        guard header.width > 0, header.height > 0 else {
            throw PictureError(
                .corrupt, name, expected: "at least one pixel", found: "\(header.width) x \(header.height) pixels")
        }
        guard !overflow, pixels <= maximumPixels else {
            throw PictureError(
                .tooLarge, name, expected: "at most \(maximumPixels) pixels",
                found: "\(header.width) x \(header.height) pixels", hint: "scale or cut the picture first")
        }
        let divisor = format == .jpeg ? try scale(Int(header.width), Int(header.height)) : 1
        let width = (Int(header.width) + divisor - 1) / divisor
        let height = (Int(header.height) + divisor - 1) / divisor
        var status = CP_OK
        let rgb = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
            let out = buffer.baseAddress
            status =
                format == .jpeg
                ? cp_jpeg_decode(bytes, bytes.count, &header, UInt32(divisor), out, &message)
                : cp_png_decode(bytes, bytes.count, &header, out, &message)
            count = status == CP_OK ? width * height * 3 : 0
        }
        try check(status, message, format, bytes.count, name)
        return Picture(width: width, height: height, pixels: rgb)
    }

    /// Reads and decodes a JPEG or PNG file.
    ///
    /// - Throws: what `readBytes` and `decode` throw; errors carry the path.
    public static func read(_ path: String) throws(PictureError) -> Picture {
        try decode(try readBytes(path), name: path)
    }

    /// The bytes of a file, as they are.
    ///
    /// - Throws: `.missing`, `.unreadable` (also a folder, pipe or device), `.empty`, `.tooLarge` (more than 512 MiB),
    ///   `.badArgument` (an impossible path).
    public static func readBytes(_ path: String) throws(PictureError) -> [UInt8] {
        try PictureFile.read(path)
    }

    private static func recognise(_ bytes: [UInt8], _ name: String) throws(PictureError) -> PictureFormat {
        guard !bytes.isEmpty else {
            throw PictureError(.empty, name, expected: "a JPEG or PNG picture", found: "0 bytes")
        }
        for format in PictureFormat.allCases {
            if bytes.starts(with: format.magic) { return format }
            if bytes.count < format.magic.count, format.magic.starts(with: bytes) {
                throw PictureError(
                    .truncated, name, expected: "a complete \(format.rawValue)", found: "only \(bytes.count) bytes",
                    hint: "copy or record the picture again")
            }
        }
        if bytes.starts(with: PictureFormat.png.magic.prefix(4)) {
            throw PictureError(
                .corrupt, name, expected: "a PNG", found: "changed line ends in its signature",
                hint: "it was copied as text; copy it as binary")
        }
        throw PictureError(
            .notAPicture, name, expected: "a JPEG or PNG picture", found: describe(bytes),
            hint: "convert it to PNG or JPEG")
    }

    /// What a file that we don't read looks like, for the operator's sake.
    private static func describe(_ bytes: [UInt8]) -> String {
        let known: [(magic: String, name: String)] = [
            ("GIF8", "a GIF"), ("BM", "a BMP"), ("II*\0", "a TIFF"), ("MM\0*", "a TIFF"), ("%PDF", "a PDF"),
            ("P4\n", "a PBM"), ("P5\n", "a PGM"), ("P6\n", "a PPM"),
        ]
        for kind in known where bytes.starts(with: kind.magic.utf8) { return kind.name }
        if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) { return "a WebP" }
        let digits = Array("0123456789abcdef")
        let hex = bytes.prefix(8).map { "\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }.joined(separator: " ")
        return "bytes \(hex)"
    }

    private static func check(
        _ status: cp_status, _ message: cp_message, _ format: PictureFormat, _ count: Int, _ name: String
    ) throws(PictureError) {
        let words = "\(message.words) in \(count) bytes"
        let kind = format.rawValue
        switch status {
        case CP_OK: return
        case CP_TRUNCATED:
            throw PictureError(
                .truncated, name, expected: "a complete \(kind)", found: words,
                hint: "copy or record the picture again")
        case CP_UNSUPPORTED:
            throw PictureError(
                .unsupported, name, expected: "a grey or colour \(kind) of 8 bit", found: message.words,
                hint: "save it as RGB or grey")
        case CP_TOO_LARGE:
            throw PictureError(.tooLarge, name, expected: "at most \(maximumPixels) pixels", found: message.words)
        case CP_NO_MEMORY:
            throw PictureError(
                .tooLarge, name, expected: "enough memory to decode it", found: message.words,
                hint: "scale the picture or free memory")
        default:
            throw PictureError(
                .corrupt, name, expected: "valid \(kind) data", found: words,
                hint: "copy or record the picture again")
        }
    }
}

extension cp_message {
    /// The library's words, e.g. `Premature end of JPEG file`.
    var words: String {
        withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
