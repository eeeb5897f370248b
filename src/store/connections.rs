//! Connections and their sealed secrets.

use diesel::prelude::*;

use super::schema::{connection_secrets, connections};
use super::{Conn, is_taken};
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::domain::check::JsonMode;
use crate::domain::connection::{Budget, BudgetPeriod, ConnectionOptions, Fingerprint, Health, Scope, Target};
use crate::domain::money::NanoUsd;
use crate::domain::secret::SecretField;
use crate::error::{Error, Result};

/// A connection as it is stored, without its secrets. The provider is a slug, so that one this version does not
/// know never breaks a read.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = connections)]
pub struct ConnectionRow {
    /// The id, as in addresses and in the REST API.
    pub id: i64,
    /// The provider's slug.
    pub provider: String,
    scope: String,
    /// Azure's deployment, Foundry's or a custom server's model.
    pub deployment_name: Option<String>,
    /// Target URI or base address, as typed.
    pub endpoint: Option<String>,
    /// Google Cloud project.
    pub google_project_id: Option<String>,
    /// Google Cloud location.
    pub google_location: Option<String>,
    /// Where chat requests go.
    pub chat_url: Option<String>,
    /// The model behind a deployment.
    pub underlying_model: Option<String>,
    json_mode: Option<String>,
    /// What the secrets are sealed for.
    pub destination: String,
    health: String,
    /// A few words about the health, from the last check.
    pub health_detail: String,
    /// Since when it is so.
    pub health_since: Timestamp,
    /// When the last check ended.
    pub checked_at: Option<Timestamp>,
    /// When somebody paused it.
    pub paused_at: Option<Timestamp>,
    /// Grows with every change by a person.
    pub version: i64,
    /// Who added it; `None` once that person is gone.
    pub created_by: Option<i64>,
    /// When it was added.
    pub created_at: Timestamp,
    /// Who changed it last.
    pub updated_by: Option<i64>,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Who replaced the key last.
    pub key_replaced_by: Option<i64>,
    /// When the key was replaced last.
    pub key_replaced_at: Option<Timestamp>,
    /// When the key was used last.
    pub last_used_at: Option<Timestamp>,
    is_internal: bool,
    cached_available_models: Option<String>,
    budget_limit_nano_usd: Option<i64>,
    budget_alert_nano_usd: Option<i64>,
    budget_reset_period: Option<String>,
}

impl ConnectionRow {
    /// How it is doing: paused beats whatever the last check found.
    #[must_use]
    pub fn health(&self) -> Health {
        if self.paused_at.is_some() { Health::Paused } else { Health::from_slug(&self.health) }
    }

    /// What the last check found, also while the connection is paused.
    #[must_use]
    pub fn stored_health(&self) -> &str {
        &self.health
    }

    /// How strictly a custom server keeps to a JSON schema, once a check has found out.
    #[must_use]
    pub fn json_mode(&self) -> Option<JsonMode> {
        self.json_mode.as_deref().and_then(JsonMode::from_slug)
    }

    /// What it carries beside its target. What a newer version may have written reads as the plainest.
    #[must_use]
    pub fn options(&self) -> ConnectionOptions {
        ConnectionOptions {
            scope: Scope::from_name(&self.scope).unwrap_or(Scope::Organization),
            is_internal: self.is_internal,
            cached_available_models: self.cached_available_models.clone(),
            budget: Budget {
                limit: self.budget_limit_nano_usd.map(NanoUsd),
                alert: self.budget_alert_nano_usd.map(NanoUsd),
                period: self.budget_reset_period.as_deref().and_then(BudgetPeriod::from_name),
            },
        }
    }

    /// What it is for.
    #[must_use]
    pub fn target(&self) -> Target {
        Target {
            deployment_name: self.deployment_name.clone(),
            endpoint: self.endpoint.clone(),
            google_project_id: self.google_project_id.clone(),
            google_location: self.google_location.clone(),
            chat_url: self.chat_url.clone(),
        }
    }
}

/// A connection to be added.
#[derive(Debug, Insertable)]
#[diesel(table_name = connections)]
pub struct NewConnection {
    /// The organization.
    pub organization_id: i64,
    /// The provider's slug.
    pub provider: String,
    /// The slug again if the organization may have only one of it.
    pub single: Option<String>,
    /// Names the form and what was typed.
    pub form_id: Option<String>,
    /// `Organization`, `User` or `Model`.
    pub scope: String,
    /// See [`ConnectionRow`].
    pub deployment_name: Option<String>,
    /// See [`ConnectionRow`].
    pub endpoint: Option<String>,
    /// See [`ConnectionRow`].
    pub google_project_id: Option<String>,
    /// See [`ConnectionRow`].
    pub google_location: Option<String>,
    /// See [`ConnectionRow`].
    pub chat_url: Option<String>,
    /// What the secrets are sealed for.
    pub destination: String,
    /// The health's slug.
    pub health: String,
    /// Since when.
    pub health_since: Timestamp,
    /// Who adds it.
    pub created_by: Option<i64>,
    /// Now.
    pub created_at: Timestamp,
    /// Who adds it.
    pub updated_by: Option<i64>,
    /// Now.
    pub updated_at: Timestamp,
}

