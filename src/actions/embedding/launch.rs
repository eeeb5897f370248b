//! How sessions inside other products' pages are opened, and closed.

use std::net::IpAddr;
use std::sync::Arc;

use crate::app::App;
use crate::auth::extract::Client;
use crate::auth::launch::{self, Expected, Launch};
use crate::auth::session::Member;
use crate::auth::ticket::{self, Shown, Ticket};
use crate::clock::Timestamp;
use crate::domain::actor::{Actor, OrgScope, Who};
use crate::domain::audit::{Act, AuditEntry, AuditTarget};
use crate::domain::embedding::{EmbeddedIn, LaunchRefusal};
use crate::domain::language::Language;
use crate::domain::role::Role;
use crate::domain::theme::Theme;
use crate::error::{Error, Result};
use crate::store::embedding::Embedding;
use crate::store::launch_keys::LaunchKeyRow;
use crate::store::users::UserRow;
use crate::store::{Conn, audit, embedding, launch_keys, nonces, users};

/// A session that may be opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The user's id.
    pub user_id: i64,
    /// Their own role now; the session is limited further.
    pub role: Role,
    /// What the session is limited to.
    pub embedded: EmbeddedIn,
}

/// Takes a host product's launch. `origin` is the page that sent it, as the browser says.
///
/// # Errors
/// [`Error::LaunchRefused`], which the organization's audit log keeps; [`Error::TooMany`] where many are refused;
/// the database's.
pub async fn launch(
    app: &App,
    embedding: &Embedding,
    token: &str,
    origin: Option<&str>,
    client: &Client,
) -> Result<Opened> {
    let launched = match verified(app, embedding, token, origin).await? {
        Ok(launch) => open(app, launch, client.ip).await?,
        Err(refusal) => Err(refusal),
    };
    match launched {
        Ok(opened) => Ok(opened),
        Err(refusal) => {
            app.launch_limits.count(client.ip)?;
            note_refusal(app, embedding, origin, refusal, client.ip).await?;
            Err(Error::LaunchRefused(refusal))
        }
    }
}

/// Who asks with a launch for something that is only read: it is not used up, and opens nothing.
///
/// # Errors
/// [`Error::LaunchRefused`]; the database's.
pub async fn for_reading(app: &App, token: &str, origin: Option<&str>) -> Result<OrgScope> {
    let embed_id = launch::organization_named_in(token).ok_or(Error::LaunchRefused(LaunchRefusal::Unreadable))?;
    let embedding = app.db.read(move |conn| embedding::by_embed_id(conn, &embed_id)).await?;
    let embedding = embedding.ok_or(Error::LaunchRefused(LaunchRefusal::OtherOrganization))?;
    let launch = verified(app, &embedding, token, origin).await?.map_err(Error::LaunchRefused)?;
    let scope = launch.scope;
    let member = app.db.read(move |conn| member_with(conn, &launch)).await?;
    member.ok_or(Error::LaunchRefused(LaunchRefusal::NotAMember))?;
    Ok(scope)
}

/// The site of that origin in the organization's list, for a person who is signed in here and may show the settings
/// there.
///
/// # Errors
/// [`Error::NotFound`] if it is not on the list; the database's.
pub async fn listed_site(app: &App, actor: &Actor, origin: &str) -> Result<EmbeddedIn> {
    let (scope, origin) = (actor.scope, origin.to_owned());
    let (embed_id, sites) =
        app.db.read(move |conn| Ok((embedding::embed_id(conn, scope)?, embedding::sites(conn, scope)?))).await?;
    let site = sites.into_iter().find(|site| site.origin == origin).ok_or(Error::NotFound)?;
    Ok(EmbeddedIn {
        embed_id: embed_id.ok_or(Error::NotFound)?,
        site: site.origin,
        ceiling: Role::Owner,
        theme: Theme::System,
        accent: None,
        language: Language::English,
    })
}

