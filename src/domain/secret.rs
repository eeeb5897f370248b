//! Types for secrets. They cannot be printed, serialized or cloned by accident, and are wiped when dropped.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

/// A secret text. `Debug` prints a placeholder; there is no `Display` and no `Serialize`.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text into custody.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Call it as late as possible: to seal it or to put it into one request.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A second copy, for the one place that needs the secret both for a check and for sealing.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::new(self.0.to_string())
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What may be shown of it: the last four characters of a text of at least sixteen, else nothing, since
    /// four characters of a short one (`ollama`) would be most of it.
    #[must_use]
    pub fn tail(&self) -> Option<String> {
        const SHORTEST_WITH_A_TAIL: usize = 16;
        let n_chars = self.0.chars().count();
        (n_chars >= SHORTEST_WITH_A_TAIL).then(|| self.0.chars().skip(n_chars - 4).collect())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// Which secret of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretField {
    /// The provider's API key.
    ApiKey,
    /// The token for a gateway in front of a custom server.
    AuthToken,
    /// The content of a Google service-account key file.
    GoogleApplicationCredentials,
}

impl SecretField {
    /// Every secret field.
    pub const ALL: [SecretField; 3] = [Self::ApiKey, Self::AuthToken, Self::GoogleApplicationCredentials];

    /// The name in forms, in the REST API and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::AuthToken => "auth_token",
            Self::GoogleApplicationCredentials => "google_application_credentials",
        }
    }

    /// The field of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// The secrets of one connection, for one call or one save.
#[derive(Debug, Default)]
pub struct Secrets(BTreeMap<SecretField, Secret>);

impl Secrets {
    /// Puts a secret in; an empty one counts as none.
    pub fn put(&mut self, field: SecretField, secret: Secret) {
        if !secret.is_empty() {
            self.0.insert(field, secret);
        }
    }

    /// The secret of a field.
    #[must_use]
    pub fn get(&self, field: SecretField) -> Option<&Secret> {
        self.0.get(&field)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (SecretField, &Secret)> {
        self.0.iter().map(|(field, secret)| (*field, secret))
    }

    /// The same without one of them.
    #[must_use]
    pub fn without(mut self, field: Option<SecretField>) -> Self {
        self.0.retain(|known, _| Some(*known) != field);
        self
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
