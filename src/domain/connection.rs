//! A connection: one saved provider key with what it opens.

use super::money::NanoUsd;
use super::secret::SecretField;

/// How a saved connection is doing. Stored as text; an unknown text reads as *not checked*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Health {
    /// The last check passed.
    Working,
    /// Works, but some enabled models cannot be reached with this key or region.
    Limited,
    /// The provider asked us to slow down; heals itself.
    RateLimited,
    /// The provider's account has no credit.
    NoQuota,
    /// A person paused it.
    Paused,
    /// The provider does not accept the key.
    KeyRejected,
    /// The deployment, model, endpoint or project is not there.
    NotFound,
    /// The endpoint cannot be reached.
    CannotConnect,
    /// The provider has trouble of its own; heals itself.
    ProviderTrouble,
    /// Saved without a check.
    NotChecked,
    /// The stored key cannot be opened with this server's master key.
    NeedsKey,
}

/// The colour and icon of a health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Green tick.
    Good,
    /// Amber triangle.
    Warn,
    /// Amber pause sign.
    Pause,
    /// Red cross.
    Bad,
    /// Grey dashed ring.
    Quiet,
}

impl Health {
    /// Every health.
    pub const ALL: [Health; 11] = [
        Self::Working,
        Self::Limited,
        Self::RateLimited,
        Self::NoQuota,
        Self::Paused,
        Self::KeyRejected,
        Self::NotFound,
        Self::CannotConnect,
        Self::ProviderTrouble,
        Self::NotChecked,
        Self::NeedsKey,
    ];

    /// The stored form.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Limited => "limited",
            Self::RateLimited => "rate_limited",
            Self::NoQuota => "no_quota",
            Self::Paused => "paused",
            Self::KeyRejected => "key_rejected",
            Self::NotFound => "not_found",
            Self::CannotConnect => "cannot_connect",
            Self::ProviderTrouble => "provider_trouble",
            Self::NotChecked => "not_checked",
            Self::NeedsKey => "needs_key",
        }
    }

    /// The health of that stored form; what a newer version may have written reads as not checked.
    #[must_use]
    pub fn from_slug(slug: &str) -> Self {
        Self::ALL.into_iter().find(|health| health.slug() == slug).unwrap_or(Self::NotChecked)
    }

    /// The word on the page.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Working => "Working",
            Self::Limited => "Limited",
            Self::RateLimited => "Rate limited",
            Self::NoQuota => "No quota",
            Self::Paused => "Paused",
            Self::KeyRejected => "Key rejected",
            Self::NotFound => "Not found",
            Self::CannotConnect => "Can’t connect",
            Self::ProviderTrouble => "Provider trouble",
            Self::NotChecked => "Not checked",
            Self::NeedsKey => "Needs its key again",
        }
    }

    /// Colour and icon.
    #[must_use]
    pub fn tone(self) -> Tone {
        match self {
            Self::Working => Tone::Good,
            Self::Limited | Self::RateLimited | Self::NoQuota | Self::ProviderTrouble => Tone::Warn,
            Self::Paused => Tone::Pause,
            Self::KeyRejected | Self::NotFound | Self::CannotConnect | Self::NeedsKey => Tone::Bad,
            Self::NotChecked => Tone::Quiet,
        }
    }

    /// Whether a person has to do something. What heals by itself and what a person chose do not count.
    #[must_use]
    pub fn needs_attention(self) -> bool {
        matches!(
            self,
            Self::NoQuota | Self::KeyRejected | Self::NotFound | Self::CannotConnect | Self::NeedsKey | Self::Limited
        )
    }

    /// Why the connection's models cannot be chosen now; `None` if they can. What may work at the next call
    /// (rate limits, provider trouble, a connection not yet checked) can be chosen.
    #[must_use]
    pub fn unusable_because(self) -> Option<&'static str> {
        match self {
            Self::Working | Self::Limited | Self::RateLimited | Self::ProviderTrouble | Self::NotChecked => None,
            Self::NoQuota => Some("no credit left at the provider"),
            Self::Paused => Some("paused"),
            Self::KeyRejected => Some("key rejected"),
            Self::NotFound => Some("not found at the provider"),
            Self::CannotConnect => Some("can’t connect"),
            Self::NeedsKey => Some("needs its key again"),
        }
    }
}

/// Who may use a connection, as the REST API names it. Only `Organization` changes anything so far; the
/// others are kept for compatibility.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everyone in the organization.
    Organization,
    /// One person.
    User,
    /// One deployment or model.
    Model,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 3] = [Self::Organization, Self::User, Self::Model];

    /// The stored form and the REST API's word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Organization => "Organization",
            Self::User => "User",
            Self::Model => "Model",
        }
    }

    /// The scope of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// When spending starts at zero again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetPeriod {
    /// On the first of each month.
    Monthly,
    /// On the first of January.
    Yearly,
}

impl BudgetPeriod {
    /// Every period.
    pub const ALL: [BudgetPeriod; 2] = [Self::Monthly, Self::Yearly];

    /// The stored form and the REST API's word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Monthly => "Monthly",
            Self::Yearly => "Yearly",
        }
    }

    /// The period of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.name() == name)
    }
}

/// What may be spent with a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// No more than this in a period.
    pub limit: Option<NanoUsd>,
    /// People are told once this much is spent.
    pub alert: Option<NanoUsd>,
    /// When it starts anew; `None` never.
    pub period: Option<BudgetPeriod>,
}

/// What a connection carries beside its target and its secrets. A change of these needs no check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionOptions {
    /// Who may use it.
    pub scope: Scope,
    /// Whether lists of connections leave it out for who may not manage them. Its models are everybody's.
    pub is_internal: bool,
    /// A text of the client's own.
    pub cached_available_models: Option<String>,
    /// What may be spent.
    pub budget: Budget,
}

/// The readable part of what a connection is for: everything but its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Azure's deployment, Foundry's model or a custom server's model.
    pub deployment_name: Option<String>,
    /// The target URI or base address, as typed.
    pub endpoint: Option<String>,
    /// Google Cloud project; `None` means the one in the key file.
    pub google_project_id: Option<String>,
    /// Google Cloud location; `None` means the default.
    pub google_location: Option<String>,
    /// The address that chat requests go to, once a check has found it out.
    pub chat_url: Option<String>,
}

impl Target {
    /// Whether both lead to the same place, wherever a check found out that chats go.
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        let parts = |target: &Self| {
            let Self { deployment_name, endpoint, google_project_id, google_location, chat_url: _ } = target.clone();
            (deployment_name, endpoint, google_project_id, google_location)
        };
        parts(self) == parts(other)
    }
}

/// What may be shown of a stored secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Which secret.
    pub field: SecretField,
    /// Its last four characters, if it is long enough to show them.
    pub tail: Option<String>,
}
