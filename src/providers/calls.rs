//! One call to a provider, and its answer.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use serde_json::Value;
use url::Url;

use super::call_errors::CallError;
use crate::domain::secret::Secret;

/// How long a call may take in all, unless it says otherwise.
pub const USUAL_TIMEOUT: Duration = Duration::from_secs(15);
/// How long an answer may be, unless the call says otherwise.
pub const USUAL_MAX_BYTES: usize = 64 * 1024;
/// How long a list of models may be.
pub const MODEL_LIST_MAX_BYTES: usize = 4 * 1024 * 1024;

/// A call that is about to be made. Has no `Debug`, since its headers and body hold secrets.
pub struct Call {
    /// GET or POST.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// What to send.
    pub body: Body,
    /// The whole call, from looking up the name to the last byte of the answer.
    pub timeout: Duration,
    /// The longest answer that is read.
    pub max_bytes: usize,
    pub(super) headers: Result<HeaderMap, CallError>,
}

/// What a call sends.
pub enum Body {
    /// Nothing.
    None,
    /// `application/json`.
    Json(Value),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
}

impl Call {
    /// A GET.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url, Body::None)
    }

    /// A POST of a JSON value.
    #[must_use]
    pub fn post_json(url: Url, value: Value) -> Self {
        Self::new(Method::POST, url, Body::Json(value))
    }

    /// A POST of form fields.
    #[must_use]
    pub fn post_form(url: Url, fields: Vec<(String, String)>) -> Self {
        Self::new(Method::POST, url, Body::Form(fields))
    }

    /// Adds a header that anybody may see. The name is written in lower case.
    #[must_use]
    pub fn header(self, name: &'static str, value: &str) -> Self {
        self.with_header(name, HeaderValue::from_str(value).ok())
    }

    /// Adds a header with a secret: `prefix` (for example `"Bearer "`) and then the secret. A secret that no header
    /// can carry makes the call fail with [`CallError::UnsendableSecret`] before anything is sent.
    #[must_use]
    pub fn secret_header(self, name: &'static str, prefix: &str, secret: &Secret) -> Self {
        let value = zeroize::Zeroizing::new(format!("{prefix}{}", secret.expose()));
        let value = HeaderValue::from_str(&value).ok().map(|mut value| {
            value.set_sensitive(true);
            value
        });
        self.with_header(name, value)
    }

    /// Sets the time limit for the whole call.
    #[must_use]
    pub fn within(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets the longest answer that is read, in bytes.
    #[must_use]
    pub fn at_most(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    fn new(method: Method, url: Url, body: Body) -> Self {
        let headers = Ok(HeaderMap::new());
        Self { method, url, body, timeout: USUAL_TIMEOUT, max_bytes: USUAL_MAX_BYTES, headers }
    }

    fn with_header(mut self, name: &'static str, value: Option<HeaderValue>) -> Self {
        match (HeaderName::from_bytes(name.as_bytes()), value, &mut self.headers) {
            (Ok(name), Some(value), Ok(headers)) => _ = headers.insert(name, value),
            _ => self.headers = Err(CallError::UnsendableSecret),
        }
        self
    }
}

/// What came back.
pub struct Answer {
    /// The HTTP status; never a redirect.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
    /// From the start of the call to the last byte.
    pub took_ms: u32,
}

impl Answer {
    /// The body as JSON, if it is that.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as text, with a replacement character for what is no UTF-8.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether the status says that it went well.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// When to ask again, in seconds, if the answer says so in that form.
    #[must_use]
    pub fn retry_after_s(&self) -> Option<u32> {
        self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
    }
}
