//! People, as the clients read them.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use serde::Serialize;
use utoipa::ToSchema;

use super::path::Id;
use super::resource;
use super::timestamp::ApiTime;
use crate::actions::require;
use crate::app::App;
use crate::domain::actor::{Actor, initials};
use crate::domain::role::{Permission, Role};
use crate::error::Result;
use crate::store;
use crate::store::users::UserRow;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/current-user/whoami").get(whoami))
        .service(resource("/users").get(list))
        .service(resource("/users/{id}").get(show));
}

/// A member in a few words, beside what they made.
#[derive(Clone, Serialize, ToSchema)]
pub struct UserRef {
    id: i64,
    first_name: String,
    last_name: String,
    username: String,
    email: String,
    avatar: Option<String>,
}

impl From<&UserRow> for UserRef {
    fn from(row: &UserRow) -> Self {
        let (first_name, last_name) = names(&row.name);
        Self { id: row.id, first_name, last_name, username: row.email.clone(), email: row.email.clone(), avatar: None }
    }
}

/// Who made something, if they are among these people.
#[must_use]
pub fn made_by(people: &[UserRow], id: Option<i64>) -> Option<UserRef> {
    people.iter().find(|row| Some(row.id) == id).map(UserRef::from)
}

/// Who asks.
#[derive(Serialize, ToSchema)]
pub struct WhoAmI {
    id: i64,
    email: String,
    username: String,
    first_name: String,
    last_name: String,
    initials: String,
    avatar: Option<String>,
    phone: String,
    active_organization: i64,
    active_organization_meta: OrganizationMeta,
    organization_membership: Membership,
    org_membership: Vec<Membership>,
    last_activity: Option<ApiTime>,
    date_joined: ApiTime,
    allow_newsletters: bool,
    #[schema(value_type = Object)]
    custom_hotkeys: serde_json::Value,
    #[schema(value_type = Object)]
    lse_fields: serde_json::Value,
    pause: Option<String>,
    /// What the role and the token allow, in Label Studio's words.
    permissions: Vec<&'static str>,
    /// What the token may be used for.
    scopes: Vec<&'static str>,
}

#[derive(Serialize, ToSchema)]
struct OrganizationMeta {
    title: String,
    email: String,
}

/// Somebody's place in the organization.
#[derive(Clone, Serialize, ToSchema)]
pub struct Membership {
    organization_id: i64,
    /// `OW` Owner, `AD` Administrator, `MA` Manager, `RE` Reviewer, `AN` Annotator.
    role: &'static str,
    active: bool,
    user_type: &'static str,
}

/// Who asks, and what they may do.
#[utoipa::path(get, path = "/api/current-user/whoami", tag = "Users", responses((status = 200, body = WhoAmI)))]
pub async fn whoami(app: Data<App>, actor: Actor) -> Result<HttpResponse> {
    let (scope, user_id) = (actor.scope, actor.user_id);
    let user = app.db.read(move |conn| store::users::find(conn, scope, user_id)).await?;
    let (first_name, last_name) = names(&user.name);
    let membership = Membership {
        organization_id: scope.id(),
        role: role_code(actor.role),
        active: user.is_active(),
        user_type: "regular",
    };
    Ok(HttpResponse::Ok().json(WhoAmI {
        id: user.id,
        first_name,
        last_name,
        initials: initials(&user.name),
        username: user.email.clone(),
        avatar: None,
        phone: String::new(),
        active_organization: scope.id(),
        active_organization_meta: OrganizationMeta { title: actor.organization.clone(), email: user.email.clone() },
        organization_membership: membership.clone(),
        org_membership: vec![membership],
        last_activity: user.last_seen_at.map(Into::into),
        date_joined: user.created_at.into(),
        allow_newsletters: false,
        custom_hotkeys: serde_json::json!({}),
        lse_fields: serde_json::json!({}),
        pause: None,
        permissions: permissions(&actor),
        scopes: actor.scopes().iter().map(crate::domain::api_token::ApiScope::slug).collect(),
        email: user.email,
    }))
}

