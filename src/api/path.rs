//! What an address names.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::error::{Error, Result};

/// The number in `{id}`. One that no row can have is not found.
#[derive(Clone, Copy, Debug)]
pub struct Id(pub i64);

impl FromRequest for Id {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(number(request, "id").map(Self))
    }
}

/// The number in a part of an address.
///
/// # Errors
/// [`Error::NotFound`] if no row can have it.
pub fn number(request: &HttpRequest, name: &str) -> Result<i64> {
    let digits = request.match_info().get(name).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).ok_or(Error::NotFound)
}
