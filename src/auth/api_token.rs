//! What members' programs show to be let in to the REST API: how tokens are made, written and read. All of this is
//! judged before the database is asked; whether a token is still good, [`api_tokens`](crate::store::api_tokens) knows.
//!
//! The claims and the two steps of personal access tokens are Label Studio's, so that its clients work unchanged.

use actix_web::http::header::HeaderMap;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::jwt::{self, JwtProblem, VerifyingKey};
use crate::app::InstallationKeys;
use crate::clock::Timestamp;
use crate::domain::api_token::TokenProblem;
use crate::domain::secret::Secret;
use crate::error::{Error, Result};

/// How long an access token works. A revoked personal token ends its access tokens at once nevertheless.
const ACCESS_LIVES: TimeDelta = TimeDelta::minutes(5);
const PREFIX: &str = "clv_";
const RANDOM_BYTES: usize = 24;
const CHECKSUM_CHARS: usize = 8;
const AUDIENCE_REFRESH: &str = "claviger/refresh";
const AUDIENCE_ACCESS: &str = "claviger/access";

/// A token as it was sent, and how.
enum Brought<'a> {
    /// As a legacy token.
    Token(&'a str),
    /// As `Bearer` or in the header `X-API-Key`, which take either kind.
    Either(&'a str),
}

#[derive(Serialize, Deserialize)]
struct RefreshClaims {
    token_type: String,
    exp: i64,
    iat: i64,
    jti: String,
    user_id: String,
    aud: String,
}

#[derive(Serialize, Deserialize)]
struct AccessClaims {
    token_type: String,
    exp: i64,
    iat: i64,
    jti: String,
    user_id: String,
    aud: String,
    /// The id of the personal token that it was exchanged for. A personal token, which is often sent in its place, has
    /// none.
    #[serde(default)]
    of: String,
}

/// What a personal access token says.
#[derive(Clone, Debug)]
pub struct Personal {
    /// Its id.
    pub jti: String,
    /// Whose it is.
    pub user_id: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops.
    pub expires_at: Timestamp,
}

/// A legacy token: `clv_`, 48 hexadecimal digits that nobody can guess, 8 for noticing slips of typing. It follows from a
/// nonce and a key of the installation, as [one-time links](super::one_time) do, and for the same reason.
///
/// # Errors
/// [`Error::Internal`], which does not happen: every key length is fine for HMAC.
pub fn legacy(keys: &InstallationKeys, nonce: &str) -> Result<Secret> {
    let mut mac = Hmac::<Sha256>::new_from_slice(keys.api_tokens.as_slice()).map_err(Error::internal)?;
    mac.update(b"legacy\0");
    mac.update(nonce.as_bytes());
    let random = hex(&mac.finalize().into_bytes()[..RANDOM_BYTES]);
    Ok(Secret::new(format!("{PREFIX}{random}{}", checksum(&random))))
}

/// What the store finds a legacy token by.
#[must_use]
pub fn hash_of_legacy(token: &Secret) -> Vec<u8> {
    Sha256::digest(token.expose().as_bytes()).to_vec()
}

/// An id for a personal access token.
#[must_use]
pub fn new_jti() -> String {
    Uuid::new_v4().simple().to_string()
}

/// What the store finds a personal access token by.
#[must_use]
pub fn hash_of_personal(jti: &str) -> Vec<u8> {
    Sha256::digest(format!("personal\0{jti}")).to_vec()
}

/// A personal access token, signed. The same values always give the same text.
///
/// # Errors
/// [`Error::Internal`] if the claims cannot be written.
pub fn personal(keys: &InstallationKeys, personal: &Personal) -> Result<Secret> {
    let claims = RefreshClaims {
        token_type: "refresh".to_owned(),
        exp: personal.expires_at.and_utc().timestamp(),
        iat: personal.created_at.and_utc().timestamp(),
        jti: personal.jti.clone(),
        user_id: personal.user_id.to_string(),
        aud: AUDIENCE_REFRESH.to_owned(),
    };
    Ok(Secret::new(jwt::sign(keys.api_tokens.as_slice(), &claims)?))
}

/// The same without its signature, which may be shown.
///
/// # Errors
/// As [`personal()`].
pub fn personal_unsigned(keys: &InstallationKeys, values: &Personal) -> Result<String> {
    let token = personal(keys, values)?;
    Ok(token.expose().rsplit_once('.').map(|(shown, _)| shown.to_owned()).unwrap_or_default())
}

/// An access token for a personal one.
///
/// # Errors
/// [`Error::Internal`] if the claims cannot be written.
pub fn access(keys: &InstallationKeys, jti: &str, user_id: i64, now: Timestamp) -> Result<Secret> {
    let claims = AccessClaims {
        token_type: "access".to_owned(),
        exp: (now + ACCESS_LIVES).and_utc().timestamp(),
        iat: now.and_utc().timestamp(),
        jti: new_jti(),
        user_id: user_id.to_string(),
        aud: AUDIENCE_ACCESS.to_owned(),
        of: jti.to_owned(),
    };
    Ok(Secret::new(jwt::sign(keys.api_tokens.as_slice(), &claims)?))
}

/// The id that a personal access token says it has, signed or not. It proves nothing.
#[must_use]
pub fn jti_named_in(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        jti: String,
    }
    jwt::claims_unverified::<Named>(token).map(|named| named.jti)
}

