//! Sessions in the database, for `actix-session`. The cookie carries a random key; the database has its hash.

use std::collections::HashMap;

use actix_session::SessionMiddleware;
use actix_session::config::{BrowserSession, CookieContentSecurity};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::{Key, SameSite, time};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use super::session::{ALIAS_OF, IDLE, KEY_HASH, LONGEST, LONGEST_EMBEDDED, MEMBER, MOST, Member, UNAVAILABLE};
use crate::app::App;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::store::sessions::{self, SessionKind, SessionRow};
use crate::store::users;
use crate::store::{Conn, Db};

/// The session cookie's name. The prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`.
pub const COOKIE: &str = "__Host-session";

/// The name of the cookie for sessions inside other products' pages. Browsers keep one jar for each of these pages
/// once [`partition`](super::partition::complete) has asked them to.
pub const EMBED_COOKIE: &str = "__Host-embed";

/// Use is noted at most this often.
const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(1);

type State = HashMap<String, String>;

/// The middleware that loads and stores sessions of one kind.
#[must_use]
pub fn middleware(app: &App, kind: SessionKind) -> SessionMiddleware<DbSessions> {
    let store = DbSessions { db: app.db.clone(), clock: app.clock.clone(), kind };
    let (name, same_site) = match kind {
        SessionKind::OwnPages => (COOKIE, SameSite::Lax),
        // A frame on another site gets no other. What Lax would keep out, the gate keeps out.
        SessionKind::Embedded => (EMBED_COOKIE, SameSite::None),
    };
    SessionMiddleware::builder(store, Key::from(app.keys.cookie.as_slice()))
        .cookie_name(name.to_owned())
        .cookie_secure(true)
        .cookie_http_only(true)
        .cookie_same_site(same_site)
        .cookie_path("/".to_owned())
        .cookie_content_security(CookieContentSecurity::Signed)
        // Gone with the browser. How long it lives is counted here, by our own clock.
        .session_lifecycle(BrowserSession::default())
        .build()
}

/// Whose session in a frame it is; `None` if it has ended.
///
/// # Errors
/// The database's.
pub async fn embedded_member(app: &App, key_hash: &[u8]) -> Result<Option<Member>> {
    let (key_hash, now) = (key_hash.to_vec(), app.clock.now());
    let find = move |conn: &mut Conn| sessions::find_live(conn, &key_hash, SessionKind::Embedded, now, IDLE);
    let row = app.db.read(find).await?;
    let state = row.and_then(|row| serde_json::from_str::<State>(&row.state).ok()).unwrap_or_default();
    Ok(state.get(MEMBER).and_then(|json| serde_json::from_str(json).ok()))
}

/// The store.
#[derive(Clone)]
pub struct DbSessions {
    db: Db,
    clock: Clock,
    kind: SessionKind,
}

impl SessionStore for DbSessions {
    /// Answers with a state that says so if the database does not: an error here would end in an answer without
    /// a page, while the [gate](super::gate) can give one.
    async fn load(&self, key: &SessionKey) -> std::result::Result<Option<State>, LoadError> {
        match self.find(hash(key)).await {
            Ok(Some(row)) => {
                let mut state: State = serde_json::from_str(&row.state).unwrap_or_default();
                state.insert(KEY_HASH.to_owned(), json(&row.key_hash).map_err(|e| LoadError::Other(whole(&e)))?);
                Ok(Some(state))
            }
            Ok(None) => Ok(None),
            Err(error) => Ok(Some(HashMap::from([(UNAVAILABLE.to_owned(), whole(&error).to_string())]))),
        }
    }

