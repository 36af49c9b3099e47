// SPDX-License-Identifier: Apache-2.0

/// How the camera's own bytes lie in memory when they are no picture file.
public struct RawLayout: Codable, Sendable, Equatable {
    /// V4L2's four letters, e.g. `YUYV`.
    public var code: String
    /// Columns.
    public var width: Int
    /// Rows.
    public var height: Int
    /// Bytes from one row to the next (of the first plane).
    public var stride: Int
    /// Whether luminance is 16…235 (limited) instead of 0…255.
    public var isLimitedRange: Bool
    /// Which matrix made luminance out of R, G and B.
    public var matrix: Matrix

    /// Coefficients of luminance.
    public enum Matrix: String, Codable, Sendable, CaseIterable {
        /// ITU-R BT.601: 0.299, 0.587, 0.114.
        case bt601
        /// ITU-R BT.709: 0.2126, 0.7152, 0.0722.
        case bt709
        /// ITU-R BT.2020: 0.2627, 0.6780, 0.0593.
        case bt2020
    }

    /// A layout with all its facts.
    public init(code: String, width: Int, height: Int, stride: Int, isLimitedRange: Bool, matrix: Matrix) {
        self.code = code
        self.width = width
        self.height = height
        self.stride = stride
        self.isLimitedRange = isLimitedRange
        self.matrix = matrix
    }
}
