//! Organizations and their first Owners.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::app::App;
use crate::auth::{one_time, password, password_rules};
use crate::clock::Timestamp;
use crate::domain::actor::{OrgScope, Who};
use crate::domain::audit::{Act, AuditEntry, AuditTarget};
use crate::domain::field_errors::FieldErrors;
use crate::domain::person::{Email, parse_name};
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::error::{Error, Result};
use crate::store::audit::{self, ChainKey};
use crate::store::invitations::{self, NewInvitation};
use crate::store::users::{self, NewUser};
use crate::store::{Conn, organizations};

/// How long a set-up link works.
const LINK_VALID: TimeDelta = TimeDelta::hours(24);

/// What somebody types to make an organization and become its Owner.
#[derive(Debug)]
pub struct Founding {
    /// The organization's name.
    pub organization: String,
    /// The Owner's name.
    pub name: String,
    /// The Owner's e-mail address.
    pub email: String,
    /// The Owner's password.
    pub password: Secret,
}

/// What `bootstrap` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrapped {
    /// Nothing; it made the organization.
    Created,
    /// The organization, with this Owner.
    WasThere,
}

/// Whether nobody has set this installation up yet.
///
/// # Errors
/// The database's.
pub async fn is_new(app: &App) -> Result<bool> {
    Ok(app.db.read(organizations::ids).await?.is_empty())
}

/// A new set-up link, for 24 hours; `None` once there is an organization. Links made before stay open until one
/// of them is used.
///
/// # Errors
/// The database's.
pub async fn setup_link(app: &App) -> Result<Option<String>> {
    let token = one_time::token(&app.keys, &one_time::new_nonce()?)?;
    let token_hash = one_time::hash(&token);
    let now = app.clock.now();
    let is_new = app
        .db
        .write(move |conn| {
            if !organizations::ids(conn)?.is_empty() {
                return Ok(false);
            }
            let link = NewInvitation {
                organization_id: None,
                token_hash: &token_hash,
                email: "",
                role: Role::Owner.slug(),
                invited_by: None,
                created_at: now,
                expires_at: now + LINK_VALID,
            };
            invitations::insert(conn, &link)?;
            Ok(true)
        })
        .await?;
    Ok(is_new.then(|| format!("{}/setup?code={}", app.config.public_origin(), token.expose())))
}

/// Makes the first organization and its Owner for whoever holds a set-up code, and answers the Owner's id. Of two
/// who try at once, one does.
///
/// # Errors
/// [`Error::NotFound`] once there is an organization; [`Error::Invalid`], also for a code that is not open; the
/// database's.
pub async fn set_up(app: &App, code: &Secret, founding: Founding, ip: Option<IpAddr>) -> Result<i64> {
    if !is_new(app).await? {
        return Err(Error::NotFound);
    }
    let (now, token_hash) = (app.clock.now(), one_time::hash(code));
    let mut errors = FieldErrors::default();
    let founder = read(&founding, &mut errors);
    if !is_open(app, token_hash.clone(), now).await? {
        errors.add("code", CODE_CLOSED);
    }
    errors.into_result()?;
    let founder = founder.hashed().await?;
    let keys = Arc::clone(&app.keys);
    app.db
        .write(move |conn| {
            organizations::lock_installation(conn)?;
            if !organizations::ids(conn)?.is_empty() {
                return Err(Error::NotFound);
            }
            match invitations::close(conn, &token_hash, now) {
                Err(Error::LinkClosed) => return Err(Error::field("code", CODE_CLOSED)),
                closed => closed?,
            }
            invitations::close_set_up(conn, now)?;
            found(conn, &keys.audit, now, &founder, &Who::Unknown, ip)
        })
        .await
}

/// Makes the first organization and its Owner for whoever runs the server. Doing it twice does it once.
///
/// # Errors
/// [`Error::Invalid`], also if there is another organization; the database's.
pub async fn bootstrap(app: &App, founding: Founding) -> Result<Bootstrapped> {
    let mut errors = FieldErrors::default();
    let founder = read(&founding, &mut errors);
    if !is_new(app).await? {
        return was_there(app, founder.email).await;
    }
    errors.into_result()?;
    let founder = founder.hashed().await?;
    let (keys, now, email) = (Arc::clone(&app.keys), app.clock.now(), founder.email.clone());
    let is_made = app
        .db
        .write(move |conn| {
            organizations::lock_installation(conn)?;
            if !organizations::ids(conn)?.is_empty() {
                return Ok(false);
            }
            invitations::close_set_up(conn, now)?;
            found(conn, &keys.audit, now, &founder, &Who::Operator, None).map(|_| true)
        })
        .await?;
    if is_made { Ok(Bootstrapped::Created) } else { was_there(app, email).await }
}

