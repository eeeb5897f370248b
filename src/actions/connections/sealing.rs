//! Sealing a connection's secrets and opening them again: the only places that do.

use crate::app::{App, data_key_of};
use crate::clock::{Clock, Timestamp};
use crate::connection::{self, to_key};
use crate::domain::actor::OrgScope;
use crate::domain::connection::Fingerprint;
use crate::domain::destination::Destination;
use crate::domain::secret::{SecretField, Secrets};
use crate::error::{Error, Result};
use crate::providers::Provider;
use crate::store::connections::{self, ConnectionRow, SealedSecretRow};
use crate::store::{Conn, data_keys};
use crate::vault::{Binding, OpenError, Vault, VaultError};

/// Seals secrets for a connection and stores them, each in the place of the old one of its field.
///
/// # Errors
/// The database's; [`Error::Invalid`] if the data key does not open.
pub(super) fn seal_and_store(
    conn: &mut Conn,
    (vault, clock): (&Vault, &Clock),
    scope: OrgScope,
    connection_id: i64,
    provider: &Provider,
    destination: &Destination,
    secrets: &Secrets,
) -> Result<()> {
    let key = data_key_of(conn, scope, vault, clock)?;
    let now = clock.now();
    let fingerprints = provider.fingerprints(secrets);
    for (field, secret) in secrets.iter() {
        // The time of sealing is the version: an older blob that is put back does not open.
        let version = now.and_utc().timestamp_micros();
        let binding = Binding::Connection { organization_id: scope.id(), connection_id, field, version, destination };
        let sealed = vault.seal(&key, &binding, secret).map_err(cannot_seal)?;
        let row = SealedSecretRow {
            connection_id,
            field: field.name().to_owned(),
            version,
            data_key_id: key.id,
            sealed,
            tail: tail_of(&fingerprints, field),
            created_at: now,
        };
        connections::put_secret(conn, scope, &row)?;
    }
    Ok(())
}

/// Opens the stored secrets of a connection for one call to its provider.
///
/// # Errors
/// [`Error::NotFound`]; the database's. A secret that does not open is the inner error.
pub async fn open_secrets(
    app: &App,
    scope: OrgScope,
    row: &ConnectionRow,
    provider: &'static Provider,
) -> Result<Result<Secrets, OpenError>> {
    let id = row.id;
    let (key, sealed) = app
        .db
        .read(move |conn| Ok((data_keys::of_organization(conn, scope)?, connections::sealed_secrets(conn, scope, id)?)))
        .await?;
    Ok(connection::open(&app.vault, key.map(to_key).as_ref(), scope, row, provider, &sealed))
}

/// Which secrets of a connection are stored, whether they open or not.
///
/// # Errors
/// The database's.
pub(super) async fn stored_fields(app: &App, scope: OrgScope, id: i64) -> Result<Vec<SecretField>> {
    let sealed = app.db.read(move |conn| connections::sealed_secrets(conn, scope, id)).await?;
    Ok(sealed.iter().filter_map(|stored| SecretField::from_name(&stored.field)).collect())
}

/// Making a new data key in place of one that does not open would cost the secrets that another replica, or this
/// one with its right master key, still opens. So that is for the operator to mend.
fn cannot_seal(error: VaultError) -> Error {
    let VaultError::DataKey(cause) = error else { return Error::internal(error) };
    tracing::error!(%cause, "an organization’s data key does not open; is this the right master key file?");
    Error::field(
        "",
        "We can’t store keys just now, so nothing was saved. This server’s master key doesn’t fit this organization. \
         Ask whoever runs the server to check it.",
    )
}

fn tail_of(fingerprints: &[Fingerprint], field: SecretField) -> Option<String> {
    fingerprints.iter().find(|fingerprint| fingerprint.field == field).and_then(|fingerprint| fingerprint.tail.clone())
}

/// "ending x4Qa", or nothing for a key too short to show any of.
pub(super) fn ending(provider: &Provider, secrets: &Secrets) -> String {
    let fingerprints = provider.fingerprints(secrets);
    fingerprints
        .iter()
        .find_map(|fingerprint| fingerprint.tail.as_ref())
        .map_or_else(String::new, |tail| format!("ending {tail}"))
}

/// When the next scheduled check is due.
pub(super) fn next_check_at(app: &App) -> Option<Timestamp> {
    let every = app.config.check_every.and_then(|every| chrono::TimeDelta::from_std(every).ok())?;
    Some(app.clock.now() + every)
}
