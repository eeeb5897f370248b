//! What a reader of the log asks for, in the address. Whatever cannot be read counts as not asked for, so that a
//! shortened or mistyped link still leads to the log.

use serde::Deserialize;

use crate::domain::audit::ActGroup;
use crate::store::audit::AuditFilter;

/// Longest search, in characters.
const LONGEST_SEARCH: usize = 200;

/// The query.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Words.
    pub q: String,
    /// A group's slug.
    pub group: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// A connection's id.
    pub connection: String,
    /// From 1.
    pub page: String,
}

impl Asked {
    /// Takes out what no entry holds and no database takes, such as NULs.
    pub fn tidy(self) -> Self {
        let words: String = self.q.chars().filter(|c| !c.is_control()).take(LONGEST_SEARCH).collect();
        Self { q: words.trim().to_owned(), ..self }
    }

    /// As the store filters.
    pub fn filter(&self) -> AuditFilter {
        AuditFilter {
            acts: Vec::new(),
            text: self.q.clone(),
            group: ActGroup::ALL.into_iter().find(|group| group.slug() == self.group),
            from: self.from.parse().ok(),
            to: self.to.parse().ok(),
            connection_id: self.connection_id(),
        }
    }

    /// The connection.
    pub fn connection_id(&self) -> Option<i64> {
        self.connection.parse().ok()
    }

    /// The page, from 1.
    pub fn page_number(&self) -> i64 {
        self.page.parse().unwrap_or(1).clamp(1, i64::from(i32::MAX))
    }

    /// Whether anything limits what is shown.
    pub fn is_limited(&self) -> bool {
        let filter = self.filter();
        !filter.text.is_empty()
            || filter.group.is_some()
            || filter.from.is_some()
            || filter.to.is_some()
            || filter.connection_id.is_some()
    }

    /// The address of a page of the same entries.
    pub fn address(&self, path: &str, page: i64) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let pairs = [
            ("q", &self.q),
            ("group", &self.group),
            ("from", &self.from),
            ("to", &self.to),
            ("connection", &self.connection),
            ("page", &page),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_in_the_address_limits_nothing() {
        let asked = Asked {
            q: "\0 \u{7}".into(),
            group: "everything".into(),
            from: "2026-13-45".into(),
            connection: "x".into(),
            page: "99999999999999999999".into(),
            ..Asked::default()
        };
        let asked = asked.tidy();
        assert!(!asked.is_limited());
        assert_eq!(asked.page_number(), 1);
        assert_eq!(Asked { page: "-3".into(), ..asked }.page_number(), 1);
    }

    #[test]
    fn the_next_page_keeps_what_was_asked_for() {
        let asked = Asked { q: "a&b=c".into(), group: "keys".into(), ..Asked::default() };
        assert_eq!(asked.address("/audit", 2), "/audit?q=a%26b%3Dc&group=keys&page=2");
        assert_eq!(Asked::default().address("/audit", 1), "/audit");
    }
}
