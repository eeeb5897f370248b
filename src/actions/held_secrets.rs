//! Keeping a secret for a form that could not be saved yet, so that nobody pastes a key twice.
//!
//! It is sealed like a stored one, for this session, this form and this destination, and forgotten after ten
//! minutes. If the address moves meanwhile it does not open, and has to be typed again.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::app::{App, data_key_of};
use crate::connection::to_key;
use crate::domain::actor::Actor;
use crate::domain::connection::Fingerprint;
use crate::domain::destination::Destination;
use crate::domain::secret::{SecretField, Secrets};
use crate::error::{Error, Result};
use crate::providers::Provider;
use crate::store::held_secrets::HeldSecretRow;
use crate::store::{data_keys, held_secrets};
use crate::vault::Binding;

/// How long a secret is held.
pub const HELD_FOR: TimeDelta = TimeDelta::minutes(10);

/// The form that a secret is held for.
#[derive(Clone, Debug)]
pub struct HeldFor {
    /// SHA-256 of something that only this session knows.
    pub session_hash: Vec<u8>,
    /// The form's random id.
    pub form: String,
}

/// Holds secrets for a form; answers what is held. Nothing is, where the data key does not open.
///
/// # Errors
/// The database's.
pub async fn hold(
    app: &App,
    actor: &Actor,
    held_for: &HeldFor,
    provider: &'static Provider,
    destination: Destination,
    secrets: Secrets,
) -> Result<Vec<Fingerprint>> {
    let (vault, clock, scope, held_for) = (Arc::clone(&app.vault), app.clock.clone(), actor.scope, held_for.clone());
    app.db
        .write(move |conn| {
            let key = data_key_of(conn, scope, &vault, &clock)?;
            if !vault.can_unwrap(&key) {
                return Ok(Vec::new());
            }
            let fingerprints = provider.fingerprints(&secrets);
            for fingerprint in &fingerprints {
                let Some(secret) = secrets.get(fingerprint.field) else { continue };
                let binding = binding(scope.id(), &held_for, fingerprint.field, &destination);
                let row = HeldSecretRow {
                    id: uuid::Uuid::new_v4().to_string(),
                    organization_id: scope.id(),
                    session_hash: held_for.session_hash.clone(),
                    form: held_for.form.clone(),
                    field: fingerprint.field.name().to_owned(),
                    destination: destination.as_str().to_owned(),
                    data_key_id: key.id,
                    sealed: vault.seal(&key, &binding, secret).map_err(Error::internal)?,
                    tail: fingerprint.tail.clone(),
                    expires_at: clock.now() + HELD_FOR,
                };
                held_secrets::keep(conn, &row)?;
            }
            Ok(fingerprints)
        })
        .await
}

/// Takes back what is held for a form, as far as it was entered for this destination.
///
/// # Errors
/// The database's.
pub async fn take(app: &App, actor: &Actor, held_for: &HeldFor, destination: &Destination) -> Result<Secrets> {
    let (scope, now, wanted) = (actor.scope, app.clock.now(), held_for.clone());
    let (key, rows) = app
        .db
        .read(move |conn| {
            let rows = held_secrets::of_form(conn, scope, &wanted.session_hash, &wanted.form, now)?;
            Ok((data_keys::of_organization(conn, scope)?, rows))
        })
        .await?;
    let mut secrets = Secrets::default();
    let Some(key) = key.map(to_key) else { return Ok(secrets) };
    for row in rows {
        let Some(field) = SecretField::from_name(&row.field) else { continue };
        if let Ok(secret) = app.vault.open(&key, &binding(scope.id(), held_for, field, destination), &row.sealed) {
            secrets.put(field, secret);
        }
    }
    Ok(secrets)
}

/// Forgets what is held for a form.
///
/// # Errors
/// The database's.
pub async fn forget(app: &App, actor: &Actor, held_for: &HeldFor) -> Result<()> {
    let (scope, held_for) = (actor.scope, held_for.clone());
    app.db.write(move |conn| held_secrets::forget(conn, scope, &held_for.session_hash, &held_for.form)).await
}

fn binding<'a>(
    organization_id: i64,
    held_for: &'a HeldFor,
    field: SecretField,
    destination: &'a Destination,
) -> Binding<'a> {
    Binding::Held { organization_id, session_hash: &held_for.session_hash, form: &held_for.form, field, destination }
}