/// How an insert ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// Added, with this id.
    New(i64),
    /// The same form was posted before and made this connection.
    SameForm(i64),
    /// The organization already has this connection of the provider.
    AlreadyConnected(i64),
}

/// What is known of a connection after a check.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = connections)]
pub struct Checked {
    /// The health's slug.
    pub health: String,
    /// A few words.
    pub health_detail: String,
    /// Since when; the old value if the health stays.
    pub health_since: Timestamp,
    /// When the check ended.
    pub checked_at: Option<Timestamp>,
    /// When the next is due; `None`, unchanged.
    pub next_check_at: Option<Timestamp>,
    /// Unchanged if `None`.
    pub chat_url: Option<String>,
    /// Unchanged if `None`.
    pub underlying_model: Option<String>,
    /// Unchanged if `None`.
    pub json_mode: Option<String>,
}

/// A sealed secret.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = connection_secrets)]
pub struct SealedSecretRow {
    /// The connection.
    pub connection_id: i64,
    /// The secret field's name.
    pub field: String,
    /// Part of what is sealed.
    pub version: i64,
    /// The data key that seals it.
    pub data_key_id: i64,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
    /// The last four characters, if they may be shown.
    pub tail: Option<String>,
    /// When it was sealed.
    pub created_at: Timestamp,
}

/// All connections of the organization, oldest first.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, scope: OrgScope) -> Result<Vec<ConnectionRow>> {
    Ok(of(scope).order(connections::id).select(ConnectionRow::as_select()).load(conn)?)
}

