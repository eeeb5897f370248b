//! What programs send to add or change a connection.

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::Number;
use utoipa::ToSchema;

use crate::api::body::Change;
use crate::domain::actor::Actor;
use crate::domain::connection::{BudgetPeriod, ConnectionOptions, Scope, Target};
use crate::domain::field_errors::FieldErrors;
use crate::domain::money::NanoUsd;
use crate::domain::role::Role;
use crate::domain::secret::{Secret, SecretField, Secrets};
use crate::error::{Error, Result};
use crate::providers::{self, Provider, Submission};

/// Characters of `cached_available_models`.
const LONGEST_CACHE: usize = 4096;

/// Members of a connection. In a change, what is left out stays and what is null is removed. Members that are only
/// read are ignored, so that a client may send back what it has read.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ConnectionInput {
    /// `OpenAI` if left out; cannot be changed later.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "OpenAI")]
    provider: Change<String>,
    /// `Organization`, `User` or `Model`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    scope: Change<String>,
    /// Only written, never read.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only)]
    api_key: Change<SecretText>,
    /// Only written. For a gateway before a custom server, sent as it is.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only)]
    auth_token: Change<SecretText>,
    /// Only written. The content of Google's key file.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only)]
    google_application_credentials: Change<SecretText>,
    /// Azure's deployment, Foundry's model or a custom server's model.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 512)]
    deployment_name: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 512)]
    endpoint: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    google_project_id: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    google_location: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4096)]
    cached_available_models: Change<String>,
    /// Taken from Owners only.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_internal: Change<bool>,
    /// US dollars, with up to nine decimals.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    budget_limit: Change<Number>,
    /// US dollars, with up to nine decimals.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    budget_alert_threshold: Change<Number>,
    /// `Monthly` or `Yearly`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    budget_reset_period: Change<String>,
}

/// A secret on its way in.
#[derive(Debug)]
pub struct SecretText(Secret);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

/// Secrets of a change: those that are new, and those that go.
#[derive(Debug, Default)]
pub struct SecretChanges {
    /// In the place of old ones.
    pub new: Secrets,
    /// To be removed for good.
    pub cleared: Vec<SecretField>,
}

impl ConnectionInput {
    /// The provider of a new connection.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn provider(&self) -> Result<&'static Provider> {
        let Change::To(name) = &self.provider else { return Ok(providers::DEFAULT) };
        providers::by_api_name(name).ok_or_else(|| {
            let names: Vec<_> = providers::ALL.iter().map(|provider| provider.api_name).collect();
            // What was sent is not repeated: it may be a key in the wrong place.
            Error::field("provider", format!("Not a valid choice. Choose one of {}.", names.join(", ")))
        })
    }

    /// Refuses a change of the provider.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn keeps(&self, provider: &Provider) -> Result<()> {
        match &self.provider {
            Change::To(name) if name != provider.api_name => Err(Error::field(
                "provider",
                format!("This connection stays one to {}. Remove it and add another.", provider.api_name),
            )),
            _ => Ok(()),
        }
    }

    /// Whether the connection would lead somewhere else, or with other secrets. A client that sends back what it has
    /// read changes nothing.
    #[must_use]
    pub fn changes_the_connection(&self, present: &Target) -> bool {
        let texts = [
            (&self.deployment_name, &present.deployment_name),
            (&self.endpoint, &present.endpoint),
            (&self.google_project_id, &present.google_project_id),
            (&self.google_location, &present.google_location),
        ];
        let secrets = [&self.api_key, &self.auth_token, &self.google_application_credentials];
        texts.into_iter().any(|(change, present)| change.clone().applied_to(present.clone()) != *present)
            || secrets.into_iter().any(|secret| match secret {
                Change::Absent => false,
                Change::Null => true,
                Change::To(SecretText(secret)) => !secret.expose().trim().is_empty(),
            })
    }

    /// What the connection carries beside, afterwards.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn options(&self, present: ConnectionOptions, actor: &Actor) -> Result<ConnectionOptions> {
        let mut errors = FieldErrors::default();
        let mut options = present;
        match &self.scope {
            Change::Absent => {}
            Change::Null => options.scope = Scope::Organization,
            Change::To(name) => match Scope::from_name(name) {
                Some(scope) => options.scope = scope,
                None => errors.add("scope", "Not a valid choice. Choose Organization, User or Model."),
            },
        }
        match &self.budget_reset_period {
            Change::Absent => {}
            Change::Null => options.budget.period = None,
            Change::To(name) => match BudgetPeriod::from_name(name) {
                Some(period) => options.budget.period = Some(period),
                None => errors.add("budget_reset_period", "Not a valid choice. Choose Monthly or Yearly."),
            },
        }
        for (field, change, amount) in [
            ("budget_limit", &self.budget_limit, &mut options.budget.limit),
            ("budget_alert_threshold", &self.budget_alert_threshold, &mut options.budget.alert),
        ] {
            match read_amount(change, *amount) {
                Some(read) => *amount = read,
                None => errors.add(field, "Enter US dollars: 0 or more, with at most nine decimals."),
            }
        }
        options.cached_available_models =
            self.cached_available_models.clone().applied_to(options.cached_available_models);
        if options.cached_available_models.as_ref().is_some_and(|text| text.chars().count() > LONGEST_CACHE) {
            errors.add("cached_available_models", format!("Use at most {LONGEST_CACHE} characters."));
        }
        if actor.role == Role::Owner {
            options.is_internal = match self.is_internal {
                Change::Absent => options.is_internal,
                Change::Null => false,
                Change::To(is_internal) => is_internal,
            };
        }
        errors.into_result()?;
        Ok(options)
    }

    /// What is submitted in the place of what is there, and what of the secrets goes.
    #[must_use]
    pub fn submission(self, present: Target) -> (Submission, Vec<SecretField>) {
        let mut secrets = SecretChanges::default();
        secrets.take(SecretField::ApiKey, self.api_key);
        secrets.take(SecretField::AuthToken, self.auth_token);
        secrets.take(SecretField::GoogleApplicationCredentials, self.google_application_credentials);
        let submission = Submission {
            deployment_name: self.deployment_name.applied_to(present.deployment_name),
            endpoint: self.endpoint.applied_to(present.endpoint),
            google_project_id: self.google_project_id.applied_to(present.google_project_id),
            google_location: self.google_location.applied_to(present.google_location),
            secrets: secrets.new,
        };
        (submission, secrets.cleared)
    }
}

impl SecretChanges {
    fn take(&mut self, field: SecretField, change: Change<SecretText>) {
        match change {
            Change::Absent => {}
            // Nothing is as if it were not there, as in forms: an unset variable must not cost a key.
            Change::To(SecretText(secret)) if secret.expose().trim().is_empty() => {}
            Change::To(SecretText(secret)) => self.new.put(field, secret),
            Change::Null => self.cleared.push(field),
        }
    }
}

/// A fraction to nine decimals, since sums of binary fractions have more: 0.1 + 0.2.
fn decimals(number: &Number) -> String {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(fraction) => format!("{fraction:.9}"),
        None => number.to_string(),
    }
}

/// `None` for what is no amount.
fn read_amount(change: &Change<Number>, present: Option<NanoUsd>) -> Option<Option<NanoUsd>> {
    match change {
        Change::Absent => Some(present),
        Change::Null => Some(None),
        Change::To(number) => NanoUsd::from_decimal_usd(&decimals(number)).ok().map(Some),
    }
}
