//! Calm pages for what went wrong. A handler returns an [`ErrorPage`], or an [`Error`] that turns into one; the
//! middleware [`explain`] draws it.

use std::fmt;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use askama::Template;
use serde_json::json;
use tracing_actix_web::RequestId;
use uuid::Uuid;

use super::links::Links;
use super::page::{self, Page};
use super::{embed, translation, words};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::embedding::LaunchRefusal;
use crate::domain::language::Language;
use crate::domain::role::Permission;
use crate::error::Error;
use crate::store::users;

/// What a page of ours says about an error, and how it leads on.
#[derive(Clone, Debug)]
pub struct ErrorPage {
    status: StatusCode,
    title: &'static str,
    text: String,
    ways_on: &'static [WayOn],
    facts: Vec<(&'static str, String)>,
    organization: Option<String>,
    retry_after_s: Option<u64>,
    refusal: Option<LaunchRefusal>,
}

/// A button that leads on.
#[derive(Debug)]
struct WayOn {
    href: &'static str,
    words: &'static str,
}

const CONNECT: &[WayOn] = &[WayOn { href: "", words: "Connect" }];
const LIST: &[WayOn] = &[WayOn { href: "/providers", words: "Back to the list" }];
const PAUSED_FOR: (&str, &str) =
    ("We paused for a while. Try again in {0} minute.", "We paused for a while. Try again in {0} minutes.");
const PRESS_AGAIN: &str = "Go back to the page that it came from, reload that, and press the button again.";
const HOME: &[WayOn] = &[WayOn { href: "/", words: "Go to the start page" }];
const TRY_AGAIN: &[WayOn] = &[WayOn { href: "", words: "Try again" }];
const SIGN_IN: &[WayOn] = &[WayOn { href: "/sign-in", words: "Go to sign-in" }];
const BASE_MODELS: &[WayOn] = &[
    WayOn { href: "/base-models", words: "Go to Base models" },
    WayOn { href: "/account", words: "Go to your account" },
];

impl ErrorPage {
    /// 400: a request that makes no sense.
    #[must_use]
    pub fn bad_request() -> Self {
        let text = "What arrived was incomplete or garbled, so nothing was changed. Go back and send it again.";
        Self::new(StatusCode::BAD_REQUEST, "We couldn’t read that", text)
    }

    /// 401: nobody is signed in, where a redirect would not help.
    #[must_use]
    pub fn not_signed_in() -> Self {
        let text = "You’re not signed in, or were away for too long. Nothing was changed.";
        Self::new(StatusCode::UNAUTHORIZED, "Sign in to go on", text).leading_to(SIGN_IN)
    }

    /// 403: a form whose token is missing, forged or too old, or that another site sent.
    #[must_use]
    pub fn stale_form() -> Self {
        let text = "This page was open too long, so we didn’t save it. Check your answers and save again.";
        Self::new(StatusCode::FORBIDDEN, "This page was open too long", text)
    }

    /// 403, where it is not known who asked.
    #[must_use]
    pub fn no_access() -> Self {
        let text = "Provider keys can be seen and changed by Owners and Administrators. Ask one of them.";
        Self::new(StatusCode::FORBIDDEN, "You don’t have access to this page", text).leading_to(BASE_MODELS)
    }

    /// 403: a member whose role may not open the page, and the names of those whom to ask.
    #[must_use]
    pub fn forbidden(actor: &Actor, helpers: &[String]) -> Self {
        let text = format!(
            "Provider keys can be seen and changed by Owners and Administrators. You’re signed in as {}, {}.",
            actor.name,
            actor.role.with_article()
        );
        let mut page = Self { text, organization: Some(actor.organization.clone()), ..Self::no_access() };
        if !helpers.is_empty() {
            page.facts.push(("Who can help", helpers.join(", ")));
        }
        page
    }

    /// 403: something that only an Owner may do.
    #[must_use]
    pub fn owners_only() -> Self {
        let text = "Nothing was changed. Ask an Owner of your organization.";
        Self::new(StatusCode::FORBIDDEN, "Only an Owner can do this", text)
    }

    /// 404: not there, or another organization's.
    #[must_use]
    pub fn not_found() -> Self {
        let text = "The connection may have been removed, or the link may be incomplete.";
        Self::new(StatusCode::NOT_FOUND, "There’s nothing at this address", text)
    }