/// One connection.
///
/// # Errors
/// [`Error::NotFound`], also for another organization's; the database's.
pub fn get(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<ConnectionRow> {
    Ok(of(scope).filter(connections::id.eq(id)).select(ConnectionRow::as_select()).first(conn)?)
}

/// Takes a connection until the end of the transaction and answers it as it is then: nobody changes or deletes it
/// meanwhile.
///
/// # Errors
/// [`Error::NotFound`], also for another organization's; the database's.
pub fn lock(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<ConnectionRow> {
    let one = connections::organization_id.eq(scope.id()).and(connections::id.eq(id));
    let n_taken = diesel::update(connections::table.filter(one))
        .set(connections::version.eq(connections::version))
        .execute(conn)?;
    if n_taken == 1 { get(conn, scope, id) } else { Err(Error::NotFound) }
}

/// The connection that was added with a form.
///
/// # Errors
/// The database's.
pub fn of_form(conn: &mut Conn, scope: OrgScope, form_id: &str) -> Result<Option<i64>> {
    Ok(of(scope).filter(connections::form_id.eq(form_id)).select(connections::id).first(conn).optional()?)
}

/// The organization's connections of one provider.
///
/// # Errors
/// The database's.
pub fn of_provider(conn: &mut Conn, scope: OrgScope, provider: &str) -> Result<Vec<ConnectionRow>> {
    Ok(of(scope)
        .filter(connections::provider.eq(provider))
        .order(connections::id)
        .select(ConnectionRow::as_select())
        .load(conn)?)
}

/// Adds a connection, unless the same form or the provider's one-per-organization rule forbids it.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, scope: OrgScope, new: &NewConnection) -> Result<Inserted> {
    debug_assert_eq!(new.organization_id, scope.id());
    // PostgreSQL spoils the whole transaction at an error, so the insert gets a savepoint.
    let inserted: QueryResult<i64> = conn.transaction(|conn| {
        diesel::insert_into(connections::table).values(new).returning(connections::id).get_result(conn)
    });
    match inserted {
        Ok(id) => Ok(Inserted::New(id)),
        Err(error) if is_taken(&error, "connections", &["organization_id", "form_id"]) => {
            let id = of(scope).filter(connections::form_id.eq(&new.form_id)).select(connections::id).first(conn)?;
            Ok(Inserted::SameForm(id))
        }
        Err(error) if is_taken(&error, "connections", &["organization_id", "single"]) => {
            let (id, form_id): (i64, Option<String>) = of(scope)
                .filter(connections::single.eq(&new.single))
                .select((connections::id, connections::form_id))
                .first(conn)?;
            Ok(if form_id == new.form_id && form_id.is_some() {
                Inserted::SameForm(id)
            } else {
                Inserted::AlreadyConnected(id)
            })
        }
        Err(error) => Err(error.into()),
    }
}

/// Marks a change by a person: the version grows if it still is what the person saw. False if somebody was
/// faster; then nothing was written.
///
/// # Errors
/// The database's.
pub fn touch(
    conn: &mut Conn,
    scope: OrgScope,
    id: i64,
    seen_version: i64,
    user_id: i64,
    now: Timestamp,
) -> Result<bool> {
    let seen = connections::id.eq(id).and(connections::version.eq(seen_version));
    let touched = diesel::update(connections::table.filter(connections::organization_id.eq(scope.id())).filter(seen))
        .set((
            connections::version.eq(connections::version + 1),
            connections::updated_by.eq(user_id),
            connections::updated_at.eq(now),
        ))
        .execute(conn)?;
    Ok(touched == 1)
}

/// Stores what a connection is for. Call [`touch`] first.
///
/// # Errors
/// The database's.
pub fn set_target(conn: &mut Conn, scope: OrgScope, id: i64, target: &Target, destination: &str) -> Result<()> {
    diesel::update(connections::table.filter(connections::organization_id.eq(scope.id()).and(connections::id.eq(id))))
        .set((
            connections::deployment_name.eq(&target.deployment_name),
            connections::endpoint.eq(&target.endpoint),
            connections::google_project_id.eq(&target.google_project_id),
            connections::google_location.eq(&target.google_location),
            connections::chat_url.eq(&target.chat_url),
            connections::destination.eq(destination),
        ))
        .execute(conn)?;
    Ok(())
}

/// Stores what a connection carries beside its target. Call [`touch`] first, unless it was just added.
///
/// # Errors
/// The database's.
pub fn set_options(conn: &mut Conn, scope: OrgScope, id: i64, options: &ConnectionOptions) -> Result<()> {
    let budget = options.budget;
    diesel::update(connections::table.filter(connections::organization_id.eq(scope.id()).and(connections::id.eq(id))))
        .set((
            connections::scope.eq(options.scope.name()),
            connections::is_internal.eq(options.is_internal),
            connections::cached_available_models.eq(&options.cached_available_models),
            connections::budget_limit_nano_usd.eq(budget.limit.map(|limit| limit.0)),
            connections::budget_alert_nano_usd.eq(budget.alert.map(|alert| alert.0)),
            connections::budget_reset_period.eq(budget.period.map(BudgetPeriod::name)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Remembers who replaced the key. Call [`touch`] first.
///
/// # Errors
/// The database's.
pub fn set_key_replaced(conn: &mut Conn, scope: OrgScope, id: i64, user_id: i64, now: Timestamp) -> Result<()> {
    diesel::update(connections::table.filter(connections::organization_id.eq(scope.id()).and(connections::id.eq(id))))
        .set((connections::key_replaced_by.eq(user_id), connections::key_replaced_at.eq(now)))
        .execute(conn)?;
    Ok(())
}

/// Pauses (`Some`) or resumes (`None`) a connection. Call [`touch`] first.
///
/// # Errors
/// The database's.
pub fn set_paused(conn: &mut Conn, scope: OrgScope, id: i64, paused_at: Option<Timestamp>) -> Result<()> {
    diesel::update(connections::table.filter(connections::organization_id.eq(scope.id()).and(connections::id.eq(id))))
        .set(connections::paused_at.eq(paused_at))
        .execute(conn)?;
    Ok(())
}

/// Stores what a check found, if the connection is still the one that was checked. False if a person changed it
/// meanwhile; then the result tells nothing about what is stored now.
///
/// # Errors
/// The database's.
pub fn set_checked(conn: &mut Conn, scope: OrgScope, id: i64, version: i64, checked: &Checked) -> Result<bool> {
    let same = connections::id.eq(id).and(connections::version.eq(version));
    let set = diesel::update(connections::table.filter(connections::organization_id.eq(scope.id())).filter(same))
        .set(checked)
        .execute(conn)?;
    Ok(set == 1)
}

/// Deletes a connection with its secrets, models and checks. False if it is not there.
///
/// # Errors
/// The database's.
pub fn delete(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<bool> {
    let gone = connections::organization_id.eq(scope.id()).and(connections::id.eq(id));
    Ok(diesel::delete(connections::table.filter(gone)).execute(conn)? == 1)
}

/// How many connections need a person. One count, since every page asks.
///
/// # Errors
/// The database's.
pub fn n_attention(conn: &mut Conn, scope: OrgScope) -> Result<usize> {
    let slugs: Vec<_> = Health::ALL.into_iter().filter(|health| health.needs_attention()).map(Health::slug).collect();
    let n: i64 = connections::table
        .filter(connections::organization_id.eq(scope.id()).and(connections::paused_at.is_null()))
        .filter(connections::health.eq_any(slugs))
        .count()
        .get_result(conn)?;
    Ok(usize::try_from(n).unwrap_or_default())
}

/// Takes up to `limit` connections of all organizations whose check is due, and puts their next one off, so
/// that nobody else takes them meanwhile. Paused ones are left alone.
///
/// # Errors
/// The database's.
pub fn take_due(conn: &mut Conn, now: Timestamp, next: Timestamp, limit: i64) -> Result<Vec<(OrgScope, i64)>> {
    let is_due = connections::next_check_at.le(now).and(connections::paused_at.is_null());
    let seen: Vec<i64> = connections::table
        .filter(is_due)
        .order(connections::next_check_at)
        .limit(limit)
        .select(connections::id)
        .load(conn)?;
    // Somebody else may have seen the same. The condition is judged again while the row is locked, so each row
    // goes to the one whose update it meets first.
    let taken: Vec<(i64, i64)> = diesel::update(connections::table.filter(connections::id.eq_any(seen)).filter(is_due))
        .set(connections::next_check_at.eq(next))
        .returning((connections::organization_id, connections::id))
        .get_results(conn)?;
    Ok(taken.into_iter().map(|(organization_id, id)| (OrgScope::granted(organization_id), id)).collect())
}

/// The sealed secrets of a connection.
///
/// # Errors
/// The database's.
pub fn sealed_secrets(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<Vec<SealedSecretRow>> {
    Ok(connection_secrets::table
        .inner_join(connections::table)
        .filter(connections::organization_id.eq(scope.id()).and(connections::id.eq(id)))
        .order(connection_secrets::field)
        .select(SealedSecretRow::as_select())
        .load(conn)?)
}

/// The sealed secrets of all connections of the organization.
///
/// # Errors
/// The database's.
pub fn all_sealed_secrets(conn: &mut Conn, scope: OrgScope) -> Result<Vec<SealedSecretRow>> {
    Ok(connection_secrets::table
        .inner_join(connections::table)
        .filter(connections::organization_id.eq(scope.id()))
        .select(SealedSecretRow::as_select())
        .load(conn)?)
}

/// What may be shown of the secrets of all connections: each connection's id and fingerprint.
///
/// # Errors
/// The database's.
pub fn fingerprints(conn: &mut Conn, scope: OrgScope) -> Result<Vec<(i64, Fingerprint)>> {
    let rows: Vec<(i64, String, Option<String>)> = connection_secrets::table
        .inner_join(connections::table)
        .filter(connections::organization_id.eq(scope.id()))
        .order((connection_secrets::connection_id, connection_secrets::field))
        .select((connection_secrets::connection_id, connection_secrets::field, connection_secrets::tail))
        .load(conn)?;
    let readable = rows
        .into_iter()
        .filter_map(|(id, field, tail)| SecretField::from_name(&field).map(|field| (id, Fingerprint { field, tail })));
    Ok(readable.collect())
}

/// Puts a sealed secret in the place of the connection's old one of that field.
///
/// # Errors
/// [`Error::NotFound`] if the connection is not the organization's; the database's.
pub fn put_secret(conn: &mut Conn, scope: OrgScope, row: &SealedSecretRow) -> Result<()> {
    delete_secret(conn, scope, row.connection_id, &row.field)?;
    diesel::insert_into(connection_secrets::table).values(row).execute(conn)?;
    Ok(())
}

/// Deletes one secret of a connection, if there is one.
///
/// # Errors
/// [`Error::NotFound`] if the connection is not the organization's; the database's.
pub fn delete_secret(conn: &mut Conn, scope: OrgScope, connection_id: i64, field: &str) -> Result<()> {
    require_own(conn, scope, connection_id)?;
    diesel::delete(connection_secrets::table.find((connection_id, field))).execute(conn)?;
    Ok(())
}

/// Passes if the connection is the organization's; for writes to what hangs on it.
pub(super) fn require_own(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<()> {
    let n_own: i64 = of(scope).filter(connections::id.eq(id)).count().get_result(conn)?;
    if n_own == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// The connections of one organization.
#[diesel::dsl::auto_type(no_type_alias)]
fn of(scope: OrgScope) -> _ {
    let organization_id: i64 = scope.id();
    connections::table.filter(connections::organization_id.eq(organization_id))
}
