//! What an address names: a row by its number, a provider by its slug. By name and not by position, because inside
//! another product's page the same address has one part more.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::error::{Error, Result};

/// The number in `{id}`.
pub struct Id(pub i64);

/// The text in `{slug}`.
pub struct Slug(pub String);

impl FromRequest for Id {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.match_info().get("id").and_then(|id| id.parse().ok()).map(Self).ok_or(Error::NotFound))
    }
}

impl FromRequest for Slug {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.match_info().get("slug").map(|slug| Self(slug.to_owned())).ok_or(Error::NotFound))
    }
}
