//! Every act that the audit log keeps.

use std::net::IpAddr;

use super::actor::{Actor, Who};

/// What was done, or tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// The organization and its first Owner were created.
    OrganizationCreated,
    /// Somebody signed in.
    SignedIn,
    /// A sign-in failed.
    SignInFailed,
    /// Somebody signed out of one session.
    SignedOut,
    /// All sessions of a person were ended.
    SignedOutEverywhere,
    /// A password was changed.
    PasswordChanged,
    /// A link was made for somebody who forgot their password.
    PasswordLinkMade,
    /// A password was changed by whoever held such a link.
    PasswordChangedByLink,
    /// A person was invited.
    MemberInvited,
    /// An invitation was taken back.
    InvitationCancelled,
    /// An invitation was accepted; the person is now a member.
    InvitationAccepted,
    /// A person was added with the command line.
    MemberAdded,
    /// A person got another role.
    RoleChanged,
    /// A person may no longer sign in.
    MemberDeactivated,
    /// A person may sign in again.
    MemberReactivated,
    /// A connection was saved after a check that passed.
    ConnectionAdded,
    /// A connection was saved without a check.
    ConnectionAddedUnchecked,
    /// A connection was not saved because its check failed.
    ConnectionRefused,
    /// A person had a connection checked.
    ConnectionVerified,
    /// A check, scheduled or not, changed a connection's health.
    HealthChanged,
    /// A new key passed its check and took the old one's place.
    KeyReplaced,
    /// A new key took the old one's place without a check.
    KeyReplacedUnchecked,
    /// A new key did not pass; the old one stayed.
    KeyReplaceFailed,
    /// A connection's other fields were changed.
    ConnectionEdited,
    /// A connection was paused.
    ConnectionPaused,
    /// A paused connection was resumed.
    ConnectionResumed,
    /// Models of a connection were switched on or off.
    ModelsSwitched,
    /// A connection and its key were deleted.
    ConnectionRemoved,
    /// A sealed secret did not open.
    SecretOpenFailed,
    /// The list of outgoing addresses was changed.
    EgressChanged,
    /// A route to an address was tested.
    RouteTested,
    /// The audit log was exported.
    AuditExported,
    /// A page or act was refused because of the role.
    AccessDenied,
    /// A site was put on the list of those that may show the provider settings.
    EmbedSiteAdded,
    /// It was allowed, or no longer allowed, to type keys inside the frame on a site.
    EmbedSiteChanged,
    /// A site was taken off the list.
    EmbedSiteRemoved,
    /// A key for signing launches was added.
    LaunchKeyAdded,
    /// A key for signing launches was deleted.
    LaunchKeyRemoved,
    /// Somebody opened the provider settings inside a host product's page.
    EmbedOpened,
    /// A launch of a host product was refused.
    LaunchRefused,
    /// Somebody left the provider settings inside a host product's page.
    EmbedLeft,
    /// An API token was made.
    ApiTokenCreated,
    /// An API token was revoked.
    ApiTokenRevoked,
    /// An API token gave way to a new one.
    ApiTokenRotated,
    /// It was changed which kinds of API tokens are let in, or how long they live.
    ApiTokenPolicyChanged,
    /// A project was made.
    ProjectCreated,
    /// A project was changed.
    ProjectChanged,
    /// A project was deleted.
    ProjectDeleted,
    /// A prompt was made.
    PromptCreated,
    /// A prompt was changed, though not its versions.
    PromptChanged,
    /// A prompt was deleted with its versions.
    PromptDeleted,
    /// A version of a prompt was saved.
    PromptVersionCreated,
    /// A version of a prompt was overwritten.
    PromptVersionChanged,
    /// A version of a prompt was deleted.
    PromptVersionDeleted,
}

/// A family of acts, for the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActGroup {
    /// Provider keys.
    Keys,
    /// Checks of provider keys.
    Checks,
    /// Prompts and the projects that they are for.
    Prompts,
    /// People.
    Members,
    /// Sign-in and sessions.
    SignIn,
    /// The organization's settings.
    Settings,
}

impl ActGroup {
    /// Every group, in the filter's order.
    pub const ALL: [ActGroup; 6] =
        [Self::Keys, Self::Checks, Self::Prompts, Self::Members, Self::SignIn, Self::Settings];

