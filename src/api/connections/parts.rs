//! What belongs to a connection: its health, its key, its models. These are our own; Label Studio has none of them.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig};
use serde::Deserialize;
use utoipa::ToSchema;

use super::input::ConnectionInput;
use super::representation::{Connection, ConnectionCheck, ConnectionModel};
use super::{Verify, answer, answer_and_check, read, saved_or_stale};
use crate::actions::connections::{self, Change, Proof};
use crate::actions::require;
use crate::api::body::Body;
use crate::api::etag::IfMatch;
use crate::api::path::Id;
use crate::api::resource;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::role::Permission;
use crate::error::{Error, Result};
use crate::store::checks;

/// How many checks are listed.
const N_CHECKS: i64 = 50;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/model-provider-connections/{id}/verify").post(verify))
        .service(resource("/model-provider-connections/{id}/checks").get(list_checks))
        .service(resource("/model-provider-connections/{id}/replace-key").post(replace_key))
        .service(resource("/model-provider-connections/{id}/models").get(list_models).put(switch_models))
        .service(resource("/model-provider-connections/{id}/pause").post(pause))
        .service(resource("/model-provider-connections/{id}/resume").post(resume));
}

/// Which models are switched on.
#[derive(Debug, Deserialize, ToSchema)]
pub struct EnabledModels {
    /// The ids of the models that everybody may use; all others are switched off.
    #[serde(default)]
    #[schema(required = true, value_type = Vec<String>)]
    enabled: Option<Vec<String>>,
}

/// Checks a connection with its provider now, and answers what it is like afterwards.
#[utoipa::path(post, path = "/api/model-provider-connections/{id}/verify", tag = "Connections",
    params(("id" = i64, Path)), responses((status = 200, body = Connection)))]
pub async fn verify(app: Data<App>, actor: Actor, Id(id): Id) -> Result<HttpResponse> {
    connections::verify(&app, &actor, id).await?;
    answer(&app, &actor, id, HttpResponse::Ok()).await
}

/// Lists the latest checks, newest first.
#[utoipa::path(get, path = "/api/model-provider-connections/{id}/checks", tag = "Connections",
    params(("id" = i64, Path)), responses((status = 200, body = Vec<ConnectionCheck>)))]
pub async fn list_checks(app: Data<App>, actor: Actor, Id(id): Id) -> Result<HttpResponse> {
    require(&actor, Permission::ManageConnections)?;
    read(&app, &actor, id).await?;
    let scope = actor.scope;
    let rows = app.db.read(move |conn| checks::recent(conn, scope, id, N_CHECKS)).await?;
    Ok(HttpResponse::Ok().json(rows.iter().map(ConnectionCheck::from).collect::<Vec<_>>()))
}

/// Puts a new key in the old one's place once it has passed its check; `verify=false` stores it at once. Of what is
/// sent, only the secrets count.
#[utoipa::path(post, path = "/api/model-provider-connections/{id}/replace-key", tag = "Connections",
    params(("id" = i64, Path), Verify, ("If-Match" = Option<String>, Header)),
    request_body(content = ConnectionInput, example = json!({ "api_key": "sk-proj-abcdefghijklmn0123456789" })),
    responses((status = 200, body = Connection)))]
pub async fn replace_key(
    app: Data<App>,
    actor: Actor,
    Id(id): Id,
    verify: Query<Verify>,
    if_match: IfMatch,
    Body(input): Body<ConnectionInput>,
) -> Result<HttpResponse> {
    require(&actor, Permission::ManageConnections)?;
    let found = read(&app, &actor, id).await?;
    if_match.judge(id, found.row.version)?;
    let (submission, _) = input.submission(found.row.target());
    let proof = verify.proof(Proof::Required)?;
    let change = Change::typed(id, found.row.version, submission, proof);
    saved_or_stale(&app, &actor, connections::replace_key(&app, &actor, change).await, &found).await?;
    answer_and_check(&app, &actor, id, HttpResponse::Ok(), proof).await
}

/// Lists the models of a connection.
#[utoipa::path(get, path = "/api/model-provider-connections/{id}/models", tag = "Connections",
    params(("id" = i64, Path)), responses((status = 200, body = Vec<ConnectionModel>)))]
pub async fn list_models(app: Data<App>, actor: Actor, Id(id): Id) -> Result<HttpResponse> {
    let found = read(&app, &actor, id).await?;
    Ok(HttpResponse::Ok().json(found.models.iter().map(ConnectionModel::from).collect::<Vec<_>>()))
}

/// Switches exactly these models on.
#[utoipa::path(put, path = "/api/model-provider-connections/{id}/models", tag = "Connections",
    params(("id" = i64, Path)), request_body(content = EnabledModels, example = json!({ "enabled": ["gpt-5.5"] })),
    responses((status = 200, body = Vec<ConnectionModel>)))]
pub async fn switch_models(
    app: Data<App>,
    actor: Actor,
    Id(id): Id,
    Body(models): Body<EnabledModels>,
) -> Result<HttpResponse> {
    require(&actor, Permission::ManageConnections)?;
    let found = read(&app, &actor, id).await?;
    // Who may not do it is not told what is wrong with it.
    let enabled = models.enabled.ok_or_else(|| Error::field("enabled", "This field is required."))?;
    let is_known = |id: &String| found.models.iter().any(|model| model.model == *id);
    if !enabled.iter().all(is_known) {
        return Err(Error::field("enabled", "One of these is no model of the connection. Read its models first."));
    }
    connections::switch_models(&app, &actor, id, enabled).await?;
    list_models(app, actor, Id(id)).await
}

/// Keeps everybody from using the connection; its key stays.
#[utoipa::path(post, path = "/api/model-provider-connections/{id}/pause", tag = "Connections",
    params(("id" = i64, Path)), responses((status = 200, body = Connection)))]
pub async fn pause(app: Data<App>, actor: Actor, Id(id): Id) -> Result<HttpResponse> {
    connections::pause(&app, &actor, id).await?;
    answer(&app, &actor, id, HttpResponse::Ok()).await
}

/// Lets everybody use a paused connection again.
#[utoipa::path(post, path = "/api/model-provider-connections/{id}/resume", tag = "Connections",
    params(("id" = i64, Path)), responses((status = 200, body = Connection)))]
pub async fn resume(app: Data<App>, actor: Actor, Id(id): Id) -> Result<HttpResponse> {
    connections::resume(&app, &actor, id).await?;
    answer(&app, &actor, id, HttpResponse::Ok()).await
}
