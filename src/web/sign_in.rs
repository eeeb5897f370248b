//! The front door: sign-in, sign-out, and where `/` leads.

use actix_session::Session;
use actix_web::cookie::Cookie;
use actix_web::http::header;
use actix_web::web::{Data, Query, ServiceConfig, resource};
use actix_web::{HttpRequest, HttpResponse, Responder};
use askama::Template;
use serde::Deserialize;

use super::forms::{Form, Nothing, Submitted};
use super::page::{Page, Viewer};
use super::{embed, respond};
use crate::actions::sessions::SignedIn;
use crate::actions::{organizations, sessions};
use crate::app::App;
use crate::auth::extract::Client;
use crate::auth::{device, next, session};
use crate::domain::actor::Actor;
use crate::domain::field_errors::FieldErrors;
use crate::error::{Error, Result};

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/").get(home))
        .service(resource("/sign-in").get(show).post(sign_in))
        .service(resource("/sign-out").post(sign_out));
}

/// `GET /`: to where a member starts, or to where one becomes one.
async fn home(app: Data<App>, actor: Option<Actor>) -> Result<HttpResponse> {
    if let Some(actor) = actor {
        return Ok(respond::see_other(Viewer::from(&actor).home()));
    }
    let door = if organizations::is_new(&app).await? { "/setup" } else { "/sign-in" };
    Ok(respond::see_other(door))
}

#[derive(Deserialize)]
struct Way {
    next: Option<String>,
    left: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Input {
    email: String,
    next: String,
}

#[derive(Template)]
#[template(path = "sign_in/sign_in.html")]
struct SignInPage {
    page: Page,
    errors: FieldErrors,
    email: String,
    next: String,
    has_left: bool,
}

/// `GET /sign-in`.
async fn show(page: Page, request: HttpRequest, way: Query<Way>, actor: Option<Actor>) -> Result<HttpResponse> {
    let next = way.next.as_deref().and_then(next::checked).unwrap_or_default().to_owned();
    if embed::is_consent(&next) {
        embed::speaks_to_its_opener(&request);
    }
    if let Some(actor) = actor {
        return Ok(respond::see_other(destination(&next, &Viewer::from(&actor))));
    }
    let has_left = way.left.is_some();
    respond::page(&SignInPage { page, errors: FieldErrors::default(), email: String::new(), next, has_left })
}

/// `POST /sign-in`.
async fn sign_in(
    app: Data<App>,
    page: Page,
    request: HttpRequest,
    session: Session,
    client: Client,
    submitted: Submitted<Input>,
) -> Result<HttpResponse> {
    let (Submitted::Fresh(sent) | Submitted::Stale(sent)) = &submitted;
    if embed::is_consent(&sent.input.next) {
        embed::speaks_to_its_opener(&request);
    }
    let form = match submitted {
        Submitted::Fresh(form) => form,
        Submitted::Stale(form) => return again(page, form.input, FieldErrors::one("", respond::STALE)),
    };
    match sessions::sign_in(&app, &form.input.email, &form.typed.secret("password"), &client).await {
        Ok(signed_in) => let_in(&app, &session, &client, signed_in, &form.input.next),
        Err(Error::Invalid(errors)) => again(page, form.input, errors),
        Err(error) => Err(error),
    }
}

/// `POST /sign-out`.
async fn sign_out(
    app: Data<App>,
    session: Session,
    actor: Option<Actor>,
    _form: Form<Nothing>,
) -> Result<impl Responder> {
    if let Some(actor) = actor {
        sessions::sign_out(&app, &actor).await?;
    }
    session.purge();
    Ok(leave())
}

/// Opens the session of somebody who has just proved who they are, and sends them on.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn let_in(app: &App, session: &Session, client: &Client, who: SignedIn, next: &str) -> Result<HttpResponse> {
    let now = app.clock.now();
    session::open(session, client.arrival(who.user_id, who.role, now))?;
    let cookie: Cookie = device::cookie(&app.keys, who.user_id, now)?;
    let home = Viewer { name: String::new(), email: String::new(), role: who.role }.home();
    let address = next::checked(next).unwrap_or(home).to_owned();
    Ok(HttpResponse::SeeOther().cookie(cookie).insert_header((header::LOCATION, address)).finish())
}

/// The answer to somebody who has signed out: nothing of the pages stays in the browser. The cookie is deleted by
/// the session's own answer, and the one that knows this device is to stay.
#[must_use]
pub fn leave() -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header(("Clear-Site-Data", "\"cache\", \"storage\""))
        .insert_header((header::LOCATION, "/sign-in?left"))
        .finish()
}

fn destination<'a>(next: &'a str, viewer: &Viewer) -> &'a str {
    if next.is_empty() { viewer.home() } else { next }
}

fn again(page: Page, input: Input, errors: FieldErrors) -> Result<HttpResponse> {
    let next = next::checked(&input.next).unwrap_or_default().to_owned();
    respond::unprocessable(&SignInPage { page, errors, email: input.email, next, has_left: false })
}
