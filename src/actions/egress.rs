//! The outgoing addresses.

use std::sync::Arc;

use super::require;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::audit::{Act, AuditEntry};
use crate::domain::egress::EgressAddress;
use crate::domain::field_errors::FieldErrors;
use crate::domain::role::Permission;
use crate::error::Result;
use crate::store::{audit, egress};

/// Most addresses in the list.
pub const MOST_ADDRESSES: usize = 50;

/// Replaces the list: one address or block a line, with a label after it.
///
/// # Errors
/// [`Error::Forbidden`](crate::error::Error::Forbidden); [`Error::Invalid`](crate::error::Error::Invalid) naming
/// the first line that is no address; the database's.
pub async fn replace(app: &App, actor: &Actor, text: &str) -> Result<()> {
    require(actor, Permission::ManageEgress)?;
    let addresses = read_lines(text)?;
    let (keys, now, actor) = (Arc::clone(&app.keys), app.clock.now(), actor.clone());
    app.db
        .write(move |conn| {
            let before = egress::list(conn, actor.scope)?.addresses;
            if before == addresses {
                return Ok(());
            }
            egress::replace(conn, actor.scope, now, &addresses)?;
            let entry = AuditEntry::by(&actor, Act::EgressChanged).with(format!(
                "{} to {}",
                in_words(&before),
                in_words(&addresses)
            ));
            audit::append(conn, actor.scope, &keys.audit, now, &entry)
        })
        .await
}

fn read_lines(text: &str) -> Result<Vec<EgressAddress>, FieldErrors> {
    let mut addresses: Vec<EgressAddress> = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (address, label) = line.trim().split_once(char::is_whitespace).unwrap_or((line, ""));
        let address = EgressAddress::parse(address, label)
            .map_err(|problem| FieldErrors::one("addresses", format!("Line {}: {problem}", index + 1)))?;
        if address.label.chars().count() > 80 {
            let problem = format!("Line {}: The label is too long. Use at most 80 characters.", index + 1);
            return Err(FieldErrors::one("addresses", problem));
        }
        if !addresses.iter().any(|known| known.net == address.net) {
            addresses.push(address);
        }
    }
    if addresses.len() > MOST_ADDRESSES {
        let problem = format!("Enter at most {MOST_ADDRESSES} addresses. Use blocks, such as 203.0.113.0/28.");
        return Err(FieldErrors::one("addresses", problem));
    }
    Ok(addresses)
}

fn in_words(addresses: &[EgressAddress]) -> String {
    if addresses.is_empty() {
        return "none".into();
    }
    addresses.iter().map(EgressAddress::text).collect::<Vec<_>>().join(", ")
}
