//! Projects: what prompts are written for.

use std::ops::RangeInclusive;

use super::field_errors::FieldErrors;
use super::label_config::LabelConfig;
use super::prompt::{is_one_line, longest};

/// Characters of a title.
const TITLE: RangeInclusive<usize> = 3..=50;
/// Characters of a description.
const LONGEST_DESCRIPTION: usize = 10_000;

/// A project as somebody wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectDraft {
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// The labeling configuration, in XML.
    pub label_config: String,
}

impl ProjectDraft {
    /// The draft as it may be stored, and what its labeling configuration says.
    ///
    /// # Errors
    /// What is wrong, field by field.
    pub fn judge(self) -> Result<(Self, LabelConfig), FieldErrors> {
        let mut errors = FieldErrors::default();
        let title = self.title.trim().to_owned();
        let n_letters = title.chars().count();
        if !is_one_line(&title) {
            errors.add("title", "The title holds characters that can’t be shown. Type it again.");
        } else if n_letters < *TITLE.start() {
            errors.add("title", format!("Ensure this field has at least {} characters.", TITLE.start()));
        } else if n_letters > *TITLE.end() {
            errors.add("title", format!("Ensure this field has no more than {} characters.", TITLE.end()));
        }
        longest(&mut errors, "description", self.description.as_deref(), LONGEST_DESCRIPTION);
        let config = LabelConfig::parse(&self.label_config).unwrap_or_else(|message| {
            errors.add("label_config", message);
            LabelConfig::default()
        });
        errors.into_result()?;
        Ok((Self { title, ..self }, config))
    }
}
