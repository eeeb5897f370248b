//! Light or dark.

/// What a person chose under *Appearance*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Whatever the reader's system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// Every choice, in the page's order.
    pub const ALL: [Theme; 3] = [Self::System, Self::Light, Self::Dark];

    /// The stored and submitted form.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of that form; anything else reads as the system's.
    #[must_use]
    pub fn from_slug(slug: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.slug() == slug).unwrap_or_default()
    }

    /// The word on the page.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}
