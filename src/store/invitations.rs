//! Links that work once: invitations, and the set-up link of an installation without an organization.

use diesel::prelude::*;

use super::Conn;
use super::schema::{invitations, users};
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::domain::role::Role;
use crate::error::{Error, Result};

/// An invitation that nobody has accepted or taken back; it may have expired.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = invitations)]
pub struct InvitationRow {
    /// The id.
    pub id: i64,
    organization_id: Option<i64>,
    /// Who was invited.
    pub email: String,
    role: String,
    /// Who invited them.
    pub invited_by: Option<i64>,
    /// When the present link was made.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl InvitationRow {
    /// The right to the organization that invites, for whoever holds the link; `None` for a set-up link.
    #[must_use]
    pub fn scope(&self) -> Option<OrgScope> {
        self.organization_id.map(OrgScope::granted)
    }

    /// Whether it leads to making an organization.
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        self.organization_id.is_none()
    }

    /// What the person will be.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role.parse().unwrap_or(Role::Annotator)
    }
}

/// A link to be stored.
#[derive(Debug, Insertable)]
#[diesel(table_name = invitations)]
pub struct NewInvitation<'a> {
    /// The organization; `None` for a set-up link.
    pub organization_id: Option<i64>,
    /// SHA-256 of the link's token.
    pub token_hash: &'a [u8],
    /// Who is invited.
    pub email: &'a str,
    /// The role's slug.
    pub role: &'a str,
    /// Who invites.
    pub invited_by: Option<i64>,
    /// Now.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// Stores a link.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, invitation: &NewInvitation) -> Result<i64> {
    Ok(diesel::insert_into(invitations::table).values(invitation).returning(invitations::id).get_result(conn)?)
}

/// An organization's open invitations with the inviter's name, newest first.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, scope: OrgScope) -> Result<Vec<(InvitationRow, Option<String>)>> {
    Ok(invitations::table
        .left_join(users::table)
        .filter(invitations::organization_id.eq(scope.id()).and(invitations::closed_at.is_null()))
        .order(invitations::id.desc())
        .select((InvitationRow::as_select(), users::name.nullable()))
        .load(conn)?)
}

/// One of an organization's open invitations.
///
/// # Errors
/// [`Error::NotFound`]; the database's.
pub fn find(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<InvitationRow> {
    Ok(invitations::table
        .find(id)
        .filter(invitations::organization_id.eq(scope.id()).and(invitations::closed_at.is_null()))
        .select(InvitationRow::as_select())
        .first(conn)?)
}

/// The link with that token, if it works now.
///
/// # Errors
/// [`Error::LinkClosed`]; the database's.
pub fn find_open(conn: &mut Conn, token_hash: &[u8], now: Timestamp) -> Result<InvitationRow> {
    invitations::table
        .filter(invitations::token_hash.eq(token_hash))
        .filter(invitations::closed_at.is_null().and(invitations::expires_at.gt(now)))
        .select(InvitationRow::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::LinkClosed)
}

/// Gives an open invitation a new link; the old one works no more.
///
/// # Errors
/// [`Error::NotFound`]; the database's.
pub fn renew(
    conn: &mut Conn,
    scope: OrgScope,
    id: i64,
    token_hash: &[u8],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    let open = invitations::table
        .find(id)
        .filter(invitations::organization_id.eq(scope.id()).and(invitations::closed_at.is_null()));
    let changed = diesel::update(open)
        .set((
            invitations::token_hash.eq(token_hash),
            invitations::created_at.eq(now),
            invitations::expires_at.eq(expires_at),
        ))
        .execute(conn)?;
    if changed == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// Uses a link up. Of two who hold the same link, one gets [`Error::LinkClosed`].
///
/// # Errors
/// [`Error::LinkClosed`]; the database's.
pub fn close(conn: &mut Conn, token_hash: &[u8], now: Timestamp) -> Result<()> {
    let open = invitations::table
        .filter(invitations::token_hash.eq(token_hash))
        .filter(invitations::closed_at.is_null().and(invitations::expires_at.gt(now)));
    let changed = diesel::update(open).set(invitations::closed_at.eq(now)).execute(conn)?;
    if changed == 1 { Ok(()) } else { Err(Error::LinkClosed) }
}

/// Takes an invitation back.
///
/// # Errors
/// [`Error::NotFound`]; the database's.
pub fn cancel(conn: &mut Conn, scope: OrgScope, id: i64, now: Timestamp) -> Result<()> {
    let open = invitations::table
        .find(id)
        .filter(invitations::organization_id.eq(scope.id()).and(invitations::closed_at.is_null()));
    let changed = diesel::update(open).set(invitations::closed_at.eq(now)).execute(conn)?;
    if changed == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// Takes back whatever invitations an address has in an organization.
///
/// # Errors
/// The database's.
pub fn cancel_of_email(conn: &mut Conn, scope: OrgScope, email: &str, now: Timestamp) -> Result<()> {
    let theirs = invitations::table
        .filter(invitations::organization_id.eq(scope.id()).and(invitations::email.eq(email)))
        .filter(invitations::closed_at.is_null());
    diesel::update(theirs).set(invitations::closed_at.eq(now)).execute(conn)?;
    Ok(())
}

/// Takes back the open invitations that a person has made, whose rights have changed.
///
/// # Errors
/// The database's.
pub fn cancel_of_inviter(conn: &mut Conn, scope: OrgScope, user_id: i64, now: Timestamp) -> Result<()> {
    let theirs = invitations::table
        .filter(invitations::organization_id.eq(scope.id()).and(invitations::invited_by.eq(user_id)))
        .filter(invitations::closed_at.is_null());
    diesel::update(theirs).set(invitations::closed_at.eq(now)).execute(conn)?;
    Ok(())
}

/// Uses up every set-up link.
///
/// # Errors
/// The database's.
pub fn close_set_up(conn: &mut Conn, now: Timestamp) -> Result<()> {
    let links = invitations::table.filter(invitations::organization_id.is_null().and(invitations::closed_at.is_null()));
    diesel::update(links).set(invitations::closed_at.eq(now)).execute(conn)?;
    Ok(())
}
