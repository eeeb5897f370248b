//! The organization of whoever asks. There is never another.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use serde::Serialize;
use utoipa::ToSchema;

use super::paging::{ListQuery, Page};
use super::path::Id;
use super::resource;
use super::timestamp::ApiTime;
use super::users::{User, role_code_of};
use crate::actions::require;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::role::Permission;
use crate::error::{Error, Result};
use crate::store;
use crate::store::users::UserRow;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/organizations").get(list))
        .service(resource("/organizations/{id}").get(show))
        .service(resource("/organizations/{id}/memberships").get(members));
}

/// An organization.
#[derive(Serialize, ToSchema)]
pub struct Organization {
    id: i64,
    title: String,
    created_at: ApiTime,
    contact_info: Option<String>,
}

/// Somebody's place in an organization.
#[derive(Serialize, ToSchema)]
pub struct Member {
    id: i64,
    organization: i64,
    /// `OW`, `AD`, `MA`, `RE`, `AN`; `DI` for somebody who may not sign in any more.
    role: &'static str,
    user_type: &'static str,
    user: User,
}

/// Lists the organization of whoever asks.
#[utoipa::path(get, path = "/api/organizations/", tag = "Organization",
    responses((status = 200, body = Vec<Organization>)))]
pub async fn list(app: Data<App>, actor: Actor) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json([own(&app, &actor).await?]))
}

/// Answers the organization of whoever asks.
#[utoipa::path(get, path = "/api/organizations/{id}", tag = "Organization", params(("id" = i64, Path)),
    responses((status = 200, body = Organization)))]
pub async fn show(app: Data<App>, actor: Actor, Id(id): Id) -> Result<HttpResponse> {
    if id != actor.scope.id() {
        return Err(Error::NotFound);
    }
    Ok(HttpResponse::Ok().json(own(&app, &actor).await?))
}

/// Lists the members in pages, for who may manage them: those who may sign in first, each group as they came.
#[utoipa::path(get, path = "/api/organizations/{id}/memberships", tag = "Organization",
    params(
        ("id" = i64, Path),
        ("page" = Option<i64>, Query, description = "From 1; empty past the last."),
        ("page_size" = Option<i64>, Query, description = "100 at most, and if it is left out."),
        ("search" = Option<String>, Query, description = "Words in the name or address."),
    ),
    responses((status = 200, body = Page<Member>)))]
pub async fn members(app: Data<App>, actor: Actor, Id(id): Id, query: ListQuery) -> Result<HttpResponse> {
    require(&actor, Permission::ManageMembers)?;
    let (scope, listing) = (actor.scope, query.listing());
    if id != scope.id() {
        return Err(Error::NotFound);
    }
    let rows = app.db.read(move |conn| store::users::list(conn, scope)).await?;
    let found: Vec<&UserRow> = rows.iter().filter(|row| is_meant(row, &listing.words)).collect();
    let skipped = usize::try_from(listing.offset).unwrap_or(usize::MAX);
    let most = usize::try_from(listing.limit).unwrap_or(usize::MAX);
    let members: Vec<Member> = found.iter().skip(skipped).take(most).map(|row| member(row, scope.id())).collect();
    let count = i64::try_from(found.len()).unwrap_or(i64::MAX);
    Ok(HttpResponse::Ok().json(query.filled(&app.config.public_url, count, members)))
}

fn is_meant(row: &UserRow, words: &[String]) -> bool {
    let about = format!("{} {}", row.name, row.email).to_lowercase();
    words.iter().all(|word| about.contains(&word.to_lowercase()))
}

fn member(row: &UserRow, organization: i64) -> Member {
    Member {
        id: row.id,
        organization,
        role: role_code_of(row),
        user_type: "regular",
        user: User::of(row, organization),
    }
}

async fn own(app: &App, actor: &Actor) -> Result<Organization> {
    let scope = actor.scope;
    let created_at = app.db.read(move |conn| store::organizations::created_at(conn, scope)).await?;
    Ok(Organization {
        id: scope.id(),
        title: actor.organization.clone(),
        created_at: created_at.into(),
        contact_info: None,
    })
}
