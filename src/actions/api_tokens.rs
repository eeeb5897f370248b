//! Making, exchanging, rotating and revoking API tokens, and saying which kinds are let in.

use std::sync::Arc;

use chrono::TimeDelta;

use super::require;
use crate::app::{App, InstallationKeys};
use crate::auth::{api_token, one_time};
use crate::clock::Timestamp;
use crate::domain::actor::{Actor, OrgScope, Who};
use crate::domain::api_token::{ApiScopes, ApiTokenKind, ApiTokenPolicy, TokenProblem};
use crate::domain::audit::{Act, AuditEntry, AuditTarget};
use crate::domain::field_errors::FieldErrors;
use crate::domain::person::parse_name;
use crate::domain::role::Permission;
use crate::domain::secret::Secret;
use crate::error::{Error, Result};
use crate::store::api_tokens::{ApiTokenRow, NewApiToken};
use crate::store::{Conn, api_tokens, audit, users};

/// A member has no more than this.
const MOST_TOKENS: usize = 50;

/// A token to be made.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// How it is brought.
    pub kind: ApiTokenKind,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: ApiScopes,
    /// How many days it lives; `None` for as long as the organization allows.
    pub days: Option<i64>,
}

/// A token that was just made. Its text is not stored; [`reveal`] has it once more for the page after a redirect.
pub struct Made {
    /// Its row.
    pub row: ApiTokenRow,
    /// What it follows from: a nonce, or nothing more than the row for a personal one.
    pub nonce: String,
    /// The token itself.
    pub token: Secret,
}

/// Makes a token for the actor. With a token, only one that covers everything can make others: they cover everything
/// that it covers.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`]; the database's.
pub async fn create(app: &App, actor: &Actor, wanted: Wanted) -> Result<Made> {
    require_all_scopes(actor)?;
    let (keys, clock, actor) = (Arc::clone(&app.keys), app.clock.clone(), actor.clone());
    app.db
        .write(move |conn| {
            let now = clock.now();
            let owner = Owner { user_id: actor.user_id, scope: actor.scope };
            let made = insert(conn, &keys, owner, &wanted, now)?;
            let entry = AuditEntry::by(&actor, Act::ApiTokenCreated).on(target(&made.row)).with(described(&made.row));
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            Ok(made)
        })
        .await
}

/// Makes a token for the member with that address, for the command line.
///
/// # Errors
/// [`Error::Invalid`]; the database's.
pub async fn create_for(app: &App, email: &str, wanted: Wanted) -> Result<Made> {
    let (keys, clock, email) = (Arc::clone(&app.keys), app.clock.clone(), email.trim().to_lowercase());
    app.db
        .write(move |conn| {
            let account = users::account(conn, &email)?.filter(|account| account.deactivated_at.is_none());
            let account = account
                .ok_or_else(|| Error::field("email", format!("Nobody who may sign in has the address {email}.")))?;
            let scope = OrgScope::granted(account.organization_id);
            let now = clock.now();
            let made = insert(conn, &keys, Owner { user_id: account.id, scope }, &wanted, now)?;
            let entry = AuditEntry::of(Who::Operator, None, Act::ApiTokenCreated).on(target(&made.row)).with(format!(
                "for {}; {}",
                account.name,
                described(&made.row)
            ));
            audit::append(conn, scope, &keys.audit, now, &entry)?;
            Ok(made)
        })
        .await
}

/// The text of a token that was just made, for the one page that shows it.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] for somebody else's; the database's.
pub async fn reveal(app: &App, actor: &Actor, id: i64, nonce: &str) -> Result<(ApiTokenRow, Secret)> {
    let (user_id, scope) = (actor.user_id, actor.scope);
    let row = app.db.read(move |conn| api_tokens::get(conn, scope, id)).await?;
    if row.user_id != user_id {
        return Err(Error::NotFound);
    }
    let token = text_of(&app.keys, &row, nonce)?;
    Ok((row, token))
}

