//! The base-model dropdown: every model of every connection, with the reason where it cannot be used now.
//!
//! Answers are kept in memory under the organization's `models_version`, which every change of a connection
//! raises in its own transaction and which each request reads first. So a change shows in the next answer, on
//! every replica, and an unchanged list costs one indexed read.

mod representation;

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use chrono::NaiveDate;
use moka::sync::Cache;
use serde::Serialize;

pub use representation::{Named, Representation};

use crate::app::App;
use crate::catalog::Models;
use crate::connection::to_key;
use crate::connection::{self, Seals};
use crate::domain::actor::OrgScope;
use crate::domain::connection::Health;
use crate::domain::model::{BaseModel, BaseModelGroup};
use crate::error::{Error, Result};
use crate::providers::{self, Cardinality};
use crate::store::connections::ConnectionRow;
use crate::store::models::ModelRow;
use crate::store::{connections, data_keys, models, organizations};

/// What makes two answers the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Edition {
    models_version: i64,
    catalog: u64,
    /// Retirement dates are days.
    day: NaiveDate,
}

/// The dropdown of one organization at one moment.
#[derive(Debug)]
pub struct BaseModels {
    /// One group for each connection, in the order of the providers.
    pub groups: Vec<BaseModelGroup>,
    /// The groups as `<optgroup>`s, for the `<select>` of a form.
    pub options: Representation,
    /// The groups as JSON: `{"groups": […]}`.
    pub json: Representation,
}

/// The last answer of each organization.
pub struct BaseModelCache(Cache<i64, Arc<Kept>>);

struct Kept {
    edition: Edition,
    models: Arc<BaseModels>,
}

impl Default for BaseModelCache {
    fn default() -> Self {
        const MOST_ORGANIZATIONS: u64 = 1000;
        Self(Cache::new(MOST_ORGANIZATIONS))
    }
}

impl BaseModelCache {
    fn get(&self, scope: OrgScope, edition: Edition) -> Option<Arc<BaseModels>> {
        let kept = self.0.get(&scope.id())?;
        (kept.edition == edition).then(|| Arc::clone(&kept.models))
    }

    fn put(&self, scope: OrgScope, edition: Edition, models: &Arc<BaseModels>) {
        self.0.insert(scope.id(), Arc::new(Kept { edition, models: Arc::clone(models) }));
    }
}

/// The dropdown of an organization, now.
///
/// The version is read before the rows. A change in between is then shown under the older version and drawn
/// again for the next reader; never the other way round, which would show an old answer for good.
///
/// # Errors
/// The database's.
pub async fn base_models(app: &App, scope: OrgScope) -> Result<Arc<BaseModels>> {
    let catalog = app.catalog.models();
    let day = app.clock.now().date();
    let models_version = app.db.read(move |conn| organizations::models_version(conn, scope)).await?;
    let edition = Edition { models_version, catalog: catalog.edition, day };
    if let Some(made) = app.base_models.get(scope, edition) {
        return Ok(made);
    }
    let vault = Arc::clone(&app.vault);
    let (rows, models, seals) = app
        .db
        .read(move |conn| {
            let rows = connections::list(conn, scope)?;
            let key = data_keys::of_organization(conn, scope)?.map(to_key);
            let sealed = connections::all_sealed_secrets(conn, scope)?;
            let seals = Seals::judge(&vault, key.as_ref(), scope, &rows, &sealed);
            Ok((rows, models::of_organization(conn, scope)?, seals))
        })
        .await?;
    let made = Arc::new(BaseModels::new(group(&rows, models, &catalog, day, &seals))?);
    app.base_models.put(scope, edition, &made);
    Ok(made)
}

#[derive(Template)]
#[template(path = "base_models/options.html")]
struct Options<'a> {
    groups: &'a [BaseModelGroup],
}

#[derive(Serialize)]
struct Json<'a> {
    groups: &'a [BaseModelGroup],
}

