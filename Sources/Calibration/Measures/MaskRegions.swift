// SPDX-License-Identifier: Apache-2.0

/// The connected regions of a mask: pixels that touch at a side or a corner belong together (8-connectivity).
public struct MaskRegions: Sendable, Equatable {
    /// Number of each pixel's region, −1 outside of all; regions are numbered in reading order of their first pixels.
    public let labels: [Int]
    /// Pixels of each region.
    public let areas: [Int]

    /// Finds the regions: two passes with a union-find over provisional labels (Rosenfeld and Pfaltz, 1966).
    ///
    /// - Parameters:
    ///   - mask: `(height, width)`, non-zero where there is something.
    ///   - width: pixels in a row.
    /// - Precondition: the mask has whole rows.
    public init(_ mask: [UInt8], width: Int) {
        precondition(width > 0 && mask.count % width == 0, "whole rows")
        var labels = [Int](repeating: -1, count: mask.count)
        // The root of a set is its smallest label, so a root comes before all that point to it.
        var parents: [Int] = []
        func root(_ label: Int) -> Int {
            var label = label
            while parents[label] != label {
                parents[label] = parents[parents[label]]
                label = parents[label]
            }
            return label
        }
        for index in mask.indices where mask[index] != 0 {
            let column = index % width
            var own = -1
            func touch(_ neighbour: Int) {
                guard labels[neighbour] >= 0 else { return }
                let other = root(labels[neighbour])
                if own >= 0 {
                    let (low, high) = (min(own, other), max(own, other))
                    parents[high] = low
                    own = low
                } else {
                    own = other
                }
            }
            if column > 0 { touch(index - 1) }
            if index >= width {
                if column > 0 { touch(index - width - 1) }
                touch(index - width)
                if column + 1 < width { touch(index - width + 1) }
            }
            if own < 0 {
                own = parents.count
                parents.append(own)
            }
            labels[index] = own
        }
        var numbers = [Int](repeating: -1, count: parents.count)
        var areas: [Int] = []
        for index in labels.indices where labels[index] >= 0 {
            let top = root(labels[index])
            if numbers[top] < 0 {
                numbers[top] = areas.count
                areas.append(0)
            }
            labels[index] = numbers[top]
            areas[numbers[top]] += 1
        }
        self.labels = labels
        self.areas = areas
    }
}
