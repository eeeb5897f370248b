//! Signs a launch of Claviger’s frame with HS256. Needs the crates jsonwebtoken 11 with the feature `rust_crypto` (or
//! `aws_lc_rs`), serde_json 1, and uuid 1 with the feature `v4`.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, errors, get_current_timestamp};
use serde_json::json;
use uuid::Uuid;

/// What your server is configured with; Claviger shows it on its page Embedding.
pub struct Embedding<'a> {
    /// Claviger’s public origin, without a slash at the end.
    pub audience: &'a str,
    /// The embed id.
    pub embed: &'a str,
    /// The key’s id.
    pub key_id: &'a str,
    /// The key, as the text that Claviger showed; it is not decoded.
    pub key: &'a str,
    /// The site that shows the frame, such as `https://app.example.org`.
    pub origin: &'a str,
}

/// Who is signed in to your product. Take it from your own session, never from the request, or anybody could be
/// anybody.
pub struct Person<'a> {
    /// The person’s id in your product.
    pub subject: &'a str,
    /// The address by which Claviger knows the person.
    pub email: &'a str,
    /// The most that the person may do in the frame: `owner`, `administrator`, `manager`, `reviewer` or `annotator`.
    pub role: &'a str,
}

/// A token for one launch.
///
/// # Errors
/// None in practice: what is signed is text.
pub fn launch_token(embedding: &Embedding<'_>, person: &Person<'_>) -> errors::Result<String> {
    let header = Header { kid: Some(embedding.key_id.to_owned()), ..Header::new(Algorithm::HS256) };
    let claims = json!({
        "aud": embedding.audience,
        "org": embedding.embed,
        "sub": person.subject,
        "email": person.email,
        "role": person.role,
        "origin": embedding.origin,
        "jti": Uuid::new_v4().simple().to_string(),
        "exp": get_current_timestamp() + 30,
    });
    encode(&header, &claims, &EncodingKey::from_secret(embedding.key.as_bytes()))
}
