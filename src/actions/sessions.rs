//! Signing in and out.

use std::net::IpAddr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::app::App;
use crate::auth::device;
use crate::auth::extract::Client;
use crate::auth::password::{self, Verified};
use crate::auth::session::{CurrentSession, IDLE};
use crate::clock::Timestamp;
use crate::domain::actor::{Actor, OrgScope, Who};
use crate::domain::audit::{Act, AuditEntry, AuditTarget};
use crate::domain::person::Email;
use crate::domain::role::{Permission, Role};
use crate::domain::secret::Secret;
use crate::error::{Error, Result};
use crate::store::sessions::SessionRow;
use crate::store::sign_in_failures::{self, Verdict};
use crate::store::users::{self, AccountRow};
use crate::store::{Conn, audit, nonces, organizations, sessions};

/// Somebody who has just proved who they are.
#[derive(Clone, Copy, Debug)]
pub struct SignedIn {
    /// The user's id.
    pub user_id: i64,
    /// Their role now.
    pub role: Role,
}

/// Signs somebody in by e-mail address and password. An unknown address, a wrong password and a deactivated
/// account get the same answer after the same time.
///
/// # Errors
/// [`Error::Invalid`]; [`Error::TooMany`]; the database's.
pub async fn sign_in(app: &App, email: &str, password: &Secret, client: &Client) -> Result<SignedIn> {
    let email = Email::parse(email).map_err(|problem| Error::field("email", problem))?;
    if password.is_empty() {
        return Err(Error::field("password", "Enter the password."));
    }
    let wanted = email.clone();
    let account = app.db.read(move |conn| users::account(conn, wanted.as_str())).await?;
    let counted_by = counted_by(app, &email, account.as_ref(), client)?;
    let tries_left = count(app, counted_by.clone()).await?;
    let stored_hash = account.as_ref().map(|account| account.password_hash.clone());
    let verified = password::verify(password, stored_hash).await?;
    match (verified, account) {
        (Verified::Right { renewed_hash }, Some(account)) if account.deactivated_at.is_none() => {
            let_in(app, account, renewed_hash, counted_by, client.ip).await
        }
        (_, account) => {
            note_failure(app, &email, account, client.ip).await?;
            Err(Error::field("email", no_match(tries_left)))
        }
    }
}

/// Notes that somebody has signed out. The session itself ends with its cookie.
///
/// # Errors
/// The database's.
pub async fn sign_out(app: &App, actor: &Actor) -> Result<()> {
    let (keys, now, actor) = (Arc::clone(&app.keys), app.clock.now(), actor.clone());
    let entry = AuditEntry::by(&actor, Act::SignedOut);
    app.db.write(move |conn| audit::append(conn, actor.scope, &keys.audit, now, &entry)).await
}

/// Where the actor is signed in, the session used last first.
///
/// # Errors
/// The database's.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<SessionRow>> {
    let (user_id, now) = (actor.user_id, app.clock.now());
    app.db.read(move |conn| sessions::live_of_user(conn, user_id, now, IDLE)).await
}

/// Ends one of the actor's own sessions.
///
/// # Errors
/// [`Error::NotFound`]; the database's.
pub async fn end_one(app: &App, actor: &Actor, key_hash: Vec<u8>) -> Result<()> {
    let (keys, now, actor) = (Arc::clone(&app.keys), app.clock.now(), actor.clone());
    app.db
        .write(move |conn| {
            if !sessions::delete_of_user(conn, actor.user_id, &key_hash)? {
                return Err(Error::NotFound);
            }
            let entry = AuditEntry::by(&actor, Act::SignedOut).with("Another of their sessions");
            audit::append(conn, actor.scope, &keys.audit, now, &entry)
        })
        .await
}

/// Ends all of the actor's sessions but the present one, and answers how many there were.
///
/// # Errors
/// The database's.
pub async fn end_others(app: &App, actor: &Actor, current: &CurrentSession) -> Result<usize> {
    let (keys, now, actor, kept) = (Arc::clone(&app.keys), app.clock.now(), actor.clone(), current.key_hash.clone());
    app.db
        .write(move |conn| {
            let n_ended = sessions::delete_others(conn, actor.user_id, &kept)?;
            let entry = AuditEntry::by(&actor, Act::SignedOutEverywhere)
                .on(AuditTarget::User { id: actor.user_id, name: actor.name.clone() })
                .with("All but the present one");
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            Ok(n_ended)
        })
        .await
}

