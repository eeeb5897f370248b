//! Launches: with a signed token a host product's server says who looks at the page that shows our frame.
//!
//! Nothing in a token is believed before its signature fits; and a token that fits still has to be for this server,
//! this organization, this page and this minute, and unused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::ED25519_PUBLIC_KEY_LEN;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::jwt::{self, JwtProblem, VerifyingKey};
use crate::app::InstallationKeys;
use crate::clock::Timestamp;
use crate::domain::accent::Accent;
use crate::domain::actor::OrgScope;
use crate::domain::embedding::{EmbedId, EmbeddedIn, LaunchRefusal};
use crate::domain::language::Language;
use crate::domain::person::Email;
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::domain::theme::Theme;
use crate::error::{Error, Result};
use crate::store::embedding::Embedding;
use crate::store::launch_keys::LaunchKeyRow;

/// How long a launch may be valid.
const LONGEST: TimeDelta = TimeDelta::seconds(60);
/// How far two servers' clocks may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(5);
/// A nonce's length in characters: not guessable by chance, not a whole book.
const NONCE_CHARS: std::ops::RangeInclusive<usize> = 16..=128;
/// Longest id of a person in the host product.
const LONGEST_SUBJECT: usize = 255;

/// The algorithm of keys that both sides have.
pub const SHARED: &str = "HS256";
/// The algorithm of keys of which we have the public half.
pub const ED25519: &str = "EdDSA";

/// A launch that fits. Whether it was used before, and who the person is here, the database knows.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The organization whose key has signed it.
    pub scope: OrgScope,
    /// The key's id.
    pub key_id: i64,
    /// The person's id in the host product.
    pub subject: String,
    /// Their address.
    pub email: Email,
    /// What the session is limited to.
    pub embedded: EmbeddedIn,
    /// What makes it work once.
    pub nonce_hash: Vec<u8>,
    /// When it can be forgotten.
    pub expires_at: Timestamp,
}

/// What a launch has to be for.
pub struct Expected<'a> {
    /// This server's origin.
    pub audience: &'a str,
    /// The organization whose frame it is.
    pub embedding: &'a Embedding,
    /// The page that sent it, as the browser says.
    pub origin: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

/// The claims as the host's server writes them.
#[derive(Deserialize)]
struct Claims {
    org: String,
    sub: String,
    email: String,
    role: String,
    origin: String,
    jti: String,
    exp: i64,
    #[serde(default)]
    theme: Option<String>,
    #[serde(default)]
    accent: Option<String>,
    #[serde(default)]
    locale: Option<String>,
}

/// The name of the key that a token says it was signed with, if it can be one of ours. Nothing is verified yet.
#[must_use]
pub fn kid(token: &str) -> Option<String> {
    const LENGTH: usize = "lk_".len() + 16;
    let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    jwt::kid(token).filter(|kid| kid.len() == LENGTH && kid.bytes().all(is_of_a_name))
}

/// The organization that a token says it is for. Nothing is verified yet.
#[must_use]
pub fn organization_named_in(token: &str) -> Option<EmbedId> {
    #[derive(Deserialize)]
    struct Organization {
        org: String,
    }
    EmbedId::parse(&jwt::claims_unverified::<Organization>(token)?.org)
}

/// Verifies a launch.
///
/// # Errors
/// [`LaunchRefusal`].
pub fn verify(
    keys: &InstallationKeys,
    token: &str,
    key: &LaunchKeyRow,
    expected: &Expected<'_>,
) -> Result<Launch, LaunchRefusal> {
    let embedding = expected.embedding;
    if key.organization_id != embedding.organization_id {
        return Err(LaunchRefusal::UnknownKey);
    }
    let verifying = match &key.public_key {
        Some(public_key) => VerifyingKey::Ed25519(public_key.clone()),
        None => VerifyingKey::Shared(shared_key(keys, key.organization_id, &key.kid).expose().as_bytes().to_vec()),
    };
    let claims: Claims = jwt::verify(token, &verifying, expected.audience).map_err(refusal)?;
    if claims.org != embedding.embed_id.as_str() {
        return Err(LaunchRefusal::OtherOrganization);
    }
    let expires_at = judge_time(claims.exp, expected.now)?;
    if expected.origin != Some(&claims.origin) {
        return Err(LaunchRefusal::OtherSite);
    }
    let site = embedding.site(&claims.origin).ok_or(LaunchRefusal::SiteNotListed)?;
    let is_nonce = NONCE_CHARS.contains(&claims.jti.chars().count());
    let is_subject = (1..=LONGEST_SUBJECT).contains(&claims.sub.len()) && !claims.sub.contains(char::is_control);
    let is_theme = claims.theme.as_deref().is_none_or(|theme| matches!(theme, "light" | "dark" | "auto"));
    if !is_nonce || !is_subject || !is_theme {
        return Err(LaunchRefusal::Unreadable);
    }
    let accent = match claims.accent.as_deref() {
        Some(text) => Some(Accent::parse(text).ok_or(LaunchRefusal::Unreadable)?),
        None => None,
    };
    let ceiling: Role = claims.role.parse().map_err(|_| LaunchRefusal::Unreadable)?;
    let theme = Theme::from_slug(claims.theme.as_deref().unwrap_or_default());
    Ok(Launch {
        scope: OrgScope::granted(key.organization_id),
        key_id: key.id,
        subject: claims.sub,
        email: Email::parse(&claims.email).map_err(|_| LaunchRefusal::Unreadable)?,
        embedded: EmbeddedIn {
            embed_id: embedding.embed_id.clone(),
            site: site.origin.clone(),
            ceiling,
            theme,
            accent,
            language: Language::of_tag(claims.locale.as_deref().unwrap_or_default()),
        },
        nonce_hash: Sha256::digest(format!("launch\0{}\0{}", key.organization_id, claims.jti)).to_vec(),
        expires_at,
    })
}