    /// 405.
    #[must_use]
    pub fn wrong_method() -> Self {
        let text = "This address belongs to a button, not to a page. Open the page with the button and press it there.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "This isn’t a page", text)
    }

    /// 403: a host product's launch that is not as it should be.
    #[must_use]
    pub fn launch_refused(refusal: LaunchRefusal) -> Self {
        let mut page = Self::new(StatusCode::FORBIDDEN, "This page couldn’t open Claviger", refusal.words());
        page.ways_on = CONNECT;
        page.facts.push(("For its developers", refusal.slug().to_owned()));
        Self { refusal: Some(refusal), ..page }
    }

    /// 410: a one-time link that was used, has run out or never existed.
    #[must_use]
    pub fn link_closed() -> Self {
        let text = "It was used already, has run out, or was copied without its last characters. Ask for a new one.";
        Self::new(StatusCode::GONE, "This link doesn’t work any more", text).leading_to(SIGN_IN)
    }

    /// 413.
    #[must_use]
    pub fn too_large() -> Self {
        let text = "It’s larger than any key or form we know, so nothing was saved. Check that it’s the right file.";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "That’s too large", text)
    }

    /// 429, with the seconds to wait.
    #[must_use]
    pub fn too_many_tries(retry_after_s: u64) -> Self {
        let text = paused_for(Language::English, minutes(retry_after_s));
        let page = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many tries", text);
        Self { retry_after_s: Some(retry_after_s), ..page }
    }

    /// 500. What happened is in the log, under the reference that the page will name.
    #[must_use]
    pub fn our_fault() -> Self {
        let text = "Your last change wasn’t saved. Keys already stored are safe. Try again; if it keeps happening, give \
                    the reference to whoever runs this server.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side", text).leading_to(TRY_AGAIN)
    }

    /// 503: the database does not answer, is locked or full.
    #[must_use]
    pub fn unavailable() -> Self {
        let text = "We can’t reach our database just now. Your last change wasn’t saved. Keys already stored are safe. \
                    Try again in a minute.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Back in a moment", text).leading_to(TRY_AGAIN)
    }

    /// The page for a status, where nothing more is known.
    #[must_use]
    pub fn for_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::not_signed_in(),
            StatusCode::FORBIDDEN => Self::no_access(),
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => Self::wrong_method(),
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(),
            StatusCode::TOO_MANY_REQUESTS => Self::too_many_tries(60),
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable(),
            status if status.is_server_error() => Self { status, ..Self::our_fault() },
            status => Self { status, ..Self::bad_request() },
        }
    }

    /// The page's HTML, on the frame of `page`. Errors of the server name their reference in the log, and the time.
    ///
    /// # Errors
    /// As rendering.
    pub fn html(&self, reference: Uuid, page: Page) -> askama::Result<String> {
        let mut facts = self.facts.clone();
        if self.status.is_server_error() {
            facts.push(("Reference", reference.to_string()));
            facts.push(("Time", words::full(&page.now)));
        }
        let page = Page { organization: self.organization.clone(), ..page };
        ErrorTemplate { page, error: self, facts }.render()
    }

    fn new(status: StatusCode, title: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            status,
            title,
            text,
            ways_on: HOME,
            facts: Vec::new(),
            organization: None,
            retry_after_s: None,
            refusal: None,
        }
    }

    /// The text in a page's language.
    fn text_on(&self, page: &Page) -> String {
        if let Some(minutes) = self.retry_after_s.map(minutes) {
            return paused_for(page.language, minutes);
        }
        let text = page.say(&self.text);
        let Some(refusal) = self.refusal else { return text };
        format!("{} {}", page.say(refusal.words()), page.say("You can also connect with your own Claviger account."))
    }

    /// The same for a frame, from where nothing of ours can be reached but the list.
    fn inside_a_frame(self) -> Self {
        let stays = self.ways_on.iter().any(|way| way.href.is_empty());
        match self.status {
            // The list is just what somebody may not see; and who they are there, the host has said.
            StatusCode::FORBIDDEN if self.refusal.is_none() && self.title == Self::no_access().title => {
                Self { text: Self::no_access().text, ..self.leading_to(&[]) }
            }
            _ if stays => self,
            StatusCode::GONE => Self { text: PRESS_AGAIN.to_owned(), ..self.leading_to(&[]) },
            _ => self.leading_to(LIST),
        }
    }

    fn leading_to(self, ways_on: &'static [WayOn]) -> Self {
        Self { ways_on, ..self }
    }
}

