//! Whether a server may start with the master key file that it finds.

use thiserror::Error;

use super::Vault;
use super::key_file::MasterKeyError;
use super::master_key::MasterKeyId;

/// What to do at the start. The server and `doctor` decide by the same rule.
#[derive(Debug)]
pub enum StartDecision {
    /// Everything fits.
    Open(Vault),
    /// Neither a key nor anything sealed: make a new key.
    Create,
    /// Stop, and say why. A new key beside sealed rows would make them look lost and hide the mistake.
    Refuse(StartRefusal),
}

/// Why the server must not start.
#[derive(Debug, Error)]
pub enum StartRefusal {
    /// There is no file, but the database has sealed rows.
    #[error("{file} The database holds keys that were sealed with {}. {}", list(wanted), BRING_BACK)]
    NoFile {
        /// What is missing.
        file: MasterKeyError,
        /// The master keys that the database names.
        wanted: Vec<MasterKeyId>,
    },
    /// The file lacks a key that the database names.
    #[error("The master key file does not hold {}, which the database was sealed with. {}", list(wanted), BRING_BACK)]
    LacksKeys {
        /// The master keys that are missing.
        wanted: Vec<MasterKeyId>,
    },
    /// The file is there, but nothing can be done with it.
    #[error(transparent)]
    Broken(MasterKeyError),
}

const BRING_BACK: &str = "Put your backup of the master key file there, or restore the database that belongs to it.";

/// Decides. `sealed_with` are the ids that the database's data keys name, in any order, repeated or not.
#[must_use]
pub fn decide_start(file: Result<Vault, MasterKeyError>, sealed_with: &[MasterKeyId]) -> StartDecision {
    let mut wanted = sealed_with.to_vec();
    wanted.sort();
    wanted.dedup();
    match file {
        Ok(vault) => {
            wanted.retain(|id| vault.key_ids().all(|held| held != id));
            if wanted.is_empty() {
                return StartDecision::Open(vault);
            }
            StartDecision::Refuse(StartRefusal::LacksKeys { wanted })
        }
        Err(MasterKeyError::Missing { .. }) if wanted.is_empty() => StartDecision::Create,
        Err(file @ MasterKeyError::Missing { .. }) => StartDecision::Refuse(StartRefusal::NoFile { file, wanted }),
        Err(broken) => StartDecision::Refuse(StartRefusal::Broken(broken)),
    }
}

fn list(ids: &[MasterKeyId]) -> String {
    let ids: Vec<&str> = ids.iter().map(MasterKeyId::as_str).collect();
    match ids.as_slice() {
        [id] => format!("master key {id}"),
        ids => format!("the master keys {}", ids.join(", ")),
    }
}
