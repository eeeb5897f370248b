//! Every write, once: may the actor do it, do the rules allow it, then row and audit in one transaction.

pub mod api_tokens;
pub mod audit;
pub mod connections;
pub mod egress;
pub mod embedding;
pub mod held_secrets;
pub mod invitations;
pub mod organizations;
pub mod passwords;
pub mod projects;
pub mod prompt_versions;
pub mod prompts;
pub mod sessions;
pub mod users;

use crate::domain::actor::Actor;
use crate::domain::role::Permission;
use crate::error::{Error, Result};

/// Refuses an actor whose role lacks a permission.
///
/// # Errors
/// [`Error::Forbidden`].
pub fn require(actor: &Actor, permission: Permission) -> Result<()> {
    if actor.may(permission) { Ok(()) } else { Err(Error::Forbidden(permission)) }
}

/// The names of those members that differ, for the audit log.
fn names_of_changed(members: &[(&str, bool)]) -> String {
    let names: Vec<&str> = members.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    names.join(", ")
}
