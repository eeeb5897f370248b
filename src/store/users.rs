//! The people of an organization.

use diesel::prelude::*;

use super::Conn;
use super::schema::users;
use crate::domain::actor::OrgScope;
use crate::domain::role::{Permission, Role};
use crate::error::Result;

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
