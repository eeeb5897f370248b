//! People: their own account, and what Owners and Administrators do to others.

use std::sync::Arc;

use super::require;
use crate::app::App;
use crate::auth::{password, password_rules};
use crate::domain::actor::{Actor, Who};
use crate::domain::audit::{Act, AuditEntry, AuditTarget};
use crate::domain::person::{Email, parse_name};
use crate::domain::role::{Permission, Role};
use crate::domain::secret::Secret;
use crate::domain::theme::Theme;
use crate::error::{Error, Result};
use crate::store::users::{self, NewUser, UserRow};
use crate::store::{Conn, api_tokens, audit, invitations, password_links, sessions};

/// What is said of the last Owner, wherever somebody would take them away.
pub const LAST_OWNER: &str = "You’re the only Owner. Make someone else an Owner first.";
const THEIR_LAST_OWNER: &str = "This is the only Owner. Make someone else an Owner first.";

/// Changes the actor's own name and appearance.
///
/// # Errors
/// [`Error::Invalid`]; the database's.
pub async fn save_profile(app: &App, actor: &Actor, name: &str, theme: Theme) -> Result<()> {
    let name = parse_name(name, "Enter your name.").map_err(|problem| Error::field("name", problem))?;
    let (scope, user_id) = (actor.scope, actor.user_id);
    app.db.write(move |conn| users::set_profile(conn, scope, user_id, &name, theme)).await
}

/// Every member of the actor's organization.
///
/// # Errors
/// [`Error::Forbidden`]; the database's.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<UserRow>> {
    require(actor, Permission::ManageMembers)?;
    let scope = actor.scope;
    app.db.read(move |conn| users::list(conn, scope)).await
}

/// A member whom the actor may change.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; the database's.
pub async fn find(app: &App, actor: &Actor, user_id: i64) -> Result<UserRow> {
    let actor = actor.clone();
    app.db.read(move |conn| changeable(conn, &actor, user_id)).await
}

/// Gives a member another role.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`] for the last Owner; the database's.
pub async fn change_role(app: &App, actor: &Actor, user_id: i64, role: Role) -> Result<UserRow> {
    let (keys, now, actor) = (Arc::clone(&app.keys), app.clock.now(), actor.clone());
    app.db
        .write(move |conn| {
            users::lock_organization(conn, actor.scope)?;
            let actor = now_acting(conn, &actor)?;
            let user = changeable(conn, &actor, user_id)?;
            require_to_make(&actor, role)?;
            if user.role() == role {
                return Ok(user);
            }
            if !users::set_role(conn, actor.scope, user_id, role)? {
                return Err(Error::field("role", last_owner_words(&actor, user_id)));
            }
            password_links::revoke(conn, user_id)?;
            invitations::cancel_of_inviter(conn, actor.scope, user_id, now)?;
            let entry = AuditEntry::by(&actor, Act::RoleChanged)
                .on(AuditTarget::User { id: user_id, name: user.name.clone() })
                .with(format!("{} to {role}", user.role()));
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            Ok(user)
        })
        .await
}

/// Shuts a member out and ends their sessions.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`] for the last Owner; the database's.
pub async fn deactivate(app: &App, actor: &Actor, user_id: i64) -> Result<UserRow> {
    let (keys, now, actor) = (Arc::clone(&app.keys), app.clock.now(), actor.clone());
    app.db
        .write(move |conn| {
            users::lock_organization(conn, actor.scope)?;
            let actor = now_acting(conn, &actor)?;
            let user = changeable(conn, &actor, user_id)?;
            if !user.is_active() {
                return Ok(user);
            }
            if !users::deactivate(conn, actor.scope, user_id, now)? {
                return Err(Error::field("", last_owner_words(&actor, user_id)));
            }
            password_links::revoke(conn, user_id)?;
            invitations::cancel_of_inviter(conn, actor.scope, user_id, now)?;
            sessions::delete_all(conn, user_id)?;
            // Who is let in again makes new ones: these may be why somebody was shut out.
            let n_tokens = api_tokens::delete_of_user(conn, user_id)?;
            let entry = AuditEntry::by(&actor, Act::MemberDeactivated)
                .on(AuditTarget::User { id: user_id, name: user.name.clone() })
                .with(if n_tokens == 0 { String::new() } else { format!("API tokens revoked: {n_tokens}") });
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            Ok(user)
        })
        .await
}

