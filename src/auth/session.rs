//! What a session knows, and how it is opened and closed.

use actix_session::Session;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::domain::accent::Accent;
use crate::domain::embedding::{EmbedId, EmbeddedIn};
use crate::domain::language::Language;
use crate::domain::role::Role;
use crate::domain::theme::Theme;
use crate::error::{Error, Result};
use crate::store::sessions::Idle;

/// A session that is left alone ends after this.
pub const IDLE: Idle = Idle { own_pages: TimeDelta::minutes(30), embedded: TimeDelta::minutes(15) };
/// Every session of our own pages ends this long after its owner signed in.
pub const LONGEST: TimeDelta = TimeDelta::hours(12);
/// Every session inside another product's page ends this long after its launch.
pub const LONGEST_EMBEDDED: TimeDelta = TimeDelta::hours(8);
/// Sessions of each kind that one person may have at once; the one left alone for longest makes way.
pub const MOST: i64 = 10;

/// Where the state keeps its [`Member`].
pub(super) const MEMBER: &str = "member";
/// Where a loaded state says which row it came from. Never stored.
pub(super) const KEY_HASH: &str = "key_hash";
/// Where the state of a new session says that it is only another key for one that there is. Never stored.
pub(super) const ALIAS_OF: &str = "alias_of";
/// Where the state says, in place of everything else, that it could not be loaded.
pub(super) const UNAVAILABLE: &str = "unavailable";

/// Whose session it is. Rights are not in here: they are read from the user's row for every request.
#[derive(Clone, Serialize, Deserialize)]
pub struct Member {
    /// The user's id.
    pub user_id: i64,
    /// The role at the last request. When it has changed, the session gets a new key.
    pub role: String,
    /// What this session's form tokens are bound to.
    pub secret: String,
    /// When the owner signed in.
    pub signed_in_at: Timestamp,
    /// The browser as it names itself.
    pub user_agent: String,
    /// From where the session was opened.
    pub ip: String,
    /// The page around the frame, for a session that is used in one.
    #[serde(default)]
    pub embedded: Option<EmbeddedMember>,
}

/// [`EmbeddedIn`] as the session's state keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EmbeddedMember {
    embed_id: String,
    /// The origin of the page around the frame.
    pub site: String,
    ceiling: String,
    theme: String,
    accent: Option<String>,
    #[serde(default)]
    language: String,
}

impl From<&EmbeddedIn> for EmbeddedMember {
    fn from(embedded: &EmbeddedIn) -> Self {
        Self {
            embed_id: embedded.embed_id.as_str().to_owned(),
            site: embedded.site.clone(),
            ceiling: embedded.ceiling.slug().to_owned(),
            theme: embedded.theme.slug().to_owned(),
            accent: embedded.accent.map(|accent| format!("#{}", accent.digits())),
            language: embedded.language.tag().to_owned(),
        }
    }
}

impl EmbeddedMember {
    /// What it says; `None` if another version wrote it in a way that this one cannot read.
    #[must_use]
    pub fn read(&self) -> Option<EmbeddedIn> {
        Some(EmbeddedIn {
            embed_id: EmbedId::parse(&self.embed_id)?,
            site: self.site.clone(),
            ceiling: self.ceiling.parse().ok()?,
            theme: Theme::from_slug(&self.theme),
            accent: self.accent.as_deref().and_then(Accent::parse),
            language: Language::of_tag(&self.language),
        })
    }
}

/// Somebody whose session is opened: who they are, and from where they come.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The user's id.
    pub user_id: i64,
    /// Their role now.
    pub role: Role,
    /// When.
    pub at: Timestamp,
    /// The browser as it names itself.
    pub user_agent: String,
    /// Its address.
    pub ip: String,
}

/// The session of the present request, in its extensions once the [gate](super::gate) has let it pass.
#[derive(Clone)]
pub struct CurrentSession {
    /// The hash that its row is found by.
    pub key_hash: Vec<u8>,
    /// What form tokens are bound to.
    pub(super) secret: String,
}

impl CurrentSession {
    /// A hash of something that only this session knows; it stays when the session's key is renewed.
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.secret.as_bytes()).to_vec()
    }
}

/// Opens a session for somebody who has just proved who they are. It gets a new key, and nothing of what the
/// browser's session knew before is kept.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn open(session: &Session, arrival: Arrival) -> Result<()> {
    open_as(session, arrival, None)
}

/// The same for a session inside another product's page.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn open_embedded(session: &Session, arrival: Arrival, embedded: &EmbeddedIn) -> Result<()> {
    open_as(session, arrival, Some(embedded.into()))
}

