//! One master key, and its line in the key file.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::cipher::{self, KEY_BYTES, NoRandomness, SecretKey};

/// What a key's line begins with.
const LINE_PREFIX: &str = "mk1";

/// Names a master key: eight hexadecimal digits that follow from the key itself, so that a file that was mixed
/// up is noticed. Not secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MasterKeyId(String);

impl MasterKeyId {
    /// The id's text, as rows keep it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(key: &SecretKey) -> Self {
        let digits: Zeroizing<[u8; 4]> = cipher::derive(key, "claviger/id/v1");
        Self(digits.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// From a row or from the command line. An id that no key has does no harm: it is only compared.
impl From<String> for MasterKeyId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A master key in use: the key itself is gone, what wraps data keys is left.
pub(super) struct MasterKey {
    pub id: MasterKeyId,
    pub wrapping_key: SecretKey,
}

/// What is wrong with a key's line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LineError {
    NotAKey,
    BadBase64,
    WrongLength,
    Weak,
    OtherId { is: MasterKeyId },
}

impl MasterKey {
    fn new(key: &SecretKey) -> Self {
        Self { id: MasterKeyId::of(key), wrapping_key: cipher::derive(key, "claviger/kek/v1") }
    }

    /// Reads `mk1:<id>:<key in base64url>`.
    pub fn from_line(line: &str) -> Result<Self, LineError> {
        let mut parts = line.split(':');
        let (Some(LINE_PREFIX), Some(id), Some(encoded), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(LineError::NotAKey);
        };
        // Of the final size from the start: growing would leave a copy behind.
        let mut decoded = Zeroizing::new(Vec::with_capacity(base64::decoded_len_estimate(encoded.len())));
        URL_SAFE_NO_PAD.decode_vec(encoded, &mut decoded).map_err(|_| LineError::BadBase64)?;
        let key = cipher::key_from(&decoded).ok_or(LineError::WrongLength)?;
        if key.iter().all(|byte| *byte == key[0]) {
            return Err(LineError::Weak);
        }
        let key = Self::new(&key);
        if key.id.as_str() != id {
            return Err(LineError::OtherId { is: key.id });
        }
        Ok(key)
    }
}

/// A new key's id and line.
pub(super) fn new_line() -> Result<(MasterKeyId, Zeroizing<String>), NoRandomness> {
    let key = cipher::random_key()?;
    let id = MasterKeyId::of(&key);
    let mut line = Zeroizing::new(String::with_capacity(LINE_PREFIX.len() + 2 + id.as_str().len() + KEY_BYTES * 2));
    line.push_str(LINE_PREFIX);
    line.push(':');
    line.push_str(id.as_str());
    line.push(':');
    URL_SAFE_NO_PAD.encode_string(key.as_slice(), &mut line);
    Ok((id, line))
}