/// Adds an organization and its Owner for whoever runs the server. Its name has to be its own, because the command
/// line knows organizations by their names.
///
/// # Errors
/// [`Error::Invalid`]; the database's.
pub async fn add(app: &App, founding: Founding) -> Result<i64> {
    let mut errors = FieldErrors::default();
    let founder = read(&founding, &mut errors);
    errors.into_result()?;
    let founder = founder.hashed().await?;
    let (keys, now) = (Arc::clone(&app.keys), app.clock.now());
    app.db
        .write(move |conn| {
            organizations::lock_installation(conn)?;
            for id in organizations::ids(conn)? {
                if organizations::name(conn, OrgScope::granted(id))? == founder.organization {
                    return Err(Error::field("organization", "There’s an organization of this name already."));
                }
            }
            invitations::close_set_up(conn, now)?;
            found(conn, &keys.audit, now, &founder, &Who::Operator, None)
        })
        .await
}

/// The organization that the operator means: the one of that name, or the only one. With its name.
///
/// # Errors
/// [`Error::Invalid`] if that is not exactly one; the database's.
pub async fn chosen(app: &App, wanted: Option<String>) -> Result<(OrgScope, String)> {
    let mut found = app
        .db
        .read(move |conn| {
            let mut found = Vec::new();
            for id in organizations::ids(conn)? {
                let scope = OrgScope::granted(id);
                let name = organizations::name(conn, scope)?;
                if wanted.as_ref().is_none_or(|wanted| *wanted == name) {
                    found.push((scope, name));
                }
            }
            Ok(found)
        })
        .await?;
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(Error::field("organization", "There’s no such organization yet.")),
        (Some(_), false) => {
            Err(Error::field("organization", "There are several organizations. Name one with `--organization`."))
        }
    }
}

/// What the form says when the code is not open.
const CODE_CLOSED: &str =
    "This set-up code isn’t open. It works for 24 hours; restart the server to have a new one printed.";

/// A founding that has been read.
struct Founder {
    organization: String,
    name: String,
    email: String,
    password: Secret,
    password_hash: String,
}

impl Founder {
    async fn hashed(self) -> Result<Self> {
        let password_hash = password::hash(&self.password).await?;
        Ok(Self { password_hash, ..self })
    }
}

/// Reads what was typed and notes what is wrong with it.
fn read(founding: &Founding, errors: &mut FieldErrors) -> Founder {
    let mut or_note = |field: &str, read: std::result::Result<String, &'static str>| {
        read.unwrap_or_else(|problem| {
            errors.add(field, problem);
            String::new()
        })
    };
    let organization = or_note("organization", parse_name(&founding.organization, "Enter the organization’s name."));
    let name = or_note("name", parse_name(&founding.name, "Enter your name."));
    let email = Email::parse(&founding.email);
    let local_part = email.as_ref().map(|email| email.local_part().to_owned()).unwrap_or_default();
    let email = or_note("email", email.map(|email| email.as_str().to_owned()));
    if let Err(problem) = password_rules::judge(founding.password.expose(), &[&local_part, &email, &organization]) {
        errors.add("password", problem);
    }
    let password = founding.password.duplicate();
    Founder { organization, name, email, password, password_hash: String::new() }
}

async fn is_open(app: &App, token_hash: Vec<u8>, now: Timestamp) -> Result<bool> {
    match app.db.read(move |conn| invitations::find_open(conn, &token_hash, now)).await {
        Ok(link) => Ok(link.is_set_up()),
        Err(Error::LinkClosed) => Ok(false),
        Err(error) => Err(error),
    }
}

fn found(
    conn: &mut Conn,
    audit_key: &ChainKey,
    now: Timestamp,
    founder: &Founder,
    who: &Who,
    ip: Option<IpAddr>,
) -> Result<i64> {
    let scope = OrgScope::granted(organizations::insert(conn, &founder.organization, now)?);
    let user = NewUser {
        email: &founder.email,
        name: &founder.name,
        role: Role::Owner,
        password_hash: &founder.password_hash,
    };
    let taken = || Error::field("email", "Somebody signs in with this address already.");
    let id = users::insert(conn, scope, user, now)?.ok_or_else(taken)?;
    let name = founder.name.clone();
    // With the link the founder acts; with the command line the operator does.
    let who = if *who == Who::Operator { Who::Operator } else { Who::Person { id, name: name.clone() } };
    let created =
        AuditEntry::of(who.clone(), ip, Act::OrganizationCreated).on(AuditTarget::Other(founder.organization.clone()));
    audit::append(conn, scope, audit_key, now, &created)?;
    let added = AuditEntry::of(who, ip, Act::MemberAdded).on(AuditTarget::User { id, name }).with("As Owner");
    audit::append(conn, scope, audit_key, now, &added)?;
    Ok(id)
}

async fn was_there(app: &App, email: String) -> Result<Bootstrapped> {
    let is_owner = app
        .db
        .read(move |conn| {
            let Some(account) = users::account(conn, &email)? else { return Ok(false) };
            let user = users::find(conn, OrgScope::granted(account.organization_id), account.id)?;
            Ok(user.is_active() && user.role() == Role::Owner)
        })
        .await?;
    if is_owner {
        return Ok(Bootstrapped::WasThere);
    }
    Err(Error::field("", "This installation already has an organization. Add people with `claviger user add`."))
}
