//! The one error. What the person can mend is [`Error::Invalid`]; each front door renders the rest its way.

use std::error::Error as StdError;
use std::fmt;

use crate::domain::api_token::TokenProblem;
use crate::domain::embedding::LaunchRefusal;
use crate::domain::field_errors::FieldErrors;
use crate::domain::role::Permission;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was typed has to be mended, field by field.
    #[error("the form has errors")]
    Invalid(FieldErrors),
    /// Nobody is signed in.
    #[error("not signed in")]
    NotSignedIn,
    /// No API token lets the request in.
    #[error("no API token that opens anything")]
    BadToken(TokenProblem),
    /// The role lacks a permission, or the API token does not cover it.
    #[error("the role lacks {0:?}")]
    Forbidden(Permission),
    /// There is no such thing, or it belongs to another organization.
    #[error("not found")]
    NotFound,
    /// A list has no such page.
    #[error("past the last page of a list")]
    NoSuchPage,
    /// Something that Label Studio's API has and this server has not; the words say what to do instead.
    #[error("not offered: {0}")]
    NotOffered(&'static str),
    /// The form is too old, was opened for another session, or comes from another site.
    #[error("the form token is not ours")]
    StaleForm,
    /// A one-time link was used, has expired or never existed.
    #[error("the one-time link is not open")]
    LinkClosed,
    /// A host product's launch was refused.
    #[error("the launch was refused: {0}")]
    LaunchRefused(LaunchRefusal),
    /// Somebody changed it since the client read it.
    #[error("the object is not the one that was read")]
    Stale,
    /// The body is of a kind that is not read here.
    #[error("the media type is not supported")]
    UnsupportedMediaType,
    /// Too many tries.
    #[error("too many tries; wait {retry_after_s} s")]
    TooMany {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// The request is larger than this server reads.
    #[error("the request is too large")]
    TooLarge,
    /// The request is not what it should be, in a way no form of ours sends it.
    #[error("bad request: {0}")]
    BadRequest(&'static str),
    /// The database is locked, gone or full; nothing was stored.
    #[error("the database is not available")]
    Unavailable(#[source] Cause),
    /// Anything else. Opaque outside, whole in the log.
    #[error("internal error")]
    Internal(#[source] Cause),
}

/// What lies behind an error; printed only in the log.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// The result of everything that can fail for a request.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An internal error with its cause.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// One error on one field.
    #[must_use]
    pub fn field(field: &str, error: impl Into<crate::domain::field_errors::FieldError>) -> Self {
        Self::Invalid(FieldErrors::one(field, error))
    }

    /// The error and all its causes on one line, for the log.
    #[must_use]
    pub fn chain(&self) -> impl fmt::Display + '_ {
        Chain(self)
    }
}

impl From<FieldErrors> for Error {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind, Error as Diesel};
        match error {
            Diesel::NotFound => Self::NotFound,
            Diesel::DatabaseError(DatabaseErrorKind::ClosedConnection, _) => Self::Unavailable(error.into()),
            Diesel::DatabaseError(_, ref info) if is_unavailable(info.message()) => Self::Unavailable(error.into()),
            other => Self::Internal(other.into()),
        }
    }
}

/// Whether the database's words say that it cannot store anything now: locked, out of space, read-only, gone.
fn is_unavailable(message: &str) -> bool {
    const WORDS: [&str; 15] = [
        "deadlock detected",
        "could not serialize",
        "database is locked",
        "database or disk is full",
        "disk I/O error",
        "unable to open database file",
        "readonly database",
        "server closed the connection",
        "terminating connection",
        "no connection to the server",
        "No space left on device",
        "could not connect",
        "too many clients",
        "lock timeout",
        "statement timeout",
    ];
    WORDS.iter().any(|words| message.contains(words))
}

struct Chain<'a>(&'a Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}
