//! The frame before there is a session, and how somebody who is signed in to Claviger connects it: they say so in a
//! window of our own, which tells the frame that has opened it, and nobody else.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, Query, ServiceConfig, resource};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use url::Url;

use crate::actions::embedding;
use crate::app::App;
use crate::auth::ticket::{self, Ticket};
use crate::domain::actor::Actor;
use crate::domain::embedding::EmbeddedIn;
use crate::error::{Error, Result};
use crate::store::embedding::Embedding;
use crate::web::forms::Form;
use crate::web::framing::Framing;
use crate::web::links::Links;
use crate::web::page::{self, Page};
use crate::web::respond;

/// The routes among our own pages.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/embed-consent").get(ask).post(consent).wrap(from_fn(keep_the_tie)));
}

#[derive(Template)]
#[template(path = "embed/connect.html")]
struct ConnectPage {
    page: Page,
    embed: String,
    why: Why,
    /// The page around the frame, if it can be told.
    site: Option<String>,
}

/// Why there is no session.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    /// The host has sent no launch.
    NotYet,
    /// It has ended.
    Ended,
    /// Somebody has ended it.
    Left,
    /// The browser kept no cookie; this ticket opens a window.
    NoCookies(String),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    ticket: String,
    left: Option<String>,
}

/// `GET /embed/{embed}`: the frame without a launch.
pub async fn start(app: Data<App>, request: HttpRequest, actor: Option<Actor>) -> Result<HttpResponse> {
    if actor.is_some() {
        return Ok(respond::see_other(&Links::of(&request).to("/providers")));
    }
    let why = if asked(&request).left.is_some() { Why::Left } else { Why::NotYet };
    draw(&app, &request, StatusCode::OK, why)
}

/// `GET /embed/{embed}/arrived`: where a launch leads. Whoever comes with a cookie goes on, and leaves the ticket here.
pub async fn arrived(app: Data<App>, request: HttpRequest, actor: Option<Actor>) -> Result<HttpResponse> {
    let (links, ticket) = (Links::of(&request), asked(&request).ticket);
    if actor.is_some() {
        embedding::tear(&app, &ticket).await?;
        return Ok(respond::see_other(&links.to("/providers")));
    }
    // An old address that the browser has kept says nothing about cookies; and at the top of a window it would be a
    // way to let somebody in as somebody else.
    let is_good = links.is_frame() && ticket::read(&app.keys, &ticket, app.clock.now()).is_ok();
    draw(&app, &request, StatusCode::UNAUTHORIZED, if is_good { Why::NoCookies(ticket) } else { Why::Ended })
}

/// What a page in a frame answers to somebody without a session.
///
/// # Errors
/// As rendering.
pub fn not_connected(app: &App, request: &HttpRequest) -> Result<HttpResponse> {
    draw(app, request, StatusCode::UNAUTHORIZED, Why::Ended)
}

fn asked(request: &HttpRequest) -> Asked {
    Query::<Asked>::from_query(request.query_string()).map(Query::into_inner).unwrap_or_default()
}

fn draw(app: &App, request: &HttpRequest, status: StatusCode, why: Why) -> Result<HttpResponse> {
    let page = Page {
        around: page::around(request, app)?,
        ..Page::linking(Links::of(request), String::new(), app.clock.now())
    };
    let embed = request.extensions().get::<Embedding>().map(|embedding| embedding.embed_id.to_string());
    let embed = embed.unwrap_or_default();
    respond::with_status(status, &ConnectPage { page, embed, why, site: site(request) })
}

/// The page around the frame: the one that the browser comes from, or the only one that it can be.
fn site(request: &HttpRequest) -> Option<String> {
    let extensions = request.extensions();
    let embedding = extensions.get::<Embedding>()?;
    let referer = request.headers().get(header::REFERER).and_then(|value| value.to_str().ok());
    let from = referer.and_then(|page| Url::parse(page).ok()).map(|url| url.origin().ascii_serialization());
    let known = from.filter(|origin| embedding.site(origin).is_some());
    let only = match &embedding.sites[..] {
        [only] => Some(only.origin.clone()),
        _ => None,
    };
    known.or(only)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    embed: String,
    site: String,
}

#[derive(Template)]
#[template(path = "embed/consent.html")]
struct ConsentPage {
    page: Page,
    embed: String,
    site: String,
    /// What the frame gets; only once somebody has consented.
    ticket: Option<String>,
}

/// `GET /embed-consent`: may this site show the settings?
async fn ask(app: Data<App>, actor: Actor, page: Page, wanted: Query<Wanted>) -> Result<HttpResponse> {
    let Wanted { embed, site } = wanted.into_inner();
    listed(&app, &actor, &embed, &site).await?;
    respond::page(&ConsentPage { page, embed, site, ticket: None })
}

/// `POST /embed-consent`: it may.
async fn consent(app: Data<App>, actor: Actor, page: Page, form: Form<Wanted>) -> Result<HttpResponse> {
    let Wanted { embed, site } = form.input;
    let embedded = listed(&app, &actor, &embed, &site).await?;
    let ticket = Ticket::session(actor.user_id, &embedded).sign(&app.keys, app.clock.now())?;
    let cookie = Ticket::consent_cookie(ticket.clone());
    let mut answer = respond::page(&ConsentPage { page, embed, site, ticket: Some(ticket) })?;
    answer.add_cookie(&cookie).map_err(|error| Error::internal(error.to_string()))?;
    Ok(answer)
}

/// Another organization's frame is as missing as one that never was.
async fn listed(app: &App, actor: &Actor, embed: &str, site: &str) -> Result<EmbeddedIn> {
    let embedded = embedding::listed_site(app, actor, site).await?;
    if embedded.embed_id.as_str() == embed { Ok(embedded) } else { Err(Error::NotFound) }
}

/// Errors on the way are answers as well.
async fn keep_the_tie<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<B>, actix_web::Error> {
    speaks_to_its_opener(request.request());
    next.call(request).await
}

/// Lets the window keep its tie to the frame that opened it. Losing it is for good, so every answer on the way has to
/// do so, sign-in among them.
pub fn speaks_to_its_opener(request: &HttpRequest) {
    request.extensions_mut().insert(Framing::Window);
}

/// Whether an address is the one where people consent.
#[must_use]
pub fn is_consent(address: &str) -> bool {
    address.split('?').next() == Some("/embed-consent")
}
