//! Calm pages for what went wrong. They need neither a viewer nor the database.

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse};
use askama::Template;
use tracing_actix_web::RequestId;
use uuid::Uuid;

use super::page::Page;
use super::words;
use crate::clock::{Clock, Timestamp};
use crate::domain::actor::Actor;

/// A page that says what went wrong and how to go on.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    page: Page,
    status: StatusCode,
    title: &'static str,
    text: String,
    ways_on: Vec<WayOn>,
    facts: Vec<(&'static str, String)>,
}

/// A button that leads on.
#[derive(Debug)]
struct WayOn {
    href: &'static str,
    words: &'static str,
}

const HOME: WayOn = WayOn { href: "/", words: "Go to the start page" };
const TRY_AGAIN: WayOn = WayOn { href: "", words: "Try again" };
const SIGN_IN_AS_ANOTHER: WayOn = WayOn { href: "/account", words: "Sign in as someone else" };

impl ErrorPage {
    /// 403: a form whose token is missing, forged or too old.
    #[must_use]
    pub fn expired_form(now: Timestamp) -> Self {
        let text = "This page was open too long, so we didn’t save it. Check your answers and save again.";
        Self::new(StatusCode::FORBIDDEN, "This page was open too long", text, now).with(vec![HOME])
    }

    /// 400: a request that makes no sense.
    #[must_use]
    pub fn bad_request(now: Timestamp) -> Self {
        let text = "The request arrived incomplete or garbled, so nothing was changed. Go back and send it again.";
        Self::new(StatusCode::BAD_REQUEST, "We couldn’t read that", text, now).with(vec![HOME])
    }

    /// 403: a member whose role may not open the page, and the names of those whom to ask.
    #[must_use]
    pub fn forbidden(actor: &Actor, helpers: &[String], now: Timestamp) -> Self {
        let text = format!(
            "Provider keys can be seen and changed by Owners and Administrators. You’re signed in as {}, {}.",
            actor.name,
            actor.role.with_article()
        );
        let mut page = Self::new(StatusCode::FORBIDDEN, "You don’t have access to this page", text, now)
            .with(vec![WayOn { href: "/base-models", words: "Go to Base models" }, SIGN_IN_AS_ANOTHER]);
        page.page.organization = Some(actor.organization.clone());
        if !helpers.is_empty() {
            page.facts.push(("Who can help", helpers.join(", ")));
        }
        page
    }

    /// 403: a request that came from another site's page.
    #[must_use]
    pub fn foreign_origin(now: Timestamp) -> Self {
        let text = "The request came from a page of another site, so nothing was changed. Open Claviger and try there.";
        Self::new(StatusCode::FORBIDDEN, "That didn’t come from here", text, now).with(vec![HOME])
    }

    /// 404.
    #[must_use]
    pub fn not_found(now: Timestamp) -> Self {
        let text = "The connection may have been removed, or the link may be incomplete.";
        Self::new(StatusCode::NOT_FOUND, "There’s nothing at this address", text, now).with(vec![HOME])
    }

    /// 405.
    #[must_use]
    pub fn wrong_method(now: Timestamp) -> Self {
        let text = "This address belongs to a button, not to a page. Open the page with the button and press it there.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "This isn’t a page", text, now).with(vec![HOME])
    }

    /// 413.
    #[must_use]
    pub fn too_large(now: Timestamp) -> Self {
        let text = "What you sent is larger than any key or form of ours, so nothing was saved. Check that it’s the right file.";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "That’s too large", text, now).with(vec![HOME])
    }

    /// 429, with the seconds to wait.
    #[must_use]
    pub fn too_many_tries(retry_after_s: u64, now: Timestamp) -> Self {
        let wait = words::counted(usize::try_from(retry_after_s.div_ceil(60)).unwrap_or(1), "minute", "minutes");
        let text = format!("Sign-in is paused for a while. Try again in {wait}.");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many tries", text, now)
            .with(vec![WayOn { href: "/sign-in", words: "Back to sign-in" }])
    }

    /// 500. The reference is the one in the log.
    #[must_use]
    pub fn our_fault(reference: Uuid, now: Timestamp) -> Self {
        let text = "Your last change wasn’t saved. Keys already stored are safe. Try again; if it keeps happening, give \
                    the reference to whoever runs this server.";
        let page = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side", text, now);
        page.with(vec![TRY_AGAIN]).traced(reference)
    }

    /// 503: the database does not answer, or the server is stopping.
    #[must_use]
    pub fn unavailable(reference: Uuid, now: Timestamp) -> Self {
        let text = "Claviger can’t reach its database just now. Nothing you sent was saved. Keys already stored are \
                    safe. Try again in a minute.";
        let page = Self::new(StatusCode::SERVICE_UNAVAILABLE, "Back in a moment", text, now);
        page.with(vec![TRY_AGAIN]).traced(reference)
    }

    /// The page for a status, where nothing more is known.
    #[must_use]
    pub fn for_status(status: StatusCode, reference: Uuid, now: Timestamp) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found(now),
            StatusCode::METHOD_NOT_ALLOWED => Self::wrong_method(now),
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(now),
            StatusCode::TOO_MANY_REQUESTS => Self::too_many_tries(60, now),
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable(reference, now),
            status if status.is_server_error() => Self::our_fault(reference, now),
            status => Self { status, ..Self::bad_request(now) },
        }
    }

    /// The page as an answer.
    #[must_use]
    pub fn respond(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.content_type("text/html; charset=utf-8");
        match self.render() {
            Ok(html) => response.body(html),
            Err(_) => response.body(self.title),
        }
    }

    fn new(status: StatusCode, title: &'static str, text: impl Into<String>, now: Timestamp) -> Self {
        let page = Page::outside(String::new(), now);
        Self { page, status, title, text: text.into(), ways_on: Vec::new(), facts: Vec::new() }
    }

    fn with(self, ways_on: Vec<WayOn>) -> Self {
        Self { ways_on, ..self }
    }

    fn traced(mut self, reference: Uuid) -> Self {
        self.facts.push(("Reference", reference.to_string()));
        self.facts.push(("Time", words::full(&self.page.now)));
        self
    }
}

/// Gives errors that the framework answered by itself (404, 405, 413 …) a page, as a middleware:
/// `wrap(from_fn(move |req, next| error_pages::explain(req, next, clock.clone())))`. Answers that already have
/// a page or are for programs (JSON) pass unchanged, so the framework's own words never reach anybody.
///
/// # Errors
/// The inner service's error.
pub async fn explain<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    clock: Clock,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    let response = next.call(request).await?;
    if !is_bare_error(&response) {
        return Ok(response.map_into_left_body());
    }
    let reference = response.request().extensions().get::<RequestId>().map_or_else(Uuid::now_v7, |id| **id);
    let mut page = ErrorPage::for_status(response.status(), reference, clock.now()).respond();
    for name in [header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = response.headers().get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    Ok(response.into_response(page.map_into_right_body()))
}

/// Whether an answer is an error that nobody has written a page for.
fn is_bare_error<B: MessageBody>(response: &ServiceResponse<B>) -> bool {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return false;
    }
    let mime = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    mime.is_empty() || mime.starts_with("text/plain") || response.response().body().size() == BodySize::None
}
