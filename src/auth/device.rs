//! Browsers that somebody has signed in with before. Failed tries from such a browser are counted by
//! themselves, so that a stranger's failures cannot keep an account's owner out.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::app::InstallationKeys;
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// The cookie's name.
pub const COOKIE: &str = "__Host-device";

/// How long a browser is remembered.
const KEPT_DAYS: i64 = 180;

const MAC_BYTES: usize = 32;

/// The cookie for a browser that a user has just signed in with.
///
/// # Errors
/// [`Error::Internal`], which does not happen: every key length is fine for HMAC.
pub fn cookie(keys: &InstallationKeys, user_id: i64, now: Timestamp) -> Result<Cookie<'static>> {
    let mut value = Vec::with_capacity(16 + MAC_BYTES);
    value.extend_from_slice(&user_id.to_be_bytes());
    value.extend_from_slice(&now.and_utc().timestamp_micros().to_be_bytes());
    let mac = mac(keys, &value)?.finalize().into_bytes();
    value.extend_from_slice(&mac);
    Ok(Cookie::build(COOKIE, URL_SAFE_NO_PAD.encode(value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::days(KEPT_DAYS))
        .finish())
}

/// Whether a cookie says that this user has signed in with this browser.
#[must_use]
pub fn is_known(keys: &InstallationKeys, value: &str, user_id: i64, now: Timestamp) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(value) else { return false };
    let Some((said, tag)) = bytes.split_at_checked(16) else { return false };
    let (Ok(id), Ok(issued_us)) = (said[..8].try_into(), said[8..].try_into()) else { return false };
    let Ok(mac) = mac(keys, said) else { return false };
    let Some(issued) = DateTime::from_timestamp_micros(i64::from_be_bytes(issued_us)) else { return false };
    mac.verify_slice(tag).is_ok()
        && i64::from_be_bytes(id) == user_id
        && issued.naive_utc() + TimeDelta::days(KEPT_DAYS) > now
}

fn mac(keys: &InstallationKeys, said: &[u8]) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(keys.cookie.as_slice()).map_err(Error::internal)?;
    mac.update(b"device\0");
    mac.update(said);
    Ok(mac)
}
