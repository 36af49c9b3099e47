// SPDX-License-Identifier: Apache-2.0

/// How a report looks: on paper, on light and dark screens, wide and narrow.
///
/// Drawings name their inks as `SVGDrawing` does; where it is dark the style gives the same inks lighter colours.
enum ReportStyle {
    static let text = """
        :root { color-scheme: light dark; --ground: #ffffff; --text: #1a1a1a; --soft: #595959; --edge: #d0d0d0; --card: #f5f6f7; }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 1rem; max-width: 52rem; background: var(--ground); color: var(--text);
          font: 1rem/1.5 system-ui, "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif; overflow-wrap: anywhere; }
        h1 { font-size: 1.5rem; line-height: 1.2; margin: 0.5rem 0; }
        h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; padding-top: 0.5rem; border-top: 1px solid var(--edge); }
        h3 { font-size: 1rem; margin: 1.25rem 0 0.25rem; }
        p, ul { margin: 0.5rem 0; }
        ul { padding-left: 1.2rem; }
        .soft, figcaption { color: var(--soft); font-size: 0.875rem; }
        .promise { background: var(--card); border: 1px solid var(--edge); border-left: 0.4rem solid #0072b2; padding: 0.6rem 0.8rem; }
        .promise.broken, .promise.doubtful { border-left-color: #d55e00; border-left-style: double; }
        .promise.kept { border-left-color: #009e73; }
        .promise strong { text-transform: uppercase; letter-spacing: 0.03em; }
        figure { margin: 1rem 0; }
        .wide { overflow-x: auto; }
        figure svg { width: 100%; min-width: 38rem; height: auto; display: block;
          font-family: "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif; }
        table { border-collapse: collapse; width: 100%; font-size: 0.875rem; margin: 0.75rem 0; }
        caption { text-align: left; color: var(--soft); padding-bottom: 0.25rem; }
        th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.9rem 0.25rem 0; border-bottom: 1px solid var(--edge);
          overflow-wrap: normal; }
        td:not(.number), tbody th { min-width: 5.5rem; overflow-wrap: anywhere; }
        th { font-weight: 600; }
        .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        tbody th, bdi { unicode-bidi: isolate; }
        code { font: 0.8rem/1.4 "DejaVu Sans Mono", Menlo, Consolas, monospace; }
        @media (prefers-color-scheme: dark) {
          :root { --ground: #16181a; --text: #e8e8e8; --soft: #a8a8a8; --edge: #45494d; --card: #202427; }
          [fill="#000000"] { fill: #e8e8e8; } [stroke="#000000"] { stroke: #e8e8e8; }
          [fill="#6b6b6b"] { fill: #a8a8a8; } [stroke="#6b6b6b"] { stroke: #a8a8a8; }
          [stroke="#e3e3e3"] { stroke: #33373b; } [stroke="#ffffff"] { stroke: #16181a; }
          [fill="#0072b2"] { fill: #56b4e9; } [stroke="#0072b2"] { stroke: #56b4e9; }
          [fill="#d55e00"] { fill: #ff8c3a; } [stroke="#d55e00"] { stroke: #ff8c3a; }
          [stroke="#009e73"] { stroke: #35d0a0; }
        }
        @media print {
          :root { color-scheme: light; --ground: #ffffff; --text: #000000; --soft: #404040; --edge: #b0b0b0; --card: #ffffff; }
          body { max-width: none; padding: 0; font-size: 10pt; }
          [fill="#000000"] { fill: #000000; } [stroke="#000000"] { stroke: #000000; }
          [fill="#6b6b6b"] { fill: #404040; } [stroke="#6b6b6b"] { stroke: #404040; }
          [stroke="#e3e3e3"] { stroke: #e3e3e3; } [stroke="#ffffff"] { stroke: #ffffff; }
          [fill="#0072b2"] { fill: #0072b2; } [stroke="#0072b2"] { stroke: #0072b2; }
          [fill="#d55e00"] { fill: #d55e00; } [stroke="#d55e00"] { stroke: #d55e00; }
          [stroke="#009e73"] { stroke: #009e73; }
          .wide { overflow: visible; } figure svg { min-width: 0; }
          h2, h3 { break-after: avoid; } figure, tr, .promise { break-inside: avoid; }
        }
        """
}
