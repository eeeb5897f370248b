//! What a program is told about an error, in the shape that Label Studio's clients know.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tracing_actix_web::RequestId;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::api_token::TokenProblem;
use crate::domain::field_errors::FieldErrors;
use crate::error::Error;

/// The body of every answer that is an error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiError {
    /// Names the request in the server's log.
    #[schema(format = "uuid")]
    pub id: String,
    /// The status again.
    pub status_code: u16,
    /// This program's version.
    pub version: &'static str,
    /// What happened and what to do.
    pub detail: String,
    /// Always null; what failed inside is only in the server's log.
    pub exc_info: Option<String>,
    /// What is wrong with which member; `non_field_errors` for the object as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<std::collections::BTreeMap<String, Vec<String>>>)]
    pub validation_errors: Option<Map<String, Value>>,
}

/// Writes errors as JSON, as a middleware: those of handlers, of the gate and of the framework.
///
/// # Errors
/// The inner service's error.
pub async fn explain<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let response = next.call(request).await?;
    let id = response.request().extensions().get::<RequestId>().map_or_else(Uuid::now_v7, |id| **id);
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let mut response = if is_error {
        let answer = answer(&response, id);
        response.into_response(answer.map_into_right_body())
    } else {
        response.map_into_left_body()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(header::HeaderName::from_static("x-request-id"), id);
    }
    Ok(response)
}

fn answer<B>(response: &ServiceResponse<B>, id: Uuid) -> HttpResponse {
    let error = response.response().error().and_then(|error| error.as_error::<Error>());
    // A person's mistake in a form is 422 on pages; these clients expect 400.
    let status = match error {
        Some(Error::Invalid(_) | Error::LinkClosed | Error::StaleForm) => StatusCode::BAD_REQUEST,
        _ => response.status(),
    };
    let mut answer = HttpResponse::build(status);
    let kept = ["allow", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"];
    for (name, value) in kept.iter().flat_map(|name| response.headers().get_all(*name).map(move |value| (*name, value)))
    {
        answer.append_header((name, value.clone()));
    }
    if status == StatusCode::UNAUTHORIZED {
        answer.append_header((header::WWW_AUTHENTICATE, "Token"));
        answer.append_header((header::WWW_AUTHENTICATE, "Bearer realm=\"api\""));
    }
    if let Some(Error::TooMany { retry_after_s }) = error {
        answer.append_header((header::RETRY_AFTER, HeaderValue::from(*retry_after_s)));
    }
    let validation_errors = match error {
        Some(Error::Invalid(errors)) => Some(by_field(errors)),
        _ => None,
    };
    answer.json(ApiError {
        id: id.to_string(),
        status_code: status.as_u16(),
        version: env!("CARGO_PKG_VERSION"),
        detail: error.map_or_else(|| of_status(status).to_owned(), detail),
        exc_info: None,
        validation_errors,
    })
}

fn detail(error: &Error) -> String {
    match error {
        Error::Invalid(_) => "Validation error".to_owned(),
        Error::NotSignedIn => TokenProblem::Missing.words().to_owned(),
        Error::BadToken(problem) => problem.words().to_owned(),
        Error::Forbidden(permission) => format!(
            "You do not have permission to perform this action. It takes the right “{}”, by your role and by your \
             token; what concerns people, settings and tokens takes a token with all scopes.",
            permission.label()
        ),
        Error::BadRequest(what) => format!("The request can’t be read: {what}."),
        Error::TooMany { retry_after_s } => {
            format!("Request was throttled. Expected available in {retry_after_s} seconds.")
        }
        Error::NotFound => of_status(StatusCode::NOT_FOUND).to_owned(),
        Error::NoSuchPage => "Invalid page.".to_owned(),
        Error::NotOffered(what) => (*what).to_owned(),
        Error::Stale => of_status(StatusCode::PRECONDITION_FAILED).to_owned(),
        Error::UnsupportedMediaType => of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE).to_owned(),
        Error::TooLarge => of_status(StatusCode::PAYLOAD_TOO_LARGE).to_owned(),
        Error::Unavailable(_) => of_status(StatusCode::SERVICE_UNAVAILABLE).to_owned(),
        Error::LinkClosed | Error::StaleForm | Error::LaunchRefused(_) => of_status(StatusCode::BAD_REQUEST).to_owned(),
        Error::Internal(_) => of_status(StatusCode::INTERNAL_SERVER_ERROR).to_owned(),
    }
}

fn of_status(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Not found. It may have been removed, or belong to another organization.",
        StatusCode::METHOD_NOT_ALLOWED => "Method not allowed. The header Allow has those that are.",
        StatusCode::PRECONDITION_FAILED => {
            "Somebody changed it since you read it, so nothing was saved. Read it again and repeat your change."
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "Unsupported media type. Send JSON, with Content-Type: application/json.",
        StatusCode::PAYLOAD_TOO_LARGE => "The body is larger than anything we store.",
        StatusCode::SERVICE_UNAVAILABLE => {
            "The database can’t be reached just now; nothing was saved. Try again in a minute."
        }
        status if status.is_server_error() => {
            "Something went wrong on our side. Give the id to whoever runs this server: it is in the log."
        }
        _ => "The request can’t be read.",
    }
}

fn by_field(errors: &FieldErrors) -> Map<String, Value> {
    let mut by_field = Map::new();
    for (field, error) in errors.iter() {
        let field = if field.is_empty() { "non_field_errors" } else { field };
        let messages = by_field.entry(field).or_insert_with(|| json!([]));
        if let Some(messages) = messages.as_array_mut() {
            let suggestion = error.suggestion.as_ref().map(|value| format!(" Did you mean {value}?"));
            messages.push(json!(format!("{}{}", error.message, suggestion.unwrap_or_default())));
        }
    }
    by_field
}
