//! Our icons: outlines on a 16 × 16 grid, drawn in the colour of the text around them. They carry no
//! meaning of their own (`aria-hidden`); the words beside them do.

use askama::filters::HtmlSafeOutput;

/// Names and outlines.
const ICONS: [(&str, &str); 32] = [
    ("key", r#"<circle cx="5.4" cy="10.6" r="2.9"/><path d="M7.5 8.5 13 3m-2 2 1.8 1.8M9.2 6.8l1.2 1.2"/>"#),
    ("token", r#"<rect x="1.8" y="4.4" width="12.4" height="7.2" rx="1.7"/><path d="M5 8v.01M8 8v.01M11 8v.01"/>"#),
    ("ok", r#"<circle cx="8" cy="8" r="6.1"/><path d="m5.3 8.3 1.9 1.9 3.5-4"/>"#),
    ("warn", r#"<path d="M8 2.2 14.3 13H1.7z"/><path d="M8 6.4v3.1m0 1.9v.01"/>"#),
    ("bad", r#"<circle cx="8" cy="8" r="6.1"/><path d="m5.9 5.9 4.2 4.2m0-4.2-4.2 4.2"/>"#),
    ("pause", r#"<circle cx="8" cy="8" r="6.1"/><path d="M6.4 5.9v4.2m3.2-4.2v4.2"/>"#),
    ("ring", r#"<circle cx="8" cy="8" r="6.1" stroke-dasharray="2 2.4"/>"#),
    ("skip", r#"<circle cx="8" cy="8" r="6.1"/><path d="M5.5 8h5"/>"#),
    ("info", r#"<circle cx="8" cy="8" r="6.1"/><path d="M8 7.4v3.7m0-6.1v.01"/>"#),
    ("tick", r#"<path d="m3.5 8.5 3 3 6-7"/>"#),
    ("close", r#"<path d="m4 4 8 8m0-8-8 8"/>"#),
    ("menu", r#"<path d="M2.5 4.5h11M2.5 8h11m-11 3.5h11"/>"#),
    ("plus", r#"<path d="M8 3v10M3 8h10"/>"#),
    (
        "dots",
        r#"<g fill="currentColor" stroke="none"><circle cx="3" cy="8" r="1.35"/><circle cx="8" cy="8" r="1.35"/><circle cx="13" cy="8" r="1.35"/></g>"#,
    ),
    ("edit", r#"<path d="M9.8 3.4 12.6 6.2 6 12.8l-3.4.6.6-3.4z"/>"#),
    ("bin", r#"<path d="M2.8 4.2h10.4M6.2 4V2.6h3.6V4M4.2 4.4l.6 9h6.4l.6-9"/>"#),
    (
        "copy",
        r#"<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M3.5 10.5H3A.5.5 0 0 1 2.5 10V3.5a1 1 0 0 1 1-1H10a.5.5 0 0 1 .5.5v.5"/>"#,
    ),
    ("again", r#"<path d="M13.2 8a5.2 5.2 0 1 1-1.6-3.7l1.6 1.5m0-3.1v3.1h-3.1"/>"#),
    ("play", r#"<path d="M5 3.2 12.4 8 5 12.8z"/>"#),
    ("lock", r#"<rect x="3.2" y="7" width="9.6" height="6.5" rx="1.5"/><path d="M5.4 7V5a2.6 2.6 0 0 1 5.2 0v2"/>"#),
    ("mail", r#"<rect x="2" y="3.4" width="12" height="9.2" rx="1.5"/><path d="m2.4 4.4 5.6 4.4 5.6-4.4"/>"#),
    ("download", r#"<path d="M8 2.7v7.4m-3-3 3 3 3-3m-8.4 3.5v2.8h10.8v-2.8"/>"#),
    ("open", r#"<path d="M9.5 2.5h4v4m0-4L8 8m3.5 1.5v4h-9v-9h4"/>"#),
    ("back", r#"<path d="M13 8H3m4-4L3 8l4 4"/>"#),
    ("chevron", r#"<path d="m6 3.5 4.5 4.5L6 12.5"/>"#),
    ("sign-out", r#"<path d="M6.5 2.6h-4v10.8h4M10 5l3 3-3 3m3-3H6.2"/>"#),
    ("layers", r#"<path d="m8 2.2 6 3.1-6 3.1-6-3.1z"/><path d="m2 8.1 6 3.1 6-3.1M2 10.9 8 14l6-3.1"/>"#),
    ("list", r#"<path d="M5.8 4h7.7M5.8 8h7.7m-7.7 4h7.7M2.6 4v.01m0 3.99v.01m0 3.99v.01"/>"#),
    ("frame", r#"<rect x="1.8" y="2.8" width="12.4" height="10.4" rx="1.5"/><path d="M1.8 5.8h12.4M5 8.2h6v2.6H5z"/>"#),
    ("chat", r#"<path d="M2.2 3h11.6v8.2H8L5 13.8v-2.6H2.2z"/><path d="M5.2 6h5.6M5.2 8.3h3.4"/>"#),
    ("globe", r#"<circle cx="8" cy="8" r="6.1"/><ellipse cx="8" cy="8" rx="2.7" ry="6.1"/><path d="M2 8h12"/>"#),
    (
        "people",
        r#"<circle cx="6" cy="5.4" r="2.5"/><path d="M1.6 13.2c.3-2.7 2-4.2 4.4-4.2s4.1 1.5 4.4 4.2M10.6 3a2.5 2.5 0 0 1 0 4.8m1.5 1.7c1.4.6 2.1 1.9 2.3 3.7"/>"#,
    ),
];

/// The outline of an icon, to stand inside its `<svg>`; nothing for an unknown name (a test reads the
/// templates for those).
#[must_use]
pub fn outline(name: &str) -> HtmlSafeOutput<&'static str> {
    HtmlSafeOutput(ICONS.iter().find(|(known, _)| *known == name).map(|(_, outline)| *outline).unwrap_or_default())
}
