//! The people of an organization.

use diesel::prelude::*;

use super::schema::{organizations, users};
use super::{Conn, is_taken};
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::domain::role::{Permission, Role};
use crate::domain::theme::Theme;
use crate::error::{Error, Result};

/// A member as the members page shows them.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct UserRow {
    /// The id.
    pub id: i64,
    /// The address they sign in with, in lower case.
    pub email: String,
    /// The display name.
    pub name: String,
    role: String,
    theme: String,
    /// When they were shut out.
    pub deactivated_at: Option<Timestamp>,
    /// When they were last here, to the minute.
    pub last_seen_at: Option<Timestamp>,
    /// When they came.
    pub created_at: Timestamp,
}

impl UserRow {
    /// Their role. One that this version does not know is the weakest.
    #[must_use]
    pub fn role(&self) -> Role {
        read_role(&self.role)
    }

    /// Light or dark.
    #[must_use]
    pub fn theme(&self) -> Theme {
        Theme::from_slug(&self.theme)
    }

    /// Whether they may sign in.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.deactivated_at.is_none()
    }
}

/// What signing in needs to know of an account. There is no `Debug`: the hash stays out of logs.
#[derive(Queryable)]
pub struct AccountRow {
    /// The user's id.
    pub id: i64,
    /// Their organization's id.
    pub organization_id: i64,
    /// The display name.
    pub name: String,
    /// The password's hash, with its parameters.
    pub password_hash: String,
    /// When they were shut out.
    pub deactivated_at: Option<Timestamp>,
}

/// A member to be added.
#[derive(Clone, Copy)]
pub struct NewUser<'a> {
    /// In lower case.
    pub email: &'a str,
    /// The display name.
    pub name: &'a str,
    /// The role.
    pub role: Role,
    /// The password's hash.
    pub password_hash: &'a str,
}