/// Exchanges a personal access token for an access token.
///
/// # Errors
/// [`Error::BadToken`], whatever is wrong with it; [`Error::TooMany`]; the database's.
pub async fn exchange(app: &App, refresh: &str) -> Result<Secret> {
    const INVALID: Error = Error::BadToken(TokenProblem::Invalid);
    let now = app.clock.now();
    let jti = api_token::read_personal(&app.keys, refresh, now).ok_or(INVALID)?;
    let hash = api_token::hash_of_personal(&jti);
    let open = app.db.read(move |conn| api_tokens::find_open(conn, &hash, now)).await?.ok_or(INVALID)?;
    app.api_limits.count(open.token.id)?;
    api_token::access(&app.keys, &jti, open.user.id, now)
}

/// Puts a new personal access token in the place of one of the actor's, with the same name and scopes and a new life.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] if it is none of theirs or opens nothing any more; the database's.
pub async fn rotate(app: &App, actor: &Actor, refresh: &str) -> Result<Made> {
    let user_id = actor.user_id;
    let jti = api_token::read_personal(&app.keys, refresh, app.clock.now());
    rotate_found(app, actor, move |conn| {
        let invalid = || Error::field("refresh", "Token is invalid. It is unknown, revoked or expired.");
        let hash = api_token::hash_of_personal(&jti.ok_or_else(invalid)?);
        match api_tokens::of_user_by_hash(conn, user_id, &hash) {
            Err(Error::NotFound) => Err(invalid()),
            found => found,
        }
    })
    .await
}

/// The same for the actor's token of that number, on the page that lists them.
///
/// # Errors
/// [`Error::NotFound`] if it is none of theirs or none that is rotated; [`Error::Invalid`] if its time is over or its
/// kind is switched off; the database's.
pub async fn rotate_by_id(app: &App, actor: &Actor, id: i64) -> Result<Made> {
    let (user_id, scope, now) = (actor.user_id, actor.scope, app.clock.now());
    rotate_found(app, actor, move |conn| {
        let row = api_tokens::get(conn, scope, id)?;
        if row.user_id != user_id || row.kind() != ApiTokenKind::Personal {
            return Err(Error::NotFound);
        }
        if row.has_expired(now) {
            return Err(Error::field("", "Its time is over. Create a new one in its place."));
        }
        Ok(row)
    })
    .await
}

async fn rotate_found(
    app: &App,
    actor: &Actor,
    find: impl FnOnce(&mut Conn) -> Result<ApiTokenRow> + Send + 'static,
) -> Result<Made> {
    require_all_scopes(actor)?;
    let (keys, clock, actor) = (Arc::clone(&app.keys), app.clock.clone(), actor.clone());
    app.db
        .write(move |conn| {
            let now = clock.now();
            let old = find(conn)?;
            api_tokens::delete(conn, old.id)?;
            let wanted =
                Wanted { kind: ApiTokenKind::Personal, name: old.name.clone(), scopes: old.scopes(), days: None };
            let made = insert(conn, &keys, Owner { user_id: actor.user_id, scope: actor.scope }, &wanted, now)?;
            let entry = AuditEntry::by(&actor, Act::ApiTokenRotated).on(target(&made.row)).with(described(&made.row));
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            Ok(made)
        })
        .await
}

/// Ends all legacy tokens of the actor and makes one in their place.
///
/// # Errors
/// [`Error::Forbidden`]; the database's.
pub async fn reset_legacy(app: &App, actor: &Actor) -> Result<Made> {
    require_all_scopes(actor)?;
    let (keys, clock, actor) = (Arc::clone(&app.keys), app.clock.clone(), actor.clone());
    app.db
        .write(move |conn| {
            let now = clock.now();
            users::lock_organization(conn, actor.scope)?;
            let n_ended = api_tokens::delete_legacy_of_user(conn, actor.user_id)?;
            let wanted = Wanted {
                kind: ApiTokenKind::Legacy,
                name: "Legacy token".to_owned(),
                scopes: ApiScopes::ALL,
                days: None,
            };
            let made = insert(conn, &keys, Owner { user_id: actor.user_id, scope: actor.scope }, &wanted, now)?;
            let entry = AuditEntry::by(&actor, Act::ApiTokenRotated)
                .on(target(&made.row))
                .with(format!("{}; ended before: {n_ended}", described(&made.row)));
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            Ok(made)
        })
        .await
}

