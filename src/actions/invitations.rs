//! Inviting people by links that work once. There is no mail server: whoever invites passes the link on.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::require;
use super::sessions::SignedIn;
use super::users::{now_acting, require_to_make};
use crate::app::App;
use crate::auth::{one_time, password, password_rules};
use crate::domain::actor::{Actor, Who};
use crate::domain::audit::{Act, AuditEntry, AuditTarget};
use crate::domain::field_errors::FieldErrors;
use crate::domain::person::{Email, parse_name};
use crate::domain::role::{Permission, Role};
use crate::domain::secret::Secret;
use crate::error::{Error, Result};
use crate::store::invitations::{self, InvitationRow, NewInvitation};
use crate::store::users::{self, NewUser};
use crate::store::{audit, organizations};

/// How long an invitation works.
const VALID: TimeDelta = TimeDelta::days(7);

/// An invitation whose link is yet to be shown, once: only the token's hash is kept.
#[derive(Debug, Serialize, Deserialize)]
pub struct Invited {
    /// Who it is for.
    pub email: String,
    /// What [`link`] makes the link of.
    pub nonce: String,
}

/// What somebody who opens a link is asked to join.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The organization's name.
    pub organization: String,
    /// The address that they will sign in with.
    pub email: String,
    /// What they will be.
    pub role: Role,
}

/// Invites somebody. An older invitation of the same address works no more.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`]; the database's.
pub async fn invite(app: &App, actor: &Actor, email: &str, role: Role) -> Result<Invited> {
    require_to_make(actor, role)?;
    let email = Email::parse(email).map_err(|problem| Error::field("email", problem))?;
    let (nonce, token_hash) = one_time::make(&app.keys)?;
    let (keys, now, actor, invited) = (Arc::clone(&app.keys), app.clock.now(), actor.clone(), email.clone());
    app.db
        .write(move |conn| {
            require_to_make(&now_acting(conn, &actor)?, role)?;
            if let Some(account) = users::account(conn, invited.as_str())? {
                return Err(Error::field("email", taken_words(account.organization_id == actor.scope.id())));
            }
            invitations::cancel_of_email(conn, actor.scope, invited.as_str(), now)?;
            let row = NewInvitation {
                organization_id: Some(actor.scope.id()),
                token_hash: &token_hash,
                email: invited.as_str(),
                role: role.slug(),
                invited_by: Some(actor.user_id),
                created_at: now,
                expires_at: now + VALID,
            };
            invitations::insert(conn, &row)?;
            let entry = AuditEntry::by(&actor, Act::MemberInvited)
                .on(AuditTarget::Other(invited.as_str().to_owned()))
                .with(format!("As {role}"));
            audit::append(conn, actor.scope, &keys.audit, now, &entry)
        })
        .await?;
    Ok(Invited { email: email.as_str().to_owned(), nonce })
}

/// The link to pass on.
///
/// # Errors
/// [`Error::Internal`], which does not happen.
pub fn link(app: &App, invited: &Invited) -> Result<String> {
    let token = one_time::token(&app.keys, &invited.nonce)?;
    Ok(format!("{}/invitation?code={}", app.config.public_origin(), token.expose()))
}

/// The organization's open invitations, newest first, each with the name of who invited.
///
/// # Errors
/// [`Error::Forbidden`]; the database's.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<(InvitationRow, Option<String>)>> {
    require(actor, Permission::ManageMembers)?;
    let scope = actor.scope;
    app.db.read(move |conn| invitations::list(conn, scope)).await
}

/// Makes a new link for an invitation; the old one works no more.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; the database's.
pub async fn renew(app: &App, actor: &Actor, id: i64) -> Result<Invited> {
    let (nonce, token_hash) = one_time::make(&app.keys)?;
    let (keys, now, actor) = (Arc::clone(&app.keys), app.clock.now(), actor.clone());
    let email = app
        .db
        .write(move |conn| {
            let actor = now_acting(conn, &actor)?;
            require(&actor, Permission::ManageMembers)?;
            let invitation = invitations::find(conn, actor.scope, id)?;
            require_to_make(&actor, invitation.role())?;
            invitations::renew(conn, actor.scope, id, &token_hash, now, now + VALID)?;
            let entry = AuditEntry::by(&actor, Act::MemberInvited)
                .on(AuditTarget::Other(invitation.email.clone()))
                .with(format!("As {}, with a new link", invitation.role()));
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            Ok(invitation.email)
        })
        .await?;
    Ok(Invited { email, nonce })
}

