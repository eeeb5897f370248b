//! What the log says: lines whose fields are chosen one by one. Never headers, query strings, bodies or full
//! paths (a path may hold a one-time link).

use std::io::IsTerminal;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use tracing::{Level, Metadata, Span, Subscriber};
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::{Filter, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::config::{Config, LogFormat};

/// Libraries that would print headers, bodies or bound values at their finer levels. Not even the operator's filter
/// turns those on.
const QUIET: [&str; 12] = [
    "actix_http",
    "actix_session",
    "actix_web",
    "diesel",
    "h2",
    "hyper",
    "hyper_util",
    "mio",
    "r2d2",
    "reqwest",
    "rustls",
    "tokio_rustls",
];

/// Starts the log on standard error.
///
/// # Errors
/// A sentence, if the filter cannot be read or a log was started before.
pub fn start(config: &Config) -> Result<(), String> {
    // Colours are for people; in a file or a journal they are noise.
    let lines = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    let lines = match config.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => fmt::layer().json().with_writer(std::io::stderr).boxed(),
    };
    let started: Result<(), TryInitError> =
        tracing_subscriber::registry().with(lines.with_filter(filter(&config.log)?)).try_init();
    started.map_err(|e| e.to_string())
}

/// The operator's filter, within what may be logged at all.
///
/// # Errors
/// A sentence, if it cannot be read.
pub fn filter<S: Subscriber + for<'a> LookupSpan<'a>>(wanted: &str) -> Result<impl Filter<S> + use<S>, String> {
    let wanted = EnvFilter::try_new(wanted).map_err(|e| format!("CLAVIGER_LOG: {e}"))?;
    Ok(wanted.and(filter_fn(may_be_logged)))
}

fn may_be_logged(about: &Metadata<'_>) -> bool {
    let library = about.target().split("::").next().unwrap_or_default();
    *about.level() <= Level::INFO || !QUIET.contains(&library)
}

/// A span for each request: method, route pattern, status, request id.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        use actix_web::HttpMessage;
        let route = request.match_pattern().unwrap_or_else(|| "(none)".to_owned());
        let request_id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        tracing::info_span!(
            "request",
            method = %request.method(),
            route,
            request_id,
            status = tracing::field::Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, actix_web::Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("status", status.as_u16());
        span.in_scope(|| tracing::debug!("answered"));
    }
}
