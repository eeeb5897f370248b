//! How a session in a frame begins, gets a window, and ends.

use actix_session::Session;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use crate::actions::embedding::{self, Entry, Opened};
use crate::app::App;
use crate::auth::extract::Client;
use crate::auth::ticket::{CONSENT_COOKIE, Ticket};
use crate::auth::{csrf, session, session_store};
use crate::error::{Error, Result};
use crate::store::embedding::Embedding;
use crate::web::forms::Submitted;
use crate::web::links::Links;
use crate::web::page::{self, Page};
use crate::web::respond;

/// What somebody brings to be let in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Brought {
    /// A host product's launch.
    token: String,
    /// A ticket of ours.
    ticket: String,
    /// Where to go in the window.
    to: String,
}

/// `POST /embed/{embed}/launch`: the host's page sends it into the frame, so it comes from another site and has no
/// form token of ours. The signed token is what it is judged by.
pub async fn launch(
    app: Data<App>,
    embedding: ReqData<Embedding>,
    session: Session,
    client: Client,
    request: HttpRequest,
    submitted: Submitted<Brought>,
) -> Result<HttpResponse> {
    let links = Links::of(&request);
    // At the top of a window it would be a way to sign somebody in without their knowing.
    if !links.is_frame() {
        return Err(Error::BadRequest("a launch belongs into a frame"));
    }
    let brought = submitted.unjudged().input;
    let opened = embedding::launch(&app, &embedding, &brought.token, origin(request.headers()), &client).await?;
    open(&app, &session, &client, &opened)?;
    // A browser that keeps no cookies for the frame comes to the next page as a stranger. The ticket lets that page
    // offer a window; everybody else's is used up there.
    let ticket = Ticket::session(opened.user_id, &opened.embedded).sign(&app.keys, app.clock.now())?;
    Ok(respond::see_other(&links.to(format!("/arrived?ticket={ticket}"))))
}

/// `POST /embed/{embed}/redeem`: our own page in the frame, with what our window has told it.
pub async fn redeem(
    app: Data<App>,
    embedding: ReqData<Embedding>,
    session: Session,
    client: Client,
    request: HttpRequest,
    submitted: Submitted<Brought>,
) -> Result<HttpResponse> {
    comes_from_us(&app, &request)?;
    // Without a message from the window, the browser may let the frame have what the window left in a cookie.
    let left = request.cookie(CONSENT_COOKIE).map(|cookie| cookie.value().to_owned()).unwrap_or_default();
    let brought = submitted.unjudged().input;
    let ticket = if brought.ticket.is_empty() { &left } else { &brought.ticket };
    let opened = embedding::redeem(&app, &embedding, ticket, &client).await?;
    open(&app, &session, &client, &opened)?;
    Ok(respond::see_other(&Links::of(&request).to("/providers")))
}

/// `POST /embed/{embed}/window`: our own page in the frame opens a window, which has none of the frame's cookies.
pub async fn open_window(
    app: Data<App>,
    embedding: ReqData<Embedding>,
    session: Session,
    client: Client,
    request: HttpRequest,
    submitted: Submitted<Brought>,
) -> Result<HttpResponse> {
    comes_from_us(&app, &request)?;
    let brought = submitted.unjudged().input;
    let to = inside(&brought.to).ok_or(Error::NotFound)?;
    match embedding::shown(&app, &embedding, &brought.ticket, &client).await? {
        Entry::New(opened) => open(&app, &session, &client, &opened)?,
        Entry::First(original) => {
            let member = session_store::embedded_member(&app, &original).await?.ok_or(Error::LinkClosed)?;
            session::open_alias(&session, &original, &member)?;
        }
        Entry::Again(original) if session::key_hash(&session).as_ref() == Some(&original) => {}
        Entry::Again(_) => return Err(Error::LinkClosed),
    }
    Ok(respond::see_other(&Links::of(&request).to(to)))
}

/// `POST /embed/{embed}/log-out`: from the frame, or from the page around it.
pub async fn log_out(
    app: Data<App>,
    embedding: ReqData<Embedding>,
    session: Session,
    client: Client,
    request: HttpRequest,
) -> Result<HttpResponse> {
    session::loaded(&session)?;
    if let Some(member) = session::member(&session) {
        let site = member.embedded.as_ref().map(|embedded| embedded.site.as_str());
        let is_from_the_site = site.is_some() && origin(request.headers()) == site;
        if !is_from_the_site {
            comes_from_us(&app, &request)?;
        }
        embedding::leave(&app, &embedding, &member, client.ip).await?;
        session.purge();
    }
    Ok(respond::see_other(&Links::of(&request).to("?left")))
}

#[derive(Template)]
#[template(path = "embed/done.html")]
struct DonePage {
    page: Page,
}

/// `GET /embed/{embed}/done`: where a change in a window ends. Its message is for the frame, so it is left where it
/// is; the page only tells the frame to look, and closes.
pub async fn done(app: Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    let page = Page {
        around: page::around(&request, &app)?,
        ..Page::linking(Links::of(&request), String::new(), app.clock.now())
    };
    respond::page(&DonePage { page })
}

/// Opens the session, or goes on with the one that this browser has in the same page: a second tab must not take it
/// from the first, where somebody may be typing.
fn open(app: &App, session: &Session, client: &Client, opened: &Opened) -> Result<()> {
    let arrival = client.arrival(opened.user_id, opened.role, app.clock.now());
    if session::go_on_embedded(session, &arrival, &opened.embedded)? {
        return Ok(());
    }
    session::open_embedded(session, arrival, &opened.embedded)
}

/// Refuses what does not come from our own pages.
fn comes_from_us(app: &App, request: &HttpRequest) -> Result<()> {
    let own = csrf::own_origins(&app.config.public_url);
    if csrf::comes_from(&own, request.headers()) { Ok(()) } else { Err(Error::StaleForm) }
}

/// The page that a request comes from, as the browser says; `None` if it says nothing, or several things.
fn origin(headers: &HeaderMap) -> Option<&str> {
    let mut said = headers.get_all(header::ORIGIN);
    let only = said.next().filter(|_| said.next().is_none())?;
    only.to_str().ok()
}

/// The path, if it is one of the pages that windows are opened for.
fn inside(path: &str) -> Option<&str> {
    let is_plain = path.len() <= 200 && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-#".contains(&byte));
    let is_ours = path == "/providers" || path.starts_with("/providers/") || path.starts_with("/providers#");
    (is_plain && is_ours && !path.contains("//")).then_some(path)
}
