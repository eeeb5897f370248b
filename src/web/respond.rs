//! How handlers answer.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use askama::Template;

use crate::error::{Error, Result};

/// What a form says whose token is too old. Everything typed is still there.
pub const STALE: &str = "This page was open too long, so we didn’t save it. Check your answers and save again.";

/// A page.
///
/// # Errors
/// As rendering.
pub fn page(template: &impl Template) -> Result<HttpResponse> {
    with_status(StatusCode::OK, template)
}

/// The form again, with what is wrong with it.
///
/// # Errors
/// As rendering.
pub fn unprocessable(template: &impl Template) -> Result<HttpResponse> {
    with_status(StatusCode::UNPROCESSABLE_ENTITY, template)
}

/// The form again, for somebody who has to wait.
///
/// # Errors
/// As rendering.
pub fn too_many(retry_after_s: u64, template: &impl Template) -> Result<HttpResponse> {
    let mut response = with_status(StatusCode::TOO_MANY_REQUESTS, template)?;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
    Ok(response)
}

/// A page with another status.
///
/// # Errors
/// As rendering.
pub fn with_status(status: StatusCode, template: &impl Template) -> Result<HttpResponse> {
    let html = template.render().map_err(Error::internal)?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

/// To another page, after a change.
#[must_use]
pub fn see_other(address: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, address)).finish()
}
