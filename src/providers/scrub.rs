//! Takes secrets out of what a provider said, before anybody sees or stores it. Providers do print keys: some
//! whole, in debugging details, some their head and tail.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::secret::{Secret, SecretField, Secrets};

use super::credentials;

/// What stands in a secret's place.
pub const REMOVED: &str = "[removed]";

/// So many bytes of a secret, one after the other, are never shown.
const WINDOW_BYTES: usize = 8;

/// Beginnings by which keys and tokens are known. What follows them goes too, in secrets that we never had.
const PREFIXES: [&str; 11] =
    ["sk-", "AIza", "AQ.", "ya29.", "hf_", "eyJ", "gsk_", "xai-", "Bearer ", "Basic ", "-----BEGIN "];

/// Knows a set of secrets and takes them out of texts.
#[derive(Default)]
pub struct Scrubber {
    windows: HashSet<[u8; WINDOW_BYTES]>,
    short: Vec<Vec<u8>>,
}

impl Scrubber {
    /// A scrubber for these secrets.
    #[must_use]
    pub fn new(secrets: &Secrets) -> Self {
        let mut scrubber = Self::default();
        for (field, secret) in secrets.iter() {
            if field == SecretField::GoogleApplicationCredentials {
                credentials::secret_parts(secret).iter().for_each(|part| scrubber.learn(part));
            } else {
                scrubber.learn(secret);
            }
        }
        scrubber
    }

    /// Adds a secret that came up on the way, such as an access token.
    pub fn learn(&mut self, secret: &Secret) {
        let text = secret.expose();
        self.learn_form(text.as_bytes());
        self.learn_form(text.replace(['\n', '\r'], "").as_bytes());
        self.learn_form(utf8_percent_encode(text, NON_ALPHANUMERIC).to_string().as_bytes());
        self.learn_form(hex(text.as_bytes()).as_bytes());
        // Base64 of a text that the secret is only a part of depends on where in the text it begins.
        for skipped in 0..3.min(text.len()) {
            self.learn_base64(&text.as_bytes()[skipped..]);
        }
    }

    /// A provider's words without secrets.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        let mut is_secret = vec![false; text.len()];
        self.mark_windows(text.as_bytes(), &mut is_secret);
        self.mark_short(text.as_bytes(), &mut is_secret);
        mark_recognized(text, &mut is_secret);
        without_marked(text, &is_secret)
    }

    /// Our own words without secrets. A key shorter than eight characters may stand in them by right: a server
    /// called `ollama` often has the key `ollama`.
    #[must_use]
    pub fn scrub_own(&self, text: &str) -> String {
        let mut is_secret = vec![false; text.len()];
        self.mark_windows(text.as_bytes(), &mut is_secret);
        mark_recognized(text, &mut is_secret);
        without_marked(text, &is_secret)
    }

    fn learn_form(&mut self, form: &[u8]) {
        if form.is_empty() {
            return;
        }
        if form.len() < WINDOW_BYTES {
            self.short.push(form.to_vec());
        }
        self.windows
            .extend(form.windows(WINDOW_BYTES).filter_map(|window| <[u8; WINDOW_BYTES]>::try_from(window).ok()));
    }

    fn learn_base64(&mut self, bytes: &[u8]) {
        // The last group also depends on what follows; three bytes always make the same four characters.
        let whole = &bytes[..bytes.len() - bytes.len() % 3];
        for part in [bytes, whole] {
            self.learn_form(STANDARD_NO_PAD.encode(part).as_bytes());
            self.learn_form(URL_SAFE_NO_PAD.encode(part).as_bytes());
        }
    }

    fn mark_windows(&self, text: &[u8], is_secret: &mut [bool]) {
        for (start, window) in text.windows(WINDOW_BYTES).enumerate() {
            if self.windows.contains(window) {
                is_secret[start..start + WINDOW_BYTES].fill(true);
            }
        }
    }

    fn mark_short(&self, text: &[u8], is_secret: &mut [bool]) {
        for short in &self.short {
            for (start, window) in text.windows(short.len()).enumerate() {
                if window == short.as_slice() {
                    is_secret[start..start + short.len()].fill(true);
                }
            }
        }
    }
}

/// Marks whatever begins like a key of any provider, also one that is masked in the middle (`sk-ab***wxyz`).
fn mark_recognized(text: &str, is_secret: &mut [bool]) {
    /// `sk-ab***wxyz` is a masked key; `sk-svcacct-` is only the beginning that all such keys share.
    const SHORTEST_REST: usize = 9;
    for prefix in PREFIXES {
        for (start, _) in text.match_indices(prefix) {
            let is_inside_a_word = text[..start].ends_with(|c: char| c.is_ascii_alphanumeric());
            if is_inside_a_word {
                continue;
            }
            let rest = &text[start + prefix.len()..];
            let rest_len = if prefix.starts_with("-----") { pem_len(rest) } else { key_len(rest) };
            if rest_len >= SHORTEST_REST {
                is_secret[start..start + prefix.len() + rest_len].fill(true);
            }
        }
    }
}