fn minutes(seconds: u64) -> usize {
    usize::try_from(seconds.div_ceil(60)).unwrap_or(usize::MAX)
}

fn paused_for(language: Language, minutes: usize) -> String {
    let (one, many) = PAUSED_FOR;
    translation::counted(language, minutes, one, many)
}

/// The template around an [`ErrorPage`].
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorTemplate<'a> {
    page: Page,
    error: &'a ErrorPage,
    facts: Vec<(&'static str, String)>,
}

impl From<Error> for ErrorPage {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<&Error> for ErrorPage {
    /// This is the boundary at which errors of the server are logged, once.
    fn from(error: &Error) -> Self {
        match error {
            Error::Invalid(errors) => {
                let text: Vec<_> = errors.iter().map(|(_, error)| error.message.as_str()).collect();
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "That couldn’t be done", text.join(" "))
            }
            Error::NotSignedIn | Error::BadToken(_) => Self::not_signed_in(),
            Error::Forbidden(Permission::ManageOwners | Permission::ManageEgress | Permission::ManageEmbedding) => {
                Self::owners_only()
            }
            Error::Forbidden(_) => Self::no_access(),
            Error::NotFound | Error::NoSuchPage => Self::not_found(),
            Error::StaleForm => Self::stale_form(),
            Error::LaunchRefused(refusal) => Self::launch_refused(*refusal),
            Error::LinkClosed => Self::link_closed(),
            Error::TooMany { retry_after_s } => Self::too_many_tries(*retry_after_s),
            Error::TooLarge => Self::too_large(),
            Error::Stale | Error::UnsupportedMediaType | Error::NotOffered(_) => {
                Self { status: error.status_code(), ..Self::bad_request() }
            }
            Error::BadRequest(_) => Self::bad_request(),
            Error::Unavailable(_) => {
                tracing::error!(error = %error.chain(), "the database is not available");
                Self::unavailable()
            }
            Error::Internal(_) => {
                tracing::error!(error = %error.chain(), "a request failed");
                Self::our_fault()
            }
        }
    }
}

impl fmt::Display for ErrorPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title)
    }
}

/// So that extractors and middleware can answer with an [`Error`] as it is.
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotSignedIn | Self::BadToken(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::StaleForm | Self::LaunchRefused(_) => StatusCode::FORBIDDEN,
            Self::NotFound | Self::NoSuchPage => StatusCode::NOT_FOUND,
            Self::LinkClosed => StatusCode::GONE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BadRequest(_) | Self::NotOffered(_) => StatusCode::BAD_REQUEST,
            Self::Stale => StatusCode::PRECONDITION_FAILED,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        ErrorPage::from(self).error_response()
    }
}

