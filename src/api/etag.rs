//! Which state of an object somebody has read, so that nobody overwrites what they have not seen: the answer carries
//! `ETag`, and a change may carry it back in `If-Match`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{ETAG, HeaderValue, IF_MATCH};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use crate::error::{Error, Result};

/// The header `If-Match` of a change. Without it the change applies to whatever is there.
#[derive(Clone, Debug, Default)]
pub struct IfMatch(Option<String>);

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let given = request.headers().get(IF_MATCH).map(|value| value.to_str().unwrap_or_default().to_owned());
        ready(Ok(Self(given)))
    }
}

impl IfMatch {
    /// Passes if the object is in a state that the client has named.
    ///
    /// # Errors
    /// [`Error::Stale`].
    pub fn judge(&self, id: i64, version: i64) -> Result<()> {
        let Some(given) = &self.0 else { return Ok(()) };
        let present = etag(id, version);
        let named = given.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == present);
        if named { Ok(()) } else { Err(Error::Stale) }
    }
}

/// The tag of an object in one state.
#[must_use]
pub fn etag(id: i64, version: i64) -> String {
    format!("\"{id}-{version}\"")
}

/// An answer that is one object, with its tag.
pub fn tagged(mut response: HttpResponseBuilder, id: i64, version: i64, body: &impl Serialize) -> HttpResponse {
    if let Ok(tag) = HeaderValue::from_str(&etag(id, version)) {
        response.insert_header((ETAG, tag));
    }
    response.json(body)
}