/// Ends all sessions of a member. Only an Owner may do so to an Owner.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; the database's.
pub async fn end_all_of(app: &App, actor: &Actor, user_id: i64) -> Result<String> {
    let (keys, now, actor) = (Arc::clone(&app.keys), app.clock.now(), actor.clone());
    app.db
        .write(move |conn| {
            let is_another = user_id != actor.user_id;
            if is_another {
                // Before looking: whoever may not do it must not learn which ids exist.
                super::require(&actor, Permission::ManageMembers)?;
            }
            let user = users::find(conn, actor.scope, user_id)?;
            if is_another && user.role() == Role::Owner {
                super::require(&actor, Permission::ManageOwners)?;
            }
            sessions::delete_all(conn, user_id)?;
            let entry = AuditEntry::by(&actor, Act::SignedOutEverywhere)
                .on(AuditTarget::User { id: user_id, name: user.name.clone() });
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            Ok(user.name)
        })
        .await
}

/// Deletes sessions that have ended by themselves, failures that count no more, and launches that have expired.
///
/// # Errors
/// The database's.
pub fn forget_old(conn: &mut Conn, now: Timestamp) -> Result<()> {
    sessions::delete_dead(conn, now, IDLE)?;
    sign_in_failures::delete_forgotten(conn, now)?;
    nonces::delete_expired(conn, now)?;
    Ok(())
}

/// Counts a try against `key` before it is made, and answers how many are left before the next pause.
///
/// # Errors
/// [`Error::TooMany`] during a pause; the database's.
pub(super) async fn count(app: &App, key: Vec<u8>) -> Result<i64> {
    let now = app.clock.now();
    match app.db.write(move |conn| sign_in_failures::count(conn, &key, now)).await? {
        Verdict::Go { tries_left } => Ok(tries_left),
        Verdict::Wait { until } => Err(Error::TooMany { retry_after_s: seconds_until(until, now) }),
    }
}

/// What a user's tries to give their password again are counted by.
pub(super) fn counted_by_user(user_id: i64) -> Vec<u8> {
    Sha256::digest(format!("user\0{user_id}")).to_vec()
}

/// What strangers' tries to sign in with an address are counted by.
pub(super) fn counted_by_account(email: &str) -> Vec<u8> {
    Sha256::digest(format!("account\0{email}")).to_vec()
}

/// What failures are counted by: the account for strangers, the browser where the account's owner has signed in
/// with it before. Strangers are limited by their network as well.
fn counted_by(app: &App, email: &Email, account: Option<&AccountRow>, client: &Client) -> Result<Vec<u8>> {
    let known = client
        .device
        .as_deref()
        .zip(account)
        .filter(|(device, account)| device::is_known(&app.keys, device, account.id, app.clock.now()));
    if let Some((device, _)) = known {
        return Ok(Sha256::digest(format!("device\0{device}")).to_vec());
    }
    app.sign_in_limits.count(client.ip)?;
    Ok(counted_by_account(email.as_str()))
}

async fn let_in(
    app: &App,
    account: AccountRow,
    renewed_hash: Option<String>,
    counted_by: Vec<u8>,
    ip: Option<IpAddr>,
) -> Result<SignedIn> {
    let (keys, now) = (Arc::clone(&app.keys), app.clock.now());
    app.db
        .write(move |conn| {
            let scope = OrgScope::granted(account.organization_id);
            let role = users::find(conn, scope, account.id)?.role();
            sign_in_failures::forgive(conn, &counted_by)?;
            if let Some(renewed) = renewed_hash {
                users::set_password_hash(conn, account.id, &account.password_hash, &renewed)?;
            }
            users::touch(conn, account.id, now)?;
            let who = Who::Person { id: account.id, name: account.name };
            audit::append(conn, scope, &keys.audit, now, &AuditEntry::of(who, ip, Act::SignedIn))?;
            Ok(SignedIn { user_id: account.id, role })
        })
        .await
}

/// The account's organization learns of it; for an address that nobody has, the only organization there is.
async fn note_failure(app: &App, email: &Email, account: Option<AccountRow>, ip: Option<IpAddr>) -> Result<()> {
    let (keys, now, email) = (Arc::clone(&app.keys), app.clock.now(), email.as_str().to_owned());
    app.db
        .write(move |conn| {
            let organization_id = match account {
                Some(account) => Some(account.organization_id),
                None => organizations::ids(conn)?.try_into().ok().map(|[only]: [i64; 1]| only),
            };
            let Some(organization_id) = organization_id else { return Ok(()) };
            let entry = AuditEntry::of(Who::Unknown, ip, Act::SignInFailed).on(AuditTarget::Other(email));
            audit::append(conn, OrgScope::granted(organization_id), &keys.audit, now, &entry)
        })
        .await
}

fn no_match(tries_left: i64) -> String {
    let what = "The email and password don’t match an account.";
    match tries_left {
        0 => format!("{what} Sign-in is paused for a while."),
        1 => format!("{what} After 1 more wrong try, sign-in pauses for a while."),
        n => format!("{what} After {n} more wrong tries, sign-in pauses for a while."),
    }
}

fn seconds_until(until: Timestamp, now: Timestamp) -> u64 {
    u64::try_from((until - now).num_seconds() + 1).unwrap_or(1)
}