fn key_len(rest: &str) -> usize {
    let is_key_char =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*' | '.' | '+' | '/' | '=' | '•' | '…');
    let len = rest.find(|c: char| !is_key_char(c)).unwrap_or(rest.len());
    // A full stop at the end belongs to the sentence.
    rest[..len].trim_end_matches('.').len()
}

fn pem_len(rest: &str) -> usize {
    let end = rest.find("-----END ").map_or(rest.len(), |end| end + "-----END ".len());
    end + rest[end..].find("-----").map_or(0, |dashes| dashes + 5)
}

fn without_marked(text: &str, is_secret: &[bool]) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut is_in_gap = false;
    for (at, c) in text.char_indices() {
        let is_hidden = is_secret[at..at + c.len_utf8()].contains(&true);
        if is_hidden && !is_in_gap {
            cleaned.push_str(REMOVED);
        }
        if !is_hidden {
            cleaned.push(c);
        }
        is_in_gap = is_hidden;
    }
    cleaned
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn scrubber(key: &str) -> Scrubber {
        let mut scrubber = Scrubber::default();
        scrubber.learn(&Secret::new(key.to_owned()));
        scrubber
    }

    fn shares_a_window(text: &str, key: &str) -> bool {
        key.as_bytes().windows(WINDOW_BYTES).any(|w| text.as_bytes().windows(WINDOW_BYTES).any(|t| t == w))
    }

    proptest! {
        #[test]
        fn no_eight_characters_of_a_key_survive(
            key in "[!-~]{8,80}", before in "\\PC{0,20}", after in "\\PC{0,20}", from in 0_usize..40, len in 8_usize..40,
        ) {
            let scrubber = scrubber(&key);
            let from = from.min(key.len() - 8);
            let part = &key[from..(from + len).min(key.len())];
            for text in [format!("{before}{key}{after}"), format!("{before}{part}{after}")] {
                let cleaned = scrubber.scrub(&text);
                // The placeholder's own letters could be part of a random key.
                let cleaned = cleaned.replace(REMOVED, "\u{1}");
                prop_assert!(!shares_a_window(&cleaned, &key), "{cleaned:?}");
            }
        }

        #[test]
        fn a_key_inside_base64_does_not_survive(key in "[!-~]{16,80}", before in "[a-z]{0,9}", after in "[a-z]{0,9}") {
            let encoded = STANDARD.encode(format!("{before}{key}{after}"));
            let cleaned = scrubber(&key).scrub(&encoded);
            // All that may be left is the group at each end that the key shares with its neighbours.
            for skipped in 0..3 {
                let of_the_key = STANDARD_NO_PAD.encode(&key.as_bytes()[skipped..]);
                let kept_whole = &of_the_key[..of_the_key.len() - 4];
                let is_clean = !shares_a_window(&cleaned.replace(REMOVED, "\u{1}"), kept_whole);
                prop_assert!(is_clean, "{}", cleaned);
            }
        }

        #[test]
        fn a_text_without_secrets_stays_as_it_is(text in "[a-zäöü ]{0,60}") {
            prop_assert_eq!(scrubber("QWERTZ-UIOP-1234").scrub(&text), text);
        }
    }

    #[test]
    fn keys_that_are_not_ours_go_too() {
        let scrubber = Scrubber::default();
        assert_eq!(
            scrubber.scrub("Incorrect API key provided: sk-ab***wxyz."),
            "Incorrect API key provided: [removed]."
        );
        assert_eq!(scrubber.scrub("api_key:AIzaSyABCDEF1234 is bad"), "api_key:[removed] is bad");
        assert_eq!(scrubber.scrub("It starts with sk-svcacct-."), "It starts with sk-svcacct-.");
        assert_eq!(scrubber.scrub("a task-force, a risk-taker"), "a task-force, a risk-taker");
        let pem = "x -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- y";
        assert_eq!(scrubber.scrub(pem), "x [removed] y");
    }

    #[test]
    fn a_short_key_goes_whole() {
        assert_eq!(scrubber("ollama").scrub("key ollama not known"), "key [removed] not known");
        assert_eq!(scrubber("ollama").scrub_own("We couldn’t reach ollama"), "We couldn’t reach ollama");
        assert_eq!(scrubber("ollama-secret").scrub_own("ollama-secret"), REMOVED);
    }
}