/// Revokes one of the actor's tokens; with the right to manage tokens, anybody's of the organization.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`]; the database's.
pub async fn revoke(app: &App, actor: &Actor, id: i64) -> Result<ApiTokenRow> {
    require_all_scopes(actor)?;
    let scope = actor.scope;
    delete(app, actor, move |conn| api_tokens::get(conn, scope, id)).await
}

/// Revokes the token of that number for the operator, whoever's it is.
///
/// # Errors
/// [`Error::NotFound`]; the database's.
pub async fn revoke_for_operator(app: &App, id: i64) -> Result<ApiTokenRow> {
    let (keys, now) = (Arc::clone(&app.keys), app.clock.now());
    app.db
        .write(move |conn| {
            let (row, organization_id) = api_tokens::find(conn, id)?;
            let scope = OrgScope::granted(organization_id);
            api_tokens::delete(conn, row.id)?;
            let entry =
                AuditEntry::of(Who::Operator, None, Act::ApiTokenRevoked).on(target(&row)).with(described(&row));
            audit::append(conn, scope, &keys.audit, now, &entry)?;
            Ok(row)
        })
        .await
}

/// Revokes the personal access token with that id, signed or not, if it is the actor's. A token may always end itself.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`]; the database's.
pub async fn revoke_personal(app: &App, actor: &Actor, refresh: &str) -> Result<ApiTokenRow> {
    let user_id = actor.user_id;
    let hash = api_token::hash_of_personal(&api_token::jti_named_in(refresh).ok_or(Error::NotFound)?);
    let own = actor.token.as_ref().map(|token| token.id);
    let row = app.db.read(move |conn| api_tokens::of_user_by_hash(conn, user_id, &hash)).await?;
    if own != Some(row.id) {
        require_all_scopes(actor)?;
    }
    let scope = actor.scope;
    delete(app, actor, move |conn| api_tokens::get(conn, scope, row.id)).await
}

/// Changes which kinds of tokens are let in, at once and on every replica, and how long new ones live.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`]; the database's.
pub async fn set_policy(
    app: &App,
    actor: &Actor,
    change: impl FnOnce(ApiTokenPolicy) -> ApiTokenPolicy + Send + 'static,
) -> Result<ApiTokenPolicy> {
    require(actor, Permission::ManageTokens)?;
    let (keys, now, actor) = (Arc::clone(&app.keys), app.clock.now(), actor.clone());
    app.db
        .write(move |conn| {
            // Two changes at once must not undo each other: switching a kind off may be urgent.
            users::lock_organization(conn, actor.scope)?;
            let before = api_tokens::policy(conn, actor.scope)?;
            let policy = change(before);
            judge_policy(policy)?;
            if before != policy {
                store_policy(conn, &keys, &actor, policy, now)?;
            }
            Ok(policy)
        })
        .await
}

fn judge_policy(policy: ApiTokenPolicy) -> Result<()> {
    if !ApiTokenPolicy::TTL_DAYS.contains(&policy.ttl_days) {
        let (least, most) = ApiTokenPolicy::TTL_DAYS.into_inner();
        return Err(Error::field("api_token_ttl_days", format!("Enter {least} to {most} days.")));
    }
    Ok(())
}

fn store_policy(
    conn: &mut Conn,
    keys: &InstallationKeys,
    actor: &Actor,
    policy: ApiTokenPolicy,
    now: Timestamp,
) -> Result<()> {
    api_tokens::set_policy(conn, actor.scope, policy)?;
    let on = |enabled| if enabled { "on" } else { "off" };
    let entry = AuditEntry::by(actor, Act::ApiTokenPolicyChanged).with(format!(
        "personal {}, legacy {}, {} days",
        on(policy.personal_enabled),
        on(policy.legacy_enabled),
        policy.ttl_days
    ));
    audit::append(conn, actor.scope, &keys.audit, now, &entry)
}

/// Whose token it is to be.
#[derive(Clone, Copy)]
struct Owner {
    user_id: i64,
    scope: OrgScope,
}

