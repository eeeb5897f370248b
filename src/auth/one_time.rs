//! Links that work once. The database keeps only their hash.
//!
//! A token follows from a nonce and a key of the installation, so that a page that shows the link once, after a
//! redirect, can be handed the nonce through the session: whoever reads the database gains nothing by it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::app::InstallationKeys;
use crate::domain::secret::Secret;
use crate::error::{Error, Result};

/// The bytes of a nonce and of a token; 192 bits cannot be guessed, and the link still fits on a line.
const TOKEN_BYTES: usize = 24;

/// A nonce for a new token.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn new_nonce() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(super::random::<TOKEN_BYTES>()?))
}

/// A new token, as its nonce and its hash.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn make(keys: &InstallationKeys) -> Result<(String, Vec<u8>)> {
    let nonce = new_nonce()?;
    let token_hash = hash(&token(keys, &nonce)?);
    Ok((nonce, token_hash))
}

/// The token of a nonce.
///
/// # Errors
/// [`Error::Internal`], which does not happen: every key length is fine for HMAC.
pub fn token(keys: &InstallationKeys, nonce: &str) -> Result<Secret> {
    let mut mac = Hmac::<Sha256>::new_from_slice(keys.csrf.as_slice()).map_err(Error::internal)?;
    mac.update(b"one-time\0");
    mac.update(nonce.as_bytes());
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..TOKEN_BYTES])))
}

/// The hash of a token as somebody brought it.
#[must_use]
pub fn hash(token: &Secret) -> Vec<u8> {
    Sha256::digest(token.expose().trim().as_bytes()).to_vec()
}
