//! Tokens with which members' programs use the REST API.

use std::fmt;

use super::role::Permission;

/// How a token is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiTokenKind {
    /// An opaque text that is sent as it is: `Authorization: Token …`.
    Legacy,
    /// A signed text that is exchanged for access tokens of five minutes: `Authorization: Bearer …`.
    Personal,
}

impl ApiTokenKind {
    /// Both kinds.
    pub const ALL: [ApiTokenKind; 2] = [Self::Personal, Self::Legacy];

    /// The stored form, and the one on the command line.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Personal => "personal",
        }
    }

    /// The kind of that stored form.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == slug)
    }

    /// What pages call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Legacy => "Legacy token",
            Self::Personal => "Personal access token",
        }
    }

    /// What to know before choosing it.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Legacy => "Sent as it is with every request. May live for ever.",
            Self::Personal => "Exchanged for access tokens of five minutes, so it travels rarely. Always expires.",
        }
    }

    /// What somebody is told who wants one where they are switched off.
    #[must_use]
    pub fn switched_off(self) -> String {
        format!(
            "{}s are switched off in this organization. An Owner or Administrator can switch them on, on the page API \
             tokens.",
            self.label()
        )
    }
}

/// What a token may be used for. Never more than its owner's role allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiScope {
    /// Read connections without their keys, prompts and projects.
    Read,
    /// Add, change, verify and remove connections.
    ManageConnections,
    /// Use models, and draft prompts with them.
    UseModels,
}

impl ApiScope {
    /// Every scope.
    pub const ALL: [ApiScope; 3] = [Self::Read, Self::ManageConnections, Self::UseModels];

    /// The stored form, and the one on the command line.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ManageConnections => "connections",
            Self::UseModels => "models",
        }
    }

    /// What pages say of it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::ManageConnections => "Manage connections",
            Self::UseModels => "Use models",
        }
    }

    /// What it opens, as far as the owner's role allows.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Read => "See connections (never their keys), projects and prompts.",
            Self::ManageConnections => "Add, change, verify and remove connections.",
            Self::UseModels => "Use models, and draft prompts with them.",
        }
    }

    /// The scope of that stored form.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.slug() == slug)
    }

    fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::ManageConnections => 2,
            Self::UseModels => 4,
        }
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiScopes(u8);

impl ApiScopes {
    /// Everything that the owner's role allows, other tokens included. What sessions have.
    pub const ALL: ApiScopes = Self(7);

    /// These scopes.
    #[must_use]
    pub fn of(scopes: impl IntoIterator<Item = ApiScope>) -> Self {
        Self(scopes.into_iter().map(ApiScope::bit).fold(0, |bits, bit| bits | bit))
    }

    /// Reads the stored form, `connections,models`; what a newer version may have written grants nothing.
    #[must_use]
    pub fn from_slugs(slugs: &str) -> Self {
        Self::of(ApiScope::ALL.into_iter().filter(|scope| slugs.split(',').any(|slug| slug.trim() == scope.slug())))
    }

    /// Whether a scope is among them.
    #[must_use]
    pub fn has(self, scope: ApiScope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those among them.
    pub fn iter(self) -> impl Iterator<Item = ApiScope> {
        ApiScope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    /// Whether they cover a permission. What concerns people, settings and tokens takes all scopes.
    #[must_use]
    pub fn cover(self, permission: Permission) -> bool {
        match permission {
            Permission::ViewConnections => self.has(ApiScope::Read) || self.has(ApiScope::ManageConnections),
            Permission::ManageConnections => self.has(ApiScope::ManageConnections),
            Permission::UseModels | Permission::ManagePrompts => self.has(ApiScope::UseModels),
            Permission::ViewPrompts => self.has(ApiScope::Read) || self.has(ApiScope::UseModels),
            Permission::ReadAudit => self.has(ApiScope::Read),
            Permission::ManageMembers
            | Permission::ManageEgress
            | Permission::ManageOwners
            | Permission::ManageEmbedding
            | Permission::ManageTokens => self == Self::ALL,
        }
    }
}

/// The stored form.
impl fmt::Display for ApiScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slugs: Vec<_> = self.iter().map(ApiScope::slug).collect();
        f.write_str(&slugs.join(","))
    }
}

/// Which tokens an organization lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiTokenPolicy {
    /// Whether personal access tokens open anything.
    pub personal_enabled: bool,
    /// Whether legacy tokens do.
    pub legacy_enabled: bool,
    /// How long new personal access tokens live.
    pub ttl_days: i64,
}

impl ApiTokenPolicy {
    /// The days that a token may live: up to ten years.
    pub const TTL_DAYS: std::ops::RangeInclusive<i64> = 1..=3650;

    /// How many days a new token of a kind may live.
    #[must_use]
    pub fn most_days(self, kind: ApiTokenKind) -> i64 {
        match kind {
            ApiTokenKind::Legacy => *Self::TTL_DAYS.end(),
            ApiTokenKind::Personal => self.ttl_days,
        }
    }

    /// The kinds that open something.
    pub fn kinds(self) -> impl Iterator<Item = ApiTokenKind> {
        ApiTokenKind::ALL.into_iter().filter(move |kind| self.allows(*kind))
    }

    /// Whether a kind opens anything.
    #[must_use]
    pub fn allows(self, kind: ApiTokenKind) -> bool {
        match kind {
            ApiTokenKind::Legacy => self.legacy_enabled,
            ApiTokenKind::Personal => self.personal_enabled,
        }
    }
}

/// Why no token of a request lets it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenProblem {
    /// There is none.
    Missing,
    /// It is none of ours, or opens nothing any more. Which of these, nobody is told.
    Invalid,
    /// A personal access token, which is not sent itself but exchanged.
    NotExchanged,
}

impl TokenProblem {
    /// What to do about it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Missing => {
                "Authentication credentials were not provided. Send an API token: Authorization: Token … (legacy) or \
                 Authorization: Bearer … (the access token for a personal access token)."
            }
            Self::Invalid => {
                "Token is invalid. It is unknown, revoked or expired, or its kind is switched off. Make a new one on the \
                 page API tokens."
            }
            Self::NotExchanged => {
                "Token is invalid. This is a personal access token, which is not sent itself: exchange it for an access \
                 token with POST /api/token/refresh/."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_stored_by_name_and_what_is_unknown_grants_nothing() {
        for (slugs, scopes) in [
            ("read,connections,models", ApiScopes::ALL),
            ("models", ApiScopes::of([ApiScope::UseModels])),
            ("read, everything", ApiScopes::of([ApiScope::Read])),
            ("", ApiScopes::of([])),
        ] {
            assert_eq!(ApiScopes::from_slugs(slugs), scopes, "{slugs}");
            assert_eq!(ApiScopes::from_slugs(&scopes.to_string()), scopes);
        }
    }

    #[test]
    fn a_scope_covers_what_it_is_for_and_settings_take_all_of_them() {
        let covered = |scope| Permission::ALL.into_iter().filter(move |p| ApiScopes::of([scope]).cover(*p));
        let names = |scope| covered(scope).map(|p| format!("{p:?}")).collect::<Vec<_>>().join(" ");
        assert_eq!(names(ApiScope::Read), "ViewPrompts ViewConnections ReadAudit");
        assert_eq!(names(ApiScope::ManageConnections), "ViewConnections ManageConnections");
        assert_eq!(names(ApiScope::UseModels), "UseModels ViewPrompts ManagePrompts");
        assert!(Permission::ALL.into_iter().all(|permission| ApiScopes::ALL.cover(permission)));
    }
}
