//! The primitives: AES-256-GCM with random nonces, HKDF-SHA256, random numbers from the operating system.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use hkdf::Hkdf;
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

use super::VaultError;

/// The length of every key.
pub(super) const KEY_BYTES: usize = 32;

const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// By how much encrypted bytes are longer than the plaintext: the nonce before and the tag after it.
pub(super) const AEAD_OVERHEAD_BYTES: usize = NONCE_BYTES + TAG_BYTES;

/// A key, wiped when dropped.
pub(super) type SecretKey = Zeroizing<[u8; KEY_BYTES]>;

/// The operating system gives no random numbers, so nothing can be sealed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the operating system gives no random numbers")]
pub struct NoRandomness;

pub(super) fn random_key() -> Result<SecretKey, NoRandomness> {
    let mut key = SecretKey::default();
    fill_random(key.as_mut_slice())?;
    Ok(key)
}

/// A random id, positive because databases count that way.
pub(super) fn random_id() -> Result<i64, NoRandomness> {
    let mut bytes = [0; size_of::<i64>()];
    fill_random(&mut bytes)?;
    Ok((i64::from_be_bytes(bytes) & i64::MAX).max(1))
}

/// `None` if the bytes have another length than a key.
pub(super) fn key_from(bytes: &[u8]) -> Option<SecretKey> {
    let mut key = SecretKey::default();
    (bytes.len() == KEY_BYTES).then(|| key.copy_from_slice(bytes))?;
    Some(key)
}

/// A key for one use. Different labels give keys that tell nothing about each other.
pub(super) fn derive<const N: usize>(key: &SecretKey, label: &str) -> Zeroizing<[u8; N]> {
    // HKDF-SHA256 refuses only more than 255 blocks of 32 bytes (RFC 5869, section 2.3).
    const { assert!(N <= 255 * 32) };
    let mut derived = Zeroizing::new([0; N]);
    let expanded = Hkdf::<Sha256>::new(None, key.as_slice()).expand(label.as_bytes(), derived.as_mut_slice());
    // Never continue with a key of zeros.
    assert!(expanded.is_ok(), "HKDF gives {N} bytes");
    derived
}

/// Encrypts to nonce ‖ ciphertext ‖ tag.
pub(super) fn encrypt(
    key: &SecretKey,
    associated_data: &[u8],
    mut plaintext: Zeroizing<Vec<u8>>,
) -> Result<Vec<u8>, VaultError> {
    let mut nonce = [0; NONCE_BYTES];
    fill_random(&mut nonce)?;
    // In place, so that the plaintext's buffer becomes the ciphertext and no copy of it is left.
    let tag = Aes256Gcm::new((&**key).into()).encrypt_inout_detached(
        &Nonce::from(nonce),
        associated_data,
        plaintext.as_mut_slice().into(),
    );
    let tag = tag.map_err(|_| VaultError::TooLong)?;
    Ok([&nonce, plaintext.as_slice(), &tag].concat())
}

/// Decrypts nonce ‖ ciphertext ‖ tag; `None` if one bit of it, of the key or of the associated data differs.
pub(super) fn decrypt(key: &SecretKey, associated_data: &[u8], encrypted: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = encrypted.split_first_chunk::<NONCE_BYTES>()?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    Aes256Gcm::new((&**key).into())
        .decrypt_inout_detached(
            &Nonce::from(*nonce),
            associated_data,
            plaintext.as_mut_slice().into(),
            &Tag::from(*tag),
        )
        .ok()?;
    Some(plaintext)
}

fn fill_random(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    SysRng.try_fill_bytes(bytes).map_err(|_| NoRandomness)
}
