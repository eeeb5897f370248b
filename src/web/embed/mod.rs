//! The provider settings inside another product's page: below `/embed/{embed}`, where `{embed}` names the
//! organization.
//!
//! The pages are those of [`providers`], with a session of its own kind. What may be framed, by
//! whom, and what opens in a window, [`links`](super::links) says.

mod base_models;
mod connect;
mod files;
mod session;

pub use connect::{is_consent, not_connected, speaks_to_its_opener};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, ServiceConfig, resource, scope};
use actix_web::{HttpMessage, HttpRequest};

use super::framing::Framing;
use super::links::{Place, may_be_framed, takes_keys};
use super::providers;
use crate::app::App;
use crate::auth::{gate, partition, session_store};
use crate::domain::embedding::{EmbedId, EmbeddedIn, TakesKeys};
use crate::error::{Error, Result};
use crate::store::embedding::{self, Embedding, SiteRow};
use crate::store::sessions::SessionKind;

/// The routes. The pages in which somebody consents stand among our own; see [`pages`].
pub fn routes(cfg: &mut ServiceConfig, app: &App) {
    files::routes(cfg);
    base_models::routes(cfg);
    cfg.service(
        scope("/embed/{embed}")
            // What cannot carry a form token of a session judges by itself where it comes from.
            .service(resource("/launch").post(session::launch))
            .service(resource("/redeem").post(session::redeem))
            .service(resource("/window").post(session::open_window))
            .service(resource("/log-out").post(session::log_out))
            .service(
                scope("")
                    .service(resource("").get(connect::start))
                    .service(resource("/arrived").get(connect::arrived))
                    .service(resource("/done").get(session::done))
                    .configure(providers::routes)
                    .wrap(from_fn(gate::guard_embedded)),
            )
            // The last one wrapped is the first one passed.
            .wrap(session_store::middleware(app, SessionKind::Embedded))
            .wrap(from_fn(partition::complete))
            .wrap(from_fn(surround)),
    );
}

/// The pages among our own: where somebody says that a site may show them the settings.
pub fn pages(cfg: &mut ServiceConfig) {
    connect::routes(cfg);
}

/// Finds out whose frame it is and says on the answer who may show it, as a middleware. A page for a window is not
/// given to a frame, whatever its browser makes of the headers.
async fn surround<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let embedding = match find(&request).await {
        Ok(embedding) => embedding,
        Err(error) => return Ok(request.error_response(error).map_into_right_body()),
    };
    request.extensions_mut().insert(embedding);
    request.extensions_mut().insert(Framing::Window);
    let response = next.call(request).await?;
    let framing = framing(response.request());
    response.request().extensions_mut().insert(framing);
    Ok(response.map_into_left_body())
}

async fn find(request: &ServiceRequest) -> Result<Embedding> {
    let app = request.app_data::<Data<App>>().ok_or_else(|| Error::internal("no application"))?;
    let id = request.path().split('/').nth(2).and_then(EmbedId::parse).ok_or(Error::NotFound)?;
    let embedding = app.db.read(move |conn| embedding::by_embed_id(conn, &id)).await?.ok_or(Error::NotFound)?;
    let path = below(request.path());
    let is_framed = Place::said_by(request.headers()) == Some(Place::Frame);
    // Which site it is, the session says, which is not read yet; one that takes keys is enough here.
    let takes_keys = embedding.sites.iter().map(SiteRow::takes_keys).find(|place| *place == TakesKeys::InFrames);
    if is_framed && !may_be_framed(path, takes_keys.unwrap_or(TakesKeys::InWindows)) {
        return Err(Error::BadRequest("a page for a window was asked for by a frame"));
    }
    Ok(embedding)
}

/// Who may frame an answer: the page that the session belongs to, or, before there is one, those that are listed.
fn framing(request: &HttpRequest) -> Framing {
    let extensions = request.extensions();
    let Some(embedding) = extensions.get::<Embedding>() else { return Framing::Never };
    if !may_be_framed(below(request.path()), takes_keys(request)) {
        return Framing::Window;
    }
    let site = extensions.get::<EmbeddedIn>().map(|embedded| embedded.site.clone());
    Framing::By(site.map_or_else(|| embedding.origins(), |site| vec![site]))
}

/// What follows `/embed/{embed}` in an address.
fn below(path: &str) -> &str {
    let after = path.strip_prefix("/embed/").unwrap_or_default();
    after.find('/').map_or("", |at| &after[at..])
}
