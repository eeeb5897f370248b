//! The commands beside `serve`.

pub mod audit;
pub mod bootstrap;
pub mod config;
pub mod keys;
pub mod organization;
pub mod token;
pub mod user;

mod password;

use crate::error::Error;

/// Why a command did not do what it was asked; a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match &error {
            Error::Invalid(errors) => {
                let sentences: Vec<&str> = errors.iter().map(|(_, error)| error.message.as_str()).collect();
                Self(sentences.join(" "))
            }
            other => Self(other.chain().to_string()),
        }
    }
}
