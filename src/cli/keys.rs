//! `claviger keys …`: changing the master key without stopping the service.
//!
//! `add-master` puts a new key first in the file. Restart every replica, so that all can read both. `rewrap`
//! wraps every data key with the new one; what is sealed is not touched. `retire` takes the old one out of the
//! file once no row names it.

use std::sync::Arc;

use clap::Subcommand;

use super::Failure;
use crate::app::{App, to_row};
use crate::connection::to_key;
use crate::store::data_keys;
use crate::vault::{self, MasterKeyId};

/// What to do with the master keys.
#[derive(Subcommand)]
pub enum Command {
    /// List the keys of the file and how many data keys each one wraps.
    List,
    /// Put a new key first in the file. Restart every replica afterwards.
    AddMaster,
    /// Wrap every data key with the first key of the file.
    Rewrap,
    /// Take a key out of the file, once no data key needs it.
    Retire {
        /// The key's id, as `list` prints it.
        id: String,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`], in a sentence.
pub async fn run(app: &App, command: Command) -> Result<(), Failure> {
    match command {
        Command::List => list(app).await,
        Command::AddMaster => add_master(app),
        Command::Rewrap => rewrap(app).await,
        Command::Retire { id } => retire(app, &id).await,
    }
}

async fn list(app: &App) -> Result<(), Failure> {
    let rows = app.db.read(data_keys::all).await?;
    for id in app.vault.key_ids() {
        let n_wrapped = rows.iter().filter(|row| row.master_key_id == id.as_str()).count();
        let active = if id == app.vault.active_key_id() { ", active" } else { "" };
        println!("{}: wraps {n_wrapped} data keys{active}", id.as_str());
    }
    Ok(())
}

fn add_master(app: &App) -> Result<(), Failure> {
    let id = vault::add_key(&app.config.master_key_file).map_err(|e| Failure(e.to_string()))?;
    println!("Added {}. Restart every replica, then run `claviger keys rewrap`.", id.as_str());
    Ok(())
}

async fn rewrap(app: &App) -> Result<(), Failure> {
    let (vault, clock) = (Arc::clone(&app.vault), app.clock.clone());
    let n_rewrapped = app
        .db
        .write(move |conn| {
            let mut n_rewrapped = 0;
            for row in data_keys::all(conn)? {
                let old = row.master_key_id.clone();
                if old == vault.active_key_id().as_str() {
                    continue;
                }
                let key = vault.rewrap(&to_key(row)).map_err(crate::error::Error::internal)?;
                n_rewrapped += usize::from(data_keys::rewrap(conn, &to_row(&key, &clock), &old)?);
            }
            Ok(n_rewrapped)
        })
        .await?;
    println!("Rewrapped {n_rewrapped} data keys with {}.", app.vault.active_key_id().as_str());
    Ok(())
}

async fn retire(app: &App, id: &str) -> Result<(), Failure> {
    let in_use = app.db.read(data_keys::master_key_ids).await?;
    let in_use: Vec<MasterKeyId> = in_use.into_iter().map(MasterKeyId::from).collect();
    let id = MasterKeyId::from(id.to_owned());
    vault::retire(&app.config.master_key_file, &id, &in_use).map_err(|e| Failure(e.to_string()))?;
    println!("Retired {}. Restart every replica.", id.as_str());
    Ok(())
}
