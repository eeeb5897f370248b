//! Embedding: the sites that may show the provider settings inside their own pages, and the keys they launch with.

mod preview;
mod snippets;

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig, resource};
use askama::Template;
use serde::Deserialize;

use self::preview::Looks;
use self::snippets::Snippet;
use super::forms::{Form, Nothing};
use super::page::{Flash, Page, Section, leave};
use super::path::Id;
use super::respond;
use crate::actions::{embedding as actions, require};
use crate::app::App;
use crate::auth::launch;
use crate::auth::session::{self, Slot};
use crate::domain::actor::Actor;
use crate::domain::audit::Act;
use crate::domain::embedding::{EmbedId, MOST_LAUNCH_KEYS, TakesKeys};
use crate::domain::field_errors::FieldErrors;
use crate::domain::role::Permission;
use crate::error::{Error, Result};
use crate::store::audit::{AuditFilter, AuditRow};
use crate::store::embedding::SiteRow;
use crate::store::launch_keys::LaunchKeyRow;
use crate::store::{audit, embedding, launch_keys};

/// How many launches the page lists.
const N_RECENT: i64 = 15;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/settings/embedding").get(show))
        .service(resource("/settings/embedding/sites").get(back).post(add_site))
        .service(resource("/settings/embedding/sites/{id:\\d+}/remove").post(remove_site))
        .service(resource("/settings/embedding/sites/{id:\\d+}/typing").post(set_typing))
        .service(resource("/settings/embedding/keys").get(back).post(add_key))
        .service(resource("/settings/embedding/keys/{id:\\d+}/remove").post(remove_key))
        .service(resource("/settings/embedding/preview").get(preview::show));
}

#[derive(Template)]
#[template(path = "embedding/index.html")]
struct IndexPage {
    page: Page,
    /// `None` until there is a site or a key.
    embed_id: Option<EmbedId>,
    sites: Vec<SiteRow>,
    keys: Vec<LaunchKeyRow>,
    recent: Vec<AuditRow>,
    snippets: Vec<Snippet>,
    /// The key that was just added: its name, and for a shared one its text, which is shown only now.
    new_key: Option<NewKey>,
    /// This server's origin.
    audience: String,
    looks: Looks,
    typed: Typed,
    errors: FieldErrors,
}

struct NewKey {
    kid: String,
    text: Option<String>,
}

/// What somebody typed, to be shown again if it has to be mended.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Typed {
    origin: String,
    public_key: String,
    kind: String,
}

/// `GET /settings/embedding`, for Owners.
async fn show(app: Data<App>, actor: Actor, page: Page, session: Session, looks: Query<Looks>) -> Result<HttpResponse> {
    let new_kid = session::take::<String>(&session, Slot::LaunchKey);
    let drawn = draw(&app, &actor, page, new_kid).await?;
    respond::page(&IndexPage { looks: looks.into_inner(), ..drawn })
}

/// `GET` where only a form leads: back to the page.
async fn back(actor: Actor) -> Result<HttpResponse> {
    require(&actor, Permission::ManageEmbedding)?;
    Ok(respond::see_other("/settings/embedding"))
}

/// `POST /settings/embedding/sites`
async fn add_site(
    app: Data<App>,
    actor: Actor,
    page: Page,
    session: Session,
    form: Form<Typed>,
) -> Result<HttpResponse> {
    // Without script, "Use this" sends the suggestion instead of what was typed.
    let suggested = form.typed.get("use_origin");
    let origin = if suggested.is_empty() { form.input.origin.clone() } else { suggested.to_owned() };
    let typed = Typed { origin, ..form.input };
    match actions::add_site(&app, &actor, &typed.origin).await {
        Ok(()) => done(&session, &format!("{} may show the frame.", typed.origin.trim()), ""),
        Err(error) => again(&app, &actor, page, typed, error).await,
    }
}

/// `POST /settings/embedding/sites/{id}/remove`
async fn remove_site(
    app: Data<App>,
    actor: Actor,
    session: Session,
    Id(id): Id,
    _form: Form<Nothing>,
) -> Result<HttpResponse> {
    actions::remove_site(&app, &actor, id).await?;
    done(&session, "The site is removed.", "What was open there has ended.")
}

#[derive(Deserialize)]
struct Typing {
    #[serde(default)]
    takes_keys: String,
}