    /// The form value.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Checks => "checks",
            Self::Prompts => "prompts",
            Self::Members => "members",
            Self::SignIn => "sign_in",
            Self::Settings => "settings",
        }
    }

    /// The word in the filter.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Keys => "Keys",
            Self::Checks => "Checks",
            Self::Prompts => "Prompts",
            Self::Members => "Members",
            Self::SignIn => "Sign-in",
            Self::Settings => "Settings",
        }
    }

    /// The acts of this group.
    pub fn acts(self) -> impl Iterator<Item = Act> {
        Act::ALL.into_iter().filter(move |act| act.group() == self)
    }
}

/// Acts with their group, stored form and words; one line for each.
macro_rules! acts {
    ($($act:ident, $group:ident, $slug:literal, $words:literal;)*) => {
        impl Act {
            /// Every act.
            pub const ALL: [Act; [$(Act::$act),*].len()] = [$(Act::$act),*];

            /// The stored form.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $(Self::$act => $slug,)* }
            }

            /// The words before the target's name: "Replaced the key of".
            #[must_use]
            pub fn words(self) -> &'static str {
                match self { $(Self::$act => $words,)* }
            }

            /// The family.
            #[must_use]
            pub fn group(self) -> ActGroup {
                match self { $(Self::$act => ActGroup::$group,)* }
            }
        }
    };
}

acts! {
    OrganizationCreated, Settings, "organization.created", "Created the organization";
    SignedIn, SignIn, "session.signed_in", "Signed in";
    SignInFailed, SignIn, "session.sign_in_failed", "Failed sign-in for";
    SignedOut, SignIn, "session.signed_out", "Signed out";
    SignedOutEverywhere, SignIn, "session.signed_out_everywhere", "Ended all sessions of";
    PasswordChanged, SignIn, "user.password_changed", "Changed the password of";
    PasswordLinkMade, Members, "member.password_link_made", "Made a new-password link for";
    PasswordChangedByLink, SignIn, "user.password_changed_by_link", "Changed, with a link, the password of";
    MemberInvited, Members, "member.invited", "Invited";
    InvitationCancelled, Members, "invitation.cancelled", "Cancelled the invitation of";
    InvitationAccepted, Members, "invitation.accepted", "Accepted the invitation as";
    MemberAdded, Members, "member.added", "Added";
    RoleChanged, Members, "member.role_changed", "Changed the role of";
    MemberDeactivated, Members, "member.deactivated", "Deactivated";
    MemberReactivated, Members, "member.reactivated", "Reactivated";
    ConnectionAdded, Keys, "connection.added", "Added";
    ConnectionAddedUnchecked, Keys, "connection.added_unchecked", "Added without a check";
    ConnectionRefused, Keys, "connection.refused", "Could not add";
    ConnectionVerified, Checks, "connection.verified", "Verified";
    HealthChanged, Checks, "connection.health_changed", "Found a change in";
    KeyReplaced, Keys, "key.replaced", "Replaced the key of";
    KeyReplacedUnchecked, Keys, "key.replaced_unchecked", "Replaced, without a check, the key of";
    KeyReplaceFailed, Keys, "key.replace_failed", "Could not replace the key of";
    ConnectionEdited, Keys, "connection.edited", "Edited";
    ConnectionPaused, Keys, "connection.paused", "Paused";
    ConnectionResumed, Keys, "connection.resumed", "Resumed";
    ModelsSwitched, Keys, "connection.models_switched", "Switched models of";
    ConnectionRemoved, Keys, "connection.removed", "Removed";
    SecretOpenFailed, Keys, "crypto.open_failed", "Could not open the key of";
    EgressChanged, Settings, "egress.changed", "Changed the outgoing addresses";
    RouteTested, Checks, "egress.route_tested", "Tested the route to";
    AuditExported, Settings, "audit.exported", "Exported the audit log";
    AccessDenied, SignIn, "access.denied", "Was refused";
    EmbedSiteAdded, Settings, "embedding.site_added", "Allowed embedding on";
    EmbedSiteChanged, Settings, "embedding.site_changed", "Changed embedding on";
    EmbedSiteRemoved, Settings, "embedding.site_removed", "Stopped embedding on";
    LaunchKeyAdded, Settings, "embedding.key_added", "Added the launch key";
    LaunchKeyRemoved, Settings, "embedding.key_removed", "Removed the launch key";
    EmbedOpened, SignIn, "embedding.opened", "Opened the embedded settings on";
    LaunchRefused, SignIn, "embedding.launch_refused", "Refused a launch from";
    EmbedLeft, SignIn, "embedding.left", "Left the embedded settings on";
    ApiTokenCreated, SignIn, "api_token.created", "Created the API token";
    ApiTokenRevoked, SignIn, "api_token.revoked", "Revoked the API token";
    ApiTokenRotated, SignIn, "api_token.rotated", "Rotated the API token";
    ApiTokenPolicyChanged, Settings, "api_token.policy_changed", "Changed the rules for API tokens";
    ProjectCreated, Prompts, "project.created", "Created the project";
    ProjectChanged, Prompts, "project.changed", "Changed the project";
    ProjectDeleted, Prompts, "project.deleted", "Deleted the project";
    PromptCreated, Prompts, "prompt.created", "Created the prompt";
    PromptChanged, Prompts, "prompt.changed", "Changed the prompt";
    PromptDeleted, Prompts, "prompt.deleted", "Deleted the prompt";
    PromptVersionCreated, Prompts, "prompt_version.created", "Saved the prompt version";
    PromptVersionChanged, Prompts, "prompt_version.changed", "Changed the prompt version";
    PromptVersionDeleted, Prompts, "prompt_version.deleted", "Deleted the prompt version";
}

