// SPDX-License-Identifier: Apache-2.0

import CLibJPEG
import Glibc
import Pictures

/// Pictures and random numbers that every test can make again.
enum Fixtures {
    /// Long counts run in full under JIDOKA_THOROUGH=1.
    static let isThorough = getenv("JIDOKA_THOROUGH").map { String(cString: $0) == "1" } ?? false

    /// A smooth coloured picture with an edge in it, so that every coder has something to do.
    static func picture(_ width: Int, _ height: Int) -> Picture {
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                pixels.append(UInt8(truncatingIfNeeded: 255 * x / max(1, width - 1)))
                pixels.append(UInt8(truncatingIfNeeded: 255 * y / max(1, height - 1)))
                pixels.append(x * 2 > width ? 200 : 40)
            }
        }
        return Picture(width: width, height: height, pixels: pixels)
    }

    /// Independent random bytes.
    static func noise(_ width: Int, _ height: Int, seed: UInt64) -> Picture {
        var random = Random(seed: seed)
        let pixels = (0..<width * height * 3).map { _ in UInt8(truncatingIfNeeded: random.next() >> 32) }
        return Picture(width: width, height: height, pixels: pixels)
    }

    /// A fresh folder, removed after `body`.
    static func withFolder<T>(_ body: (String) throws -> T) throws -> T {
        var template = Array("/tmp/pictures-test-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        guard let folder = made else { throw PictureError(.writeFailed, "/tmp", expected: "a folder", found: "none") }
        defer {
            for name in names(in: folder) {
                unlink("\(folder)/\(name)")
                rmdir("\(folder)/\(name)")
            }
            rmdir(folder)
        }
        return try body(folder)
    }

    /// What lies in a folder, hidden files too.
    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The picture error that `body` throws; `nil` when it throws none.
    static func failure<T>(_ body: () throws -> T) -> PictureError? {
        do {
            _ = try body()
            return nil
        } catch {
            return error as? PictureError
        }
    }
}

/// SplitMix64: small, seeded, the same everywhere.
struct Random: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// JPEG files of the kinds that our own encoder does not make, by libjpeg itself.
enum JPEGMaker {
    enum Kind: CaseIterable {
        case grey, colour, halfColour, progressive, arithmetic, restarts, rgb, cmyk, ycck
    }

    /// A JPEG of quality 95; `picture` gives the first channels, black (K) is 0 in Adobe's inverted sense (255).
    static func make(_ kind: Kind, _ picture: Picture) -> [UInt8] {
        let info = UnsafeMutablePointer<jpeg_compress_struct>.allocate(capacity: 1)
        let errors = UnsafeMutablePointer<jpeg_error_mgr>.allocate(capacity: 1)
        defer {
            info.deallocate()
            errors.deallocate()
        }
        info.pointee = jpeg_compress_struct()
        info.pointee.err = jpeg_std_error(errors)
        jpeg_CreateCompress(info, JPEG_LIB_VERSION, MemoryLayout<jpeg_compress_struct>.size)
        var data: UnsafeMutablePointer<UInt8>?
        var count: UInt = 0
        jpeg_mem_dest(info, &data, &count)
        let channels = kind == .grey ? 1 : kind == .cmyk || kind == .ycck ? 4 : 3
        info.pointee.image_width = JDIMENSION(picture.width)
        info.pointee.image_height = JDIMENSION(picture.height)
        info.pointee.input_components = Int32(channels)
        info.pointee.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 4 ? JCS_CMYK : JCS_RGB
        jpeg_set_defaults(info)
        if kind == .rgb { jpeg_set_colorspace(info, JCS_RGB) }
        if kind == .ycck { jpeg_set_colorspace(info, JCS_YCCK) }
        jpeg_set_quality(info, 95, boolean(1))
        if kind != .halfColour, kind != .grey {
            info.pointee.comp_info[0].h_samp_factor = 1
            info.pointee.comp_info[0].v_samp_factor = 1
            if kind == .ycck {
                info.pointee.comp_info[3].h_samp_factor = 1
                info.pointee.comp_info[3].v_samp_factor = 1
            }
        }
        if kind == .progressive { jpeg_simple_progression(info) }
        if kind == .arithmetic { info.pointee.arith_code = boolean(1) }
        if kind == .restarts { info.pointee.restart_interval = 2 }
        jpeg_start_compress(info, boolean(1))
        let grey = picture.grey
        for y in 0..<picture.height {
            var row: [UInt8] = []
            for x in 0..<picture.width {
                let i = y * picture.width + x
                row += channels == 1 ? [grey[i]] : picture.pixels[3 * i..<3 * i + 3] + (channels == 4 ? [255] : [])
            }
            row.withUnsafeMutableBufferPointer { buffer in
                var pointer: JSAMPROW? = buffer.baseAddress
                jpeg_write_scanlines(info, &pointer, 1)
            }
        }
        jpeg_finish_compress(info)
        let bytes = [UInt8](UnsafeBufferPointer(start: data, count: Int(count)))
        jpeg_destroy_compress(info)
        free(data)
        return bytes
    }
}