/// When a launch can be forgotten, if now is its time.
fn judge_time(exp: i64, now: Timestamp) -> Result<Timestamp, LaunchRefusal> {
    let expires_at = DateTime::from_timestamp(exp, 0).ok_or(LaunchRefusal::Unreadable)?.naive_utc();
    // In this order: no sum with a time that is far away.
    if expires_at > now + LONGEST + LEEWAY {
        return Err(LaunchRefusal::TooLong);
    }
    if expires_at <= now - LEEWAY {
        return Err(LaunchRefusal::Expired);
    }
    Ok(expires_at + LEEWAY)
}

fn refusal(problem: JwtProblem) -> LaunchRefusal {
    match problem {
        JwtProblem::Unreadable => LaunchRefusal::Unreadable,
        JwtProblem::WrongAlgorithm => LaunchRefusal::WrongAlgorithm,
        JwtProblem::WrongSignature => LaunchRefusal::WrongSignature,
        JwtProblem::WrongAudience => LaunchRefusal::WrongAudience,
    }
}

/// The text that both sides sign with. It is stored nowhere: it follows from the key's name and a key of the
/// installation, so that whoever reads the database cannot launch anything.
#[must_use]
pub fn shared_key(keys: &InstallationKeys, organization_id: i64, kid: &str) -> Secret {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(keys.launch.as_slice());
    // HMAC takes keys of every length.
    let mut mac = mac.unwrap_or_else(|_| unreachable!());
    mac.update(b"shared\0");
    mac.update(&organization_id.to_be_bytes());
    mac.update(kid.as_bytes());
    Secret::new(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A name for a new key. Nobody can choose one that is somebody else's.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn new_kid() -> Result<String> {
    Ok(format!("lk_{}", URL_SAFE_NO_PAD.encode(super::random::<12>()?)))
}

/// A name for an organization in addresses.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn new_embed_id() -> Result<EmbedId> {
    let text = URL_SAFE_NO_PAD.encode(super::random::<16>()?);
    EmbedId::parse(&text).ok_or_else(|| Error::internal("22 characters of base64 are an id"))
}

/// Reads an Ed25519 public key from PEM (RFC 8410) and answers its 32 bytes.
///
/// # Errors
/// A sentence for the field.
pub fn read_public_key(pem: &str) -> Result<Vec<u8>, &'static str> {
    const NO_KEY: &str = "This isn’t a public key. It should begin with -----BEGIN PUBLIC KEY-----.";
    if pem.trim().is_empty() {
        return Err("Paste the public key.");
    }
    if pem.contains("PRIVATE KEY") {
        return Err(
            "This is the private key, which must stay on your server; we didn’t keep it. Paste the public one: \
                    openssl pkey -in private.pem -pubout",
        );
    }
    let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.trim().as_bytes()).map_err(|_| NO_KEY)?;
    let (_, info) = SubjectPublicKeyInfo::from_der(&der).map_err(|_| NO_KEY)?;
    let is_ed25519 = info.algorithm.algorithm.to_id_string() == "1.3.101.112";
    let bytes = info.subject_public_key.data.to_vec();
    if !is_ed25519 || bytes.len() != ED25519_PUBLIC_KEY_LEN {
        return Err("This is a public key of another kind. Make an Ed25519 one: \
                    openssl genpkey -algorithm ed25519 -out private.pem");
    }
    Ok(bytes)
}
