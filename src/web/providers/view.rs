//! What the pages show of a connection: written out by hand, so that nothing secret can slip in.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::app::App;
use crate::clock::Timestamp;
use crate::connection;
use crate::connection::overview::{self, Overview};
use crate::domain::actor::Actor;
use crate::domain::connection::{Fingerprint, Health};
use crate::domain::secret::SecretField;
use crate::error::Result;
use crate::providers::form::Link;
use crate::providers::{self, Provider};
use crate::store::connections::ConnectionRow;
use crate::store::models::ModelRow;
use crate::web::page::Page;
use crate::web::{translation, words};

/// A connection as the list and its own page show it.
#[derive(Debug)]
pub struct ConnectionView {
    /// The row.
    pub row: ConnectionRow,
    /// Its name.
    pub name: String,
    /// The provider's name; the slug of one that this version does not know.
    pub provider_name: String,
    /// The two letters in the tile.
    pub monogram: &'static str,
    /// How it is doing.
    pub health: Health,
    /// What may be shown of its secrets.
    pub fingerprints: Vec<Fingerprint>,
    /// Who added it, if that person is still known.
    pub added_by: Option<String>,
    /// Who replaced the key last.
    pub replaced_by: Option<String>,
    /// Its models.
    pub models: Vec<ModelRow>,
}

/// What a row of the list offers first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstAct {
    /// Check it again.
    Verify,
    /// The key does not work any more.
    ReplaceKey,
    /// What it points at is not there.
    Edit,
    /// Somebody paused it.
    Resume,
    /// This version does not know the provider.
    Open,
}

