//! Links that work once. The database keeps only their hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::domain::secret::Secret;
use crate::error::Result;

/// The bytes of a token; 192 bits cannot be guessed, and the link still fits on a line.
const TOKEN_BYTES: usize = 24;

/// A new token and its hash.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn new_token() -> Result<(Secret, Vec<u8>)> {
    let token = URL_SAFE_NO_PAD.encode(super::random::<TOKEN_BYTES>()?);
    let hash = hash(&token);
    Ok((Secret::new(token), hash))
}

/// The hash of a token as somebody brought it.
#[must_use]
pub fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.trim().as_bytes()).to_vec()
}
