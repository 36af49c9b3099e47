// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with a synthetic part.
public enum DefectKind: String, Sendable, CaseIterable {
    /// A slightly curved scratch across the turned face, 30–80 pixels long and 2–4 wide.
    case scratch
    /// A blowhole in the face, 6–12 pixels in radius, darker inside, with a lit edge.
    case pit
    /// A cloudy stain of oil or rust, 14–26 pixels in radius, that also flattens the texture.
    case stain
    /// Damage at the outer edge: a nick bitten out of it or a burr that stands out.
    case edge
    /// One of the four bolt holes was not drilled.
    case missingHole = "missing-hole"

    /// Defects of the turned face. Their contrast against what surrounds them lies within what good parts vary by from
    /// one to the next, so that no threshold on brightness finds them; the other kinds show belt where metal should be.
    public static let surface: [DefectKind] = [.scratch, .pit, .stain]
}
