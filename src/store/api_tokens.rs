//! Tokens for the REST API, found by a hash of what the program brings.

use diesel::prelude::*;

use super::Conn;
use super::schema::{api_tokens, organizations, users};
use super::users::UserRow;
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::domain::api_token::{ApiScopes, ApiTokenKind, ApiTokenPolicy};
use crate::error::{Error, Result};

/// A token, as far as it is kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = api_tokens)]
pub struct ApiTokenRow {
    /// The id.
    pub id: i64,
    /// Whose it is.
    pub user_id: i64,
    kind: String,
    /// A personal token's id, or the last four characters of a legacy one.
    pub hint: String,
    /// What its owner calls it.
    pub name: String,
    scopes: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiTokenRow {
    /// How it is brought.
    #[must_use]
    pub fn kind(&self) -> ApiTokenKind {
        ApiTokenKind::from_slug(&self.kind).unwrap_or(ApiTokenKind::Legacy)
    }

    /// What it may be used for.
    #[must_use]
    pub fn scopes(&self) -> ApiScopes {
        ApiScopes::from_slugs(&self.scopes)
    }

    /// Whether its time is over.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// A token to be added.
#[derive(Clone, Debug)]
pub struct NewApiToken {
    /// Whose it is.
    pub user_id: i64,
    /// How it is brought.
    pub kind: ApiTokenKind,
    /// SHA-256 of a legacy token, or of a personal one's id.
    pub hash: Vec<u8>,
    /// A personal token's id, or the last four characters of a legacy one.
    pub hint: String,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: ApiScopes,
    /// Now.
    pub created_at: Timestamp,
    /// When it stops; `None` for never.
    pub expires_at: Option<Timestamp>,
}

/// A token that opens something now, with its owner and their organization.
#[derive(Queryable, Selectable)]
#[diesel(table_name = api_tokens)]
pub struct OpenApiToken {
    /// The token.
    #[diesel(embed)]
    pub token: ApiTokenRow,
    /// Its owner.
    #[diesel(embed)]
    pub user: UserRow,
    /// Their organization's id.
    #[diesel(select_expression = users::organization_id)]
    pub organization_id: i64,
    /// The organization's name.
    #[diesel(select_expression = organizations::name)]
    pub organization: String,
}

/// The token of that hash, unless its time is over, its owner is shut out, or the organization lets no tokens of its
/// kind in. One read, by a unique index: this is asked for every request.
///
/// # Errors
/// The database's.
pub fn find_open(conn: &mut Conn, hash: &[u8], now: Timestamp) -> Result<Option<OpenApiToken>> {
    let is_kind = |kind: ApiTokenKind| api_tokens::kind.eq(kind.slug());
    let is_let_in = (is_kind(ApiTokenKind::Personal).and(organizations::api_tokens_enabled))
        .or(is_kind(ApiTokenKind::Legacy).and(organizations::legacy_api_tokens_enabled));
    Ok(api_tokens::table
        .inner_join(users::table.inner_join(organizations::table))
        .filter(api_tokens::hash.eq(hash))
        .filter(api_tokens::expires_at.is_null().or(api_tokens::expires_at.gt(now)))
        .filter(users::deactivated_at.is_null())
        .filter(is_let_in)
        .select(OpenApiToken::as_select())
        .first(conn)
        .optional()?)
}

/// Adds a token and answers its id.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, new: &NewApiToken) -> Result<i64> {
    Ok(diesel::insert_into(api_tokens::table)
        .values((
            api_tokens::user_id.eq(new.user_id),
            api_tokens::kind.eq(new.kind.slug()),
            api_tokens::hash.eq(&new.hash),
            api_tokens::hint.eq(&new.hint),
            api_tokens::name.eq(&new.name),
            api_tokens::scopes.eq(new.scopes.to_string()),
            api_tokens::created_at.eq(new.created_at),
            api_tokens::expires_at.eq(new.expires_at),
        ))
        .returning(api_tokens::id)
        .get_result(conn)?)
}

/// A member's tokens, newest first.
///
/// # Errors
/// The database's.
pub fn of_user(conn: &mut Conn, user_id: i64) -> Result<Vec<ApiTokenRow>> {
    Ok(api_tokens::table
        .filter(api_tokens::user_id.eq(user_id))
        .order(api_tokens::id.desc())
        .select(ApiTokenRow::as_select())
        .load(conn)?)
}

/// All tokens of an organization with their owners' names, newest first.
///
/// # Errors
/// The database's.
pub fn of_organization(conn: &mut Conn, scope: OrgScope) -> Result<Vec<(ApiTokenRow, String)>> {
    Ok(api_tokens::table
        .inner_join(users::table)
        .filter(users::organization_id.eq(scope.id()))
        .order(api_tokens::id.desc())
        .select((ApiTokenRow::as_select(), users::name))
        .load(conn)?)
}

/// A member's token of that hash.
///
/// # Errors
/// [`Error::NotFound`]; the database's.
pub fn of_user_by_hash(conn: &mut Conn, user_id: i64, hash: &[u8]) -> Result<ApiTokenRow> {
    let theirs = api_tokens::user_id.eq(user_id).and(api_tokens::hash.eq(hash));
    Ok(api_tokens::table.filter(theirs).select(ApiTokenRow::as_select()).first(conn)?)
}

/// A token of the organization.
///
/// # Errors
/// [`Error::NotFound`]; the database's.
pub fn get(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<ApiTokenRow> {
    Ok(api_tokens::table
        .inner_join(users::table)
        .filter(users::organization_id.eq(scope.id()).and(api_tokens::id.eq(id)))
        .select(ApiTokenRow::as_select())
        .first(conn)?)
}

/// A token of whichever organization, with that organization's id. For the operator, who asks for none.
///
/// # Errors
/// [`Error::NotFound`]; the database's.
pub fn find(conn: &mut Conn, id: i64) -> Result<(ApiTokenRow, i64)> {
    Ok(api_tokens::table
        .inner_join(users::table)
        .filter(api_tokens::id.eq(id))
        .select((ApiTokenRow::as_select(), users::organization_id))
        .first(conn)?)
}

/// Deletes a token, so that it opens nothing from now on. Call [`get`] or [`of_user_by_hash`] first.
///
/// # Errors
/// [`Error::NotFound`] if it is gone already; the database's.
pub fn delete(conn: &mut Conn, id: i64) -> Result<()> {
    if diesel::delete(api_tokens::table.find(id)).execute(conn)? == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// Deletes all tokens of a member and answers how many there were.
///
/// # Errors
/// The database's.
pub fn delete_of_user(conn: &mut Conn, user_id: i64) -> Result<usize> {
    Ok(diesel::delete(api_tokens::table.filter(api_tokens::user_id.eq(user_id))).execute(conn)?)
}

/// Deletes a member's legacy tokens.
///
/// # Errors
/// The database's.
pub fn delete_legacy_of_user(conn: &mut Conn, user_id: i64) -> Result<usize> {
    let legacy = api_tokens::user_id.eq(user_id).and(api_tokens::kind.eq(ApiTokenKind::Legacy.slug()));
    Ok(diesel::delete(api_tokens::table.filter(legacy)).execute(conn)?)
}

/// Notes that a token is used, if nobody has done so since `noted_before`.
///
/// # Errors
/// The database's.
pub fn touch(conn: &mut Conn, id: i64, now: Timestamp, noted_before: Timestamp) -> Result<()> {
    let is_old = api_tokens::last_used_at.is_null().or(api_tokens::last_used_at.le(noted_before));
    diesel::update(api_tokens::table.filter(api_tokens::id.eq(id).and(is_old)))
        .set(api_tokens::last_used_at.eq(now))
        .execute(conn)?;
    Ok(())
}

/// Which tokens an organization lets in.
///
/// # Errors
/// The database's.
pub fn policy(conn: &mut Conn, scope: OrgScope) -> Result<ApiTokenPolicy> {
    let (personal_enabled, legacy_enabled, ttl_days) = organizations::table
        .find(scope.id())
        .select((
            organizations::api_tokens_enabled,
            organizations::legacy_api_tokens_enabled,
            organizations::api_token_ttl_days,
        ))
        .first(conn)?;
    Ok(ApiTokenPolicy { personal_enabled, legacy_enabled, ttl_days })
}

/// Changes which tokens an organization lets in.
///
/// # Errors
/// The database's.
pub fn set_policy(conn: &mut Conn, scope: OrgScope, policy: ApiTokenPolicy) -> Result<()> {
    diesel::update(organizations::table.find(scope.id()))
        .set((
            organizations::api_tokens_enabled.eq(policy.personal_enabled),
            organizations::legacy_api_tokens_enabled.eq(policy.legacy_enabled),
            organizations::api_token_ttl_days.eq(policy.ttl_days),
        ))
        .execute(conn)?;
    Ok(())
}
