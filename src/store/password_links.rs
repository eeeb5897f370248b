//! Links with which somebody who forgot their password chooses a new one. Each works once, and each member has one
//! at most.

use diesel::prelude::*;

use super::Conn;
use super::schema::{password_links, users};
use super::users::UserRow;
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::error::{Error, Result};

/// A link to be stored.
#[derive(Debug, Insertable)]
#[diesel(table_name = password_links)]
pub struct NewPasswordLink<'a> {
    /// Whose password it is about.
    pub user_id: i64,
    /// SHA-256 of the link's token.
    pub token_hash: &'a [u8],
    /// Who made it.
    pub made_by: i64,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// Stores a link in the place of an older one. The caller has taken the organization's row, so that two at once
/// come one after the other.
///
/// # Errors
/// The database's.
pub fn put(conn: &mut Conn, link: &NewPasswordLink) -> Result<()> {
    diesel::delete(password_links::table.find(link.user_id)).execute(conn)?;
    diesel::insert_into(password_links::table).values(link).execute(conn)?;
    Ok(())
}

/// Whose link it is, and the right to their organization, if it works now.
///
/// # Errors
/// [`Error::LinkClosed`]; the database's.
pub fn holder(conn: &mut Conn, token_hash: &[u8], now: Timestamp) -> Result<(UserRow, OrgScope)> {
    let (user, organization_id) = password_links::table
        .inner_join(users::table)
        .filter(password_links::token_hash.eq(token_hash).and(password_links::expires_at.gt(now)))
        .filter(users::deactivated_at.is_null())
        .select((UserRow::as_select(), users::organization_id))
        .first(conn)
        .optional()?
        .ok_or(Error::LinkClosed)?;
    Ok((user, OrgScope::granted(organization_id)))
}

/// Uses a link up. Of two who hold the same link, one gets [`Error::LinkClosed`].
///
/// # Errors
/// [`Error::LinkClosed`]; the database's.
pub fn use_up(conn: &mut Conn, token_hash: &[u8], now: Timestamp) -> Result<()> {
    let open =
        password_links::table.filter(password_links::token_hash.eq(token_hash).and(password_links::expires_at.gt(now)));
    if diesel::delete(open).execute(conn)? == 1 { Ok(()) } else { Err(Error::LinkClosed) }
}

/// Closes the link to a member's account, and those that they have made: after a change of rights neither may lead
/// to more than was meant.
///
/// # Errors
/// The database's.
pub fn revoke(conn: &mut Conn, user_id: i64) -> Result<()> {
    let theirs = password_links::user_id.eq(user_id).or(password_links::made_by.eq(user_id));
    diesel::delete(password_links::table.filter(theirs)).execute(conn)?;
    Ok(())
}

/// Closes the link to a member's account.
///
/// # Errors
/// The database's.
pub fn close(conn: &mut Conn, user_id: i64) -> Result<()> {
    diesel::delete(password_links::table.find(user_id)).execute(conn)?;
    Ok(())
}