/// Takes an invitation back, and answers whose it was.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; the database's.
pub async fn cancel(app: &App, actor: &Actor, id: i64) -> Result<String> {
    let (keys, now, actor) = (Arc::clone(&app.keys), app.clock.now(), actor.clone());
    app.db
        .write(move |conn| {
            let actor = now_acting(conn, &actor)?;
            require(&actor, Permission::ManageMembers)?;
            let invitation = invitations::find(conn, actor.scope, id)?;
            require_to_make(&actor, invitation.role())?;
            invitations::cancel(conn, actor.scope, id, now)?;
            let entry =
                AuditEntry::by(&actor, Act::InvitationCancelled).on(AuditTarget::Other(invitation.email.clone()));
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            Ok(invitation.email)
        })
        .await
}

/// What a link offers, if it is open.
///
/// # Errors
/// [`Error::LinkClosed`]; the database's.
pub async fn open(app: &App, token: &Secret) -> Result<Offer> {
    let (token_hash, now) = (one_time::hash(token), app.clock.now());
    app.db
        .read(move |conn| {
            let invitation = invitations::find_open(conn, &token_hash, now)?;
            let scope = invitation.scope().ok_or(Error::LinkClosed)?;
            Ok(Offer {
                organization: organizations::name(conn, scope)?,
                role: invitation.role(),
                email: invitation.email,
            })
        })
        .await
}

/// Makes whoever holds the link a member. Of two who hold the same link, one becomes it.
///
/// # Errors
/// [`Error::LinkClosed`]; [`Error::Invalid`]; the database's.
pub async fn accept(app: &App, token: &Secret, name: &str, password: &Secret, ip: Option<IpAddr>) -> Result<SignedIn> {
    let offer = open(app, token).await?;
    let name = judge(&offer, name, password)?;
    let password_hash = password::hash(password).await?;
    let (keys, now, token_hash) = (Arc::clone(&app.keys), app.clock.now(), one_time::hash(token));
    app.db
        .write(move |conn| {
            let invitation = invitations::find_open(conn, &token_hash, now)?;
            let scope = invitation.scope().ok_or(Error::LinkClosed)?;
            invitations::close(conn, &token_hash, now)?;
            let role = invitation.role();
            let user = NewUser { email: &invitation.email, name: &name, role, password_hash: &password_hash };
            let id = users::insert(conn, scope, user, now)?.ok_or(Error::LinkClosed)?;
            let entry = AuditEntry::of(Who::Person { id, name: name.clone() }, ip, Act::InvitationAccepted)
                .on(AuditTarget::User { id, name })
                .with(format!("As {role}"));
            audit::append(conn, scope, &keys.audit, now, &entry)?;
            Ok(SignedIn { user_id: id, role })
        })
        .await
}

fn judge(offer: &Offer, name: &str, password: &Secret) -> Result<String, FieldErrors> {
    let mut errors = FieldErrors::default();
    let name = parse_name(name, "Enter your name.").unwrap_or_else(|problem| {
        errors.add("name", problem);
        String::new()
    });
    let local_part = offer.email.split('@').next().unwrap_or_default();
    if let Err(problem) = password_rules::judge(password.expose(), &[local_part, &offer.email, &offer.organization]) {
        errors.add("password", problem);
    }
    errors.into_result().map(|()| name)
}

/// Whoever manages members may know who is in their own organization, but not who is in another.
fn taken_words(is_ours: bool) -> &'static str {
    if is_ours {
        "This person is a member already. If they were deactivated, reactivate them below."
    } else {
        "This address can’t be invited. Ask the person for another one."
    }
}