fn insert(conn: &mut Conn, keys: &InstallationKeys, owner: Owner, wanted: &Wanted, now: Timestamp) -> Result<Made> {
    users::lock_organization(conn, owner.scope)?;
    let policy = api_tokens::policy(conn, owner.scope)?;
    let (name, days) = judge(wanted, policy)?;
    if api_tokens::of_user(conn, owner.user_id)?.len() >= MOST_TOKENS {
        return Err(Error::field("", format!("There are {MOST_TOKENS} tokens already. Revoke one that nothing uses.")));
    }
    let expires_at = days.map(|days| now + TimeDelta::days(days));
    let nonce = one_time::new_nonce()?;
    let (hash, hint) = match wanted.kind {
        ApiTokenKind::Personal => {
            let jti = api_token::new_jti();
            (api_token::hash_of_personal(&jti), jti)
        }
        ApiTokenKind::Legacy => {
            let token = api_token::legacy(keys, &nonce)?;
            (api_token::hash_of_legacy(&token), token.tail().unwrap_or_default())
        }
    };
    let new = NewApiToken {
        user_id: owner.user_id,
        kind: wanted.kind,
        hash,
        hint,
        name,
        scopes: wanted.scopes,
        created_at: now,
        expires_at,
    };
    let id = api_tokens::insert(conn, &new)?;
    let row = api_tokens::get(conn, owner.scope, id)?;
    let token = text_of(keys, &row, &nonce)?;
    Ok(Made { row, nonce, token })
}

/// A token's name, and how many days it lives: personal ones never longer than the organization allows, legacy ones for
/// ever unless somebody says how long. Everything that is wrong is said at once.
fn judge(wanted: &Wanted, policy: ApiTokenPolicy) -> Result<(String, Option<i64>)> {
    let mut errors = FieldErrors::default();
    let name = parse_name(&wanted.name, "Enter a name.").map_err(|problem| errors.add("name", problem));
    let most = policy.most_days(wanted.kind);
    if wanted.days.is_some_and(|days| !(1..=most).contains(&days)) {
        errors.add(
            "days",
            format!("Enter 1 to {most} days. No {} lives longer here.", wanted.kind.label().to_lowercase()),
        );
    }
    if !policy.allows(wanted.kind) {
        errors.add("kind", wanted.kind.switched_off());
    }
    if wanted.scopes.is_empty() {
        errors.add("scopes", "Choose what the token may be used for.");
    }
    errors.into_result()?;
    let always = (wanted.kind == ApiTokenKind::Personal).then_some(most);
    Ok((name.unwrap_or_default(), wanted.days.or(always)))
}

fn text_of(keys: &InstallationKeys, row: &ApiTokenRow, nonce: &str) -> Result<Secret> {
    match row.kind() {
        ApiTokenKind::Legacy => api_token::legacy(keys, nonce),
        ApiTokenKind::Personal => api_token::personal(keys, &personal_of(row)),
    }
}

/// What a personal access token says, from its row.
#[must_use]
pub fn personal_of(row: &ApiTokenRow) -> api_token::Personal {
    api_token::Personal {
        jti: row.hint.clone(),
        user_id: row.user_id,
        created_at: row.created_at,
        expires_at: row.expires_at.unwrap_or(row.created_at),
    }
}

async fn delete(
    app: &App,
    actor: &Actor,
    find: impl FnOnce(&mut Conn) -> Result<ApiTokenRow> + Send + 'static,
) -> Result<ApiTokenRow> {
    let (keys, now, actor) = (Arc::clone(&app.keys), app.clock.now(), actor.clone());
    app.db
        .write(move |conn| {
            let row = find(conn)?;
            if row.user_id != actor.user_id {
                require(&actor, Permission::ManageTokens)?;
            }
            api_tokens::delete(conn, row.id)?;
            let entry = AuditEntry::by(&actor, Act::ApiTokenRevoked).on(target(&row)).with(described(&row));
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            Ok(row)
        })
        .await
}

/// A token that covers less than everything cannot make itself a better one.
fn require_all_scopes(actor: &Actor) -> Result<()> {
    if actor.scopes() == ApiScopes::ALL { Ok(()) } else { Err(Error::Forbidden(Permission::ManageTokens)) }
}

fn target(row: &ApiTokenRow) -> AuditTarget {
    AuditTarget::Other(row.name.clone())
}

fn described(row: &ApiTokenRow) -> String {
    let until = row.expires_at.map_or_else(|| "for ever".to_owned(), |at| format!("until {}", at.format("%Y-%m-%d")));
    format!("{}, {}, {until}", row.kind().label(), row.scopes())
}
