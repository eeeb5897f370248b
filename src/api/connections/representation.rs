//! A connection as the API answers it. Written out by hand, so that nothing secret can slip in.

use serde::Serialize;
use serde_json::{Map, Number, Value};
use utoipa::ToSchema;

use crate::api::timestamp::ApiTime;
use crate::api::users::UserRef;
use crate::connection;
use crate::connection::overview::Overview;
use crate::domain::actor::Actor;
use crate::domain::connection::{BudgetPeriod, Health};
use crate::domain::money::NanoUsd;
use crate::domain::role::Permission;
use crate::domain::secret::SecretField;
use crate::providers;
use crate::store::checks::CheckRow;
use crate::store::models::ModelRow;

/// A connection. The first members are Label Studio's; those after `model_params` are ours.
#[derive(Serialize, ToSchema)]
pub struct Connection {
    id: i64,
    /// `OpenAI`, `Gemini`, `VertexAI`, `Anthropic`, `AzureOpenAI`, `AzureAIFoundry` or `Custom`.
    provider: String,
    /// `Organization`, `User` or `Model`.
    scope: &'static str,
    organization: i64,
    created_by: Option<UserRef>,
    created_at: ApiTime,
    updated_at: ApiTime,
    /// Azure's deployment, Foundry's model or a custom server's model.
    deployment_name: Option<String>,
    endpoint: Option<String>,
    google_project_id: Option<String>,
    google_location: Option<String>,
    /// A text of the client's own.
    cached_available_models: Option<String>,
    /// Whether lists of connections leave it out for who may not manage them.
    is_internal: bool,
    /// US dollars.
    #[schema(value_type = Option<f64>)]
    budget_limit: Option<Number>,
    /// US dollars; null while nothing is counted.
    #[schema(value_type = Option<f64>)]
    budget_total_spent: Option<Number>,
    /// US dollars.
    #[schema(value_type = Option<f64>)]
    budget_alert_threshold: Option<Number>,
    /// `Monthly`, `Yearly` or null.
    budget_reset_period: Option<&'static str>,
    budget_last_reset_date: Option<ApiTime>,
    #[schema(value_type = Object)]
    model_params: Map<String, Value>,

    /// What pages call it.
    name: String,
    /// `working`, `limited`, `rate_limited`, `no_quota`, `paused`, `key_rejected`, `not_found`, `cannot_connect`,
    /// `provider_trouble`, `not_checked` or `needs_key`.
    health: &'static str,
    /// What the last check found, in a few words.
    health_detail: String,
    health_since: ApiTime,
    checked_at: Option<ApiTime>,
    paused_at: Option<ApiTime>,
    /// Which secrets are stored: `api_key`, `auth_token`, `google_application_credentials`.
    secrets_set: Vec<&'static str>,
    /// The key's last four characters, if it is long enough to show them; null for who may not manage connections.
    key_hint: Option<String>,
    key_replaced_at: Option<ApiTime>,
    last_used_at: Option<ApiTime>,
    /// How many models are switched on.
    enabled_models_count: usize,
    /// How many models its key is offered.
    models_count: usize,
}

/// A model of a connection.
#[derive(Serialize, ToSchema)]
pub struct ConnectionModel {
    /// The id that requests use.
    id: String,
    /// Whether it is in everybody's list of base models.
    enabled: bool,
    /// Whether the last check saw it.
    offered: bool,
    /// Most input tokens, if the provider says.
    context_window: Option<i64>,
    /// The day it retires, if the provider says: `2026-11-21`.
    #[schema(format = "date")]
    retires_on: Option<String>,
}

/// A check of a connection.
#[derive(Serialize, ToSchema)]
pub struct ConnectionCheck {
    id: i64,
    created_at: ApiTime,
    /// `ok`, `bad_key`, `unreachable` and so on.
    verdict: String,
    /// What happened and what to do.
    message: String,
    /// What was tried, in order.
    steps: Vec<ConnectionCheckStep>,
    models_count: i64,
    took_ms: i64,
}

/// One thing that a check tried.
#[derive(Serialize, ToSchema)]
pub struct ConnectionCheckStep {
    title: String,
    detail: String,
    /// `passed`, `failed`, `not_tried` and so on.
    #[schema(value_type = String)]
    outcome: Value,
    took_ms: Option<u32>,
}

impl Connection {
    /// What a member may see of a connection.
    #[must_use]
    pub fn of(found: &Overview, actor: &Actor) -> Self {
        let row = &found.row;
        let options = row.options();
        let provider = providers::by_slug(&row.provider);
        let hint = found.fingerprints.iter().find_map(|fingerprint| fingerprint.tail.clone());
        Self {
            id: row.id,
            provider: provider.map_or_else(|| row.provider.clone(), |provider| provider.api_name.to_owned()),
            scope: options.scope.name(),
            organization: actor.scope.id(),
            created_by: found.added_by.as_ref().map(UserRef::from),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            deployment_name: row.deployment_name.clone(),
            endpoint: row.endpoint.clone(),
            google_project_id: row.google_project_id.clone(),
            google_location: row.google_location.clone(),
            cached_available_models: options.cached_available_models,
            is_internal: options.is_internal,
            budget_limit: options.budget.limit.and_then(dollars),
            budget_total_spent: None,
            budget_alert_threshold: options.budget.alert.and_then(dollars),
            budget_reset_period: options.budget.period.map(BudgetPeriod::name),
            budget_last_reset_date: None,
            model_params: Map::new(),
            name: connection::name(row),
            health: found.health.slug(),
            health_detail: if found.health == Health::Paused { String::new() } else { row.health_detail.clone() },
            health_since: row.health_since.into(),
            checked_at: row.checked_at.map(Into::into),
            paused_at: row.paused_at.map(Into::into),
            secrets_set: found.fingerprints.iter().map(|fingerprint| SecretField::name(fingerprint.field)).collect(),
            key_hint: hint.filter(|_| actor.may(Permission::ManageConnections)),
            key_replaced_at: row.key_replaced_at.map(Into::into),
            last_used_at: row.last_used_at.map(Into::into),
            enabled_models_count: found.models.iter().filter(|model| model.enabled).count(),
            models_count: found.models.iter().filter(|model| model.offered).count(),
        }
    }
}

impl From<&ModelRow> for ConnectionModel {
    fn from(row: &ModelRow) -> Self {
        Self {
            id: row.model.clone(),
            enabled: row.enabled,
            offered: row.offered,
            context_window: row.context_window,
            retires_on: row.retires_on.map(|day| day.to_string()),
        }
    }
}

impl From<&CheckRow> for ConnectionCheck {
    fn from(row: &CheckRow) -> Self {
        let steps = row.steps().into_iter().map(|step| ConnectionCheckStep {
            title: step.title,
            detail: step.detail,
            outcome: serde_json::to_value(step.outcome).unwrap_or_default(),
            took_ms: step.took_ms,
        });
        Self {
            id: row.id,
            created_at: row.created_at.into(),
            verdict: row.verdict.clone(),
            message: row.message.clone(),
            steps: steps.collect(),
            models_count: row.n_models,
            took_ms: row.took_ms,
        }
    }
}

/// As a JSON number, since the clients take it for one. Sums are made of the whole amount, never of this.
fn dollars(amount: NanoUsd) -> Option<Number> {
    #[expect(clippy::cast_precision_loss, reason = "2^53 thousand-millionths are nine million dollars")]
    Number::from_f64(amount.0 as f64 / 1e9)
}
