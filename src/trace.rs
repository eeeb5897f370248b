//! What the log says: lines whose fields are chosen one by one. Never headers, query strings, bodies or full
//! paths (a path may hold a one-time link).

use std::io::IsTerminal;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{Config, LogFormat};

/// Libraries that would print headers, bodies or bound values at their finer levels. Not even the operator's filter
/// turns those on.
const QUIET: &str = "hyper=info,hyper_util=info,h2=info,reqwest=info,rustls=info,tokio_rustls=info,actix_http=info,\
    actix_session=info,diesel=info,r2d2=info,actix_web=info,mio=info";

/// Starts the log on standard error.
///
/// # Errors
/// A sentence, if the filter cannot be read or a log was started before.
pub fn start(config: &Config) -> Result<(), String> {
    let registry = tracing_subscriber::registry().with(filter(&config.log)?);
    let started: Result<(), TryInitError> = match config.log_format {
        LogFormat::Text => {
            // Colours are for people; in a file or a journal they are noise.
            let in_colour = std::io::stderr().is_terminal();
            registry.with(tracing_subscriber::fmt::layer().with_ansi(in_colour).with_writer(std::io::stderr)).try_init()
        }
        LogFormat::Json => {
            registry.with(tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr)).try_init()
        }
    };
    started.map_err(|e| e.to_string())
}

/// The operator's filter, within what may be logged at all.
///
/// # Errors
/// A sentence, if it cannot be read.
pub fn filter(wanted: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(format!("{wanted},{QUIET}")).map_err(|e| format!("CLAVIGER_LOG: {e}"))
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
