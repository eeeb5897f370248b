//! What people type about themselves: e-mail addresses and names.

use validator::ValidateEmail;

/// Longest name of a person or an organization, in characters.
pub const LONGEST_NAME: usize = 100;

/// The longest address that SMTP can carry (RFC 5321, 4.5.3.1.3).
const LONGEST_EMAIL: usize = 254;

/// An e-mail address, folded to lower case: what people sign in with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Reads an address.
    ///
    /// # Errors
    /// A sentence for the field.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.is_empty() {
            return Err("Enter the email address.");
        }
        if text.len() > LONGEST_EMAIL {
            return Err("The email address is too long. Use at most 254 characters.");
        }
        if !text.validate_email() {
            return Err("This isn’t an email address. It should look like name@company.com.");
        }
        Ok(Self(text.to_lowercase()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the @.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or(self.0.as_str(), |(local_part, _)| local_part)
    }
}

/// Reads the name of a person or an organization: one line, spaces folded.
///
/// # Errors
/// A sentence for the field; `empty` if there is nothing.
pub fn parse_name(text: &str, empty: &'static str) -> Result<String, &'static str> {
    if text.chars().any(|c| c.is_control() || is_direction_mark(c)) {
        return Err("The name holds characters that can’t be shown. Type it again.");
    }
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Err(empty);
    }
    if name.chars().count() > LONGEST_NAME {
        return Err("The name is too long. Use at most 100 characters.");
    }
    Ok(name)
}

/// Marks that turn the reading direction of what follows, and so could make one name look like another in a
/// list (Unicode Standard Annex 9).
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_folded_and_judged() {
        assert_eq!(Email::parse(" Mara@Fennel.Example ").unwrap().as_str(), "mara@fennel.example");
        assert_eq!(Email::parse("mara@fennel.example").unwrap().local_part(), "mara");
        let long = format!("{}@fennel.example", "a".repeat(250));
        for bad in ["", "mara", "@fennel.example", "mara@", "a b@fennel.example", "mara@fennel.example\nx", &long] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_are_one_line_without_tricks() {
        assert_eq!(parse_name("  Mara   Lindqvist ", "empty"), Ok("Mara Lindqvist".to_owned()));
        assert_eq!(parse_name(" ", "empty"), Err("empty"));
        for bad in ["a\u{0}b", "a\nb", "a\u{202e}b", &"a".repeat(101)] {
            assert!(parse_name(bad, "empty").is_err(), "{bad:?}");
        }
    }
}
