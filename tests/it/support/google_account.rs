//! A Google service account with a key of its own, made anew for every run of the tests.

use std::sync::OnceLock;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
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
    public_key: String,
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
            public_key: key.to_public_key().to_public_key_pem(LineEnding::LF).expect("a PEM"),
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
        let header = jsonwebtoken::decode_header(assertion).map_err(|_| "Invalid JWT: Failed to parse.")?;
        if header.kid.as_deref() != Some(&self.key_id) {
            return Err("Invalid JWT Signature.");
        }
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_audience(&["https://oauth2.googleapis.com/token"]);
        rules.set_required_spec_claims(&["exp", "aud", "iss"]);
        let key = DecodingKey::from_rsa_pem(self.public_key.as_bytes()).expect("a public key");
        let claims = match jsonwebtoken::decode::<Value>(assertion, &key, &rules) {
            Ok(token) => token.claims,
            Err(error) if *error.kind() == jsonwebtoken::errors::ErrorKind::ExpiredSignature => {
                return Err(
                    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.",
                );
            }
            Err(_) => return Err("Invalid JWT Signature."),
        };
        if claims["iss"] != self.email.as_str() {
            return Err("Invalid grant: account not found");
        }
        let holds_s = claims["exp"].as_i64().unwrap_or_default() - claims["iat"].as_i64().unwrap_or_default();
        if holds_s > 3600 || claims["scope"] != "https://www.googleapis.com/auth/cloud-platform" {
            return Err("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.");
        }
        Ok(())
    }
}
