//! What people submit: read once, with limits, and only if it comes from a form of ours.

use std::fmt;
use std::time::Duration;

use actix_multipart::Multipart;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::auth::{csrf, extract};
use crate::domain::actor::Actor;
use crate::domain::secret::Secret;
use crate::error::{Error, Result};

/// Longest body, in bytes. The largest honest one is a Google key file of some 2.4 kB.
const LONGEST_BODY: usize = 256 * 1024;
/// Most fields of one form.
const MOST_FIELDS: usize = 2_000;
/// A body must have arrived after this.
const DEADLINE: Duration = Duration::from_secs(30);

/// A form of ours, sent by the person it was made for. On a page that needs somebody signed in, a form whose
/// session has ended leads to sign-in.
#[derive(Debug)]
pub struct Form<T> {
    /// The fields as the handler knows them.
    pub input: T,
    /// The fields as they were typed.
    pub typed: Typed,
}

/// For a form that is only a button.
#[derive(Debug, serde::Deserialize)]
pub struct Nothing {}

/// Input that a handler reads field by field, from [`Form::typed`].
#[derive(Debug, Deserialize)]
pub struct AnyInput {}

/// A form that may be out of date: a page outside shows it again with everything typed and a fresh token.
#[derive(Debug)]
pub enum Submitted<T> {
    /// As it should be.
    Fresh(Form<T>),
    /// The token is too old, forged or missing; nothing may be changed.
    Stale(Form<T>),
}

impl<T> Submitted<T> {
    /// The form, for an address that judges by other means where it comes from.
    pub fn unjudged(self) -> Form<T> {
        match self {
            Self::Fresh(form) | Self::Stale(form) => form,
        }
    }
}

/// The fields of a form as they were typed, in their order. `Debug` shows the names only.
#[derive(Default)]
pub struct Typed(Vec<(String, Zeroizing<String>)>);

impl Typed {
    /// The first value of a field; empty if there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Every value of a field.
    pub fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the field was sent at all.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The value of a field that holds a secret.
    #[must_use]
    pub fn secret(&self, name: &str) -> Secret {
        Secret::new(self.get(name).to_owned())
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn push(&mut self, name: String, value: String) -> Result<()> {
        if self.0.len() == MOST_FIELDS {
            return Err(Error::TooLarge);
        }
        self.0.push((name, Zeroizing::new(value)));
        Ok(())
    }

    /// Reads the fields into a struct; those that it does not know are passed over.
    fn to_input<T: DeserializeOwned>(&self) -> Result<T> {
        let encoded =
            Zeroizing::new(serde_urlencoded::to_string(self.iter().collect::<Vec<_>>()).map_err(Error::internal)?);
        serde_urlencoded::from_str(&encoded).map_err(|_| Error::BadRequest("a field cannot be read"))
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let submitted = Submitted::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            match submitted.await? {
                Submitted::Fresh(form) => Ok(form),
                Submitted::Stale(_) if request.extensions().get::<Actor>().is_none() => Err(Error::NotSignedIn),
                Submitted::Stale(_) => Err(Error::StaleForm),
            }
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Submitted<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let typed = tokio::time::timeout(DEADLINE, read(&request, payload))
                .await
                .map_err(|_| Error::BadRequest("the body came too slowly"))??;
            let is_fresh = extract::is_form_ours(&request, typed.get(csrf::FIELD));
            let form = Form { input: typed.to_input()?, typed };
            Ok(if is_fresh { Self::Fresh(form) } else { Self::Stale(form) })
        })
    }
}

async fn read(request: &HttpRequest, payload: Payload) -> Result<Typed> {
    match request.content_type() {
        "application/x-www-form-urlencoded" => read_urlencoded(request, payload).await,
        "multipart/form-data" => read_multipart(request, payload).await,
        _ => Err(Error::BadRequest("this is no form")),
    }
}

async fn read_urlencoded(request: &HttpRequest, mut payload: Payload) -> Result<Typed> {
    let said = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if said.unwrap_or(0) > LONGEST_BODY {
        return Err(Error::TooLarge);
    }
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| unreadable(&error))?;
        append(&mut body, &chunk, LONGEST_BODY)?;
    }
    let text = str::from_utf8(&body).map_err(|_| NOT_UTF8)?;
    let mut typed = Typed::default();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        typed.push(decode(name)?, decode(value)?)?;
    }
    Ok(typed)
}

async fn read_multipart(request: &HttpRequest, payload: Payload) -> Result<Typed> {
    let mut parts = Multipart::new(request.headers(), payload);
    let mut typed = Typed::default();
    let mut n_left = LONGEST_BODY;
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|_| INCOMPLETE)?;
        let about = part.content_disposition();
        let name = about.and_then(|about| about.get_name()).ok_or(INCOMPLETE)?.to_owned();
        let is_file = about.is_some_and(|about| about.get_filename().is_some());
        let mut bytes = Zeroizing::new(Vec::new());
        while let Some(chunk) = part.next().await {
            append(&mut bytes, &chunk.map_err(|_| INCOMPLETE)?, n_left)?;
        }
        n_left -= bytes.len();
        // A file of another kind is for the field's own message, not for a page of errors.
        let value = if is_file { String::from_utf8_lossy(&bytes).into_owned() } else { text(&bytes)? };
        typed.push(name, value)?;
    }
    Ok(typed)
}

const NOT_UTF8: Error = Error::BadRequest("the form is not UTF-8");
const INCOMPLETE: Error = Error::BadRequest("the form is incomplete");

fn append(body: &mut Vec<u8>, chunk: &[u8], most: usize) -> Result<()> {
    if body.len() + chunk.len() > most {
        return Err(Error::TooLarge);
    }
    body.extend_from_slice(chunk);
    Ok(())
}

fn decode(text_: &str) -> Result<String> {
    let spaced = Zeroizing::new(text_.replace('+', " "));
    let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(percent_decode_str(&spaced).collect());
    text(&bytes)
}

/// The strict reading: UTF-8, and no NUL, which PostgreSQL cannot store and C code takes for the end.
fn text(bytes: &[u8]) -> Result<String> {
    let text = str::from_utf8(bytes).map_err(|_| NOT_UTF8)?;
    if text.contains('\0') {
        return Err(Error::BadRequest("the form holds a NUL"));
    }
    Ok(text.to_owned())
}

fn unreadable(error: &PayloadError) -> Error {
    match error {
        PayloadError::Overflow => Error::TooLarge,
        _ => INCOMPLETE,
    }
}