impl BaseModels {
    fn new(groups: Vec<BaseModelGroup>) -> Result<Self> {
        let options = Options { groups: &groups }.render().map_err(Error::internal)?;
        let json = serde_json::to_vec(&Json { groups: &groups }).map_err(Error::internal)?;
        Ok(Self {
            options: Representation::new(options.into_bytes()).map_err(Error::internal)?,
            json: Representation::new(json).map_err(Error::internal)?,
            groups,
        })
    }
}

fn group(
    rows: &[ConnectionRow],
    models: Vec<ModelRow>,
    catalog: &Models,
    day: NaiveDate,
    seals: &Seals,
) -> Vec<BaseModelGroup> {
    let mut of_connection: BTreeMap<i64, Vec<ModelRow>> = BTreeMap::new();
    for row in models {
        of_connection.entry(row.connection_id).or_default().push(row);
    }
    let groups = rows.iter().filter_map(|row| {
        let models = of_connection.remove(&row.id).unwrap_or_default();
        group_of(row, &models, catalog, day, connection::health(row, seals))
    });
    let mut groups: Vec<BaseModelGroup> = groups.collect();
    groups.sort_by_key(|group| providers::ALL.iter().position(|provider| provider.slug == group.provider));
    groups
}

/// A connection's group; `None` if it has no model that is switched on, or is of a provider that this version
/// does not know.
fn group_of(
    row: &ConnectionRow,
    models: &[ModelRow],
    catalog: &Models,
    day: NaiveDate,
    health: Health,
) -> Option<BaseModelGroup> {
    let provider = providers::by_slug(&row.provider)?;
    let reason = health.unusable_because();
    let mut models: Vec<BaseModel> =
        models.iter().filter(|model| model.enabled).map(|model| entry(row, model, catalog, day, reason)).collect();
    if models.is_empty() {
        return None;
    }
    // Here rather than in the query, because the two databases sort text differently.
    models.sort_by(|a, b| b.usable.cmp(&a.usable).then_with(|| a.model.cmp(&b.model)));
    let label = match provider.cardinality {
        Cardinality::OnePerOrganization => provider.name.to_owned(),
        Cardinality::OnePerModel => format!("{} · {}", provider.name, connection::name(row)),
    };
    let (reason, note) = (reason.map(str::to_owned), note(health));
    Some(BaseModelGroup { connection_id: row.id, provider: row.provider.clone(), label, reason, note, models })
}

/// What to know of a connection whose models can be chosen all the same.
fn note(health: Health) -> Option<String> {
    let is_worth_a_word = health != Health::Working && health.unusable_because().is_none();
    is_worth_a_word.then(|| health.word().to_lowercase())
}

fn entry(
    row: &ConnectionRow,
    model: &ModelRow,
    catalog: &Models,
    day: NaiveDate,
    group_reason: Option<&str>,
) -> BaseModel {
    let known_as = row.underlying_model.as_deref().unwrap_or(&model.model);
    let known = catalog.find(&row.provider, &model.model).or_else(|| catalog.find(&row.provider, known_as));
    let retires_on = model.retires_on.or_else(|| known.and_then(|known| known.retires_on));
    let reason = group_reason.map(str::to_owned).or_else(|| own_reason(model, retires_on, day));
    BaseModel {
        value: format!("{}:{}", row.id, model.model),
        model: model.model.clone(),
        usable: reason.is_none(),
        reason,
        context_window: model.context_window.or_else(|| known.and_then(|known| known.context_window)),
        input_nano_usd_per_mtok: known.and_then(|known| known.input_per_mtok).map(|price| price.0),
        output_nano_usd_per_mtok: known.and_then(|known| known.output_per_mtok).map(|price| price.0),
        retires_on,
    }
}

/// Why one model of a connection that works cannot be used.
fn own_reason(model: &ModelRow, retires_on: Option<NaiveDate>, day: NaiveDate) -> Option<String> {
    if !model.offered {
        return Some("not offered to this key".into());
    }
    retires_on.filter(|retired| *retired <= day).map(|retired| format!("retired {}", retired.format("%-d %b %Y")))
}
