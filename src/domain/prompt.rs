//! Prompts and their versions.

use std::ops::RangeInclusive;

use super::field_errors::FieldErrors;

/// What a prompt can be for.
pub const SKILLS: [&str; 2] = ["TextClassification", "NamedEntityRecognition"];

/// Characters of a title.
const LONGEST_TITLE: usize = 500;
/// Characters of a description.
const LONGEST_DESCRIPTION: usize = 10_000;
/// Characters of a prompt.
const LONGEST_PROMPT: usize = 250_000;
/// Characters of a model's id.
const LONGEST_MODEL: usize = 255;
/// Most texts in a list.
const MOST_TEXTS: usize = 1_000;
/// Characters of a text in a list.
const LONGEST_TEXT: usize = 500;
/// Most projects of one prompt.
const MOST_PROJECTS: usize = 1_000;
/// Examples in a prompt; none switches them off.
const FEW_SHOT_EXAMPLES: RangeInclusive<i64> = 0..=100;

/// A prompt as somebody wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PromptDraft {
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// One of [`SKILLS`].
    pub skill_name: Option<String>,
    /// The variables of a task that it uses.
    pub input_fields: Option<Vec<String>>,
    /// The labels that it chooses from.
    pub output_classes: Option<Vec<String>>,
    /// The ids of the projects that it is for.
    pub projects: Vec<i64>,
}

impl PromptDraft {
    /// The draft as it may be stored, if the projects are there.
    ///
    /// # Errors
    /// What is wrong, field by field.
    pub fn judge(mut self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        self.title = judge_title(&mut errors, &self.title);
        longest(&mut errors, "description", self.description.as_deref(), LONGEST_DESCRIPTION);
        if self.skill_name.as_deref().is_some_and(|name| !SKILLS.contains(&name)) {
            errors.add("skill_name", format!("Not a valid choice. Choose one of: {}.", SKILLS.join(", ")));
        }
        judge_texts(&mut errors, "input_fields", self.input_fields.as_deref());
        judge_texts(&mut errors, "output_classes", self.output_classes.as_deref());
        self.projects.sort_unstable();
        self.projects.dedup();
        if self.projects.len() > MOST_PROJECTS {
            errors.add("associated_projects", format!("Choose no more than {MOST_PROJECTS} projects."));
        }
        errors.into_result()?;
        Ok(self)
    }
}

/// A version of a prompt as somebody wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionDraft {
    /// Its title.
    pub title: String,
    /// The wording.
    pub prompt: String,
    /// The slug of the provider whose model it is written for.
    pub provider: String,
    /// That model's id.
    pub model: String,
    /// The connection to use.
    pub connection_id: Option<i64>,
    /// How many examples go with it; none switches them off.
    pub max_few_shot_examples: Option<i64>,
}

impl VersionDraft {
    /// The draft as it may be stored, if its provider is known and its connection there.
    ///
    /// # Errors
    /// What is wrong, field by field.
    pub fn judge(mut self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        self.title = judge_title(&mut errors, &self.title);
        if self.prompt.trim().is_empty() {
            errors.add("prompt", "This field may not be blank.");
        }
        longest(&mut errors, "prompt", Some(&self.prompt), LONGEST_PROMPT);
        self.model = self.model.trim().to_owned();
        if self.model.is_empty() {
            errors.add("provider_model_id", "This field may not be blank.");
        } else if !is_one_line(&self.model) {
            errors.add("provider_model_id", "The model’s id holds characters that can’t be shown. Type it again.");
        }
        longest(&mut errors, "provider_model_id", Some(&self.model), LONGEST_MODEL);
        if self.max_few_shot_examples.is_some_and(|n| !FEW_SHOT_EXAMPLES.contains(&n)) {
            let (least, most) = FEW_SHOT_EXAMPLES.into_inner();
            errors.add("max_few_shot_examples", format!("Enter {least} to {most}; {least} switches examples off."));
        }
        errors.into_result()?;
        Ok(self)
    }
}

/// A name “Version N” that none of these titles has, where N counts on from how many there are.
#[must_use]
pub fn free_version_name(titles: &[String]) -> String {
    let n_first = titles.len() + 1;
    let names = (n_first..=n_first + titles.len()).map(|n| format!("Version {n}"));
    names.into_iter().find(|name| !titles.contains(name)).unwrap_or_else(|| format!("Version {n_first}"))
}

/// About how many tokens a text has: four characters for each, as the vendors’ rule of thumb for English says.
#[must_use]
pub fn about_tokens(text: &str) -> u64 {
    u64::try_from(text.chars().count()).unwrap_or(u64::MAX).div_ceil(4)
}

/// Whether a text can stand on one line of a list and looks like what it is.
pub(super) fn is_one_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Adds an error if a text is longer than it may be.
pub(super) fn longest(errors: &mut FieldErrors, field: &str, text: Option<&str>, most: usize) {
    if text.is_some_and(|text| text.chars().count() > most) {
        errors.add(field, format!("Ensure this field has no more than {most} characters."));
    }
}

fn judge_title(errors: &mut FieldErrors, title: &str) -> String {
    let title = title.trim();
    if title.is_empty() {
        errors.add("title", "This field may not be blank.");
    } else if !is_one_line(title) {
        errors.add("title", "The title holds characters that can’t be shown. Type it again.");
    }
    longest(errors, "title", Some(title), LONGEST_TITLE);
    title.to_owned()
}

/// A list that is there says something: for none, it is left out.
fn judge_texts(errors: &mut FieldErrors, field: &str, texts: Option<&[String]>) {
    let Some(texts) = texts else { return };
    if texts.is_empty() {
        errors.add(field, "This list may not be empty. Leave it out, or send null, for none.");
    }
    if texts.len() > MOST_TEXTS {
        errors.add(field, format!("Ensure this list has no more than {MOST_TEXTS} texts."));
    }
    if texts.iter().any(|text| text.trim().is_empty() || text.chars().count() > LONGEST_TEXT) {
        errors.add(field, format!("Each text needs 1 to {LONGEST_TEXT} characters."));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_name_of_a_version_is_one_that_is_free() {
        let titles = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(free_version_name(&[]), "Version 1");
        assert_eq!(free_version_name(&titles(&["Version 1", "Short"])), "Version 3");
        assert_eq!(free_version_name(&titles(&["Version 2"])), "Version 3");
        assert_eq!(free_version_name(&titles(&["Version 3", "Version 4"])), "Version 5");
    }

    #[test]
    fn a_drafts_texts_are_counted_in_characters() {
        let draft = |title: &str| PromptDraft { title: title.to_owned(), ..PromptDraft::default() }.judge();
        assert_eq!(draft(&format!(" {} ", "é".repeat(500))).unwrap().title.chars().count(), 500);
        assert!(draft(&"é".repeat(501)).is_err() && draft(" ").is_err() && draft("a\nb").is_err());
        assert_eq!(about_tokens("nine chars"), 3);
    }
}
