//! Where the rows are.

use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Where the rows are.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server; the address may hold a password.
    Postgres(SecretString),
}

impl DatabaseUrl {
    /// Reads `sqlite://PATH`, `postgres://…` or `postgresql://…`. Nothing else: a typo must not become the
    /// name of a new SQLite file.
    ///
    /// # Errors
    /// A sentence, for the setting or for the backup command that named the database.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            let path = path.split('?').next().unwrap_or_default();
            return if path.is_empty() {
                Err("The path of the SQLite file is missing.".into())
            } else {
                Ok(Self::Sqlite(path.into()))
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Url::parse(text).map_err(|_| "This PostgreSQL address can’t be read.".to_owned())?;
            return Ok(Self::Postgres(text.to_owned().into()));
        }
        Err("This is neither a SQLite nor a PostgreSQL address.".into())
    }
}

impl fmt::Display for DatabaseUrl {
    /// The address without its password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(url) => f.write_str(&without_password(url.expose_secret())),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An address with dots in the place of its password.
pub(super) fn without_password(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else { return "(set)".into() };
    if url.password().is_some() && url.set_password(Some("…")).is_err() {
        return "(set)".into();
    }
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .map(
            |(key, value)| {
                if key.contains("password") { (key.into(), "…".into()) } else { (key.into(), value.into()) }
            },
        )
        .collect();
    if url.query().is_some() {
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    url.to_string()
}