/// The id of a personal access token that we signed and whose time is not over.
#[must_use]
pub fn read_personal(keys: &InstallationKeys, token: &str, now: Timestamp) -> Option<String> {
    let claims: RefreshClaims = verify(keys, token, AUDIENCE_REFRESH).ok()?;
    (claims.exp > now.and_utc().timestamp()).then_some(claims.jti)
}

/// Reads what came with a request and answers what the store finds its token by. `X-API-Key` wins, as it does in the
/// clients.
///
/// # Errors
/// [`TokenProblem`].
pub fn read(keys: &InstallationKeys, headers: &HeaderMap, now: Timestamp) -> Result<Vec<u8>, TokenProblem> {
    match brought(headers)? {
        Brought::Either(text) if is_jwt(text) => of_access(keys, text, now),
        Brought::Either(text) | Brought::Token(text) => of_legacy(text),
    }
}

/// The legacy token that came with a request.
#[must_use]
pub fn legacy_brought(keys: &InstallationKeys, headers: &HeaderMap, now: Timestamp) -> Option<String> {
    read(keys, headers, now).ok()?;
    match brought(headers).ok()? {
        Brought::Either(text) | Brought::Token(text) if !is_jwt(text) => Some(text.to_owned()),
        _ => None,
    }
}

fn brought(headers: &HeaderMap) -> Result<Brought<'_>, TokenProblem> {
    if let Some(value) = headers.get("x-api-key") {
        return value.to_str().map(|text| Brought::Either(text.trim())).map_err(|_| TokenProblem::Invalid);
    }
    let value = headers.get("authorization").ok_or(TokenProblem::Missing)?;
    let text = value.to_str().map_err(|_| TokenProblem::Invalid)?;
    let (scheme, token) = text.trim().split_once(' ').ok_or(TokenProblem::Invalid)?;
    match scheme {
        _ if scheme.eq_ignore_ascii_case("token") => Ok(Brought::Token(token.trim())),
        _ if scheme.eq_ignore_ascii_case("bearer") => Ok(Brought::Either(token.trim())),
        _ => Err(TokenProblem::Invalid),
    }
}

fn of_legacy(text: &str) -> Result<Vec<u8>, TokenProblem> {
    let random = text.strip_prefix(PREFIX).filter(|rest| rest.len() == 2 * RANDOM_BYTES + CHECKSUM_CHARS);
    let (random, sum) = random.and_then(|rest| rest.split_at_checked(2 * RANDOM_BYTES)).ok_or(TokenProblem::Invalid)?;
    if checksum(random) != sum {
        return Err(TokenProblem::Invalid);
    }
    Ok(Sha256::digest(text.as_bytes()).to_vec())
}

fn of_access(keys: &InstallationKeys, text: &str, now: Timestamp) -> Result<Vec<u8>, TokenProblem> {
    match verify::<AccessClaims>(keys, text, AUDIENCE_ACCESS) {
        Ok(claims) if claims.exp > now.and_utc().timestamp() => Ok(hash_of_personal(&claims.of)),
        Err(JwtProblem::WrongAudience) => Err(TokenProblem::NotExchanged),
        _ => Err(TokenProblem::Invalid),
    }
}

fn verify<T: serde::de::DeserializeOwned>(
    keys: &InstallationKeys,
    text: &str,
    audience: &str,
) -> Result<T, JwtProblem> {
    jwt::verify(text, &VerifyingKey::Shared(keys.api_tokens.to_vec()), audience)
}

fn is_jwt(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// For slips of typing only; whoever knows it gains nothing.
fn checksum(random: &str) -> String {
    hex(&Sha256::digest(random.as_bytes())[..CHECKSUM_CHARS / 2])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
