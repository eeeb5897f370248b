//! The five roles of an organization and what each may do.

use std::fmt;
use std::str::FromStr;

/// A member's role, from the most to the least powerful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything, including other Owners. There is always at least one.
    Owner,
    /// Keys and people, but no Owners and no security settings.
    Administrator,
    /// Writes prompts and uses models.
    Manager,
    /// Uses models.
    Reviewer,
    /// Uses models.
    Annotator,
}

/// Something that a role may or may not do. The members page prints this list as a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// See the base models and use them.
    UseModels,
    /// See the prompts that others drafted.
    ViewPrompts,
    /// Draft prompts and change them.
    ManagePrompts,
    /// See which providers are connected; never their keys.
    ViewConnections,
    /// See, add, verify, replace, pause and remove provider keys.
    ManageConnections,
    /// Invite people, change roles, deactivate people.
    ManageMembers,
    /// Read the audit log.
    ReadAudit,
    /// Change the list of outgoing addresses.
    ManageEgress,
    /// Make, change or deactivate an Owner.
    ManageOwners,
    /// Say which sites may show the provider settings inside their own pages.
    ManageEmbedding,
    /// See and revoke everybody's API tokens, and say which kinds are let in.
    ManageTokens,
}

impl Permission {
    /// Every permission, in the order in which pages list them.
    pub const ALL: [Permission; 11] = [
        Self::UseModels,
        Self::ViewPrompts,
        Self::ManagePrompts,
        Self::ViewConnections,
        Self::ManageConnections,
        Self::ManageMembers,
        Self::ManageTokens,
        Self::ReadAudit,
        Self::ManageEgress,
        Self::ManageOwners,
        Self::ManageEmbedding,
    ];

    /// The permission in words, as the members page prints it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::UseModels => "Use models in AI workflows",
            Self::ViewPrompts => "See prompts",
            Self::ManagePrompts => "Draft prompts",
            Self::ViewConnections => "See which providers are connected, by API",
            Self::ManageConnections => "Add, replace and remove keys",
            Self::ManageMembers => "Invite people, change roles",
            Self::ReadAudit => "Read the audit log",
            Self::ManageEgress => "Edit the outgoing addresses",
            Self::ManageOwners => "Change or deactivate Owners",
            Self::ManageEmbedding => "Embed the settings in other products",
            Self::ManageTokens => "Revoke everybody’s API tokens",
        }
    }
}

impl Role {
    /// Every role, most powerful first.
    pub const ALL: [Role; 5] = [Self::Owner, Self::Administrator, Self::Manager, Self::Reviewer, Self::Annotator];

    /// Whether this role carries a permission.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::UseModels => true,
            Permission::ViewPrompts | Permission::ManagePrompts | Permission::ViewConnections => {
                matches!(self, Self::Owner | Self::Administrator | Self::Manager)
            }
            Permission::ManageConnections
            | Permission::ManageMembers
            | Permission::ManageTokens
            | Permission::ReadAudit => {
                matches!(self, Self::Owner | Self::Administrator)
            }
            Permission::ManageEgress | Permission::ManageOwners | Permission::ManageEmbedding => self == Self::Owner,
        }
    }

    /// This role, or the ceiling if that is less powerful.
    #[must_use]
    pub fn at_most(self, ceiling: Self) -> Self {
        // The order is from the most to the least powerful.
        self.max(ceiling)
    }

    /// The stored and submitted form: lower case.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::Manager => "manager",
            Self::Reviewer => "reviewer",
            Self::Annotator => "annotator",
        }
    }

    /// The role with its article, for sentences: "an Administrator".
    #[must_use]
    pub fn with_article(self) -> String {
        let article = if matches!(self, Self::Manager | Self::Reviewer) { "a" } else { "an" };
        format!("{article} {self}")
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Owner => "Owner",
            Self::Administrator => "Administrator",
            Self::Manager => "Manager",
            Self::Reviewer => "Reviewer",
            Self::Annotator => "Annotator",
        })
    }
}

/// The text is no role.
#[derive(Debug, thiserror::Error)]
#[error("expected owner, administrator, manager, reviewer or annotator")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.slug().eq_ignore_ascii_case(text)).ok_or(UnknownRole)
    }
}