/// Adds a member; `None` if somebody, in whatever organization, already signs in with the address.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, scope: OrgScope, user: NewUser, now: Timestamp) -> Result<Option<i64>> {
    let values = (
        users::organization_id.eq(scope.id()),
        users::email.eq(user.email),
        users::name.eq(user.name),
        users::role.eq(user.role.slug()),
        users::password_hash.eq(user.password_hash),
        users::created_at.eq(now),
    );
    // PostgreSQL spoils the whole transaction at an error, so the insert gets a savepoint.
    match conn
        .transaction(|conn| diesel::insert_into(users::table).values(values).returning(users::id).get_result(conn))
    {
        Ok(id) => Ok(Some(id)),
        Err(error) if is_taken(&error, "users", &["email"]) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The account that signs in with an address. The one place where nobody is authenticated yet.
///
/// # Errors
/// The database's.
pub fn account(conn: &mut Conn, email: &str) -> Result<Option<AccountRow>> {
    Ok(users::table
        .filter(users::email.eq(email))
        .select((users::id, users::organization_id, users::name, users::password_hash, users::deactivated_at))
        .first(conn)
        .optional()?)
}

/// Who a session belongs to, with their organization's id and name; `None` if they may not sign in any more.
///
/// # Errors
/// The database's.
pub fn of_session(conn: &mut Conn, user_id: i64) -> Result<Option<(UserRow, i64, String)>> {
    Ok(users::table
        .inner_join(organizations::table)
        .filter(users::id.eq(user_id).and(users::deactivated_at.is_null()))
        .select((UserRow::as_select(), users::organization_id, organizations::name))
        .first(conn)
        .optional()?)
}

/// A member.
///
/// # Errors
/// [`Error::NotFound`], also for a member of another organization; the database's.
pub fn find(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<UserRow> {
    Ok(users::table
        .filter(users::organization_id.eq(scope.id()).and(users::id.eq(id)))
        .select(UserRow::as_select())
        .first(conn)?)
}

/// Every member: those who may sign in first, each group in the order in which they came.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, scope: OrgScope) -> Result<Vec<UserRow>> {
    let mut rows: Vec<UserRow> = users::table
        .filter(users::organization_id.eq(scope.id()))
        .order(users::id)
        .select(UserRow::as_select())
        .load(conn)?;
    rows.sort_by_key(|row| !row.is_active());
    Ok(rows)
}

/// A member's name; `None` if there is no such member.
///
/// # Errors
/// The database's.
pub fn name(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<Option<String>> {
    Ok(users::table
        .filter(users::organization_id.eq(scope.id()).and(users::id.eq(id)))
        .select(users::name)
        .first(conn)
        .optional()?)
}

/// Those of these people who are members, also those who have left.
///
/// # Errors
/// The database's.
pub fn of_ids(conn: &mut Conn, scope: OrgScope, ids: &[i64]) -> Result<Vec<UserRow>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    Ok(users::table
        .filter(users::organization_id.eq(scope.id()).and(users::id.eq_any(ids)))
        .select(UserRow::as_select())
        .load(conn)?)
}

/// The ids and names of all members, also of those who have left.
///
/// # Errors
/// The database's.
pub fn names(conn: &mut Conn, scope: OrgScope) -> Result<Vec<(i64, String)>> {
    Ok(users::table.filter(users::organization_id.eq(scope.id())).select((users::id, users::name)).load(conn)?)
}

/// The names of those whom others ask for help: who may manage connections and can sign in.
///
/// # Errors
/// The database's.
pub fn names_of_managers(conn: &mut Conn, scope: OrgScope) -> Result<Vec<String>> {
    let roles = Role::ALL.into_iter().filter(|role| role.may(Permission::ManageConnections));
    Ok(users::table
        .filter(users::organization_id.eq(scope.id()).and(users::deactivated_at.is_null()))
        .filter(users::role.eq_any(roles.map(Role::slug).collect::<Vec<_>>()))
        .order(users::id)
        .select(users::name)
        .load(conn)?)
}

/// Gives a member another role, unless it would take the organization's last Owner: then false.
///
/// # Errors
/// [`Error::NotFound`]; the database's.
pub fn set_role(conn: &mut Conn, scope: OrgScope, id: i64, role: Role) -> Result<bool> {
    lock_organization(conn, scope)?;
    if role != Role::Owner && is_last_owner(conn, scope, id)? {
        return Ok(false);
    }
    update_one(diesel::update(member(scope, id)).set(users::role.eq(role.slug())).execute(conn)?)?;
    Ok(true)
}

/// Shuts a member out, unless it is the organization's last Owner: then false.
///
/// # Errors
/// [`Error::NotFound`]; the database's.
pub fn deactivate(conn: &mut Conn, scope: OrgScope, id: i64, now: Timestamp) -> Result<bool> {
    lock_organization(conn, scope)?;
    if is_last_owner(conn, scope, id)? {
        return Ok(false);
    }
    update_one(diesel::update(member(scope, id)).set(users::deactivated_at.eq(now)).execute(conn)?)?;
    Ok(true)
}

/// Lets a member in again.
///
/// # Errors
/// [`Error::NotFound`]; the database's.
pub fn reactivate(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<()> {
    let nobody: Option<Timestamp> = None;
    update_one(diesel::update(member(scope, id)).set(users::deactivated_at.eq(nobody)).execute(conn)?)
}

/// Changes name and appearance.
///
/// # Errors
/// [`Error::NotFound`]; the database's.
pub fn set_profile(conn: &mut Conn, scope: OrgScope, id: i64, name: &str, theme: Theme) -> Result<()> {
    let values = (users::name.eq(name), users::theme.eq(theme.slug()));
    update_one(diesel::update(member(scope, id)).set(values).execute(conn)?)
}

/// Puts a new password's hash in the place of `old_hash`; false if it is there no more.
///
/// # Errors
/// The database's.
pub fn set_password_hash(conn: &mut Conn, id: i64, old_hash: &str, new_hash: &str) -> Result<bool> {
    let unchanged = users::table.filter(users::id.eq(id).and(users::password_hash.eq(old_hash)));
    Ok(diesel::update(unchanged).set(users::password_hash.eq(new_hash)).execute(conn)? == 1)
}

/// Gives a member another password, whatever the present one is.
///
/// # Errors
/// [`Error::NotFound`]; the database's.
pub fn reset_password_hash(conn: &mut Conn, scope: OrgScope, id: i64, hash: &str) -> Result<()> {
    update_one(diesel::update(member(scope, id)).set(users::password_hash.eq(hash)).execute(conn)?)
}

/// Notes that a member is here.
///
/// # Errors
/// The database's.
pub fn touch(conn: &mut Conn, id: i64, now: Timestamp) -> Result<()> {
    diesel::update(users::table.find(id)).set(users::last_seen_at.eq(now)).execute(conn)?;
    Ok(())
}

/// The number of Owners who may sign in.
///
/// # Errors
/// The database's.
pub fn n_owners(conn: &mut Conn, scope: OrgScope) -> Result<i64> {
    Ok(users::table
        .filter(users::organization_id.eq(scope.id()).and(users::deactivated_at.is_null()))
        .filter(users::role.eq(Role::Owner.slug()))
        .count()
        .get_result(conn)?)
}

/// Takes the organization's row, as every change of people does first of all. A count alone would not do on
/// PostgreSQL: two transactions that each take one of two Owners would both still count the other.
///
/// # Errors
/// The database's.
pub fn lock_organization(conn: &mut Conn, scope: OrgScope) -> Result<()> {
    diesel::update(organizations::table.find(scope.id()))
        .set(organizations::audit_seq.eq(organizations::audit_seq))
        .execute(conn)?;
    Ok(())
}

fn is_last_owner(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<bool> {
    let row = find(conn, scope, id)?;
    Ok(row.is_active() && row.role() == Role::Owner && n_owners(conn, scope)? == 1)
}

#[diesel::dsl::auto_type]
fn member(scope: OrgScope, id: i64) -> _ {
    let organization_id: i64 = scope.id();
    users::table.filter(users::organization_id.eq(organization_id).and(users::id.eq(id)))
}

fn update_one(n_changed: usize) -> Result<()> {
    if n_changed == 1 { Ok(()) } else { Err(Error::NotFound) }
}

fn read_role(slug: &str) -> Role {
    slug.parse().unwrap_or(Role::Annotator)
}
