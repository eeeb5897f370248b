//! Claviger inside another product's page: where, for whom, and why not.

use std::fmt;

use url::{Host, Url};

use super::accent::Accent;
use super::field_errors::FieldError;
use super::language::Language;
use super::role::Role;
use super::theme::Theme;

/// Most sites of one organization; they all stand in a header of every answer.
pub const MOST_SITES: usize = 20;
/// Launch keys that an organization can have at once: the present one and the next.
pub const MOST_LAUNCH_KEYS: usize = 2;

const LONGEST_ORIGIN: usize = 255;

/// An organization's name in the addresses of its frame: 128 random bits in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbedId(String);

impl EmbedId {
    /// Reads an id out of an address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        const LENGTH: usize = 22;
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (text.len() == LENGTH && text.bytes().all(is_base64)).then(|| Self(text.to_owned()))
    }

    /// The id as it stands in addresses.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmbedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The origin of a site that may show the frame, exactly as browsers write it: scheme, host, and the port unless it
/// is the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteOrigin(String);

impl SiteOrigin {
    /// Reads an origin: https, or http on the machine itself; no path, no wildcard.
    ///
    /// # Errors
    /// What is wrong, for the field; with the origin as a suggestion if more than that was typed.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        if text.is_empty() {
            return Err("Enter the site’s origin, such as https://app.example.com.".into());
        }
        if text.contains('*') {
            return Err("Name each site by itself. A star would let in sites that you don’t know of.".into());
        }
        let url =
            Url::parse(text).ok().filter(|url| url.has_host() && text.len() <= LONGEST_ORIGIN && is_plain(text, url));
        let Some(url) = url else {
            return Err("This isn’t an origin. It should look like https://app.example.com.".into());
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => {
                return Err("Use https. Over http anybody on the way could put their own page around the frame.".into());
            }
            _ => return Err("An origin begins with https://.".into()),
        }
        let origin = url.origin().ascii_serialization();
        if !url.username().is_empty() || url.password().is_some() {
            return Err("Leave out the name and the password.".into());
        }
        if text.trim_end_matches('/').len() != text.len() || url.path() != "/" || text.contains(['?', '#']) {
            let message = "Enter the origin alone, without a path.";
            return Err(FieldError { suggestion: Some(origin), ..message.into() });
        }
        Ok(Self(origin))
    }

    /// The origin.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the text holds nothing that a parser would silently drop, and the origin nothing that means something in
/// a header.
fn is_plain(text: &str, url: &Url) -> bool {
    let is_of_an_origin = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:/[]".contains(&byte);
    text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && url.origin().ascii_serialization().bytes().all(is_of_an_origin)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Where keys are typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakesKeys {
    /// Only in a window of ours.
    InWindows,
    /// In the frame as well: an Owner has said so, for that site.
    InFrames,
}

/// What a session inside another product's page is limited to, and how its pages look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedIn {
    /// The organization's id in addresses.
    pub embed_id: EmbedId,
    /// The origin of the page around the frame.
    pub site: String,
    /// No more than this role's rights, whatever the person's own role is.
    pub ceiling: Role,
    /// Light or dark, as the host says.
    pub theme: Theme,
    /// The host's colour.
    pub accent: Option<Accent>,
    /// The host's language, as far as we speak it.
    pub language: Language,
}

/// Why a launch was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaunchRefusal {
    /// It is no signed token, or a claim is missing or cannot be read.
    Unreadable,
    /// The key that it names is not, or no longer, one of the organization's.
    UnknownKey,
    /// It says another algorithm than its key's, for example none.
    WrongAlgorithm,
    /// The signature does not fit.
    WrongSignature,
    /// It was made for another server.
    WrongAudience,
    /// It was made for another organization.
    OtherOrganization,
    /// Its time is over.
    Expired,
    /// Its time is longer than launches may have.
    TooLong,
    /// It was used before.
    Replayed,
    /// It came from another page than the one that it names.
    OtherSite,
    /// The page that it names is not on the list.
    SiteNotListed,
    /// Nobody who may sign in here has this address.
    NotAMember,
}

impl LaunchRefusal {
    /// Every reason.
    pub const ALL: [LaunchRefusal; 12] = [
        Self::Unreadable,
        Self::UnknownKey,
        Self::WrongAlgorithm,
        Self::WrongSignature,
        Self::WrongAudience,
        Self::OtherOrganization,
        Self::Expired,
        Self::TooLong,
        Self::Replayed,
        Self::OtherSite,
        Self::SiteNotListed,
        Self::NotAMember,
    ];

