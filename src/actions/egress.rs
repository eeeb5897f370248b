//! The outgoing addresses.

use std::sync::Arc;

use url::Url;

use super::require;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::audit::{Act, AuditEntry, AuditTarget};
use crate::domain::egress::EgressAddress;
use crate::domain::field_errors::{FieldError, FieldErrors};
use crate::domain::role::Permission;
use crate::error::{Error, Result};
use crate::providers::outbound::host_and_port;
use crate::providers::policy::{UrlProblem, parse_url};
use crate::providers::route::Route;
use crate::store::{audit, egress};

/// Most addresses in the list.
pub const MOST_ADDRESSES: usize = 50;

/// Replaces the list: one address or block a line, with a label after it. `made_from` is the
/// [version](egress::EgressList::version) of the list that the person saw.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] naming the first line that is no address, or because somebody else has
/// changed the list; the database's.
pub async fn replace(app: &App, actor: &Actor, text: &str, made_from: &str) -> Result<()> {
    require(actor, Permission::ManageEgress)?;
    let addresses = read_lines(text)?;
    let (keys, now, actor, made_from) = (Arc::clone(&app.keys), app.clock.now(), actor.clone(), made_from.to_owned());
    app.db
        .write(move |conn| {
            let before = egress::list(conn, actor.scope)?;
            if before.addresses == addresses {
                return Ok(());
            }
            if before.version() != made_from {
                return Err(changed_meanwhile());
            }
            egress::replace(conn, actor.scope, now, &addresses)?;
            let entry = AuditEntry::by(&actor, Act::EgressChanged).with(format!(
                "{} to {}",
                in_words(&before.addresses),
                in_words(&addresses)
            ));
            audit::append(conn, actor.scope, &keys.audit, now, &entry)
        })
        .await
}

/// A route that was tested.
#[derive(Debug)]
pub struct TestedRoute {
    /// Host and port.
    pub to: String,
    /// What was found on the way.
    pub route: Route,
}

/// Tries the way to an address that somebody typed, without a key. Kept in the audit log, also when the network
/// policy forbids the address.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] if the address cannot be called; [`Error::TooMany`]; the database's.
pub async fn test_route(app: &App, actor: &Actor, typed: &str) -> Result<TestedRoute> {
    require(actor, Permission::ManageConnections)?;
    if typed.trim().is_empty() {
        return Err(Error::field("url", "Enter the address to test, such as https://llm.example.com/v1."));
    }
    let judged = parse_url(typed, app.outbound.policy());
    if let Err(problem) = judged
        && !matches!(problem, UrlProblem::Blocked(_))
    {
        return Err(Error::field("url", problem.to_string()));
    }
    let _turn = app.call_limits.take_turn(actor.scope.id()).await?;
    let url = match judged {
        Ok(url) => url,
        Err(problem) => {
            let to = Url::parse(typed.trim()).map_or_else(|_| String::new(), |url| host_and_port(&url));
            keep(app, actor, to, "Not called: the network policy forbids it").await?;
            return Err(Error::field("url", problem.to_string()));
        }
    };
    let (to, route) = (host_and_port(&url), app.outbound.probe(&url).await);
    let found = route.failure.map_or_else(|| "Reached".to_owned(), |failure| format!("Not reached: {failure}"));
    keep(app, actor, to.clone(), found).await?;
    Ok(TestedRoute { to, route })
}

/// Host and port only: what else was typed may hold a secret.
async fn keep(app: &App, actor: &Actor, to: String, found: impl Into<String>) -> Result<()> {
    let entry = AuditEntry::by(actor, Act::RouteTested).on(AuditTarget::Other(to)).with(found);
    let (keys, now, scope) = (Arc::clone(&app.keys), app.clock.now(), actor.scope);
    app.db.write(move |conn| audit::append(conn, scope, &keys.audit, now, &entry)).await
}

fn changed_meanwhile() -> Error {
    let message = "Somebody changed the list in the meantime. Yours isn’t saved. Look at the present one, then save \
                   again if yours should take its place.";
    let link = Some(("/network".to_owned(), "Present list".to_owned()));
    Error::field("", FieldError { link, ..FieldError::from(message) })
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
