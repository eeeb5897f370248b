//! Signed tokens (RFC 7519): launches of host products, and tickets of our own. The crate `jsonwebtoken` reads and
//! judges them; what it signs and verifies with is *ring*, which is here anyway.

use std::sync::Once;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error as JwtError, ErrorKind, Result as JwtResult};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::{hmac, signature as ring_signature};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// What a token is verified with.
#[derive(Clone)]
pub enum VerifyingKey {
    /// HS256, with a secret that both sides have.
    Shared(Vec<u8>),
    /// EdDSA, with the 32 bytes of an Ed25519 public key.
    Ed25519(Vec<u8>),
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwtProblem {
    /// It is no token, or a claim is missing or of the wrong kind.
    Unreadable,
    /// It says another algorithm than its key's.
    WrongAlgorithm,
    /// The signature does not fit.
    WrongSignature,
    /// It is for somebody else.
    WrongAudience,
}

/// Signs claims with HS256.
///
/// # Errors
/// [`Error::Internal`] if the claims cannot be written.
pub fn sign(secret: &[u8], claims: &impl Serialize) -> Result<String> {
    install();
    let header = Header::new(Algorithm::HS256);
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret)).map_err(Error::internal)
}

/// The name of the key that a token says it was signed with. Nothing is verified yet.
#[must_use]
pub fn kid(token: &str) -> Option<String> {
    jsonwebtoken::decode_header(token).ok()?.kid
}

/// The claims that a token makes, signed or not. Nothing is verified.
#[must_use]
pub fn claims_unverified<T: DeserializeOwned>(token: &str) -> Option<T> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// Verifies a token and answers its claims. Whether its time is over is for the caller to judge, by the
/// application's clock.
///
/// # Errors
/// [`JwtProblem`].
pub fn verify<T: DeserializeOwned>(token: &str, key: &VerifyingKey, audience: &str) -> Result<T, JwtProblem> {
    install();
    let (algorithm, key) = match key {
        VerifyingKey::Shared(secret) => (Algorithm::HS256, DecodingKey::from_secret(secret)),
        VerifyingKey::Ed25519(public_key) => (Algorithm::EdDSA, DecodingKey::from_ed_der(public_key)),
    };
    // The key says what the algorithm is; the token is only believed if it says the same.
    let mut rules = Validation::new(algorithm);
    rules.validate_exp = false;
    rules.set_audience(&[audience]);
    rules.set_required_spec_claims(&["exp", "aud"]);
    let read = jsonwebtoken::decode::<T>(token, &key, &rules);
    read.map(|token| token.claims).map_err(|error| problem(&error))
}

fn problem(error: &JwtError) -> JwtProblem {
    match error.kind() {
        ErrorKind::InvalidSignature => JwtProblem::WrongSignature,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => JwtProblem::WrongAlgorithm,
        ErrorKind::InvalidAudience => JwtProblem::WrongAudience,
        _ => JwtProblem::Unreadable,
    }
}

/// Tells `jsonwebtoken`, which has one provider for the whole process, to use *ring*. Whoever uses that crate past
/// this module calls it first.
pub fn install() {
    static INSTALLED: Once = Once::new();
    static RING: CryptoProvider =
        CryptoProvider { signer_factory: signer, verifier_factory: verifier, key_utils: KeyUtils::new_unimplemented() };
    // It can only fail if somebody has installed one before, and nobody else in this program does.
    INSTALLED.call_once(|| {
        RING.install_default().ok();
    });
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> JwtResult<Box<dyn JwtSigner>> {
    match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes())))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> JwtResult<Box<dyn JwtVerifier>> {
    let bytes = key.try_get_as_bytes()?;
    match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(hmac::Key::new(hmac::HMAC_SHA256, bytes)))),
        Algorithm::EdDSA => Ok(Box::new(EdDsa(bytes.to_vec()))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

struct Hs256(hmac::Key);

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], tag: &Vec<u8>) -> Result<(), signature::Error> {
        hmac::verify(&self.0, message, tag).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

struct EdDsa(Vec<u8>);

impl Verifier<Vec<u8>> for EdDsa {
    fn verify(&self, message: &[u8], tag: &Vec<u8>) -> Result<(), signature::Error> {
        let key = ring_signature::UnparsedPublicKey::new(&ring_signature::ED25519, &self.0);
        key.verify(message, tag).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for EdDsa {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}