    async fn save(&self, state: State, _ttl: &time::Duration) -> std::result::Result<SessionKey, SaveError> {
        let (text, row) = self.new_row(state).map_err(|e| SaveError::Other(whole(&e)))?;
        let stored = self.db.write(move |conn| sessions::insert(conn, &row, MOST)).await;
        stored.map_err(|e| SaveError::Other(whole(&e)))?;
        SessionKey::try_from(text).map_err(|e| SaveError::Other(e.into()))
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        _ttl: &time::Duration,
    ) -> std::result::Result<SessionKey, UpdateError> {
        // For an alias this is the session that it stands for.
        let loaded_from = state.get(KEY_HASH).and_then(|json| serde_json::from_str(json).ok());
        let key_hash: Vec<u8> = loaded_from.unwrap_or_else(|| hash(&key));
        let state = stored_form(state).map_err(|e| UpdateError::Other(whole(&e)))?;
        let stored = self.db.write(move |conn| sessions::set_state(conn, &key_hash, &state)).await;
        stored.map_err(|e| UpdateError::Other(whole(&e)))?;
        Ok(key)
    }

    /// Nothing to do: [`load`](Self::load) notes that a session is used.
    async fn update_ttl(&self, _key: &SessionKey, _ttl: &time::Duration) -> std::result::Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> std::result::Result<(), anyhow::Error> {
        let key_hash = hash(key);
        self.db.write(move |conn| sessions::delete(conn, &key_hash)).await.map_err(|e| whole(&e))
    }
}

impl DbSessions {
    /// The live session of this key; of an alias, the session that it stands for.
    async fn find(&self, key_hash: Vec<u8>) -> Result<Option<SessionRow>> {
        let (now, kind) = (self.clock.now(), self.kind);
        let rows = self.db.read(move |conn| {
            let Some(row) = sessions::find_live(conn, &key_hash, kind, now, IDLE)? else { return Ok(Vec::new()) };
            let Some(original) = &row.alias_of else { return Ok(vec![row]) };
            let original = sessions::find_live(conn, original, kind, now, IDLE)?;
            Ok(original.map_or_else(Vec::new, |original| vec![row, original]))
        });
        let rows = rows.await?;
        for row in rows.iter().filter(|row| row.last_seen_at + TOUCH_EVERY <= now) {
            self.touch(row.key_hash.clone(), row.user_id).await;
        }
        Ok(rows.into_iter().next_back())
    }

    /// A database that cannot be written to must not keep anybody from reading.
    async fn touch(&self, key_hash: Vec<u8>, user_id: Option<i64>) {
        let now = self.clock.now();
        let touched = self.db.write(move |conn| {
            sessions::touch(conn, &key_hash, now)?;
            user_id.map_or(Ok(()), |user_id| users::touch(conn, user_id, now))
        });
        if let Err(error) = touched.await {
            tracing::warn!(error = %error.chain(), "could not note that a session is used");
        }
    }

    fn new_row(&self, state: State) -> Result<(String, SessionRow)> {
        let member = state.get(MEMBER).and_then(|json| serde_json::from_str::<Member>(json).ok());
        let member = member.ok_or_else(|| Error::internal("a session is opened for nobody"))?;
        let key = URL_SAFE_NO_PAD.encode(super::random::<32>()?);
        let alias_of = state.get(ALIAS_OF).and_then(|json| serde_json::from_str(json).ok());
        let longest = if member.embedded.is_some() { LONGEST_EMBEDDED } else { LONGEST };
        let row = SessionRow {
            key_hash: Sha256::digest(key.as_bytes()).to_vec(),
            user_id: Some(member.user_id),
            state: stored_form(state)?,
            embedded_in: member.embedded.map(|embedded| embedded.site),
            alias_of,
            user_agent: member.user_agent,
            ip: member.ip,
            created_at: member.signed_in_at,
            last_seen_at: self.clock.now(),
            expires_at: member.signed_in_at + longest,
        };
        Ok((key, row))
    }
}

fn hash(key: &SessionKey) -> Vec<u8> {
    Sha256::digest(key.as_ref().as_bytes()).to_vec()
}

fn stored_form(mut state: State) -> Result<String> {
    state.remove(KEY_HASH);
    state.remove(ALIAS_OF);
    json(&state)
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

/// The error with its causes, in the shape that `actix-session` asks for.
fn whole(error: &Error) -> anyhow::Error {
    anyhow::Error::msg(error.chain().to_string())
}
