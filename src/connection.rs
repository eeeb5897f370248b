//! A stored connection together with what its provider says of it.

use crate::domain::audit::AuditTarget;
use crate::domain::connection::Health;
use crate::providers;
use crate::store::connections::ConnectionRow;

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

/// How a connection is doing now. A secret that cannot be opened any more, because the organization's data key
/// does not open or because the row names another destination than the one it was sealed for, needs its key
/// again, whatever the last check found.
#[must_use]
pub fn health(row: &ConnectionRow, data_key_opens: bool) -> Health {
    let moved = providers::by_slug(&row.provider)
        .is_some_and(|provider| provider.destination(&row.target()).as_str() != row.destination);
    if moved || !data_key_opens { Health::NeedsKey } else { row.health() }
}

/// The connection as the audit log names it.
#[must_use]
pub fn audit_target(row: &ConnectionRow) -> AuditTarget {
    AuditTarget::Connection { id: row.id, name: name(row) }
}
