//! Where links lead. Our own pages stand at the addresses that the code names. Inside another product's page the
//! same pages stand below `/embed/{id}`, and what takes a key or a decision opens in a window of its own, where
//! nobody can lay anything over it.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::forms::Typed;
use super::translation;
use crate::domain::embedding::{EmbeddedIn, TakesKeys};
use crate::domain::field_errors::{FieldError, FieldErrors};
use crate::domain::language::Language;
use crate::error::Error;
use crate::store::embedding::Embedding;

/// The field in which a form inside a frame says that nothing covers it.
pub const SEEN: &str = "seen";

/// The place of a page, as far as its links depend on it.
#[derive(Clone, Debug, Default)]
pub struct Links(Option<Embedded>);

#[derive(Clone, Debug)]
struct Embedded {
    /// `/embed/{id}`
    base: String,
    place: Place,
    takes_keys: TakesKeys,
    language: Language,
}

/// Where a page below `/embed` is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a frame inside another product's page.
    Frame,
    /// In a window of its own.
    Window,
    /// In a frame of our own, to be looked at.
    Preview,
}

/// How a link is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// By a link to this address.
    Link(String),
    /// By opening a window that takes the frame's session along to this path.
    Window(String),
    /// By a link to our own pages, in a tab of its own.
    Tab(String),
}

impl Place {
    /// Where the answer to a request will be shown, as the browser says. Those of before 2023 do not say.
    #[must_use]
    pub fn said_by(headers: &HeaderMap) -> Option<Self> {
        match headers.get("sec-fetch-dest")?.to_str().ok()? {
            "document" => Some(Self::Window),
            _ => Some(Self::Frame),
        }
    }
}

impl Links {
    /// Those of the page that answers a request.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let extensions = request.extensions();
        let Some(embedding) = extensions.get::<Embedding>() else { return Self::default() };
        let takes_keys = takes_keys(request);
        let base = format!("/embed/{}", embedding.embed_id);
        let path = request.path().strip_prefix(&base).unwrap_or_default();
        // What no frame may show is not in one.
        let likely = if may_be_framed(path, takes_keys) { Place::Frame } else { Place::Window };
        let place = Place::said_by(request.headers()).unwrap_or(likely);
        // Before there is a session, the browser says what its owner reads.
        let accepted =
            request.headers().get("accept-language").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let language =
            extensions.get::<EmbeddedIn>().map_or_else(|| Language::of_tag(accepted), |embedded| embedded.language);
        Self(Some(Embedded { base, place, takes_keys, language }))
    }

    /// The language of the host, as far as we speak it; English for our own pages. Frames speak it, and so do messages
    /// that are left for them.
    #[must_use]
    pub fn language(&self) -> Language {
        self.0.as_ref().map_or_else(Language::default, |embedded| embedded.language)
    }

    /// Those of a page that shows how a frame will look.
    #[must_use]
    pub fn preview() -> Self {
        Self(Some(Embedded {
            base: String::new(),
            place: Place::Preview,
            takes_keys: TakesKeys::InWindows,
            language: Language::English,
        }))
    }

    /// A text in the language of the host.
    #[must_use]
    pub fn say(&self, english: &str) -> String {
        translation::say(self.language(), english)
    }

    /// The same with values in the place of `{0}`, `{1}` and so on.
    #[must_use]
    pub fn fill(&self, english: &str, values: &[impl AsRef<str>]) -> String {
        translation::fill(self.language(), english, values)
    }

    /// A number and its noun in that language: "{0} model", "{0} models".
    #[must_use]
    pub fn counted(&self, n: usize, one: &str, many: &str) -> String {
        translation::counted(self.language(), n, one, many)
    }

    /// Whether the page looks as in a frame.
    #[must_use]
    pub fn is_frame(&self) -> bool {
        matches!(self.place(), Some(Place::Frame | Place::Preview))
    }

    /// Whether nothing in the page is to be pressed.
    #[must_use]
    pub fn is_preview(&self) -> bool {
        self.place() == Some(Place::Preview)
    }

    fn place(&self) -> Option<Place> {
        self.0.as_ref().map(|embedded| embedded.place)
    }

    /// The address of a page of ours, from here.
    #[must_use]
    pub fn to(&self, path: impl AsRef<str>) -> String {
        let base = self.0.as_ref().map_or("", |embedded| &embedded.base);
        format!("{base}{}", path.as_ref())
    }

    /// How a link to a page of ours is followed from here.
    #[must_use]
    pub fn step(&self, path: impl AsRef<str>) -> Step {
        let path = path.as_ref();
        let Some(embedded) = &self.0 else { return Step::Link(path.to_owned()) };
        if !path.starts_with("/providers") {
            return Step::Tab(path.to_owned());
        }
        match embedded.place {
            Place::Window => Step::Link(self.to(path)),
            Place::Frame if may_be_framed(path, embedded.takes_keys) => Step::Link(self.to(path)),
            Place::Frame | Place::Preview => Step::Window(path.to_owned()),
        }
    }

    /// The address of a page of ours, or of the list if that page can only be opened in a window.
    #[must_use]
    pub fn nearest(&self, path: impl AsRef<str>) -> String {
        self.plain(path.as_ref()).unwrap_or_else(|| self.to("/providers"))
    }

    /// The address for a link in a message, which can only be a plain one.
    #[must_use]
    pub fn plain(&self, path: &str) -> Option<String> {
        match self.step(path) {
            Step::Link(address) => Some(address),
            Step::Window(_) | Step::Tab(_) => None,
        }
    }

    /// Where a change leads that is done: to a page of ours, or out of the window that was opened for it.
    #[must_use]
    pub fn after_change(&self, path: impl AsRef<str>) -> String {
        match self.place() {
            None => path.as_ref().to_owned(),
            Some(Place::Frame | Place::Preview) => self.to("/providers"),
            Some(Place::Window) => self.to("/done"),
        }
    }

    /// Where a check leads that somebody asked for: to the connection's page, or in a frame back to the list.
    #[must_use]
    pub fn after_check(&self, connection_id: i64) -> String {
        if self.is_frame() {
            return self.to(format!("/providers#connection-{connection_id}"));
        }
        self.to(format!("/providers/{connection_id}"))
    }

    /// What is wrong with a form that takes a key inside a frame, unless its script saw that nothing covers it.
    #[must_use]
    pub fn problem_with(&self, typed: &Typed) -> Option<FieldErrors> {
        if !self.is_frame() || typed.get(SEEN) == "yes" {
            return None;
        }
        let message = "We couldn’t make sure that nothing covers this form, so we didn’t send the key anywhere. \
                       Open it in a window instead; the button is below.";
        Some(FieldErrors::one("", FieldError::from(message)))
    }
}

