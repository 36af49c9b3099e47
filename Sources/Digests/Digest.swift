// SPDX-License-Identifier: Apache-2.0

import CLibMD

/// SHA-256 as lower-case hexadecimal: the identity of models, data sets and recorded bytes (FIPS 180-4, by libmd).
public struct Digest: Sendable {
    private var context = SHA2_CTX()

    /// An empty digest.
    public init() { SHA256Init(&context) }

    /// Takes more bytes in.
    public mutating func update(_ bytes: [UInt8]) { SHA256Update(&context, bytes, bytes.count) }

    /// 64 hexadecimal digits; the digest can't be used afterwards.
    public consuming func finish() -> String {
        var raw = [UInt8](repeating: 0, count: 32)
        SHA256Final(&raw, &context)
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: raw.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The digest of some bytes.
    public static func sha256(_ bytes: [UInt8]) -> String {
        var digest = Digest()
        digest.update(bytes)
        return digest.finish()
    }
}
