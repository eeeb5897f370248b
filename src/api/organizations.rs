//! The organization of whoever asks. There is never another.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use serde::Serialize;
use utoipa::ToSchema;

use super::path::Id;
use super::resource;
use super::timestamp::ApiTime;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::error::{Error, Result};
use crate::store;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/organizations").get(list)).service(resource("/organizations/{id}").get(show));
}

/// An organization.
#[derive(Serialize, ToSchema)]
pub struct Organization {
    id: i64,
    title: String,
    created_at: ApiTime,
    contact_info: Option<String>,
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
