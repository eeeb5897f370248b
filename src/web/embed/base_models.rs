//! The base-model dropdown for a host product's own editor: asked for by its page with a launch, across origins.

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Data, ServiceConfig, get, method, resource};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::actions::embedding;
use crate::app::App;
use crate::base_models::base_models;
use crate::domain::embedding::LaunchRefusal;
use crate::error::{Error, Result};
use crate::store;
use crate::web::base_models::for_a_form;

/// How long a browser may remember that a page may ask, in seconds.
const MAY_ASK_S: &str = "600";

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/embed/base-models").route(get().to(show)).route(method(Method::OPTIONS).to(may_ask)));
}

/// `OPTIONS /embed/base-models`: a browser's question before it asks with a token. It names no organization, so a site
/// that any of them lists may ask; what it gets then, its token decides.
async fn may_ask(app: Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    let mut answer = HttpResponse::NoContent().finish();
    if is_listed(&app, &request).await? {
        allow(&mut answer, &request);
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, if-none-match"),
            (header::ACCESS_CONTROL_MAX_AGE, MAY_ASK_S),
        ] {
            answer.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(answer)
}

/// `GET /embed/base-models`, with `Authorization: Bearer` and a launch. It is not used up: an editor asks again, with
/// `If-None-Match`, for as long as the launch is valid.
async fn show(app: Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    let mut answer = match read(&app, &request).await {
        Ok(answer) => answer,
        Err(Error::LaunchRefused(refusal)) => {
            let body = json!({ "detail": refusal.words(), "reason": refusal.slug() });
            HttpResponse::Forbidden().json(body)
        }
        Err(error) => return Err(error),
    };
    answer.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    if is_listed(&app, &request).await? {
        allow(&mut answer, &request);
        answer.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("etag"));
    }
    Ok(answer)
}

async fn read(app: &App, request: &HttpRequest) -> Result<HttpResponse> {
    let said = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let token = said(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    let token = token.ok_or(Error::LaunchRefused(LaunchRefusal::Unreadable))?;
    let scope = embedding::for_reading(app, token.trim(), said(header::ORIGIN)).await?;
    Ok(for_a_form(request, &*base_models(app, scope).await?))
}

async fn is_listed(app: &App, request: &HttpRequest) -> Result<bool> {
    let origin = request.headers().get(header::ORIGIN).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let Some(origin) = origin else { return Ok(false) };
    app.db.read(move |conn| store::embedding::is_listed_anywhere(conn, &origin)).await
}

fn allow(answer: &mut HttpResponse, request: &HttpRequest) {
    if let Some(origin) = request.headers().get(header::ORIGIN) {
        answer.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
}