impl ConnectionView {
    /// The provider, if this version knows it.
    #[must_use]
    pub fn provider(&self) -> Option<&'static Provider> {
        providers::by_slug(&self.row.provider)
    }

    /// Where the vendor lists its keys.
    #[must_use]
    pub fn key_page(&self) -> Option<Link> {
        self.provider().and_then(|provider| provider.key_page)
    }

    /// Whether there is something to edit beside the key.
    #[must_use]
    pub fn can_edit(&self) -> bool {
        self.provider().is_some_and(|provider| provider.fields.iter().any(|field| field.kind.secret().is_none()))
    }

    /// The last four characters of the key, if they may be shown; a token in front of it shows nothing.
    #[must_use]
    pub fn tail(&self) -> Option<String> {
        self.fingerprints.iter().find_map(|fingerprint| fingerprint.tail.clone())
    }

    /// Whether a key is stored, beside or instead of a token.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.fingerprints.iter().any(|fingerprint| fingerprint.field != SecretField::AuthToken)
    }

    /// Whether a token is stored.
    #[must_use]
    pub fn has_token(&self) -> bool {
        self.fingerprints.iter().any(|fingerprint| fingerprint.field == SecretField::AuthToken)
    }

    /// Models that are switched on and offered.
    #[must_use]
    pub fn n_on(&self) -> usize {
        self.models.iter().filter(|model| model.enabled && model.offered).count()
    }

    /// The first few models that are switched on and offered, by name.
    pub fn first_models_on(&self) -> impl Iterator<Item = &str> {
        self.models.iter().filter(|model| model.enabled && model.offered).map(|model| model.model.as_str()).take(6)
    }

    /// "11 of 13", or one number where there is nothing to choose.
    #[must_use]
    pub fn models_in_words(&self) -> String {
        match (self.n_on(), self.models.len()) {
            (_, 0) => "—".to_owned(),
            (1, 1) => "1".to_owned(),
            (n_on, n_all) => format!("{n_on} of {n_all}"),
        }
    }

    /// What the row offers first.
    #[must_use]
    pub fn first_act(&self) -> FirstAct {
        match self.health {
            _ if self.provider().is_none() => FirstAct::Open,
            Health::KeyRejected | Health::NeedsKey => FirstAct::ReplaceKey,
            Health::NotFound if self.can_edit() => FirstAct::Edit,
            Health::Paused => FirstAct::Resume,
            _ => FirstAct::Verify,
        }
    }

    /// The small line below the health.
    #[must_use]
    pub fn health_line(&self, page: &Page) -> String {
        let since = |at: &Timestamp| match page.now - *at < TimeDelta::hours(1) {
            true => words::capital(&page.ago(at)),
            false => page.fill("Since {0}", &[page.ago(at)]),
        };
        match (self.health, &self.row.checked_at) {
            (Health::Working, Some(at)) => page.fill("Verified {0}", &[page.ago(at)]),
            (Health::Paused, _) => self.row.paused_at.as_ref().map_or_else(String::new, since),
            (Health::NotChecked, _) => page.say("Saved without a check"),
            (Health::NeedsKey, _) => page.say("It can’t be opened here"),
            _ => since(&self.row.health_since),
        }
    }

    /// Who added it, and when.
    #[must_use]
    pub fn added_line(&self, page: &Page) -> String {
        let day = translation::day(page.language, &self.row.created_at, &page.now);
        match &self.added_by {
            Some(name) => page.fill("Added by {0}, {1}", &[name, &day]),
            None => page.fill("Added {0}", &[day]),
        }
    }

    /// [`models_in_words`](Self::models_in_words) in the page's language.
    #[must_use]
    pub fn models_line(&self, page: &Page) -> String {
        match (self.n_on(), self.models.len()) {
            (_, 0) | (1, 1) => self.models_in_words(),
            (n_on, n_all) => page.fill("{0} of {1}", &[n_on.to_string(), n_all.to_string()]),
        }
    }

    /// What a person should know and do, for the note above the list: the sentence, the link and its words.
    #[must_use]
    pub fn todo(&self, page: &Page) -> Option<(String, String, String)> {
        if !self.health.needs_attention() {
            return None;
        }
        let id = self.row.id;
        let show = format!("/providers/{id}");
        let replace = format!("/providers/{id}/replace-key");
        let last_check = || page.say("See the last check");
        let (text, href, words) = match self.health {
            Health::KeyRejected => {
                let when = page.ago(&self.row.health_since);
                return Some((page.fill("The key was rejected {0}.", &[when]), replace, page.say("Replace the key")));
            }
            Health::NeedsKey => {
                (page.say("The stored key can’t be opened on this server."), replace, page.say("Enter the key again"))
            }
            Health::CannotConnect => (
                page.say("We can’t reach the endpoint; a firewall may be blocking us."),
                "/network".to_owned(),
                page.say("See the addresses to allow"),
            ),
            Health::NoQuota => (page.say("The provider’s account has no credit left."), show, last_check()),
            Health::NotFound => (page.say("The model or endpoint isn’t there."), show, last_check()),
            _ => (page.say("It works only in part."), show, last_check()),
        };
        Some((text, href, words))
    }
}

/// All connections of the organization, oldest first.
///
/// # Errors
/// The database's.
pub async fn all(app: &App, actor: &Actor) -> Result<Vec<ConnectionView>> {
    let (scope, vault) = (actor.scope, Arc::clone(&app.vault));
    let found = app.db.read(move |conn| overview::all(conn, &vault, scope)).await?;
    Ok(found.into_iter().map(ConnectionView::from).collect())
}

/// One connection.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound); the database's.
pub async fn one(app: &App, actor: &Actor, id: i64) -> Result<ConnectionView> {
    let (scope, vault) = (actor.scope, Arc::clone(&app.vault));
    app.db.read(move |conn| overview::one(conn, &vault, scope, id)).await.map(ConnectionView::from)
}

impl From<Overview> for ConnectionView {
    fn from(found: Overview) -> Self {
        let Overview { row, health, fingerprints, added_by, replaced_by, models } = found;
        let provider = providers::by_slug(&row.provider);
        Self {
            name: connection::name(&row),
            provider_name: provider.map_or_else(|| row.provider.clone(), |provider| provider.name.to_owned()),
            monogram: provider.map_or("?", |provider| provider.monogram),
            health,
            added_by: added_by.map(|person| person.name),
            replaced_by: replaced_by.map(|person| person.name),
            fingerprints,
            models,
            row,
        }
    }
}
