//! Seals provider keys and opens them again. No database here: the store keeps the rows, this module turns
//! secrets into bytes that are worth nothing without the master key, and back.
//!
//! ```text
//! master key file ──HKDF──▶ key-encryption key ──AES-256-GCM──▶ data key (one row per organization)
//!                                                                └─HKDF──▶ sealing key ──AES-256-GCM──▶ secret
//! ```
//!
//! Everything is bound to its place. A data key opens only for its owner, its row and its master key; a secret
//! opens only for the organization, connection, field, version and destination it was sealed for
//! ([`Binding`]). A row that somebody moved or changed does not open, whoever may write to the database.
//! `docs/sealing.md` tells the whole story, with what this does not protect against.

mod aad;
mod binding;
mod cipher;
mod data_key;
mod key_file;
mod master_key;
mod padding;
mod start;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

use thiserror::Error;
use zeroize::Zeroizing;

pub use self::binding::Binding;
pub use self::cipher::NoRandomness;
pub use self::data_key::{DataKey, KeyOwner, Purpose};
pub use self::key_file::{MasterKeyError, RetireError, add_key, retire};
pub use self::master_key::MasterKeyId;
pub use self::padding::{MAX_SECRET_BYTES, PADDING_STEP_BYTES};
pub use self::start::{StartDecision, StartRefusal, decide_start};

use self::cipher::{AEAD_OVERHEAD_BYTES, SecretKey};
use self::master_key::MasterKey;
use crate::domain::secret::Secret;

/// The first byte of everything sealed: AES-256-GCM, keys and associated data as this module makes them.
pub const ALGORITHM: u8 = 1;

/// What stands before the encrypted part of a sealed secret: the algorithm and the data key's id.
const HEADER_BYTES: usize = 1 + size_of::<i64>();

/// The keys of the master key file. Only what is derived from them stays in memory.
pub struct Vault {
    /// Never empty; the first one is active.
    keys: Vec<MasterKey>,
    active: MasterKeyId,
}

impl Vault {
    /// Reads and checks the master key file.
    ///
    /// # Errors
    /// If the file is missing, can be read by others, or holds anything but sound keys.
    pub fn load(path: &Path) -> Result<Self, MasterKeyError> {
        let keys = key_file::read(path)?;
        let active = keys.first().map(|key| key.id.clone());
        let active = active.ok_or_else(|| MasterKeyError::NoKeys { path: path.to_owned() })?;
        Ok(Self { keys, active })
    }

    /// Makes a master key file with one new key, readable by its owner only whatever the umask, and its folder
    /// if that is missing.
    ///
    /// # Errors
    /// If there is already something at that path, which is never overwritten, or the file cannot be written.
    pub fn create(path: &Path) -> Result<Self, MasterKeyError> {
        key_file::create(path)?;
        Self::load(path)
    }

    /// A new data key for an organization, or for the installation itself, wrapped by the active master key.
    ///
    /// # Errors
    /// If the operating system gives no random numbers.
    pub fn new_data_key(&self, owner: KeyOwner) -> Result<DataKey, VaultError> {
        let data_key = cipher::random_key()?;
        let id = cipher::random_id()?;
        self.wrap(id, owner, &data_key)
    }

    /// Seals a secret. Its length is hidden up to steps of [`PADDING_STEP_BYTES`].
    ///
    /// # Errors
    /// If the data key does not open or belongs to somebody else, or the secret is longer than
    /// [`MAX_SECRET_BYTES`].
    pub fn seal(&self, key: &DataKey, binding: &Binding, secret: &Secret) -> Result<Vec<u8>, VaultError> {
        let sealing_key = self.sealing_key(key, binding)?;
        let padded = padding::pad(secret.expose()).ok_or(VaultError::TooLong)?;
        let header = header(key.id);
        let encrypted = cipher::encrypt(&sealing_key, &binding.associated_data(&header), padded)?;
        Ok([header.as_slice(), &encrypted].concat())
    }

    /// Opens a sealed secret, if everything is as it was when it was sealed.
    ///
    /// # Errors
    /// If anything differs: the key, the binding or one bit of the sealed bytes.
    pub fn open(&self, key: &DataKey, binding: &Binding, sealed: &[u8]) -> Result<Secret, OpenError> {
        let (header, encrypted) = sealed.split_first_chunk::<HEADER_BYTES>().ok_or(OpenError::UnknownFormat)?;
        let id = data_key_id(sealed).ok_or(OpenError::UnknownFormat)?;
        if id != key.id {
            return Err(OpenError::OtherDataKey);
        }
        let sealing_key = self.sealing_key(key, binding)?;
        let padded = cipher::decrypt(&sealing_key, &binding.associated_data(header), encrypted)
            .ok_or(OpenError::ChangedOrMoved)?;
        padding::unpad(&padded).ok_or(OpenError::UnknownFormat)
    }

