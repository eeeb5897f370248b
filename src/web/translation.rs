//! What frames inside other products' pages say, in their host's language. The English text is its own key, so that
//! templates read as they always did; `locales/` has a file for each other language, and a test that none lacks
//! anything.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{Locale, TimeDelta};

use super::words;
use crate::clock::Timestamp;
use crate::domain::language::Language;

type Table = HashMap<String, String>;

static GERMAN: LazyLock<Table> = LazyLock::new(|| read(include_str!("../../locales/de.json")));
static SPANISH: LazyLock<Table> = LazyLock::new(|| read(include_str!("../../locales/es.json")));
static FRENCH: LazyLock<Table> = LazyLock::new(|| read(include_str!("../../locales/fr.json")));

/// A text in another language; as it is where that has no words for it.
#[must_use]
pub fn say(language: Language, english: &str) -> String {
    let translated = table(language).and_then(|table| table.get(english));
    translated.map_or_else(|| english.to_owned(), Clone::clone)
}

/// The same with values in the place of `{0}`, `{1}` and so on.
#[must_use]
pub fn fill(language: Language, english: &str, values: &[impl AsRef<str>]) -> String {
    // One pass, so that a value which looks like a place is not taken for one.
    let text = say(language, english);
    let mut filled = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value =
            after.split_once('}').and_then(|(place, after)| Some((values.get(place.parse::<usize>().ok()?)?, after)));
        match value {
            Some((value, after)) => {
                filled.push_str(value.as_ref());
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// A number and its noun, where every language here has one form for one and one for all others.
#[must_use]
pub fn counted(language: Language, n: usize, one: &str, many: &str) -> String {
    fill(language, if n == 1 { one } else { many }, &[words::grouped(n)])
}

/// As [`words::ago`].
#[must_use]
pub fn ago(language: Language, at: &Timestamp, now: &Timestamp) -> String {
    let age = *now - *at;
    let time = at.format("%H:%M").to_string();
    match (now.date() - at.date()).num_days() {
        _ if age < TimeDelta::minutes(1) => say(language, "just now"),
        _ if age < TimeDelta::hours(1) => fill(language, "{0} min ago", &[age.num_minutes().to_string()]),
        0 => fill(language, "today, {0}", &[time]),
        1 => fill(language, "yesterday, {0}", &[time]),
        _ => day(language, at, now),
    }
}

/// As [`words::day`].
#[must_use]
pub fn day(language: Language, at: &Timestamp, now: &Timestamp) -> String {
    let locale = match language {
        Language::English => return words::day(at, now),
        Language::German => Locale::de_DE,
        Language::Spanish => Locale::es_ES,
        Language::French => Locale::fr_FR,
    };
    let is_this_year = at.format("%Y").to_string() == now.format("%Y").to_string();
    let format = match (language, is_this_year) {
        (Language::German, true) => "%-d. %b",
        (Language::German, false) => "%-d. %b %Y",
        (_, true) => "%-d %b",
        (_, false) => "%-d %b %Y",
    };
    at.and_utc().format_localized(format, locale).to_string()
}

fn table(language: Language) -> Option<&'static Table> {
    match language {
        Language::English => None,
        Language::German => Some(&GERMAN),
        Language::Spanish => Some(&SPANISH),
        Language::French => Some(&FRENCH),
    }
}

/// A file that cannot be read says nothing, and the frame speaks English; a test reads them all.
fn read(json: &str) -> Table {
    serde_json::from_str(json).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use regex::Regex;

    use super::*;
    use crate::domain::connection::Health;
    use crate::domain::embedding::LaunchRefusal;
    use crate::web::tests::files::files;

    /// A text that some language has no words for, or other places than the English one, fails the test.
    #[track_caller]
    pub fn assert_translated(english: &str) {
        for language in Language::ALL.into_iter().filter(|language| *language != Language::English) {
            let table = table(language).expect("a table");
            let tag = language.tag();
            let text = table.get(english).unwrap_or_else(|| panic!("{tag} lacks {english:?}"));
            assert_eq!(places(text), places(english), "{text:?} in {tag}");
        }
    }

    fn places(text: &str) -> BTreeSet<&str> {
        Regex::new(r"\{\d\}").expect("a pattern").find_iter(text).map(|place| place.as_str()).collect()
    }

    /// What templates and handlers say in so many words.
    fn said_in_the_sources() -> BTreeSet<String> {
        let literal = r#""((?:[^"\\]|\\.)*)""#;
        let one = Regex::new(&format!(r"\b(?:say|fill)\(\s*(?:language,\s*)?{literal}")).expect("a pattern");
        let two = Regex::new(&format!(r#"\.counted\([^"]*{literal},\s*{literal}"#)).expect("a pattern");
        let mut said = BTreeSet::new();
        for file in ["templates", "src/web"].into_iter().flat_map(|folder| files(Path::new(folder))) {
            let text = fs::read_to_string(&file).expect("a text");
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            for found in one.captures_iter(text).chain(two.captures_iter(text)) {
                said.extend(found.iter().skip(1).flatten().map(|key| key.as_str().to_owned()));
            }
        }
        said
    }

    #[test]
    fn every_language_has_words_for_all_that_a_frame_says() {
        let said = said_in_the_sources();
        assert!(said.len() > 80, "the pattern finds too little: {}", said.len());
        said.iter().for_each(|english| assert_translated(english));
        Health::ALL.into_iter().for_each(|health| assert_translated(health.word()));
        LaunchRefusal::ALL.into_iter().for_each(|refusal| assert_translated(refusal.words()));
    }

    #[test]
    fn a_value_that_looks_like_a_place_is_not_taken_for_one() {
        assert_eq!(fill(Language::English, "{0} of {1} {x} {", &["{1}", "2"]), "{1} of 2 {x} {");
        assert_eq!(counted(Language::English, 1, "{0} model", "{0} models"), "1 model");
        assert_eq!(say(Language::French, "not a text of ours"), "not a text of ours");
    }

    #[test]
    fn times_read_as_people_of_the_language_write_them() {
        let at = |text: &str| Timestamp::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a time");
        let now = at("2026-05-03 14:05");
        assert_eq!(ago(Language::German, &at("2026-05-03 14:05"), &now), "gerade eben");
        assert_eq!(ago(Language::German, &at("2026-05-03 09:30"), &now), "heute, 09:30");
        assert_eq!(day(Language::German, &at("2025-03-04 09:30"), &now), "4. Mär 2025");
        assert_eq!(day(Language::Spanish, &at("2026-01-04 09:30"), &now), "4 ene");
        assert_eq!(day(Language::French, &at("2026-02-04 09:30"), &now), "4 févr.");
    }
}
