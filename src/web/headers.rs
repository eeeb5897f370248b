//! Security headers, on every answer. Put [`secure`] outermost, so that error answers have them as well.

use actix_web::HttpMessage;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;

use super::framing::Framing;

/// Nothing inline, nothing from elsewhere; texts cannot become markup. Whose frame it may be in comes after it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors";

/// Every power that Chromium knows and that a page could ask for, switched off; names that it does not know
/// would each cost a warning on every page. Copying after a click is the one power that the pages use.
const PERMISSIONS_POLICY: &str = "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), display-capture=(), \
    encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), publickey-credentials-create=(), \
    publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=(), clipboard-write=(self)";

/// Two years, as browsers' preload lists ask for.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=63072000; includeSubDomains";

/// The headers that never change.
const FIXED: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::PERMISSIONS_POLICY, PERMISSIONS_POLICY),
];

/// How browsers reach this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Over plain HTTP, as on the machine itself.
    Http,
    /// Over HTTPS; browsers are told to insist on it.
    Https,
}

/// Adds the headers, as a middleware:
/// `wrap(from_fn(move |req, next| headers::secure(req, next, transport)))`.
///
/// # Errors
/// The inner service's error, with the headers on its answer.
pub async fn secure<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    transport: Transport,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    match next.call(request).await {
        Ok(mut response) => {
            let framing = response.request().extensions().get::<Framing>().cloned().unwrap_or_default();
            dress(response.headers_mut(), transport, &framing);
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            dress(response.headers_mut(), transport, &Framing::Never);
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// Sets what is missing. What a handler decided about caching, and about who may load a file, stands; everything
/// else is not to be kept, and for our own pages only.
fn dress(headers: &mut HeaderMap, transport: Transport, framing: &Framing) {
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = format!("{CONTENT_SECURITY_POLICY} {}", framing.ancestors());
    // Origins are kept only if they are plain ASCII; should one not be, nobody may frame the answer.
    let policy = HeaderValue::from_str(&policy)
        .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    frame(headers, framing);
    if !headers.contains_key(header::CROSS_ORIGIN_RESOURCE_POLICY) {
        headers.insert(header::CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if transport == Transport::Https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT_TRANSPORT_SECURITY));
    }
}

/// What depends on who may be around the answer.
fn frame(headers: &mut HeaderMap, framing: &Framing) {
    let mut put = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    match framing {
        Framing::Never | Framing::OwnPages => put(header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
        Framing::Window | Framing::By(_) => put(header::CROSS_ORIGIN_OPENER_POLICY, "unsafe-none"),
    }
    match framing {
        // Older browsers know only this header, which cannot name origins.
        Framing::Never | Framing::Window => put(header::X_FRAME_OPTIONS, "DENY"),
        Framing::OwnPages => put(header::X_FRAME_OPTIONS, "SAMEORIGIN"),
        Framing::By(_) => {
            // For hosts that isolate their pages (COEP): such a page shows only frames that agree to it.
            put(header::CROSS_ORIGIN_EMBEDDER_POLICY, "require-corp");
            put(header::CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin");
        }
    }
}