/// `POST /settings/embedding/sites/{id}/typing`
async fn set_typing(
    app: Data<App>,
    actor: Actor,
    session: Session,
    Id(id): Id,
    form: Form<Typing>,
) -> Result<HttpResponse> {
    let (takes_keys, title) = match form.input.takes_keys.as_str() {
        "yes" => (TakesKeys::InFrames, "Keys may be typed inside the frame there."),
        _ => (TakesKeys::InWindows, "Keys are typed in a window."),
    };
    actions::set_takes_keys(&app, &actor, id, takes_keys).await?;
    done(&session, title, "")
}

/// `POST /settings/embedding/keys`
async fn add_key(
    app: Data<App>,
    actor: Actor,
    page: Page,
    session: Session,
    form: Form<Typed>,
) -> Result<HttpResponse> {
    let typed = form.input;
    let added = match typed.kind.as_str() {
        "public" => actions::add_public_key(&app, &actor, &typed.public_key).await,
        _ => actions::add_shared_key(&app, &actor).await,
    };
    match added {
        Ok(kid) => {
            session::leave(&session, Slot::LaunchKey, &kid)?;
            Ok(respond::see_other("/settings/embedding#keys"))
        }
        // A private key that was pasted by mistake is not written back.
        Err(error) => {
            let kept = !typed.public_key.contains("PRIVATE");
            let typed = if kept { typed } else { Typed { public_key: String::new(), ..typed } };
            again(&app, &actor, page, typed, error).await
        }
    }
}

/// `POST /settings/embedding/keys/{id}/remove`
async fn remove_key(
    app: Data<App>,
    actor: Actor,
    session: Session,
    Id(id): Id,
    _form: Form<Nothing>,
) -> Result<HttpResponse> {
    actions::remove_key(&app, &actor, id).await?;
    done(&session, "The key is removed.", "Launches that it signs are refused from now on.")
}

fn done(session: &Session, title: &str, text: &str) -> Result<HttpResponse> {
    leave(session, &Flash::ok(title, text))?;
    Ok(respond::see_other("/settings/embedding"))
}

async fn again(app: &App, actor: &Actor, page: Page, typed: Typed, error: Error) -> Result<HttpResponse> {
    let Error::Invalid(errors) = error else { return Err(error) };
    let drawn = draw(app, actor, page, None).await?;
    respond::unprocessable(&IndexPage { typed, errors, ..drawn })
}

async fn draw(app: &App, actor: &Actor, page: Page, new_kid: Option<String>) -> Result<IndexPage> {
    require(actor, Permission::ManageEmbedding)?;
    let scope = actor.scope;
    let (embed_id, sites, keys, recent) = app
        .db
        .read(move |conn| {
            let filter = AuditFilter { acts: vec![Act::EmbedOpened, Act::LaunchRefused], ..AuditFilter::default() };
            let (recent, _) = audit::page(conn, scope, &filter, 0, N_RECENT)?;
            let (sites, keys) = (embedding::sites(conn, scope)?, launch_keys::list(conn, scope)?);
            Ok((embedding::embed_id(conn, scope)?, sites, keys, recent))
        })
        .await?;
    let new_key = new_kid.and_then(|kid| keys.iter().find(|key| key.kid == kid)).map(|key| NewKey {
        kid: key.kid.clone(),
        text: key.public_key.is_none().then(|| launch::shared_key(&app.keys, scope.id(), &key.kid).expose().to_owned()),
    });
    let snippets = embed_id.as_ref().map_or_else(Vec::new, |id| snippets::all(&app.config.public_origin(), id));
    Ok(IndexPage {
        page: page.at(Section::Embedding),
        embed_id,
        sites,
        keys,
        recent,
        snippets,
        new_key,
        audience: app.config.public_origin(),
        looks: Looks::default(),
        typed: Typed::default(),
        errors: FieldErrors::default(),
    })
}

impl IndexPage {
    fn may_add_key(&self) -> bool {
        self.keys.len() < MOST_LAUNCH_KEYS
    }

    fn is_refusal(row: &AuditRow) -> bool {
        row.act == Act::LaunchRefused.slug()
    }

    fn kind(key: &LaunchKeyRow) -> &'static str {
        if key.public_key.is_some() { "Ed25519, public half" } else { "HS256, shared" }
    }
}
