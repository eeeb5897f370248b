//! Tickets of our own: signed, for one purpose, used once. They carry a right from one browsing context to another
//! that shares no cookies with it: from a frame to a window, or from a window to a frame.

use actix_web::cookie::{Cookie, SameSite, time};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::jwt::{self, VerifyingKey};
use super::session::EmbeddedMember;
use crate::app::InstallationKeys;
use crate::clock::Timestamp;
use crate::domain::embedding::EmbeddedIn;
use crate::error::{Error, Result};

/// The cookie in which a window of ours leaves a [`Ticket::Session`] for a frame whose browser lets it ask for the
/// cookies of our own pages (Storage Access API).
pub const CONSENT_COOKIE: &str = "__Host-embed-consent";

/// For whoever is about to open a session: time enough to press a button.
const SESSION_LIVES: TimeDelta = TimeDelta::minutes(5);
/// For a page in a frame: as long as the session may live that it belongs to. Without that session it is nothing.
const WINDOW_LIVES: TimeDelta = super::session::LONGEST_EMBEDDED;

/// What a ticket is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "use", rename_all = "snake_case")]
pub enum Ticket {
    /// Opens a window with the frame's own session.
    Window {
        /// The hash of the session's key.
        session: Vec<u8>,
    },
    /// Opens a session: in a frame, for a person who has said so in a window of ours; or in a window, for one
    /// whose browser keeps no cookies for the frame.
    Session {
        /// The user's id.
        user_id: i64,
        /// What it is limited to.
        embedded: EmbeddedMember,
    },
}

/// A ticket that is genuine and not too old.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What it is for.
    pub ticket: Ticket,
    /// What makes it work once.
    pub nonce_hash: Vec<u8>,
    /// When it can be forgotten.
    pub expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    #[serde(flatten)]
    ticket: Ticket,
    aud: String,
    jti: String,
    exp: i64,
}

/// Nobody else's tokens are for this, and ours for nothing else.
const AUDIENCE: &str = "claviger:ticket";

impl Ticket {
    /// The ticket for a session.
    #[must_use]
    pub fn session(user_id: i64, embedded: &EmbeddedIn) -> Self {
        Self::Session { user_id, embedded: embedded.into() }
    }

    /// The cookie with a signed consent.
    #[must_use]
    pub fn consent_cookie(signed: String) -> Cookie<'static> {
        Cookie::build(CONSENT_COOKIE, signed)
            .path("/")
            .secure(true)
            .http_only(true)
            .same_site(SameSite::None)
            .max_age(time::Duration::seconds(SESSION_LIVES.num_seconds()))
            .finish()
    }

    fn lives(&self) -> TimeDelta {
        match self {
            Self::Window { .. } => WINDOW_LIVES,
            Self::Session { .. } => SESSION_LIVES,
        }
    }

    /// The ticket as a page carries it.
    ///
    /// # Errors
    /// If the operating system has no random numbers.
    pub fn sign(self, keys: &InstallationKeys, now: Timestamp) -> Result<String> {
        let exp = (now + self.lives()).and_utc().timestamp();
        let jti = URL_SAFE_NO_PAD.encode(super::random::<16>()?);
        jwt::sign(keys.launch.as_slice(), &Claims { ticket: self, aud: AUDIENCE.to_owned(), jti, exp })
    }
}

/// Reads a ticket.
///
/// # Errors
/// [`Error::LinkClosed`] if it is none of ours or too old.
pub fn read(keys: &InstallationKeys, text: &str, now: Timestamp) -> Result<Shown> {
    let key = VerifyingKey::Shared(keys.launch.to_vec());
    let claims: Claims = jwt::verify(text, &key, AUDIENCE).map_err(|_| Error::LinkClosed)?;
    let expires_at = DateTime::from_timestamp(claims.exp, 0).ok_or(Error::LinkClosed)?.naive_utc();
    if expires_at <= now {
        return Err(Error::LinkClosed);
    }
    let nonce_hash = Sha256::digest(format!("ticket\0{}", claims.jti)).to_vec();
    Ok(Shown { ticket: claims.ticket, nonce_hash, expires_at })
}