    /// A key for another purpose than sealing. It comes from the data key, not from the master key, so it stays
    /// the same when the master key is rotated.
    ///
    /// # Errors
    /// If the data key does not open.
    pub fn derive(&self, key: &DataKey, purpose: Purpose) -> Result<Zeroizing<[u8; 64]>, OpenError> {
        Ok(cipher::derive(&self.unwrap(key)?, purpose.label()))
    }

    /// Whether this key ring opens a data key.
    #[must_use]
    pub fn can_unwrap(&self, key: &DataKey) -> bool {
        self.unwrap(key).is_ok()
    }

    /// The id of the master key that wraps new data keys.
    #[must_use]
    pub fn active_key_id(&self) -> &MasterKeyId {
        &self.active
    }

    /// The ids of all master keys, the active one first.
    pub fn key_ids(&self) -> impl Iterator<Item = &MasterKeyId> {
        self.keys.iter().map(|key| &key.id)
    }

    /// The same data key, wrapped by the active master key. What it sealed stays as it is.
    ///
    /// # Errors
    /// If the data key does not open, or the operating system gives no random numbers.
    pub fn rewrap(&self, key: &DataKey) -> Result<DataKey, VaultError> {
        let data_key = self.unwrap(key)?;
        self.wrap(key.id, key.owner, &data_key)
    }

    fn wrap(&self, id: i64, owner: KeyOwner, data_key: &SecretKey) -> Result<DataKey, VaultError> {
        let master = self.master_key(&self.active)?;
        let associated_data = data_key::associated_data(id, owner, &master.id);
        let plaintext = Zeroizing::new(data_key.to_vec());
        let encrypted = cipher::encrypt(&master.wrapping_key, &associated_data, plaintext)?;
        let wrapped = [&[ALGORITHM], encrypted.as_slice()].concat();
        Ok(DataKey { id, owner, master_key_id: master.id.clone(), wrapped })
    }

    fn unwrap(&self, key: &DataKey) -> Result<SecretKey, OpenError> {
        let master = self.master_key(&key.master_key_id)?;
        let Some((&ALGORITHM, encrypted)) = key.wrapped.split_first() else {
            return Err(OpenError::UnknownFormat);
        };
        let associated_data = data_key::associated_data(key.id, key.owner, &master.id);
        let plaintext =
            cipher::decrypt(&master.wrapping_key, &associated_data, encrypted).ok_or(OpenError::ChangedOrMoved)?;
        cipher::key_from(&plaintext).ok_or(OpenError::UnknownFormat)
    }

    fn sealing_key(&self, key: &DataKey, binding: &Binding) -> Result<SecretKey, OpenError> {
        if key.owner != KeyOwner::Organization(binding.organization_id()) {
            return Err(OpenError::OtherOwner);
        }
        Ok(cipher::derive(&self.unwrap(key)?, "claviger/seal/v1"))
    }

    fn master_key(&self, id: &MasterKeyId) -> Result<&MasterKey, OpenError> {
        self.keys.iter().find(|key| key.id == *id).ok_or_else(|| OpenError::UnknownMasterKey(id.clone()))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

/// The id of the data key that sealed these bytes; `None` for bytes that were not sealed here.
#[must_use]
pub fn data_key_id(sealed: &[u8]) -> Option<i64> {
    let (&algorithm, rest) = sealed.split_first()?;
    let id = rest.first_chunk()?;
    (algorithm == ALGORITHM && sealed.len() >= HEADER_BYTES + AEAD_OVERHEAD_BYTES).then(|| i64::from_be_bytes(*id))
}

/// Why something sealed does not open. The words are for the log; a person is asked for the key again.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OpenError {
    /// The data key is wrapped by a master key that this server does not have.
    #[error("the master key {0} is not in the master key file")]
    UnknownMasterKey(MasterKeyId),
    /// The bytes name another data key than the one given.
    #[error("it was sealed with another data key")]
    OtherDataKey,
    /// The data key belongs to another organization.
    #[error("the data key belongs to another organization")]
    OtherOwner,
    /// Too short, or of an algorithm that this version does not know.
    #[error("it is not in a form that this version knows")]
    UnknownFormat,
    /// Authentication failed. AES-GCM cannot tell a changed byte from a changed place or a wrong key.
    #[error("it was changed, moved, or sealed for another place")]
    ChangedOrMoved,
}

/// Why something could not be sealed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum VaultError {
    /// The operating system gives no random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The secret is longer than [`MAX_SECRET_BYTES`].
    #[error("the secret is longer than {MAX_SECRET_BYTES} bytes")]
    TooLong,
    /// The data key does not open.
    #[error("the data key does not open: {0}")]
    DataKey(#[from] OpenError),
}

fn header(data_key_id: i64) -> [u8; HEADER_BYTES] {
    let mut header = [ALGORITHM; HEADER_BYTES];
    header[1..].copy_from_slice(&data_key_id.to_be_bytes());
    header
}