    /// A word that the host's developers can look up.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::UnknownKey => "unknown_key",
            Self::WrongAlgorithm => "wrong_algorithm",
            Self::WrongSignature => "wrong_signature",
            Self::WrongAudience => "wrong_audience",
            Self::OtherOrganization => "other_organization",
            Self::Expired => "expired",
            Self::TooLong => "too_long",
            Self::Replayed => "replayed",
            Self::OtherSite => "other_site",
            Self::SiteNotListed => "site_not_listed",
            Self::NotAMember => "not_a_member",
        }
    }

    /// What happened and what to do, for whoever reads the log or sees the frame.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Unreadable => "The launch can’t be read. It has to be a signed token with all its claims.",
            Self::UnknownKey => "The launch names a key that isn’t on this organization’s page Embedding.",
            Self::WrongAlgorithm => "The launch isn’t signed in the way of its key.",
            Self::WrongSignature => "The signature doesn’t fit. The host signs with another key than the one it names.",
            Self::WrongAudience => "The launch was made for another address than this server’s.",
            Self::OtherOrganization => "The launch was made for another organization.",
            Self::Expired => {
                "The launch has expired. Reload the page; if that doesn’t help, compare the servers’ clocks."
            }
            Self::TooLong => "The launch is valid for too long. It may live for 60 seconds.",
            Self::Replayed => "The launch was used before. Reload the page for a new one.",
            Self::OtherSite => {
                "The launch was sent by another page than the one it names, or by one whose Referrer-Policy hides it."
            }
            Self::SiteNotListed => "The site isn’t on the list of those that may show Claviger.",
            Self::NotAMember => "Nobody who may sign in to this organization has this email address.",
        }
    }
}

impl fmt::Display for LaunchRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_origin_is_taken_as_browsers_write_it() {
        for (typed, origin) in [
            ("https://app.example.com", "https://app.example.com"),
            (" https://APP.example.com:443 ", "https://app.example.com"),
            ("https://app.example.com:8443", "https://app.example.com:8443"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("http://app.localhost", "http://app.localhost"),
        ] {
            assert_eq!(SiteOrigin::parse(typed).map(|origin| origin.0).as_deref(), Ok(origin), "{typed}");
        }
    }

    #[test]
    fn what_is_more_than_an_origin_is_answered_with_the_origin() {
        for typed in [
            "https://app.example.com/",
            "https://app.example.com/settings",
            "https://app.example.com?x",
            "https://app.example.com#x",
        ] {
            let error = SiteOrigin::parse(typed).expect_err(typed);
            assert_eq!(error.suggestion.as_deref(), Some("https://app.example.com"), "{typed}");
        }
    }

    #[test]
    fn nothing_else_is_an_origin() {
        for typed in [
            "",
            "*",
            "https://*.example.com",
            "https://*",
            "app.example.com",
            "http://app.example.com",
            "//app.example.com",
            "ftp://app.example.com",
            "javascript:alert(1)",
            "data:text/html,x",
            "null",
            "'self'",
            "https:",
            "https://",
            "https://a.example; script-src *",
            "https://a.example https://b.example",
            "https://a.example,b.example",
            "https://user:pass@a.example",
            "https://user@a.example",
            "https://a.example\\@b.example",
            "https://a.example:99999",
            "http://localhost.evil.example",
            "http://10.0.0.1",
            "https://a.example\r\nX: y",
            "file:///etc/passwd",
        ] {
            assert!(SiteOrigin::parse(typed).is_err(), "{typed:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_is_one_word_of_a_header(typed in ".{0,60}") {
            if let Ok(origin) = SiteOrigin::parse(&typed) {
                let is_safe = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b';' | b',' | b'*' | b'\'' | b'"');
                prop_assert!(origin.as_str().bytes().all(is_safe));
                let again = SiteOrigin::parse(origin.as_str()).map(|origin| origin.0);
                prop_assert_eq!(again.as_deref(), Ok(origin.as_str()));
            }
        }
    }

    #[test]
    fn an_id_is_22_characters_of_base64() {
        assert!(EmbedId::parse("abcdefghijklmnopqrstu_").is_some());
        for bad in ["", "abc", "abcdefghijklmnopqrstu/", "abcdefghijklmnopqrstuvw", "abcdefghijklmnopqrstu\u{e9}"] {
            assert!(EmbedId::parse(bad).is_none(), "{bad}");
        }
    }
}
