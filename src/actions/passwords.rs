//! Passwords: one's own, and the ways back for somebody who has forgotten theirs. There is no mail server: whoever
//! makes a link passes it on.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::sessions::{SignedIn, count, counted_by_account, counted_by_user};
use super::users::{changeable, now_acting};
use crate::app::App;
use crate::auth::password::{self, Verified};
use crate::auth::session::CurrentSession;
use crate::auth::{one_time, password_rules};
use crate::domain::actor::{Actor, OrgScope, Who};
use crate::domain::audit::{Act, AuditEntry, AuditTarget};
use crate::domain::field_errors::FieldErrors;
use crate::domain::person::Email;
use crate::domain::secret::Secret;
use crate::error::{Error, Result};
use crate::store::password_links::{self, NewPasswordLink};
use crate::store::users::{self, UserRow};
use crate::store::{Conn, audit, organizations, sessions, sign_in_failures};

/// How long a new-password link works.
const VALID: TimeDelta = TimeDelta::hours(24);

/// A new-password link that is yet to be shown, once: only the token's hash is kept.
#[derive(Debug, Serialize, Deserialize)]
pub struct PasswordLink {
    /// The name of whom it is for.
    pub name: String,
    /// What [`address`] makes the link of.
    pub nonce: String,
}

/// Whose password a link is about.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The address that they sign in with.
    pub email: String,
    /// Their organization's name.
    pub organization: String,
}

/// Changes the actor's own password and ends their other sessions.
///
/// # Errors
/// [`Error::Invalid`]; [`Error::TooMany`] after too many wrong guesses at the present one; the database's.
pub async fn change(app: &App, actor: &Actor, session: &CurrentSession, current: &Secret, new: &Secret) -> Result<()> {
    judge_change(actor, current, new)?;
    let email = actor.email.clone();
    let account = app.db.read(move |conn| users::account(conn, &email)).await?.ok_or(Error::NotSignedIn)?;
    count(app, counted_by_user(actor.user_id)).await?;
    if password::verify(current, Some(account.password_hash.clone())).await? == Verified::Wrong {
        return Err(Error::field("current", "This isn’t your current password."));
    }
    let new_hash = password::hash(new).await?;
    let (keys, now, actor, kept) = (Arc::clone(&app.keys), app.clock.now(), actor.clone(), session.key_hash.clone());
    app.db
        .write(move |conn| {
            if !users::set_password_hash(conn, actor.user_id, &account.password_hash, &new_hash)? {
                return Err(Error::field("current", "Your password was changed a moment ago, in another window."));
            }
            sign_in_failures::forgive(conn, &counted_by_user(actor.user_id))?;
            password_links::close(conn, actor.user_id)?;
            let n_ended = sessions::delete_others(conn, actor.user_id, &kept)?;
            let entry = AuditEntry::by(&actor, Act::PasswordChanged)
                .on(AuditTarget::User { id: actor.user_id, name: actor.name.clone() })
                .with(format!("Other sessions ended: {n_ended}"));
            audit::append(conn, actor.scope, &keys.audit, now, &entry)
        })
        .await
}

/// Makes a link with which somebody else chooses a new password. An older one of theirs works no more.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`] for oneself and for whoever is deactivated; the
/// database's.
pub async fn make_link(app: &App, actor: &Actor, user_id: i64) -> Result<PasswordLink> {
    let (nonce, token_hash) = one_time::make(&app.keys)?;
    let (keys, now, actor) = (Arc::clone(&app.keys), app.clock.now(), actor.clone());
    app.db
        .write(move |conn| {
            users::lock_organization(conn, actor.scope)?;
            let actor = now_acting(conn, &actor)?;
            let user = changeable(conn, &actor, user_id)?;
            may_have_link(&actor, &user)?;
            let (made_by, expires_at) = (actor.user_id, now + VALID);
            password_links::put(conn, &NewPasswordLink { user_id, token_hash: &token_hash, made_by, expires_at })?;
            let entry = AuditEntry::by(&actor, Act::PasswordLinkMade)
                .on(AuditTarget::User { id: user_id, name: user.name.clone() });
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            Ok(PasswordLink { name: user.name, nonce })
        })
        .await
}

/// The address to pass on.
///
/// # Errors
/// [`Error::Internal`], which does not happen.
pub fn address(app: &App, link: &PasswordLink) -> Result<String> {
    let token = one_time::token(&app.keys, &link.nonce)?;
    Ok(format!("{}/new-password?code={}", app.config.public_origin(), token.expose()))
}

/// Whose password a link is about, if it works.
///
/// # Errors
/// [`Error::LinkClosed`]; the database's.
pub async fn open(app: &App, token: &Secret) -> Result<Holder> {
    let (token_hash, now) = (one_time::hash(token), app.clock.now());
    app.db
        .read(move |conn| {
            let (user, scope) = password_links::holder(conn, &token_hash, now)?;
            Ok(Holder { email: user.email, organization: organizations::name(conn, scope)? })
        })
        .await
}