/// A member of the organization.
#[derive(Serialize, ToSchema)]
pub struct User {
    id: i64,
    first_name: String,
    last_name: String,
    username: String,
    email: String,
    initials: String,
    avatar: Option<String>,
    phone: String,
    active_organization: i64,
    /// `OW`, `AD`, `MA`, `RE`, `AN`; `DI` for somebody who may not sign in any more.
    role: &'static str,
    last_activity: Option<ApiTime>,
    date_joined: ApiTime,
}

/// Lists the members, for who may manage them.
#[utoipa::path(get, path = "/api/users/", tag = "Users", responses((status = 200, body = Vec<User>)))]
pub async fn list(app: Data<App>, actor: Actor) -> Result<HttpResponse> {
    require(&actor, Permission::ManageMembers)?;
    let scope = actor.scope;
    let rows = app.db.read(move |conn| store::users::list(conn, scope)).await?;
    Ok(HttpResponse::Ok().json(rows.iter().map(|row| User::of(row, scope.id())).collect::<Vec<_>>()))
}

/// Answers one member.
#[utoipa::path(get, path = "/api/users/{id}/", tag = "Users", params(("id" = i64, Path)),
    responses((status = 200, body = User)))]
pub async fn show(app: Data<App>, actor: Actor, Id(id): Id) -> Result<HttpResponse> {
    require(&actor, Permission::ManageMembers)?;
    let scope = actor.scope;
    let row = app.db.read(move |conn| store::users::find(conn, scope, id)).await?;
    Ok(HttpResponse::Ok().json(User::of(&row, scope.id())))
}

impl User {
    /// A member of an organization.
    #[must_use]
    pub fn of(row: &UserRow, organization_id: i64) -> Self {
        let UserRef { id, first_name, last_name, username, email, avatar } = UserRef::from(row);
        Self {
            id,
            first_name,
            last_name,
            username,
            email,
            avatar,
            initials: initials(&row.name),
            phone: String::new(),
            active_organization: organization_id,
            role: role_code_of(row),
            last_activity: row.last_seen_at.map(Into::into),
            date_joined: row.created_at.into(),
        }
    }
}

/// Label Studio keeps two names of a person, Claviger one.
fn names(name: &str) -> (String, String) {
    let (first, last) = name.trim().split_once(' ').unwrap_or((name.trim(), ""));
    (first.to_owned(), last.trim().to_owned())
}

/// A role as Label Studio codes it.
#[must_use]
pub fn role_code(role: Role) -> &'static str {
    match role {
        Role::Owner => "OW",
        Role::Administrator => "AD",
        Role::Manager => "MA",
        Role::Reviewer => "RE",
        Role::Annotator => "AN",
    }
}

/// A member's role as Label Studio codes it, with a code of its own for those who were shut out.
#[must_use]
pub fn role_code_of(row: &UserRow) -> &'static str {
    if row.is_active() { role_code(row.role()) } else { "DI" }
}

fn permissions(actor: &Actor) -> Vec<&'static str> {
    let granted = [
        (Permission::ViewConnections, &["model_provider_connection.view"][..]),
        (
            Permission::ManageConnections,
            &[
                "model_provider_connection.create",
                "model_provider_connection.change",
                "model_provider_connection.delete",
            ],
        ),
        (Permission::ViewPrompts, &["models.view"]),
        (Permission::ManagePrompts, &["models.create", "models.change", "models.delete"]),
        (Permission::ManageMembers, &["organizations.view", "organizations.invite", "organizations.change"]),
        (Permission::ManageTokens, &["users.token.any"]),
    ];
    granted.into_iter().filter(|(permission, _)| actor.may(*permission)).flat_map(|(_, names)| names).copied().collect()
}
