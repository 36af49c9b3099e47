// SPDX-License-Identifier: Apache-2.0

/// A rectangle in a picture, in pixels of the original picture; origin top left.
public struct Region: Sendable, Equatable, Codable {
    /// First column, ≥ 0.
    public var x: Int
    /// First row, ≥ 0.
    public var y: Int
    /// Columns, ≥ 1.
    public var width: Int
    /// Rows, ≥ 1.
    public var height: Int

    /// A rectangle; whether it lies inside a picture is checked when it is used.
    public init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }
}

/// How a picture that is not square becomes the square network input.
public enum ResizeRule: String, Sendable, Codable, CaseIterable {
    /// Each side scaled on its own.
    case stretch
    /// The largest centred square, then scaled.
    case crop
    /// Scaled to fit, the rest filled with the mean colour of ImageNet (124, 116, 104).
    case letterbox
}

/// The one rule that turns any picture into network input: kept in the recipe, used by training, evaluation and daemon.
public struct InputRule: Sendable, Equatable, Codable {
    /// Part of the original picture to look at; `nil` is all of it.
    public var region: Region?
    /// What happens to the aspect ratio.
    public var resize: ResizeRule
    /// Side of the square network input in pixels; a multiple of 32.
    public var size: Int

    /// A rule; `size` is checked by the recipe.
    public init(region: Region? = nil, resize: ResizeRule = .stretch, size: Int = 256) {
        self.region = region
        self.resize = resize
        self.size = size
    }
}
