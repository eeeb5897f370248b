//! Who may show an answer inside their own page. Nobody, unless somebody has put a [`Framing`] into the request's
//! extensions.

/// What the headers of an answer say about frames and windows around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// No frame anywhere, and no ties to the window that opened it.
    #[default]
    Never,
    /// No frame anywhere, but it may speak to the frame that opened it.
    Window,
    /// Frames of these origins only.
    By(Vec<String>),
    /// Frames of our own pages only.
    OwnPages,
}

impl Framing {
    /// The sources of `frame-ancestors`.
    #[must_use]
    pub fn ancestors(&self) -> String {
        match self {
            Self::Never | Self::Window => "'none'".to_owned(),
            Self::By(origins) if origins.is_empty() => "'none'".to_owned(),
            Self::By(origins) => origins.join(" "),
            Self::OwnPages => "'self'".to_owned(),
        }
    }
}