impl ResponseError for ErrorPage {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// The status alone, with the page riding along for [`explain`], which knows time and reference.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status);
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// Draws error pages, as a middleware: `wrap(from_fn(error_pages::explain))`. Errors that the framework answered by
/// itself (404, 405, 413 …) get a page as well, so its own words never reach anybody. Programs get JSON, and
/// people who are not signed in are sent to do so. Answers with HTML or JSON pass unchanged.
///
/// # Errors
/// The inner service's error.
pub async fn explain<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    let response = next.call(request).await?;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let Some(app) = response.request().app_data::<Data<App>>().cloned() else {
        return Ok(response.map_into_left_body());
    };
    if !is_error || is_written(response.headers()) {
        return Ok(response.map_into_left_body());
    }
    let page = response.response().extensions().get::<ErrorPage>().cloned();
    let page = page.unwrap_or_else(|| ErrorPage::for_status(status));
    let mut answer = answer(&app, response.request(), page).await;
    // What the inner layers decided about cookies stays.
    for name in [header::ALLOW, header::SET_COOKIE] {
        for value in response.headers().get_all(&name) {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    Ok(response.into_response(answer.map_into_right_body()))
}

async fn answer(app: &App, request: &HttpRequest, page: ErrorPage) -> HttpResponse {
    let reference = request.extensions().get::<RequestId>().map_or_else(Uuid::now_v7, |id| **id);
    if wants_json(request) {
        let body = json!({ "detail": format!("{}. {}", page.title, page.text), "reference": reference.to_string() });
        return build(&page).json(body);
    }
    let links = Links::of(request);
    let around = page::around(request, app).unwrap_or_default();
    match page.status {
        StatusCode::UNAUTHORIZED if around.is_some() => {
            return embed::not_connected(app, request).unwrap_or_else(HttpResponse::from_error);
        }
        StatusCode::UNAUTHORIZED if is_opened_by_a_person(request) => return to_sign_in(request),
        _ => {}
    }
    let page = if page.status == StatusCode::FORBIDDEN { whom_to_ask(app, request, page).await } else { page };
    let page = if around.is_some() { page.inside_a_frame() } else { page };
    draw(&page, reference, Page { around, ..Page::linking(links, String::new(), app.clock.now()) })
}

/// Whether a person sees the answer. A script of a page that follows to sign-in would take that page for what it
/// asked for, and so would a program that fetches a text.
fn is_opened_by_a_person(request: &HttpRequest) -> bool {
    let destination = request.headers().get("sec-fetch-dest");
    !request.path().ends_with(".txt") && destination.is_none_or(|destination| destination == "document")
}

/// To sign-in, and from there to where one was going. A form that was sent cannot be sent again by itself.
fn to_sign_in(request: &HttpRequest) -> HttpResponse {
    if embed::is_consent(request.path()) {
        embed::speaks_to_its_opener(request);
    }
    let going_to = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let address = if request.method() == Method::GET && going_to != "/" {
        let next: String = url::form_urlencoded::byte_serialize(going_to.as_bytes()).collect();
        format!("/sign-in?next={next}")
    } else {
        "/sign-in".to_owned()
    };
    HttpResponse::SeeOther().insert_header((header::LOCATION, address)).finish()
}

/// Adds who is signed in and who can help, where the role was the reason.
async fn whom_to_ask(app: &App, request: &HttpRequest, page: ErrorPage) -> ErrorPage {
    let Some(actor) = request.extensions().get::<Actor>().cloned() else { return page };
    if page.title != ErrorPage::no_access().title {
        return page;
    }
    let scope = actor.scope;
    let helpers = app.db.read(move |conn| users::names_of_managers(conn, scope)).await.unwrap_or_default();
    ErrorPage::forbidden(&actor, &helpers)
}

fn wants_json(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    request.path().ends_with(".json") || (accept.contains("application/json") && !accept.contains("text/html"))
}

/// Whether somebody has written a page or a JSON answer already. The framework's own words are plain text.
fn is_written(headers: &HeaderMap) -> bool {
    let mime = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    !mime.is_empty() && !mime.starts_with("text/plain")
}

/// A page as an answer.
fn draw(page: &ErrorPage, reference: Uuid, around: Page) -> HttpResponse {
    let html = page.html(reference, around).unwrap_or_else(|_| page.title.to_owned());
    build(page).content_type("text/html; charset=utf-8").body(html)
}

fn build(page: &ErrorPage) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(page.status);
    if let Some(retry_after_s) = page.retry_after_s {
        response.insert_header((header::RETRY_AFTER, HeaderValue::from(retry_after_s)));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::translation::tests::assert_translated;

    #[test]
    fn every_language_has_words_for_what_went_wrong() {
        let known = [
            ErrorPage::bad_request(),
            ErrorPage::not_signed_in(),
            ErrorPage::stale_form(),
            ErrorPage::no_access(),
            ErrorPage::owners_only(),
            ErrorPage::not_found(),
            ErrorPage::wrong_method(),
            ErrorPage::launch_refused(LaunchRefusal::Expired),
            ErrorPage::link_closed(),
            ErrorPage::too_large(),
            ErrorPage::our_fault(),
            ErrorPage::unavailable(),
        ];
        for page in known.into_iter().flat_map(|page| [page.clone().inside_a_frame(), page]) {
            assert_translated(page.title);
            assert_translated(&page.text);
            page.ways_on.iter().for_each(|way| assert_translated(way.words));
            page.facts.iter().for_each(|(term, _)| assert_translated(term));
        }
        for text in
            [PAUSED_FOR.0, PAUSED_FOR.1, "Too many tries", "That couldn’t be done", "Who can help", "Reference", "Time"]
        {
            assert_translated(text);
        }
    }
}
