//! Which passwords we take: 12 to 256 characters of any kind, and not easy to guess.
//!
//! Almost all of the 10 000 commonest passwords are shorter than 12 characters, so a list of them would catch
//! nothing. What people do to reach twelve is to lengthen such a word, or a name that is at hand. So words that
//! are at hand are taken out, and what remains must still be something.

/// Shortest password, in characters.
pub const SHORTEST: usize = 12;
/// Longest password, in characters; hashing must stay bounded.
pub const LONGEST: usize = 256;

/// What must remain without the words at hand, in characters.
const REST: usize = 8;
/// Fewer different characters than this are a pattern.
const FEWEST_DIFFERENT: usize = 5;

/// Words that common long passwords are made of.
const COMMON: [&str; 62] = [
    "password",
    "passwort",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "pass1234",
    "welcome",
    "letmein",
    "iloveyou",
    "changeme",
    "default",
    "administrator",
    "admin",
    "root",
    "user",
    "guest",
    "test",
    "login",
    "secret",
    "master",
    "monkey",
    "dragon",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "batman",
    "pokemon",
    "starwars",
    "trustno1",
    "shadow",
    "michael",
    "jordan",
    "charlie",
    "computer",
    "internet",
    "samsung",
    "liverpool",
    "chelsea",
    "arsenal",
    "barcelona",
    "whatever",
    "freedom",
    "hello",
    "summer",
    "winter",
    "spring",
    "autumn",
    "january",
    "qwerty",
    "qwertz",
    "azerty",
    "asdfgh",
    "zxcvbn",
    "1q2w3e4r",
    "1qaz2wsx",
    "abc123",
    "correcthorsebatterystaple",
    "claviger",
    "company",
    "hunter2",
];

/// Neighbours on keyboards, in either direction.
const ROWS: [&str; 6] = ["1234567890", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "azertyuiop"];

/// Judges a new password. `at_hand` are names that anybody would try: the person's, the organization's.
///
/// # Errors
/// A sentence for the field.
pub fn judge(password: &str, at_hand: &[&str]) -> Result<(), &'static str> {
    let n_chars = password.chars().count();
    if n_chars == 0 {
        return Err("Enter a password.");
    }
    if n_chars < SHORTEST {
        return Err("The password is too short. Use at least 12 characters; a few unrelated words work well.");
    }
    if n_chars > LONGEST {
        return Err("The password is too long. Use at most 256 characters.");
    }
    let folded = fold(password);
    if is_pattern(&folded) {
        return Err("This password is a pattern that’s easy to guess. Use a few unrelated words.");
    }
    let names: Vec<String> = at_hand.iter().map(|name| fold(name)).filter(|name| name.chars().count() >= 4).collect();
    if without(&folded, names.iter().map(String::as_str)).chars().count() < REST {
        return Err(
            "This password is too close to your email address or organization’s name. Use a few unrelated words.",
        );
    }
    if without(&folded, COMMON).chars().count() < REST {
        return Err("This password is one of the commonest. Use a few unrelated words.");
    }
    Ok(())
}

/// Lower case without spaces, as guessers try it.
fn fold(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

fn without<'a>(text: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().fold(text.to_owned(), |rest, word| rest.replace(word, ""))
}

/// Whether it has hardly any different characters, or runs along the alphabet, the digits or a keyboard's row for
/// most of its length.
fn is_pattern(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let different: std::collections::HashSet<&char> = chars.iter().collect();
    if different.len() < FEWEST_DIFFERENT {
        return true;
    }
    let n_steps = chars.len().saturating_sub(1);
    let n_expected = chars.windows(2).filter(|pair| is_expected_step(pair[0], pair[1])).count();
    n_expected * 4 >= n_steps * 3
}

fn is_expected_step(from: char, to: char) -> bool {
    if u32::from(from).abs_diff(u32::from(to)) <= 1 {
        return true;
    }
    ROWS.iter().any(|row| match (row.find(from), row.find(to)) {
        (Some(from), Some(to)) => from.abs_diff(to) == 1,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_HAND: [&str; 3] = ["mara.lindqvist", "mara.lindqvist@fennel.example", "Fennel Labs"];

    #[test]
    fn good_passwords_are_taken_whatever_they_are_made_of() {
        for good in [
            "copper lantern drizzle",
            "Zwölf Boxkämpfer jagen",
            "密码要够长才可以用吗朋友们",
            "x7$kQ!p2vR9z",
            "sunshine over the harbour",
            "🐢🦊🐙🌵🍄🎈🎲🚲🛶🪁🧵🧶",
            &"lorem ipsum dolor ".repeat(14),
        ] {
            assert_eq!(judge(good, &AT_HAND), Ok(()), "{good}");
        }
    }

    #[test]
    fn easy_passwords_are_refused() {
        for bad in [
            "",
            "short",
            "elevenchars",
            "Password1234",
            "Passwordpassword1!",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "123456789012",
            "qwertyuiop12",
            "abcdefghijkl",
            "Welcome2026!!",
            "letmeinletmein",
            "correct horse battery staple",
            "mara.lindqvist",
            "Mara.Lindqvist1",
            "fennel labs 2026",
            "FennelLabs!!!",
            "changeme1234",
            &"x1y2z3".repeat(50),
        ] {
            assert!(judge(bad, &AT_HAND).is_err(), "{bad}");
        }
    }
}
