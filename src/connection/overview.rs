//! A connection with all that belongs to it, as pages and the REST API show it. Nothing in it is secret.

use std::collections::BTreeMap;

use super::{Seals, to_key};
use crate::domain::actor::OrgScope;
use crate::domain::connection::{Fingerprint, Health};
use crate::error::Result;
use crate::store::Conn;
use crate::store::connections::{self, ConnectionRow};
use crate::store::data_keys;
use crate::store::models::{self, ModelRow};
use crate::store::users::{self, UserRow};
use crate::vault::Vault;

/// A connection and what belongs to it.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The row.
    pub row: ConnectionRow,
    /// How it is doing; a secret that does not open beats whatever the last check found.
    pub health: Health,
    /// What may be shown of its secrets.
    pub fingerprints: Vec<Fingerprint>,
    /// Who added it, if that person is still known.
    pub added_by: Option<UserRow>,
    /// Who replaced the key last.
    pub replaced_by: Option<UserRow>,
    /// Its models.
    pub models: Vec<ModelRow>,
}

/// All connections of the organization, oldest first.
///
/// # Errors
/// The database's.
pub fn all(conn: &mut Conn, vault: &Vault, scope: OrgScope) -> Result<Vec<Overview>> {
    let rows = connections::list(conn, scope)?;
    of_rows(conn, vault, scope, rows)
}

/// One connection.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound); the database's.
pub fn one(conn: &mut Conn, vault: &Vault, scope: OrgScope, id: i64) -> Result<Overview> {
    let row = connections::get(conn, scope, id)?;
    let mut found = of_rows(conn, vault, scope, vec![row])?;
    found.pop().ok_or(crate::error::Error::NotFound)
}

fn of_rows(conn: &mut Conn, vault: &Vault, scope: OrgScope, rows: Vec<ConnectionRow>) -> Result<Vec<Overview>> {
    let key = data_keys::of_organization(conn, scope)?.map(to_key);
    let sealed = connections::all_sealed_secrets(conn, scope)?;
    let seals = Seals::judge(vault, key.as_ref(), scope, &rows, &sealed);
    let mut fingerprints: BTreeMap<i64, Vec<Fingerprint>> = BTreeMap::new();
    for (id, fingerprint) in connections::fingerprints(conn, scope)? {
        fingerprints.entry(id).or_default().push(fingerprint);
    }
    let mut by_connection: BTreeMap<i64, Vec<ModelRow>> = BTreeMap::new();
    for model in models::of_organization(conn, scope)? {
        by_connection.entry(model.connection_id).or_default().push(model);
    }
    let people: BTreeMap<i64, UserRow> = users::list(conn, scope)?.into_iter().map(|row| (row.id, row)).collect();
    let person = |id: Option<i64>| id.and_then(|id| people.get(&id).cloned());
    let overview = |row: ConnectionRow| Overview {
        health: super::health(&row, &seals),
        fingerprints: fingerprints.remove(&row.id).unwrap_or_default(),
        added_by: person(row.created_by),
        replaced_by: person(row.key_replaced_by),
        models: by_connection.remove(&row.id).unwrap_or_default(),
        row,
    };
    Ok(rows.into_iter().map(overview).collect())
}