impl Act {
    /// The act of that stored form; `None` for one that another version wrote.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.slug() == slug)
    }
}

/// What an act was done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditTarget {
    /// A connection.
    Connection {
        /// Its id; it may be gone by the time somebody reads the log.
        id: i64,
        /// Its name at the time.
        name: String,
    },
    /// A member.
    User {
        /// The user's id.
        id: i64,
        /// The name at the time.
        name: String,
    },
    /// Anything else, by name: an e-mail address, a URL.
    Other(String),
}

impl AuditTarget {
    /// The stored kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Connection { .. } => "connection",
            Self::User { .. } => "user",
            Self::Other(_) => "other",
        }
    }

    /// The id, if it has one.
    #[must_use]
    pub fn id(&self) -> Option<i64> {
        match self {
            Self::Connection { id, .. } | Self::User { id, .. } => Some(*id),
            Self::Other(_) => None,
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Connection { name, .. } | Self::User { name, .. } | Self::Other(name) => name,
        }
    }
}

/// One line of the log, before it is written. Details never hold a secret.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Who.
    pub who: Who,
    /// From where, if over the network.
    pub ip: Option<IpAddr>,
    /// What.
    pub act: Act,
    /// To what.
    pub target: Option<AuditTarget>,
    /// A few words more: "Ending aP31 to ending Zt0c".
    pub details: String,
    /// The API token with which it was done.
    pub token: Option<String>,
}

impl AuditEntry {
    /// An act of a member.
    #[must_use]
    pub fn by(actor: &Actor, act: Act) -> Self {
        let token = actor.token.as_ref().map(|token| token.name.clone());
        Self { token, ..Self::of(actor.who(), actor.ip, act) }
    }

    /// An act of the system, the operator or somebody unknown.
    #[must_use]
    pub fn of(who: Who, ip: Option<IpAddr>, act: Act) -> Self {
        Self { who, ip, act, target: None, details: String::new(), token: None }
    }

    /// Names the target.
    #[must_use]
    pub fn on(self, target: AuditTarget) -> Self {
        Self { target: Some(target), ..self }
    }

    /// Adds a few words.
    #[must_use]
    pub fn with(self, details: impl Into<String>) -> Self {
        Self { details: details.into(), ..self }
    }

    /// The words beside the target, and with which token it was done.
    #[must_use]
    pub fn told(&self) -> String {
        let token = self.token.as_ref().map(|name| format!("with the API token “{name}”"));
        let parts: Vec<&str> = [Some(self.details.as_str()), token.as_deref()].into_iter().flatten().collect();
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
    }
}
