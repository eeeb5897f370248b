//! Taking the audit log out.

use std::sync::Arc;

use super::require;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::audit::{Act, AuditEntry};
use crate::domain::role::Permission;
use crate::error::Result;
use crate::store::audit::{self, AuditFilter};

/// Records that somebody takes the log out, before the first row leaves.
///
/// # Errors
/// [`Error::Forbidden`](crate::error::Error::Forbidden); the database's, and then nothing may leave.
pub async fn export(app: &App, actor: &Actor, filter: &AuditFilter) -> Result<()> {
    require(actor, Permission::ReadAudit)?;
    let entry = AuditEntry::by(actor, Act::AuditExported).with(in_words(filter));
    let (keys, now, scope) = (Arc::clone(&app.keys), app.clock.now(), actor.scope);
    app.db.write(move |conn| audit::append(conn, scope, &keys.audit, now, &entry)).await
}

fn in_words(filter: &AuditFilter) -> String {
    let words: Vec<String> = [
        (!filter.text.is_empty()).then(|| format!("“{}”", filter.text)),
        filter.group.map(|group| group.label().to_owned()),
        filter.from.map(|day| format!("from {day}")),
        filter.to.map(|day| format!("to {day}")),
        filter.connection_id.map(|id| format!("connection {id}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if words.is_empty() { "All entries".to_owned() } else { words.join(", ") }
}
