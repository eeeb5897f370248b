//! Who is acting, and for which organization.

use std::net::IpAddr;

use super::api_token::ApiScopes;
use super::role::{Permission, Role};

/// The right to touch one organization's rows. Every store function that reads or writes an organization's
/// data takes one, and only `auth`, `jobs` and the command line may make one (a test watches that), so an
/// organization id out of a request can never reach a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrgScope(i64);

impl OrgScope {
    /// Grants access to an organization. To be called where somebody has just been authenticated.
    #[must_use]
    pub fn granted(organization_id: i64) -> Self {
        Self(organization_id)
    }

    /// The organization's id.
    #[must_use]
    pub fn id(self) -> i64 {
        self.0
    }
}

/// Who did it, as the audit log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A member.
    Person {
        /// The user's id.
        id: i64,
        /// The name at the time; people may be renamed later.
        name: String,
    },
    /// Claviger itself, for example a scheduled check.
    System,
    /// Somebody on the machine, with the command line.
    Operator,
    /// Somebody who could not be identified, for example after a failed sign-in.
    Unknown,
}

/// A member who was authenticated for this request.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The user's id.
    pub user_id: i64,
    /// The display name.
    pub name: String,
    /// The e-mail address they sign in with.
    pub email: String,
    /// Their role now, read for this request.
    pub role: Role,
    /// Their organization.
    pub scope: OrgScope,
    /// The organization's name.
    pub organization: String,
    /// From where the request came, if it came over the network.
    pub ip: Option<IpAddr>,
    /// The API token that they act with; `None` in a session.
    pub token: Option<ActorToken>,
}

/// The API token of a request.
#[derive(Clone, Debug)]
pub struct ActorToken {
    /// Its id.
    pub id: i64,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: ApiScopes,
}

impl Actor {
    /// Whether the member's role carries a permission, and their token covers it.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission) && self.scopes().cover(permission)
    }

    /// What the request may do of what the role allows: everything, unless a token says less.
    #[must_use]
    pub fn scopes(&self) -> ApiScopes {
        self.token.as_ref().map_or(ApiScopes::ALL, |token| token.scopes)
    }

    /// The member as the audit log keeps them.
    #[must_use]
    pub fn who(&self) -> Who {
        Who::Person { id: self.user_id, name: self.name.clone() }
    }

    /// Up to two capital letters for the round face beside the name.
    #[must_use]
    pub fn initials(&self) -> String {
        initials(&self.name)
    }
}

/// Up to two capital letters of a name.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut letters = name.split_whitespace().filter_map(|word| word.chars().next());
    let first = letters.next();
    let last = letters.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}
