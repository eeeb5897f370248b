//! `claviger audit …`.

use std::sync::Arc;

use clap::Subcommand;

use super::Failure;
use crate::app::App;
use crate::domain::actor::OrgScope;
use crate::store::{audit, organizations};

/// What to do with the audit log.
#[derive(Subcommand)]
pub enum Command {
    /// Verify that no entry was changed, dropped or inserted.
    Verify,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`], naming the first entry that does not fit.
pub async fn run(app: &App, command: Command) -> Result<(), Failure> {
    let Command::Verify = command;
    let keys = Arc::clone(&app.keys);
    let found = app
        .db
        .read(move |conn| {
            let mut found = Vec::new();
            for id in organizations::ids(conn)? {
                let scope = OrgScope::granted(id);
                found.push((organizations::name(conn, scope)?, audit::first_broken(conn, scope, &keys.audit)?));
            }
            Ok(found)
        })
        .await?;
    let mut broken = Vec::new();
    for (name, first_broken) in found {
        match first_broken {
            None => println!("{name}: every entry fits."),
            Some(seq) => broken.push(format!("{name}: entry {seq} was changed, dropped or inserted.")),
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(Failure(broken.join(" "))) }
}
