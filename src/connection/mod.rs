//! A stored connection together with what its provider says of it.

pub mod overview;

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::actor::OrgScope;
use crate::domain::audit::AuditTarget;
use crate::domain::connection::Health;
use crate::domain::secret::{SecretField, Secrets};
use crate::providers::{self, Provider};
use crate::store::connections::{ConnectionRow, SealedSecretRow};
use crate::store::data_keys::DataKeyRow;
use crate::vault::{Binding, DataKey, KeyOwner, MasterKeyId, OpenError, Vault};

/// Which connections have secrets that do not open here.
#[derive(Debug, Default)]
pub struct Seals {
    broken: BTreeSet<i64>,
}

/// What a connection is called: the provider's name where there is one for the organization, else its model's.
/// A provider that this version does not know goes by its slug.
#[must_use]
pub fn name(row: &ConnectionRow) -> String {
    match (providers::by_slug(&row.provider), &row.deployment_name) {
        (Some(provider), _) if provider.is_single() => provider.name.to_owned(),
        (_, Some(deployment_name)) => deployment_name.clone(),
        (Some(provider), None) => provider.name.to_owned(),
        (None, None) => row.provider.clone(),
    }
}

/// How a connection is doing now. A secret that does not open any more has to be entered again, whatever the last
/// check found.
#[must_use]
pub fn health(row: &ConnectionRow, seals: &Seals) -> Health {
    if seals.is_broken(row.id) { Health::NeedsKey } else { row.health() }
}

/// Opens the stored secrets of a connection.
///
/// # Errors
/// If one of them does not open, or was sealed for another place than the one the row names now: a moved endpoint
/// must not open the key.
pub fn open(
    vault: &Vault,
    key: Option<&DataKey>,
    scope: OrgScope,
    row: &ConnectionRow,
    provider: &Provider,
    sealed: &[SealedSecretRow],
) -> Result<Secrets, OpenError> {
    let destination = provider.destination(&row.target());
    if destination.as_str() != row.destination {
        return Err(OpenError::ChangedOrMoved);
    }
    let mut secrets = Secrets::default();
    for stored in sealed {
        let key = key.ok_or(OpenError::OtherDataKey)?;
        let field = SecretField::from_name(&stored.field).ok_or(OpenError::UnknownFormat)?;
        let binding = Binding::Connection {
            organization_id: scope.id(),
            connection_id: row.id,
            field,
            version: stored.version,
            destination: &destination,
        };
        secrets.put(field, vault.open(key, &binding, &stored.sealed)?);
    }
    Ok(secrets)
}

impl Seals {
    /// Tries every secret of these connections and forgets it again. Nothing less can tell, and it takes
    /// microseconds. Providers that this version does not know are left alone.
    #[must_use]
    pub fn judge(
        vault: &Vault,
        key: Option<&DataKey>,
        scope: OrgScope,
        rows: &[ConnectionRow],
        sealed: &[SealedSecretRow],
    ) -> Self {
        let mut of_connection: BTreeMap<i64, Vec<SealedSecretRow>> = BTreeMap::new();
        for secret in sealed {
            of_connection.entry(secret.connection_id).or_default().push(secret.clone());
        }
        let opens = |row: &ConnectionRow| {
            let sealed = of_connection.get(&row.id).map(Vec::as_slice).unwrap_or_default();
            providers::by_slug(&row.provider)
                .is_none_or(|provider| open(vault, key, scope, row, provider, sealed).is_ok())
        };
        Self { broken: rows.iter().filter(|row| !opens(row)).map(|row| row.id).collect() }
    }

    /// Whether a connection's secrets do not open.
    #[must_use]
    pub fn is_broken(&self, id: i64) -> bool {
        self.broken.contains(&id)
    }
}

/// A stored data key as the vault knows it.
#[must_use]
pub fn to_key(row: DataKeyRow) -> DataKey {
    DataKey {
        id: row.id,
        owner: row.organization_id.map_or(KeyOwner::Installation, KeyOwner::Organization),
        master_key_id: MasterKeyId::from(row.master_key_id),
        wrapped: row.wrapped,
    }
}

/// The connection as the audit log names it.
#[must_use]
pub fn audit_target(row: &ConnectionRow) -> AuditTarget {
    AuditTarget::Connection { id: row.id, name: name(row) }
}
