//! A Google service account with a key of its own, made anew for every run of the tests.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use serde_json::{Value, json};

/// A service account: what its key file says, and how Google checks what it signs.
#[derive(Clone)]
pub struct GoogleAccount {
    /// Its name.
    pub email: String,
    /// The id of its key.
    pub key_id: String,
    /// The PEM of its key.
    pub private_key: String,
    /// The public half, as PKCS #1 writes it.
    public_key: Vec<u8>,
}

impl GoogleAccount {
    /// The account of this run. Making a key takes a while, so all tests share it.
    pub fn shared() -> Self {
        static ACCOUNT: OnceLock<GoogleAccount> = OnceLock::new();
        ACCOUNT.get_or_init(Self::make).clone()
    }

    fn make() -> Self {
        let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).expect("an RSA key");
        Self {
            email: "prompts@fennel-ml-prod.iam.gserviceaccount.com".to_owned(),
            key_id: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            private_key: key.to_pkcs8_pem(LineEnding::LF).expect("a PEM").to_string(),
            public_key: key.to_public_key().to_pkcs1_der().expect("a DER").into_vec(),
        }
    }

    /// Its key file, as Google Cloud makes it.
    pub fn key_file(&self) -> Value {
        json!({
            "type": "service_account",
            "project_id": "fennel-ml-prod",
            "private_key_id": self.key_id,
            "private_key": self.private_key,
            "client_email": self.email,
            "client_id": "123456789012345678901",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": "https://oauth2.googleapis.com/token",
            "universe_domain": "googleapis.com",
        })
    }

    /// Checks an assertion as Google does: signature, key id, issuer, audience, and that it holds an hour at most.
    pub fn verify(&self, assertion: &str) -> Result<(), &'static str> {
        const NO_JWT: &str = "Invalid JWT: Failed to parse.";
        const TOO_OLD: &str =
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.";
        let (signed, signature) = assertion.rsplit_once('.').ok_or(NO_JWT)?;
        let (header, claims) = signed.split_once('.').ok_or(NO_JWT)?;
        let (header, claims) = (json_of(header).ok_or(NO_JWT)?, json_of(claims).ok_or(NO_JWT)?);
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| NO_JWT)?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public_key);
        let is_signed = key.verify(signed.as_bytes(), &signature).is_ok();
        let is_for_us = claims["aud"] == "https://oauth2.googleapis.com/token";
        if header["alg"] != "RS256" || header["kid"] != self.key_id.as_str() || !is_signed || !is_for_us {
            return Err("Invalid JWT Signature.");
        }
        if claims["iss"] != self.email.as_str() {
            return Err("Invalid grant: account not found");
        }
        let (from, until) = (claims["iat"].as_i64().unwrap_or_default(), claims["exp"].as_i64().unwrap_or_default());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
        let is_over = until < i64::try_from(now).expect("a time that fits");
        if is_over || until - from > 3600 || claims["scope"] != "https://www.googleapis.com/auth/cloud-platform" {
            return Err(TOO_OLD);
        }
        Ok(())
    }
}

fn json_of(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
