//! The sites and the launch keys, for Owners.

use std::sync::Arc;

use crate::actions::require;
use crate::app::App;
use crate::auth::launch::{self, ED25519, SHARED};
use crate::domain::actor::{Actor, OrgScope};
use crate::domain::audit::{Act, AuditEntry, AuditTarget};
use crate::domain::embedding::{MOST_LAUNCH_KEYS, MOST_SITES, SiteOrigin, TakesKeys};
use crate::domain::role::Permission;
use crate::error::{Error, Result};
use crate::store::launch_keys::NewLaunchKey;
use crate::store::{Conn, audit, embedding, launch_keys, sessions, users};

/// Puts a site on the list. The first one gives the organization its id in addresses.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`]; the database's.
pub async fn add_site(app: &App, actor: &Actor, typed: &str) -> Result<()> {
    require(actor, Permission::ManageEmbedding)?;
    let origin = SiteOrigin::parse(typed).map_err(|problem| Error::field("origin", problem))?;
    let new_id = launch::new_embed_id()?;
    let now = app.clock.now();
    change(app, actor, move |conn, scope| {
        if embedding::sites(conn, scope)?.len() >= MOST_SITES {
            return Err(Error::field("origin", format!("There are {MOST_SITES} sites already. Remove one first.")));
        }
        embedding::set_embed_id(conn, scope, &new_id)?;
        if !embedding::add_site(conn, scope, &origin, now)? {
            return Err(Error::field("origin", "This site is on the list already."));
        }
        Ok((Act::EmbedSiteAdded, origin.as_str().to_owned(), String::new()))
    })
    .await
}

/// Takes a site off the list, and ends the sessions in its frames.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; the database's.
pub async fn remove_site(app: &App, actor: &Actor, id: i64) -> Result<()> {
    require(actor, Permission::ManageEmbedding)?;
    change(app, actor, move |conn, scope| {
        let origin = embedding::remove_site(conn, scope, id)?;
        sessions::delete_embedded_in(conn, scope, &origin)?;
        Ok((Act::EmbedSiteRemoved, origin, String::new()))
    })
    .await
}

/// Says whether keys may be typed inside the frame on a site.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; the database's.
pub async fn set_takes_keys(app: &App, actor: &Actor, id: i64, takes_keys: TakesKeys) -> Result<()> {
    require(actor, Permission::ManageEmbedding)?;
    change(app, actor, move |conn, scope| {
        let origin = embedding::set_takes_keys(conn, scope, id, takes_keys)?;
        let details = match takes_keys {
            TakesKeys::InFrames => "Keys may be typed inside the frame",
            TakesKeys::InWindows => "Keys are typed in a window only",
        };
        Ok((Act::EmbedSiteChanged, origin, details.to_owned()))
    })
    .await
}

/// Makes a key that the host's server shares with us, and answers its name, from which it follows.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] if there are two already; the database's.
pub async fn add_shared_key(app: &App, actor: &Actor) -> Result<String> {
    require(actor, Permission::ManageEmbedding)?;
    let kid = launch::new_kid()?;
    add_key(
        app,
        actor,
        NewLaunchKey { kid: kid.clone(), algorithm: SHARED, public_key: None, created_by: actor.user_id },
    )
    .await?;
    Ok(kid)
}

/// Keeps the public half of a key that the host's server has, and answers its name.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`]; the database's.
pub async fn add_public_key(app: &App, actor: &Actor, pem: &str) -> Result<String> {
    require(actor, Permission::ManageEmbedding)?;
    let public_key = launch::read_public_key(pem).map_err(|problem| Error::field("public_key", problem))?;
    let kid = launch::new_kid()?;
    add_key(
        app,
        actor,
        NewLaunchKey { kid: kid.clone(), algorithm: ED25519, public_key: Some(public_key), created_by: actor.user_id },
    )
    .await?;
    Ok(kid)
}

/// Deletes a key. What it has signed is refused from now on; sessions that are open stay open.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; the database's.
pub async fn remove_key(app: &App, actor: &Actor, id: i64) -> Result<()> {
    require(actor, Permission::ManageEmbedding)?;
    change(app, actor, move |conn, scope| {
        Ok((Act::LaunchKeyRemoved, launch_keys::delete(conn, scope, id)?, String::new()))
    })
    .await
}

async fn add_key(app: &App, actor: &Actor, key: NewLaunchKey) -> Result<()> {
    let new_id = launch::new_embed_id()?;
    let now = app.clock.now();
    change(app, actor, move |conn, scope| {
        if launch_keys::list(conn, scope)?.len() >= MOST_LAUNCH_KEYS {
            let message = "There are two keys already. Remove the one that no server signs with any more.";
            return Err(Error::field("", message));
        }
        embedding::set_embed_id(conn, scope, &new_id)?;
        launch_keys::insert(conn, scope, &key, now)?;
        Ok((Act::LaunchKeyAdded, key.kid, key.algorithm.to_owned()))
    })
    .await
}

/// A change with its audit entry: the act, what it was done to, and a few words more.
async fn change(
    app: &App,
    actor: &Actor,
    work: impl FnOnce(&mut Conn, OrgScope) -> Result<(Act, String, String)> + Send + 'static,
) -> Result<()> {
    let (keys, now, actor) = (Arc::clone(&app.keys), app.clock.now(), actor.clone());
    app.db
        .write(move |conn| {
            // Whoever counts first, waits for whoever counts at the same time.
            users::lock_organization(conn, actor.scope)?;
            let (act, on, details) = work(conn, actor.scope)?;
            let entry = AuditEntry::by(&actor, act).on(AuditTarget::Other(on)).with(details);
            audit::append(conn, actor.scope, &keys.audit, now, &entry)
        })
        .await
}