impl FromRequest for Links {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// Where keys are typed in the session of a request.
#[must_use]
pub fn takes_keys(request: &HttpRequest) -> TakesKeys {
    let extensions = request.extensions();
    let session = extensions.get::<Embedding>().zip(extensions.get::<EmbeddedIn>());
    session.map_or(TakesKeys::InWindows, |(embedding, embedded)| embedding.takes_keys(&embedded.site))
}

/// Whether a page may be shown inside another product's page; `path` is what follows `/embed/{id}`.
///
/// The list shows and verifies. Nothing that stops a model or deletes a key may be framed, because a page around a
/// frame can lay anything over it and move it below somebody's pointer.
#[must_use]
pub fn may_be_framed(path: &str, takes_keys: TakesKeys) -> bool {
    let path = path.split(['#', '?']).next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts[..] {
        [] | [""] | ["providers"] | ["launch" | "arrived" | "redeem" | "log-out"] | ["providers", _, "verify"] => true,
        ["providers", "new"] | ["providers", "new", _] | ["providers", _, "replace-key" | "edit"] => {
            takes_keys == TakesKeys::InFrames
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(place: Place, takes_keys: TakesKeys) -> Links {
        Links(Some(Embedded { base: "/embed/E".to_owned(), place, takes_keys, language: Language::English }))
    }

    #[test]
    fn our_own_pages_link_to_what_the_code_names() {
        let links = Links::default();
        assert_eq!(links.to("/providers/7"), "/providers/7");
        assert_eq!(links.step("/network"), Step::Link("/network".to_owned()));
        assert_eq!(links.after_change("/providers"), "/providers");
        assert_eq!(links.after_check(7), "/providers/7");
    }

    #[test]
    fn a_frame_opens_a_window_for_everything_that_it_may_not_show() {
        let links = links(Place::Frame, TakesKeys::InWindows);
        for path in
            ["/providers/new", "/providers/new/openai", "/providers/7", "/providers/7/remove", "/providers/7#models"]
        {
            assert_eq!(links.step(path), Step::Window(path.to_owned()));
        }
        assert_eq!(links.step("/providers"), Step::Link("/embed/E/providers".to_owned()));
        assert_eq!(links.step("/network"), Step::Tab("/network".to_owned()));
        assert_eq!(links.after_check(7), "/embed/E/providers#connection-7");
    }

    #[test]
    fn a_window_goes_on_inside_and_ends_with_the_change() {
        let links = links(Place::Window, TakesKeys::InWindows);
        assert_eq!(links.step("/providers/7/remove"), Step::Link("/embed/E/providers/7/remove".to_owned()));
        assert_eq!(links.after_change("/providers"), "/embed/E/done");
        assert_eq!(links.plain("/network"), None);
    }

    #[test]
    fn keys_are_typed_in_a_frame_only_where_an_owner_says_so_and_nothing_is_removed_there() {
        for path in ["/providers/new", "/providers/new/openai", "/providers/7/replace-key", "/providers/7/edit"] {
            assert!(may_be_framed(path, TakesKeys::InFrames) && !may_be_framed(path, TakesKeys::InWindows), "{path}");
        }
        for path in [
            "/providers/7",
            "/providers/7/remove",
            "/providers/7/pause",
            "/providers/7/resume",
            "/providers/7/models",
            "/window",
            "/done",
            "/nowhere",
            "/providers/",
        ] {
            assert!(!may_be_framed(path, TakesKeys::InFrames), "{path}");
        }
        for path in ["", "/", "/providers", "/providers?x=1", "/providers/7/verify", "/launch", "/redeem", "/log-out"] {
            assert!(may_be_framed(path, TakesKeys::InWindows), "{path}");
        }
    }
}
