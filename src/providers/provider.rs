//! A provider as a value: what its form asks for, how that is read, and how a key is proven.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::clock::Timestamp;
use crate::domain::check::{CheckReport, StepKind};
use crate::domain::connection::{Fingerprint, Target};
use crate::domain::destination::Destination;
use crate::domain::field_errors::FieldErrors;
use crate::domain::secret::{Secret, SecretField, Secrets};

use super::check::{self, Check};
use super::classify::Rule;
use super::findings::{Problem, Proof};
use super::form::{Field, FieldKind, HelpSection, Link, Prose};
use super::outbound::Outbound;
use super::policy::Policy;
use super::{credentials, hygiene};

/// How many connections an organization may have with a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cardinality {
    /// One key opens all of the provider's models.
    OnePerOrganization,
    /// One connection for each deployment or model.
    OnePerModel,
}

/// Where a provider's secret may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The provider's own address, which only the operator can override.
    Fixed,
    /// The origin of the endpoint that was typed.
    Endpoint,
}

/// One kind of model provider.
pub struct Provider {
    /// The stored form and the one in URLs: `azure-openai`.
    pub slug: &'static str,
    /// The name in the REST API and in the catalogue: `AzureOpenAI`.
    pub api_name: &'static str,
    /// The name for people: `Azure OpenAI`.
    pub name: &'static str,
    /// The two letters in its tile.
    pub monogram: &'static str,
    /// How many connections an organization may have.
    pub cardinality: Cardinality,
    /// One line in the chooser: what a person needs at hand.
    pub chooser: &'static str,
    /// The heading of its form.
    pub form_title: &'static str,
    /// The line below that heading.
    pub form_intro: Prose,
    /// The fields, in the form's order.
    pub fields: &'static [Field],
    /// The help beside the form.
    pub help: &'static [HelpSection],
    /// Where the vendor lists its keys, so that one can be made or deleted there.
    pub key_page: Option<Link>,
    /// Where the secret may go.
    pub place: Place,
    /// What its error answers mean, in groups of which the first counts most.
    pub(super) rules: &'static [&'static [Rule]],
    /// The steps of its check, in order.
    pub steps: &'static [StepKind],
    /// What a submission must also fulfil, beyond single fields; may repair what was pasted.
    pub(super) review: fn(&mut Draft<'_>),
    /// The calls that prove a key.
    pub(super) prove: for<'a, 'b> fn(&'a mut Check<'b>) -> BoxFuture<'a, Result<Proof, Problem>>,
}

/// What a form or the REST API sent: untrusted, untrimmed.
#[derive(Debug, Default)]
pub struct Submission {
    /// Azure's deployment, Foundry's model or a custom server's model.
    pub deployment_name: Option<String>,
    /// The target URI or base address.
    pub endpoint: Option<String>,
    /// Google Cloud project.
    pub google_project_id: Option<String>,
    /// Google Cloud location.
    pub google_location: Option<String>,
    /// The secrets; a missing one may be kept from before.
    pub secrets: Secrets,
}

/// A submission while it is read.
pub struct Draft<'a> {
    /// The readable part so far.
    pub target: Target,
    /// The cleaned secrets so far.
    pub secrets: Secrets,
    /// What is wrong so far.
    pub errors: FieldErrors,
    /// Which addresses this server may call.
    pub policy: &'a Policy,
}

impl Provider {
    /// The longest time a check takes. A form is still open that long.
    pub const CHECK_LIMIT: Duration = Duration::from_secs(15);

