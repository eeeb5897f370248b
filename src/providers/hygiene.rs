//! What is done to a pasted key before it is used, and which pasted things are certainly no key for here.
//! No prefix is ever *required*: providers change theirs, and a rule would lock people out.

use crate::domain::secret::{Secret, SecretField};

use super::form::MAX_KEY_BYTES;
use super::provider::Provider;

/// Cleans a pasted key or token.
///
/// # Errors
/// A sentence for the field, if it cannot be a key of this provider.
pub fn clean(provider: &Provider, field: SecretField, pasted: &Secret) -> Result<Secret, String> {
    let text = trim(pasted.expose());
    let text = if field == SecretField::ApiKey { without_bearer(text) } else { text };
    // What something is says more than what is wrong with it.
    if let Some(problem) = mistaken(provider, text).or_else(|| fault(field, text)) {
        return Err(problem);
    }
    Ok(Secret::new(text.to_owned()))
}

/// Whose key this looks like, by prefixes that only one company uses, with the prefix. None has eight characters:
/// so many of a key are never shown.
#[must_use]
pub fn looks_like(key: &str) -> Option<(&'static str, &'static str)> {
    const PREFIXES: [(&str, &str); 8] = [
        ("sk-ant-", "Anthropic"),
        ("sk-proj", "OpenAI"),
        ("sk-svc", "OpenAI"),
        ("AIza", "Google"),
        ("AQ.", "Google"),
        ("hf_", "Hugging Face"),
        ("gsk_", "Groq"),
        ("xai-", "xAI"),
    ];
    PREFIXES.into_iter().find(|(prefix, _)| key.starts_with(prefix))
}

/// Without white space and the invisible marks that some programs copy along.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}'))
}

fn without_bearer(text: &str) -> &str {
    match text.split_at_checked(7) {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer ") => trim(key),
        _ => text,
    }
}

fn fault(field: SecretField, text: &str) -> Option<String> {
    let what = if field == SecretField::AuthToken { "token" } else { "key" };
    if text.len() > MAX_KEY_BYTES {
        return Some(format!("That’s longer than any {what} can be. Paste only the {what}."));
    }
    if is_quoted(text) {
        return Some(format!("There are quotation marks around or in the {what}. Paste only the {what} itself."));
    }
    // A token may carry its scheme: "Basic dXNlcjpwdw==".
    let n_allowed_spaces = usize::from(field == SecretField::AuthToken);
    let n_gaps = text.chars().filter(|c| c.is_whitespace()).count();
    if n_gaps > n_allowed_spaces || text.contains(['\r', '\n', '\t']) {
        return Some(format!("There’s a space or line break inside the {what}. Copy it again, in one piece."));
    }
    let is_printable = text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    (!is_printable).then(|| format!("The {what} has a character that can’t be part of a {what}. Copy it again."))
}

/// Curly quotation marks anywhere, or plain ones around it.
fn is_quoted(text: &str) -> bool {
    let is_wrapped = text.len() > 1 && ['"', '\'', '`'].iter().any(|q| text.starts_with(*q) || text.ends_with(*q));
    is_wrapped || text.contains(['“', '”', '„', '‘', '’', '«', '»'])
}

/// Something that is certainly not a key for this provider.
fn mistaken(provider: &Provider, key: &str) -> Option<String> {
    if key.starts_with('{') {
        return Some(
            "This is the content of a JSON file, not a key. Paste the key, or connect Vertex AI if it’s a service account file."
                .to_owned(),
        );
    }
    if provider.slug == "custom" {
        return None;
    }
    if let Some(prefix) = ["sk-ant-admin", "sk-admin-"].into_iter().find(|prefix| key.starts_with(prefix)) {
        return Some(format!(
            "This is an admin key (it starts with {prefix}). Admin keys can’t run models. Paste an API key."
        ));
    }
    let takes_anthropic_keys = matches!(provider.slug, "anthropic" | "azure-ai-foundry");
    if key.starts_with("sk-ant-") && !takes_anthropic_keys {
        let (name, article) = (provider.name, article(provider.name));
        return Some(format!(
            "This looks like an Anthropic key (it starts with sk-ant-). Paste {article} {name} key, or connect Anthropic instead."
        ));
    }
    None
}

/// The indefinite article before a provider's name.
pub(super) fn article(name: &str) -> &'static str {
    if name.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::by_slug;

    fn cleaned(slug: &str, text: &str) -> Result<String, String> {
        let provider = by_slug(slug).expect("a provider");
        clean(provider, SecretField::ApiKey, &Secret::new(text.to_owned())).map(|key| key.expose().to_owned())
    }

    #[test]
    fn white_space_invisible_marks_and_a_pasted_scheme_are_dropped() {
        for pasted in [" sk-abc\n", "\u{feff}sk-abc", "Bearer sk-abc", "bearer  sk-abc ", "sk-abc\u{200b}"] {
            assert_eq!(cleaned("openai", pasted).as_deref(), Ok("sk-abc"), "{pasted:?}");
        }
    }

    #[test]
    fn what_no_header_could_carry_is_refused_with_its_reason() {
        assert!(cleaned("openai", "sk-a bc").is_err_and(|e| e.contains("space or line break")));
        assert!(cleaned("openai", "sk-a\nbc").is_err_and(|e| e.contains("space or line break")));
        assert!(cleaned("openai", "“sk-abc”").is_err_and(|e| e.contains("quotation marks")));
        assert!(cleaned("openai", "\"sk-abc\"").is_err_and(|e| e.contains("quotation marks")));
        assert!(cleaned("openai", "sk-äbc").is_err_and(|e| e.contains("a character that can’t")));
        assert!(cleaned("openai", "sk-\u{0}bc").is_err_and(|e| e.contains("a character that can’t")));
        assert!(cleaned("openai", &"k".repeat(MAX_KEY_BYTES + 1)).is_err_and(|e| e.contains("longer than")));
        assert!(cleaned("openai", &"k".repeat(MAX_KEY_BYTES)).is_ok());
    }

    #[test]
    fn only_what_certainly_belongs_elsewhere_is_refused() {
        let expected = "This looks like an Anthropic key (it starts with sk-ant-). Paste an OpenAI key, or connect Anthropic instead.";
        assert_eq!(cleaned("openai", "sk-ant-api03-abc"), Err(expected.to_owned()));
        assert!(cleaned("gemini", "sk-ant-api03-abc").is_err_and(|e| e.contains("Paste a Gemini key")));
        assert!(cleaned("openai", "sk-admin-abc").is_err_and(|e| e.contains("admin key")));
        assert!(cleaned("anthropic", "sk-ant-admin01-abc").is_err_and(|e| e.contains("admin key")));
        assert!(cleaned("azure-openai", "{\"type\":1}").is_err_and(|e| e.contains("JSON file")));
        for (slug, key) in [
            ("openai", "no-prefix-at-all"),
            ("gemini", "AQ.Ab8x"),
            ("gemini", "AIzaSy0"),
            ("anthropic", "sk-proj-1"),
            ("azure-ai-foundry", "sk-ant-api03-x"),
            ("custom", "sk-ant-api03-x"),
        ] {
            assert!(cleaned(slug, key).is_ok(), "{slug} {key}");
        }
    }

    #[test]
    fn a_token_may_carry_its_scheme() {
        let custom = by_slug("custom").expect("custom");
        let token = Secret::new(" Basic dXNlcjpwdw== ".to_owned());
        let cleaned = clean(custom, SecretField::AuthToken, &token).expect("a token");
        assert_eq!(cleaned.expose(), "Basic dXNlcjpwdw==");
    }
}
