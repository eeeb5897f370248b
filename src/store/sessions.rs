//! Sessions, found by the SHA-256 of a key that only the browser has.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::Conn;
use super::schema::{sessions, users};
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::error::Result;

/// A session.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
pub struct SessionRow {
    /// SHA-256 of the session's key.
    pub key_hash: Vec<u8>,
    /// Whose it is.
    pub user_id: Option<i64>,
    /// What the server remembers, as JSON.
    pub state: String,
    /// The browser as it named itself.
    pub user_agent: String,
    /// From where it was opened.
    pub ip: String,
    /// When its owner signed in.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends, used or not.
    pub expires_at: Timestamp,
    /// The origin of the page whose frame holds it; `None` for our own pages.
    pub embedded_in: Option<String>,
    /// The session that this is only another key for.
    pub alias_of: Option<Vec<u8>>,
}

/// Where a session is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// In our own pages.
    OwnPages,
    /// In a frame inside another product's page, and in windows opened from it.
    Embedded,
}

impl SessionKind {
    fn of(row: &SessionRow) -> Self {
        if row.embedded_in.is_some() { Self::Embedded } else { Self::OwnPages }
    }
}

/// How long sessions may be left alone.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    /// In our own pages.
    pub own_pages: TimeDelta,
    /// In frames.
    pub embedded: TimeDelta,
}

/// A session of that kind that is neither too old nor was left alone for too long.
///
/// # Errors
/// The database's.
pub fn find_live(
    conn: &mut Conn,
    key_hash: &[u8],
    kind: SessionKind,
    now: Timestamp,
    idle: Idle,
) -> Result<Option<SessionRow>> {
    let row = sessions::table.find(key_hash).filter(is_live(now, idle)).select(SessionRow::as_select());
    let row: Option<SessionRow> = row.first(conn).optional()?;
    Ok(row.filter(|row| SessionKind::of(row) == kind))
}

/// A user's live sessions, the one used last first.
///
/// # Errors
/// The database's.
pub fn live_of_user(conn: &mut Conn, user_id: i64, now: Timestamp, idle: Idle) -> Result<Vec<SessionRow>> {
    Ok(sessions::table
        .filter(sessions::user_id.eq(user_id).and(sessions::alias_of.is_null()))
        .filter(is_live(now, idle))
        .order(sessions::last_seen_at.desc())
        .select(SessionRow::as_select())
        .load(conn)?)
}

/// Stores a session; of its user's others of the same kind only the `most - 1` that were used last stay.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, row: &SessionRow, most: i64) -> Result<()> {
    if let Some(user_id) = row.user_id {
        let is_embedded = SessionKind::of(row) == SessionKind::Embedded;
        let surplus: Vec<Vec<u8>> = sessions::table
            .filter(sessions::user_id.eq(user_id).and(sessions::embedded_in.is_not_null().eq(is_embedded)))
            .order(sessions::last_seen_at.desc())
            .offset(most - 1)
            .limit(i64::from(u16::MAX))
            .select(sessions::key_hash)
            .load(conn)?;
        diesel::delete(sessions::table.filter(sessions::key_hash.eq_any(surplus))).execute(conn)?;
    }
    diesel::insert_into(sessions::table).values(row).execute(conn)?;
    Ok(())
}

/// Remembers something else. A session that was ended meanwhile stays ended.
///
/// # Errors
/// The database's.
pub fn set_state(conn: &mut Conn, key_hash: &[u8], state: &str) -> Result<()> {
    diesel::update(sessions::table.find(key_hash)).set(sessions::state.eq(state)).execute(conn)?;
    Ok(())
}

/// Notes that a session is used.
///
/// # Errors
/// The database's.
pub fn touch(conn: &mut Conn, key_hash: &[u8], now: Timestamp) -> Result<()> {
    diesel::update(sessions::table.find(key_hash)).set(sessions::last_seen_at.eq(now)).execute(conn)?;
    Ok(())
}

/// Ends a session, by all of its keys.
///
/// # Errors
/// The database's.
pub fn delete(conn: &mut Conn, key_hash: &[u8]) -> Result<()> {
    diesel::delete(sessions::table.filter(is_or_stands_for(key_hash))).execute(conn)?;
    Ok(())
}

/// Ends one of a user's sessions; false if they have no such session.
///
/// # Errors
/// The database's.
pub fn delete_of_user(conn: &mut Conn, user_id: i64, key_hash: &[u8]) -> Result<bool> {
    let theirs = sessions::table.filter(is_or_stands_for(key_hash)).filter(sessions::user_id.eq(user_id));
    Ok(diesel::delete(theirs).execute(conn)? > 0)
}

/// Ends all of a user's sessions and answers how many there were.
///
/// # Errors
/// The database's.
pub fn delete_all(conn: &mut Conn, user_id: i64) -> Result<usize> {
    Ok(diesel::delete(sessions::table.filter(sessions::user_id.eq(user_id))).execute(conn)?)
}

/// Ends all of a user's sessions but one, and answers how many there were.
///
/// # Errors
/// The database's.
pub fn delete_others(conn: &mut Conn, user_id: i64, kept: &[u8]) -> Result<usize> {
    let others = sessions::table.filter(sessions::user_id.eq(user_id)).filter(diesel::dsl::not(is_or_stands_for(kept)));
    let n_others: i64 = others.clone().filter(sessions::alias_of.is_null()).count().get_result(conn)?;
    diesel::delete(others).execute(conn)?;
    Ok(usize::try_from(n_others).unwrap_or(0))
}

/// Ends all sessions of an organization's members in the frames of a site.
///
/// # Errors
/// The database's.
pub fn delete_embedded_in(conn: &mut Conn, scope: OrgScope, site: &str) -> Result<()> {
    let members = users::table.filter(users::organization_id.eq(scope.id())).select(users::id.nullable());
    let there = sessions::table.filter(sessions::embedded_in.eq(site)).filter(sessions::user_id.eq_any(members));
    diesel::delete(there).execute(conn)?;
    Ok(())
}

/// Deletes what has ended by itself.
///
/// # Errors
/// The database's.
pub fn delete_dead(conn: &mut Conn, now: Timestamp, idle: Idle) -> Result<usize> {
    Ok(diesel::delete(sessions::table.filter(diesel::dsl::not(is_live(now, idle)))).execute(conn)?)
}

#[diesel::dsl::auto_type]
fn is_live(now: Timestamp, idle: Idle) -> _ {
    let own_since: Timestamp = now - idle.own_pages;
    let embedded_since: Timestamp = now - idle.embedded;
    let own = sessions::embedded_in.is_null().and(sessions::last_seen_at.gt(own_since));
    let embedded = sessions::embedded_in.is_not_null().and(sessions::last_seen_at.gt(embedded_since));
    sessions::expires_at.gt(now).and(own.or(embedded))
}

#[diesel::dsl::auto_type]
fn is_or_stands_for(key_hash: &[u8]) -> _ {
    let key_hash: Vec<u8> = key_hash.to_vec();
    let same: Vec<u8> = key_hash.clone();
    // Never NULL, so that it can be negated.
    sessions::key_hash
        .eq(key_hash)
        .or(sessions::alias_of.is_not_null().and(sessions::alias_of.assume_not_null().eq(same)))
}