/// Opens the session in the frame for whoever has consented in a window.
///
/// # Errors
/// [`Error::LinkClosed`] if the ticket is too old, used, or of another frame; the database's.
pub async fn redeem(app: &App, embedding: &Embedding, ticket: &str, client: &Client) -> Result<Opened> {
    match shown(app, embedding, ticket, client).await? {
        Entry::New(opened) => Ok(opened),
        Entry::First(_) | Entry::Again(_) => Err(Error::LinkClosed),
    }
}

/// What a ticket lets somebody into.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A session of its own.
    New(Opened),
    /// The frame's session, by the hash of its key.
    First(Vec<u8>),
    /// The same, but the ticket was used before: only a window that is in already may stay.
    Again(Vec<u8>),
}

/// Uses a ticket up.
///
/// # Errors
/// [`Error::LinkClosed`]; the database's.
pub async fn shown(app: &App, embedding: &Embedding, ticket: &str, client: &Client) -> Result<Entry> {
    let Shown { ticket, nonce_hash, expires_at } = ticket::read(&app.keys, ticket, app.clock.now())?;
    match ticket {
        Ticket::Window { session } => {
            let is_first = app.db.write(move |conn| nonces::use_up(conn, &nonce_hash, expires_at)).await?;
            Ok(if is_first { Entry::First(session) } else { Entry::Again(session) })
        }
        Ticket::Session { user_id, embedded } => {
            let embedded = embedded.read().ok_or(Error::LinkClosed)?;
            let is_ours = embedded.embed_id == embedding.embed_id && embedding.site(&embedded.site).is_some();
            if !is_ours {
                return Err(Error::LinkClosed);
            }
            let opening = Opening { user_id, embedded, nonce_hash, expires_at };
            open_with_ticket(app, embedding, opening, client.ip).await.map(Entry::New)
        }
    }
}

/// Uses a ticket up that nobody needs any more.
///
/// # Errors
/// The database's.
pub async fn tear(app: &App, ticket: &str) -> Result<()> {
    let Ok(shown) = ticket::read(&app.keys, ticket, app.clock.now()) else { return Ok(()) };
    app.db.write(move |conn| nonces::use_up(conn, &shown.nonce_hash, shown.expires_at)).await?;
    Ok(())
}

/// A session that a genuine ticket asks for.
struct Opening {
    user_id: i64,
    embedded: EmbeddedIn,
    nonce_hash: Vec<u8>,
    expires_at: Timestamp,
}

async fn open_with_ticket(app: &App, embedding: &Embedding, opening: Opening, ip: Option<IpAddr>) -> Result<Opened> {
    let Opening { user_id, embedded, nonce_hash, expires_at } = opening;
    let (keys, now, organization_id) = (Arc::clone(&app.keys), app.clock.now(), embedding.organization_id);
    app.db
        .write(move |conn| {
            if !nonces::use_up(conn, &nonce_hash, expires_at)? {
                return Err(Error::LinkClosed);
            }
            let person = users::of_session(conn, user_id)?.filter(|(_, theirs, _)| *theirs == organization_id);
            let (user, ..) = person.ok_or(Error::LinkClosed)?;
            let entry = opened_by(&user, ip, &embedded).with("With their consent, or in a window for want of cookies");
            audit::append(conn, OrgScope::granted(organization_id), &keys.audit, now, &entry)?;
            Ok(Opened { user_id, role: user.role(), embedded })
        })
        .await
}

/// Notes that somebody has left a frame. The session itself ends with its cookie.
///
/// # Errors
/// The database's.
pub async fn leave(app: &App, embedding: &Embedding, member: &Member, ip: Option<IpAddr>) -> Result<()> {
    let (keys, now, user_id) = (Arc::clone(&app.keys), app.clock.now(), member.user_id);
    let scope = OrgScope::granted(embedding.organization_id);
    let site = member.embedded.as_ref().map(|embedded| embedded.site.clone()).unwrap_or_default();
    app.db
        .write(move |conn| {
            let Some(name) = users::name(conn, scope, user_id)? else { return Ok(()) };
            let entry = AuditEntry::of(Who::Person { id: user_id, name }, ip, Act::EmbedLeft);
            audit::append(conn, scope, &keys.audit, now, &entry.on(AuditTarget::Other(site)))
        })
        .await
}

