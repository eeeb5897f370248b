//! Who asks over the REST API. Every request shows a token; there are no cookies and therefore no forged requests.

use actix_web::HttpMessage;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use chrono::TimeDelta;

use super::api_limits::Remaining;
use super::{api_token, client};
use crate::app::App;
use crate::domain::actor::{Actor, ActorToken, OrgScope};
use crate::domain::api_token::TokenProblem;
use crate::domain::secret::SecretField;
use crate::error::{Error, Result};
use crate::store::api_tokens::{self, OpenApiToken};

/// A token's last use is noted this often.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Refuses a secret in an address, before anything else: addresses end up in logs and histories.
///
/// # Errors
/// The inner service's error.
pub async fn refuse_secrets_in_addresses<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    if names_a_secret(request.query_string()) {
        let error = Error::BadRequest("a secret in an address");
        return Ok(request.error_response(error).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Lets in only who shows a token that is good now, and counts what it asks.
///
/// # Errors
/// The inner service's error.
pub async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let remaining = match admit(&request).await {
        Ok(remaining) => remaining,
        Err(error) => {
            let limit = request.app_data::<Data<App>>().map(|app| app.api_limits.none_left());
            let is_too_many = matches!(error, Error::TooMany { .. });
            let mut response = request.error_response(error);
            if let Some(none_left) = limit.filter(|_| is_too_many) {
                tell(response.headers_mut(), &none_left);
            }
            return Ok(response.map_into_right_body());
        }
    };
    let mut response = next.call(request).await?;
    tell(response.headers_mut(), &remaining);
    Ok(response.map_into_left_body())
}

async fn admit(request: &ServiceRequest) -> Result<Remaining> {
    let app = request.app_data::<Data<App>>().cloned().ok_or_else(|| Error::internal("no application"))?;
    let now = app.clock.now();
    let hash = api_token::read(&app.keys, request.headers(), now).map_err(Error::BadToken)?;
    let found = app.db.read(move |conn| api_tokens::find_open(conn, &hash, now)).await?;
    let open = found.ok_or(Error::BadToken(TokenProblem::Invalid))?;
    let remaining = app.api_limits.count(open.token.id)?;
    note_use(&app, &open);
    let peer = request.peer_addr().map(|address| address.ip());
    let actor = Actor {
        user_id: open.user.id,
        role: open.user.role(),
        scope: OrgScope::granted(open.organization_id),
        organization: open.organization,
        ip: client::ip(peer, request.headers(), &app.config.trusted_proxies),
        name: open.user.name,
        email: open.user.email,
        token: Some(ActorToken { id: open.token.id, scopes: open.token.scopes(), name: open.token.name }),
    };
    request.extensions_mut().insert(actor);
    Ok(remaining)
}

/// In the background: the answer need not wait for it, and is not worse without it.
fn note_use(app: &Data<App>, open: &OpenApiToken) {
    let (id, now) = (open.token.id, app.clock.now());
    if open.token.last_used_at.is_some_and(|at| now - at < NOTED_EVERY) {
        return;
    }
    let app = app.clone();
    actix_web::rt::spawn(async move {
        if let Err(error) = app.db.write(move |conn| api_tokens::touch(conn, id, now, now - NOTED_EVERY)).await {
            tracing::warn!(error = %error.chain(), "a token’s use was not noted");
        }
    });
}

fn names_a_secret(query: &str) -> bool {
    let mut names = url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
    names.any(|name| SecretField::from_name(&name).is_some())
}

fn tell(headers: &mut HeaderMap, remaining: &Remaining) {
    let values = [
        (HeaderName::from_static("ratelimit-limit"), u64::from(remaining.limit)),
        (HeaderName::from_static("ratelimit-remaining"), u64::from(remaining.remaining)),
        (HeaderName::from_static("ratelimit-reset"), remaining.reset_s),
    ];
    for (name, value) in values {
        headers.insert(name, HeaderValue::from(value));
    }
}
