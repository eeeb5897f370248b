mod docs;
mod key_file;
mod ring_judge;
mod rotation;
mod sealing;
mod start;

use std::path::PathBuf;

use tempfile::TempDir;

use super::{Binding, DataKey, KeyOwner, Vault};
use crate::domain::destination::Destination;
use crate::domain::secret::{Secret, SecretField};

const ORGANIZATION: i64 = 7;
const API_KEY: &str = "sk-test-Canary-5f0c9d1b7e";

/// A folder with a new master key file in it, and the vault that it opens.
struct Bench {
    _folder: TempDir,
    path: PathBuf,
    vault: Vault,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/master.key");
        let vault = Vault::create(&path).unwrap();
        Self { _folder: folder, path, vault }
    }

    fn data_key(&self) -> DataKey {
        self.vault.new_data_key(KeyOwner::Organization(ORGANIZATION)).unwrap()
    }

    fn reload(&self) -> Vault {
        Vault::load(&self.path).unwrap()
    }
}

fn openai() -> Destination {
    Destination::provider("openai")
}

fn saved(destination: &Destination) -> Binding<'_> {
    Binding::Connection {
        organization_id: ORGANIZATION,
        connection_id: 11,
        field: SecretField::ApiKey,
        version: 3,
        destination,
    }
}

fn held(destination: &Destination) -> Binding<'_> {
    Binding::Held {
        organization_id: ORGANIZATION,
        session_hash: b"session",
        form: "new/openai",
        field: SecretField::ApiKey,
        destination,
    }
}

fn api_key() -> Secret {
    Secret::new(API_KEY.to_owned())
}