/// Lets a member in again, in the role they had.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; the database's.
pub async fn reactivate(app: &App, actor: &Actor, user_id: i64) -> Result<UserRow> {
    let (keys, now, actor) = (Arc::clone(&app.keys), app.clock.now(), actor.clone());
    app.db
        .write(move |conn| {
            let actor = now_acting(conn, &actor)?;
            let user = changeable(conn, &actor, user_id)?;
            if user.is_active() {
                return Ok(user);
            }
            users::reactivate(conn, actor.scope, user_id)?;
            let entry = AuditEntry::by(&actor, Act::MemberReactivated)
                .on(AuditTarget::User { id: user_id, name: user.name.clone() });
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            Ok(user)
        })
        .await
}

/// A member whom the operator adds with the command line.
#[derive(Debug)]
pub struct Addition {
    /// The organization's name; may be left out where there is only one.
    pub organization: Option<String>,
    /// The e-mail address.
    pub email: String,
    /// The display name; the address's first part if it is left out.
    pub name: Option<String>,
    /// The role.
    pub role: Role,
    /// The password.
    pub password: Secret,
}

/// Adds a member for whoever runs the server.
///
/// # Errors
/// [`Error::Invalid`], as sentences; the database's.
pub async fn add(app: &App, addition: Addition) -> Result<()> {
    let email = Email::parse(&addition.email).map_err(|problem| Error::field("email", problem))?;
    let name = addition.name.unwrap_or_else(|| email.local_part().to_owned());
    let name = parse_name(&name, "Enter a name.").map_err(|problem| Error::field("name", problem))?;
    let (scope, organization) = super::organizations::chosen(app, addition.organization).await?;
    let at_hand = [email.local_part(), email.as_str(), &organization];
    password_rules::judge(addition.password.expose(), &at_hand).map_err(|problem| Error::field("password", problem))?;
    let password_hash = password::hash(&addition.password).await?;
    let (keys, now, role) = (Arc::clone(&app.keys), app.clock.now(), addition.role);
    app.db
        .write(move |conn| {
            let user = NewUser { email: email.as_str(), name: &name, role, password_hash: &password_hash };
            let id = users::insert(conn, scope, user, now)?
                .ok_or_else(|| Error::field("email", "Somebody signs in with this address already."))?;
            let entry = AuditEntry::of(Who::Operator, None, Act::MemberAdded)
                .on(AuditTarget::User { id, name })
                .with(format!("As {role}"));
            audit::append(conn, scope, &keys.audit, now, &entry)
        })
        .await
}

/// Refuses an actor who may not give a role: only Owners make Owners.
///
/// # Errors
/// [`Error::Forbidden`].
pub(super) fn require_to_make(actor: &Actor, role: Role) -> Result<()> {
    require(actor, Permission::ManageMembers)?;
    if role == Role::Owner { require(actor, Permission::ManageOwners) } else { Ok(()) }
}

/// The actor with the role that they have now, in this transaction: somebody may have taken it from them since
/// the request began.
pub(super) fn now_acting(conn: &mut Conn, actor: &Actor) -> Result<Actor> {
    let row = users::find(conn, actor.scope, actor.user_id)?;
    if !row.is_active() {
        return Err(Error::NotSignedIn);
    }
    Ok(Actor { role: row.role(), ..actor.clone() })
}

/// A member whom the actor may change.
pub(super) fn changeable(conn: &mut Conn, actor: &Actor, user_id: i64) -> Result<UserRow> {
    require(actor, Permission::ManageMembers)?;
    let user = users::find(conn, actor.scope, user_id)?;
    if user.role() == Role::Owner {
        require(actor, Permission::ManageOwners)?;
    }
    Ok(user)
}

fn last_owner_words(actor: &Actor, user_id: i64) -> &'static str {
    if actor.user_id == user_id { LAST_OWNER } else { THEIR_LAST_OWNER }
}
