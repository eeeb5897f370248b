//! What somebody typed into a provider's form: kept to be shown again, secrets excepted.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::actions::held_secrets::HeldFor;
use crate::app::App;
use crate::domain::connection::Target;
use crate::domain::secret::{Secret, SecretField, Secrets};
use crate::providers::form::FieldKind;
use crate::providers::{Provider, Submission};
use crate::store::connections::ConnectionRow;
use crate::web::forms::Typed;

/// The readable fields as typed, and how a key file was given.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    texts: BTreeMap<&'static str, String>,
    /// `upload` or `paste`.
    pub way: &'static str,
}

impl Answers {
    /// What a form sent for a provider's fields. A press on *Use this* stands for what it suggests.
    #[must_use]
    pub fn of_form(provider: &Provider, typed: &Typed) -> Self {
        let readable = provider.fields.iter().filter(|field| field.kind.secret().is_none());
        let texts = readable
            .filter_map(|field| {
                let used = format!("use_{}", field.name);
                let name = if typed.has(&used) { used.as_str() } else { field.name };
                typed.has(name).then(|| (field.name, typed.get(name).to_owned()))
            })
            .collect();
        Self { texts, way: if typed.get("way") == "paste" { "paste" } else { "upload" } }
    }

    /// What is stored.
    #[must_use]
    pub fn of_row(row: &ConnectionRow) -> Self {
        let stored = [
            ("deployment_name", &row.deployment_name),
            ("endpoint", &row.endpoint),
            ("google_project_id", &row.google_project_id),
            ("google_location", &row.google_location),
        ];
        let texts = stored.into_iter().filter_map(|(name, text)| text.clone().map(|text| (name, text))).collect();
        Self { texts, way: "upload" }
    }

    /// The same, with the key file given in this way.
    #[must_use]
    pub fn given_by(self, way: &'static str) -> Self {
        Self { way, ..self }
    }

    /// What stands in a field.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.texts.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Whether the endpoint, where a provider has one, is no address at all.
    #[must_use]
    pub fn has_unreadable_endpoint(&self, provider: &Provider) -> bool {
        provider.field("endpoint").is_some()
            && url::Url::parse(self.get("endpoint").trim()).ok().is_none_or(|url| !url.has_host())
    }

    /// The submission with these secrets.
    #[must_use]
    pub fn submission(&self, secrets: Secrets) -> Submission {
        let text = |name| self.texts.get(name).filter(|text| !text.trim().is_empty()).cloned();
        Submission {
            deployment_name: text("deployment_name"),
            endpoint: text("endpoint"),
            google_project_id: text("google_project_id"),
            google_location: text("google_location"),
            secrets,
        }
    }

    /// The typed fields as a target, for finding out what a held secret was entered for.
    #[must_use]
    pub fn target(&self) -> Target {
        let text = |name| self.texts.get(name).map(|text| text.trim().to_owned());
        Target {
            deployment_name: text("deployment_name"),
            endpoint: text("endpoint"),
            google_project_id: text("google_project_id"),
            google_location: text("google_location"),
            chat_url: None,
        }
    }
}

/// The secrets that a form sent. A key file comes uploaded or pasted, whichever is filled in.
#[must_use]
pub fn secrets_of(provider: &Provider, typed: &Typed) -> Secrets {
    let mut secrets = Secrets::default();
    for field in provider.fields {
        match field.kind {
            FieldKind::Secret(secret) => secrets.put(secret, typed.secret(field.name)),
            FieldKind::CredentialsFile => {
                let uploaded = typed.secret(&format!("{}_file", field.name));
                let pasted = typed.secret(&format!("{}_text", field.name));
                let given = if uploaded.is_empty() { pasted } else { uploaded };
                secrets.put(SecretField::GoogleApplicationCredentials, given);
            }
            FieldKind::Text | FieldKind::Url => {}
        }
    }
    secrets
}

/// Adds to the secrets that were typed those that are held and were not typed anew.
pub fn add_held(typed: &mut Secrets, held: &Secrets) {
    for (field, secret) in held.iter() {
        if typed.get(field).is_none_or(Secret::is_empty) {
            typed.put(field, secret.duplicate());
        }
    }
}

/// One press of a button, as far as it decides what is stored.
pub struct Input<'a> {
    /// The session and form.
    pub held_for: &'a HeldFor,
    /// The provider.
    pub provider: &'a Provider,
    /// The readable fields.
    pub answers: &'a Answers,
    /// The secrets, typed or held.
    pub secrets: &'a Secrets,
}

impl Input<'_> {
    /// A ticket for *Save without checking*: proof that this very input was checked a moment ago and failed in a
    /// way that may work later.
    #[must_use]
    pub fn unchecked_ticket(&self, app: &App) -> String {
        self.mac(app, b"save without checking")
    }

    /// Whether a ticket is the one for this input.
    #[must_use]
    pub fn is_ticket(&self, app: &App, ticket: &str) -> bool {
        self.unchecked_ticket(app).as_bytes().ct_eq(ticket.as_bytes()).into()
    }

    /// Names this input, so that the same form posted twice adds one connection, while one that somebody went
    /// back to and changed adds another.
    #[must_use]
    pub fn id(&self, app: &App) -> String {
        self.mac(app, b"add once")
    }

    fn mac(&self, app: &App, purpose: &[u8]) -> String {
        let key = <Hmac<Sha256> as KeyInit>::new_from_slice(app.keys.csrf.as_slice());
        let mut mac = InputMac(key.unwrap_or_else(|_| unreachable!()));
        let HeldFor { session_hash, form } = self.held_for;
        for part in [purpose, session_hash, form.as_bytes(), self.provider.slug.as_bytes()] {
            mac.put(part);
        }
        for (name, text) in &self.answers.texts {
            mac.put(name.as_bytes());
            mac.put(text.as_bytes());
        }
        for (field, secret) in self.secrets.iter() {
            mac.put(field.name().as_bytes());
            mac.put(secret.expose().as_bytes());
        }
        mac.finish()
    }
}

/// A keyed sum of several parts, each with its length, so that none runs into the next.
struct InputMac(Hmac<Sha256>);

impl InputMac {
    fn put(&mut self, part: &[u8]) {
        self.0.update(&(part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    fn finish(self) -> String {
        self.0.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