/// Goes on with a session that is open already, if it is the same person's in the same place, with the same rights and
/// a good part of its time left. Only its looks are renewed. False if it has to be another one.
///
/// # Errors
/// [`Error::Internal`] if it cannot be written as JSON.
pub fn go_on_embedded(session: &Session, arrival: &Arrival, embedded: &EmbeddedIn) -> Result<bool> {
    let Some(member) = member(session) else { return Ok(false) };
    let Some(present) = member.embedded.as_ref().and_then(EmbeddedMember::read) else { return Ok(false) };
    let is_same_person = member.user_id == arrival.user_id && member.role == arrival.role.slug();
    let is_same_place = present.embed_id == embedded.embed_id && present.site == embedded.site;
    let has_time = member.signed_in_at + LONGEST_EMBEDDED / 2 > arrival.at;
    if !is_same_person || !is_same_place || present.ceiling != embedded.ceiling || !has_time {
        return Ok(false);
    }
    put(session, MEMBER, &Member { embedded: Some(embedded.into()), ..member })?;
    Ok(true)
}

fn open_as(session: &Session, arrival: Arrival, embedded: Option<EmbeddedMember>) -> Result<()> {
    let secret = URL_SAFE_NO_PAD.encode(super::random::<32>()?);
    let Arrival { user_id, role, at, user_agent, ip } = arrival;
    let member = Member { user_id, role: role.slug().to_owned(), secret, signed_in_at: at, user_agent, ip, embedded };
    session.clear();
    session.renew();
    put(session, MEMBER, &member)
}

/// Gives this browser a key of its own for a session that there is: the frame's, in a window that was opened from
/// it. What one of the two leaves for the next page, the other shows.
///
/// # Errors
/// [`Error::Internal`] if it cannot be written as JSON.
pub fn open_alias(session: &Session, of: &[u8], member: &Member) -> Result<()> {
    session.clear();
    session.renew();
    put(session, MEMBER, member)?;
    put(session, ALIAS_OF, &of)
}

/// Gives the session a new key and secret, after its rights have changed. It does not live longer for that.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn renew(session: &Session, role: Role) -> Result<()> {
    let Some(member) = member(session) else { return Ok(()) };
    session.renew();
    put(session, MEMBER, &Member { role: role.slug().to_owned(), ..member })
}

/// Refuses a session whose database could not say whether there is one.
///
/// # Errors
/// [`Error::Unavailable`].
pub fn loaded(session: &Session) -> Result<()> {
    match session.entries().get(UNAVAILABLE) {
        Some(cause) => Err(Error::Unavailable(cause.clone().into())),
        None => Ok(()),
    }
}

/// Whose session it is.
#[must_use]
pub fn member(session: &Session) -> Option<Member> {
    get(session, MEMBER)
}

/// The hash that the session's row is found by; `None` for one that has none yet.
#[must_use]
pub fn key_hash(session: &Session) -> Option<Vec<u8>> {
    get(session, KEY_HASH)
}

/// Where a session keeps something for the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The message on top of the page.
    Flash,
    /// The invitation whose link is to be shown.
    Invited,
    /// The new-password link that is to be shown.
    PasswordLink,
    /// The name of the new launch key that is to be shown.
    LaunchKey,
    /// What the new API token follows from that is to be shown.
    ApiToken,
}

impl Slot {
    fn key(self) -> &'static str {
        match self {
            Self::Flash => "flash",
            Self::Invited => "invited",
            Self::PasswordLink => "password_link",
            Self::LaunchKey => "launch_key",
            Self::ApiToken => "api_token",
        }
    }
}

/// Leaves something for the next page.
///
/// # Errors
/// [`Error::Internal`] if it cannot be written as JSON.
pub fn leave(session: &Session, slot: Slot, value: &impl Serialize) -> Result<()> {
    put(session, slot.key(), value)
}

/// Takes what the page before has left. Leaves the session untouched if there is nothing.
#[must_use]
pub fn take<T: DeserializeOwned>(session: &Session, slot: Slot) -> Option<T> {
    if !session.contains_key(slot.key()) {
        return None;
    }
    session.remove_as(slot.key()).and_then(std::result::Result::ok)
}

pub(super) fn get<T: DeserializeOwned>(session: &Session, key: &str) -> Option<T> {
    session.get(key).ok().flatten()
}

fn put(session: &Session, key: &str, value: &impl Serialize) -> Result<()> {
    session.insert(key, value).map_err(|error| Error::internal(error.to_string()))
}
