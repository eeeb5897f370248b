//! The languages that frames inside other products' pages speak. Our own pages speak English.

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// What everything is written in.
    #[default]
    English,
    /// Deutsch.
    German,
    /// Español.
    Spanish,
    /// Français.
    French,
}

impl Language {
    /// Every language.
    pub const ALL: [Language; 4] = [Self::English, Self::German, Self::Spanish, Self::French];

    /// The tag of BCP 47, as the pages' `lang` has it.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::French => "fr",
        }
    }

    /// The language of a tag such as `de` or `fr-CA`, or of the first one in a list; English for one that we do not speak.
    #[must_use]
    pub fn of_tag(tag: &str) -> Self {
        let primary = tag.split(['-', '_', ',', ';']).next().unwrap_or_default().to_ascii_lowercase();
        Self::ALL.into_iter().find(|language| language.tag() == primary).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_by_its_first_part_and_what_is_unknown_is_english() {
        for (tag, language) in [
            ("de", Language::German),
            ("de-AT", Language::German),
            ("FR_ca", Language::French),
            ("es-419", Language::Spanish),
            ("en-GB", Language::English),
            ("de-CH, en;q=0.8", Language::German),
            ("fr;q=0.9", Language::French),
            ("ja", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::of_tag(tag), language, "{tag}");
        }
    }
}