    /// The field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether an organization may have only one of these.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.cardinality == Cardinality::OnePerOrganization
    }

    /// Trims and validates a submission. `kept` names the secrets that are already stored or held, so that an
    /// empty field means "as before".
    ///
    /// # Errors
    /// What is wrong, field by field.
    pub fn read(
        &self,
        submission: Submission,
        policy: &Policy,
        kept: &[SecretField],
    ) -> Result<(Target, Secrets), FieldErrors> {
        let mut draft =
            Draft { target: Target::default(), secrets: Secrets::default(), errors: FieldErrors::default(), policy };
        let given = submission.secrets;
        let typed = BTreeMap::from([
            ("deployment_name", submission.deployment_name.unwrap_or_default()),
            ("endpoint", submission.endpoint.unwrap_or_default()),
            ("google_project_id", submission.google_project_id.unwrap_or_default()),
            ("google_location", submission.google_location.unwrap_or_default()),
        ]);
        for field in self.fields {
            match field.kind {
                FieldKind::Text | FieldKind::Url => draft.read_text(field, typed.get(field.name)),
                FieldKind::Secret(name) => draft.read_key(self, field, name, &given, kept),
                FieldKind::CredentialsFile => draft.read_credentials(field, &given, kept),
            }
        }
        (self.review)(&mut draft);
        let Draft { target, secrets, errors, .. } = draft;
        errors.into_result().map(|()| (target, secrets))
    }

    /// Where this connection's secrets may go. An endpoint that cannot be read (it was stored by another
    /// version) gives a destination for which nothing was ever sealed.
    #[must_use]
    pub fn destination(&self, target: &Target) -> Destination {
        match self.place {
            Place::Fixed => Destination::provider(self.slug),
            Place::Endpoint => target
                .endpoint
                .as_deref()
                .and_then(|endpoint| url::Url::parse(endpoint).ok())
                .and_then(|url| Destination::origin(&url))
                .unwrap_or_else(|| Destination::provider(self.slug)),
        }
    }

    /// What may be shown of these secrets: a key's last four characters, for Google's key file those of its key
    /// id, of a token nothing.
    #[must_use]
    pub fn fingerprints(&self, secrets: &Secrets) -> Vec<Fingerprint> {
        secrets
            .iter()
            .map(|(field, secret)| {
                let tail = match field {
                    SecretField::ApiKey => secret.tail(),
                    SecretField::AuthToken => None,
                    SecretField::GoogleApplicationCredentials => credentials::key_id_tail(secret),
                };
                Fingerprint { field, tail }
            })
            .collect()
    }

    /// Proves a connection by calling the provider, within [`Self::CHECK_LIMIT`]. Never fails: what goes wrong is
    /// the report. Nothing in the report holds a secret.
    pub async fn check(
        &'static self,
        outbound: &Outbound,
        target: &Target,
        secrets: &Secrets,
        now: Timestamp,
    ) -> CheckReport {
        check::run(self, outbound, target, secrets, now).await
    }
}

impl Draft<'_> {
    /// Adds errors that were found by looking at several fields together.
    pub(super) fn add_all(&mut self, errors: &FieldErrors) {
        for (field, error) in errors.iter() {
            self.errors.add(field, error.clone());
        }
    }

    fn read_text(&mut self, field: &Field, typed: Option<&String>) {
        let text = typed.map(|text| text.trim()).unwrap_or_default();
        if text.is_empty() {
            if field.required {
                self.errors.add(field.name, field.when_empty);
            }
            return;
        }
        if text.len() > field.max_len {
            self.errors.add(field.name, format!("That’s too long. Use at most {} characters.", field.max_len));
            return;
        }
        if text.chars().any(char::is_control) {
            self.errors.add(field.name, "There’s a line break or control character in it. Copy it again, on one line.");
            return;
        }
        let text = Some(text.to_owned());
        match field.name {
            "deployment_name" => self.target.deployment_name = text,
            "endpoint" => self.target.endpoint = text,
            "google_project_id" => self.target.google_project_id = text,
            _ => self.target.google_location = text,
        }
    }

    fn read_key(
        &mut self,
        provider: &Provider,
        field: &Field,
        name: SecretField,
        given: &Secrets,
        kept: &[SecretField],
    ) {
        let Some(pasted) = self.given(field, name, given, kept) else { return };
        match hygiene::clean(provider, name, pasted) {
            Ok(key) if key.is_empty() => self.errors.add(field.name, field.when_empty),
            Ok(key) => self.secrets.put(name, key),
            Err(fault) => self.errors.add(field.name, fault),
        }
    }

    fn read_credentials(&mut self, field: &Field, given: &Secrets, kept: &[SecretField]) {
        let name = SecretField::GoogleApplicationCredentials;
        let Some(pasted) = self.given(field, name, given, kept) else { return };
        if pasted.expose().len() > field.max_len {
            self.errors
                .add(field.name, "That’s too long for a key file. Choose the JSON file that Google Cloud gave you.");
            return;
        }
        match credentials::read_pasted(pasted) {
            Ok(json) => self.secrets.put(name, json),
            Err(fault) => self.errors.add(field.name, fault),
        }
    }

    /// The secret that was sent, if it was. Notes the error if it was not and had to be.
    fn given<'s>(
        &mut self,
        field: &Field,
        name: SecretField,
        given: &'s Secrets,
        kept: &[SecretField],
    ) -> Option<&'s Secret> {
        let sent = given.get(name).filter(|secret| !secret.expose().trim().is_empty());
        if sent.is_none() && field.required && !kept.contains(&name) {
            self.errors.add(field.name, field.when_empty);
        }
        sent
    }
}