/// Gives whoever holds the link a new password and ends all of their sessions. Of two who hold the same link, one
/// does it.
///
/// # Errors
/// [`Error::LinkClosed`]; [`Error::Invalid`]; the database's.
pub async fn change_by_link(app: &App, token: &Secret, new: &Secret, ip: Option<IpAddr>) -> Result<SignedIn> {
    let holder = open(app, token).await?;
    judge(&holder.email, &holder.organization, new).map_err(|problem| Error::field("password", problem))?;
    let new_hash = password::hash(new).await?;
    let (keys, now, token_hash) = (Arc::clone(&app.keys), app.clock.now(), one_time::hash(token));
    app.db
        .write(move |conn| {
            let (user, scope) = password_links::holder(conn, &token_hash, now)?;
            users::lock_organization(conn, scope)?;
            password_links::use_up(conn, &token_hash, now)?;
            let n_ended = replace(conn, scope, &user, &new_hash)?;
            users::touch(conn, user.id, now)?;
            let who = Who::Person { id: user.id, name: user.name.clone() };
            let entry = AuditEntry::of(who, ip, Act::PasswordChangedByLink)
                .on(AuditTarget::User { id: user.id, name: user.name.clone() })
                .with(format!("Sessions ended: {n_ended}"));
            audit::append(conn, scope, &keys.audit, now, &entry)?;
            Ok(SignedIn { user_id: user.id, role: user.role() })
        })
        .await
}

/// Gives a member a new password for whoever runs the server, and ends all of their sessions.
///
/// # Errors
/// [`Error::Invalid`], as sentences; the database's.
pub async fn set(app: &App, email: &Email, new: &Secret) -> Result<()> {
    let wanted = email.clone();
    let found = app
        .db
        .read(move |conn| {
            let Some(account) = users::account(conn, wanted.as_str())? else { return Ok(None) };
            let scope = OrgScope::granted(account.organization_id);
            Ok(Some((users::find(conn, scope, account.id)?, scope, organizations::name(conn, scope)?)))
        })
        .await?;
    let (user, scope, organization) =
        found.ok_or_else(|| Error::field("email", "Nobody signs in with this address."))?;
    if !user.is_active() {
        return Err(Error::field("email", "This person is deactivated. Reactivate them first, on the members page."));
    }
    judge(&user.email, &organization, new).map_err(|problem| Error::field("password", problem))?;
    let new_hash = password::hash(new).await?;
    let (keys, now) = (Arc::clone(&app.keys), app.clock.now());
    app.db
        .write(move |conn| {
            users::lock_organization(conn, scope)?;
            let n_ended = replace(conn, scope, &user, &new_hash)?;
            let entry = AuditEntry::of(Who::Operator, None, Act::PasswordChanged)
                .on(AuditTarget::User { id: user.id, name: user.name })
                .with(format!("Sessions ended: {n_ended}"));
            audit::append(conn, scope, &keys.audit, now, &entry)
        })
        .await
}

fn may_have_link(actor: &Actor, user: &UserRow) -> Result<()> {
    if user.id == actor.user_id {
        return Err(Error::field("", "You’re signed in. Change your own password on your account page."));
    }
    if !user.is_active() {
        return Err(Error::field("", format!("{} is deactivated. Reactivate them first.", user.name)));
    }
    Ok(())
}

/// Puts a password in the place of one that nobody had to show, and lets nothing that came before it stand. Answers
/// how many sessions ended.
fn replace(conn: &mut Conn, scope: OrgScope, user: &UserRow, new_hash: &str) -> Result<usize> {
    users::reset_password_hash(conn, scope, user.id, new_hash)?;
    password_links::close(conn, user.id)?;
    sign_in_failures::forgive(conn, &counted_by_user(user.id))?;
    sign_in_failures::forgive(conn, &counted_by_account(&user.email))?;
    sessions::delete_all(conn, user.id)
}

fn judge_change(actor: &Actor, current: &Secret, new: &Secret) -> Result<(), FieldErrors> {
    let mut errors = FieldErrors::default();
    if current.is_empty() {
        errors.add("current", "Enter your current password.");
    }
    if let Err(problem) = judge(&actor.email, &actor.organization, new) {
        errors.add("new", problem);
    } else if new.expose() == current.expose() {
        errors.add("new", "This is your current password. Choose another one.");
    }
    errors.into_result()
}

fn judge(email: &str, organization: &str, new: &Secret) -> Result<(), &'static str> {
    let local_part = email.split('@').next().unwrap_or_default();
    password_rules::judge(new.expose(), &[local_part, email, organization])
}