async fn verified(
    app: &App,
    embedding: &Embedding,
    token: &str,
    origin: Option<&str>,
) -> Result<Result<Launch, LaunchRefusal>> {
    let Some(kid) = launch::kid(token) else { return Ok(Err(LaunchRefusal::Unreadable)) };
    let key: Option<LaunchKeyRow> = app.db.read(move |conn| launch_keys::by_kid(conn, &kid)).await?;
    let Some(key) = key else { return Ok(Err(LaunchRefusal::UnknownKey)) };
    let audience = app.config.public_origin();
    let expected = Expected { audience: &audience, embedding, origin, now: app.clock.now() };
    Ok(launch::verify(&app.keys, token, &key, &expected))
}

/// Uses the launch up and finds out who the person is here.
async fn open(app: &App, launch: Launch, ip: Option<IpAddr>) -> Result<Result<Opened, LaunchRefusal>> {
    let (keys, now) = (Arc::clone(&app.keys), app.clock.now());
    app.db
        .write(move |conn| {
            if !nonces::use_up(conn, &launch.nonce_hash, launch.expires_at)? {
                return Ok(Err(LaunchRefusal::Replayed));
            }
            let Some(user) = member_with(conn, &launch)? else { return Ok(Err(LaunchRefusal::NotAMember)) };
            launch_keys::touch(conn, launch.key_id, now)?;
            let details =
                format!("As {} at most; there they are {}", launch.embedded.ceiling.with_article(), launch.subject);
            let entry = opened_by(&user, ip, &launch.embedded).with(details);
            audit::append(conn, launch.scope, &keys.audit, now, &entry)?;
            Ok(Ok(Opened { user_id: user.id, role: user.role(), embedded: launch.embedded }))
        })
        .await
}

/// The member whom a launch names, if they may sign in.
fn member_with(conn: &mut Conn, launch: &Launch) -> Result<Option<UserRow>> {
    let Some(account) = users::account(conn, launch.email.as_str())? else { return Ok(None) };
    if account.organization_id != launch.scope.id() || account.deactivated_at.is_some() {
        return Ok(None);
    }
    users::find(conn, launch.scope, account.id).map(Some)
}

fn opened_by(user: &UserRow, ip: Option<IpAddr>, embedded: &EmbeddedIn) -> AuditEntry {
    let who = Who::Person { id: user.id, name: user.name.clone() };
    AuditEntry::of(who, ip, Act::EmbedOpened).on(AuditTarget::Other(embedded.site.clone()))
}

/// The organization learns of it. What stands in a token that does not fit may be anything, so none of it is kept.
async fn note_refusal(
    app: &App,
    embedding: &Embedding,
    origin: Option<&str>,
    refusal: LaunchRefusal,
    ip: Option<IpAddr>,
) -> Result<()> {
    let (keys, now): (_, Timestamp) = (Arc::clone(&app.keys), app.clock.now());
    let scope = OrgScope::granted(embedding.organization_id);
    let from = origin.map_or_else(|| "a page that doesn’t say which".to_owned(), cut);
    let entry = AuditEntry::of(Who::Unknown, ip, Act::LaunchRefused).on(AuditTarget::Other(from)).with(refusal.words());
    app.db.write(move |conn| audit::append(conn, scope, &keys.audit, now, &entry)).await
}

/// An origin as a browser sends it is short; what is longer is no origin.
fn cut(origin: &str) -> String {
    const LONGEST: usize = 255;
    origin.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}
