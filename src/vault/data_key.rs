//! Data keys: the keys that seal, themselves wrapped by the master key.

use std::fmt;

use super::aad::AssociatedData;
use super::master_key::MasterKeyId;

/// Whose secrets a data key seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyOwner {
    /// The installation as a whole: sessions, form tokens, the audit chain.
    Installation,
    /// One organization: the keys of its providers.
    Organization(i64),
}

impl KeyOwner {
    /// The owner of a row: an organization, or the installation if the row names none.
    #[must_use]
    pub fn from_row(organization_id: Option<i64>) -> Self {
        organization_id.map_or(Self::Installation, Self::Organization)
    }

    /// What the row names.
    #[must_use]
    pub fn organization_id(self) -> Option<i64> {
        match self {
            Self::Installation => None,
            Self::Organization(organization_id) => Some(organization_id),
        }
    }
}

/// A data key as the database keeps it: nothing in it is secret without the master key.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKey {
    /// Random and positive. Sealed secrets name it.
    pub id: i64,
    /// Whose secrets it seals.
    pub owner: KeyOwner,
    /// The master key that wraps it.
    pub master_key_id: MasterKeyId,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKey")
            .field("id", &self.id)
            .field("owner", &self.owner)
            .field("master_key_id", &self.master_key_id)
            .finish_non_exhaustive()
    }
}

/// What a derived key is for. No key serves two purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Signs the session cookie.
    Cookie,
    /// Signs form tokens.
    Csrf,
    /// Chains the lines of the audit log.
    AuditChain,
    /// Tells whether two secrets are the same without keeping either.
    Fingerprint,
    /// Makes the keys that host products share with us, and signs tickets of our own.
    Launch,
    /// Signs personal access tokens of the REST API.
    ApiTokens,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Purpose; 6] =
        [Self::Cookie, Self::Csrf, Self::AuditChain, Self::Fingerprint, Self::Launch, Self::ApiTokens];

    /// HKDF's info text. Changing one changes the key.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Cookie => "claviger/cookie/v1",
            Self::Csrf => "claviger/csrf/v1",
            Self::AuditChain => "claviger/audit-chain/v1",
            Self::Fingerprint => "claviger/fingerprint/v1",
            Self::Launch => "claviger/launch/v1",
            Self::ApiTokens => "claviger/api-tokens/v1",
        }
    }
}

/// What a wrapped data key is bound to: its row, its owner and its master key.
pub(super) fn associated_data(id: i64, owner: KeyOwner, master_key_id: &MasterKeyId) -> Vec<u8> {
    let data = AssociatedData::new("claviger/data-key/v1");
    let data = match owner {
        KeyOwner::Installation => data.text("installation"),
        KeyOwner::Organization(organization_id) => data.text("organization").number(organization_id),
    };
    data.number(id).text(master_key_id.as_str()).finish()
}
