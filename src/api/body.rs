//! Bodies of requests. Members that are not known are ignored, since clients send back what they read.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::{Error, Result};

/// The largest body: prompts are texts, and everything else is smaller.
pub const LARGEST: usize = 1 << 20;

/// A JSON object. Clients that have nothing to say send no body and no `Content-Type`; that is the empty object.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = request.headers().get(CONTENT_TYPE).map(|value| {
            let mime = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
            mime.eq_ignore_ascii_case("application/json")
        });
        let bytes = Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(|error| match error.as_error::<actix_web::error::PayloadError>() {
                Some(actix_web::error::PayloadError::Overflow) => Error::TooLarge,
                _ => Error::BadRequest("the body is incomplete"),
            })?;
            if bytes.is_empty() {
                return read(Value::Object(serde_json::Map::new()));
            }
            if is_json != Some(true) {
                return Err(Error::UnsupportedMediaType);
            }
            let value = serde_json::from_slice(&bytes).map_err(|_| Error::BadRequest("the body is not JSON"))?;
            if holds_nul(&value) {
                return Err(Error::field("", "There’s a NUL character in it, which can’t be stored."));
            }
            read(value)
        })
    }
}

/// PostgreSQL stores no NUL in texts; no client means one.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn read<T: DeserializeOwned>(value: Value) -> Result<Body<T>> {
    if !value.is_object() {
        return Err(Error::field("", "Send a JSON object."));
    }
    // The words of the reader name the member and what was expected there, but may repeat what was sent.
    serde_path_to_error::deserialize(value).map(Body).map_err(|error| {
        let member = error.path().iter().next().map(ToString::to_string).unwrap_or_default();
        Error::field(&member, "Not a valid value: it is of another type, or not one of the choices.")
    })
}

/// A member of a change: left out, null, or a value. Use it with `#[serde(default)]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// It is not there: it stays as it is.
    #[default]
    Absent,
    /// It becomes null.
    Null,
    /// It becomes this.
    To(T),
}

impl<T> Change<T> {
    /// What the member is afterwards.
    pub fn applied_to(self, present: Option<T>) -> Option<T> {
        match self {
            Self::Absent => present,
            Self::Null => None,
            Self::To(value) => Some(value),
        }
    }

    /// The new value, if there is one.
    pub fn value(self) -> Option<T> {
        self.applied_to(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Null, Self::To))
    }
}
