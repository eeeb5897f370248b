//! Tokens of the person who asks.

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::resource;
use super::timestamp::ApiTime;
use crate::actions::api_tokens::{self, Wanted, personal_of};
use crate::app::App;
use crate::auth::api_token;
use crate::clock::Timestamp;
use crate::domain::actor::Actor;
use crate::domain::api_token::{ApiScopes, ApiTokenKind};
use crate::error::{Error, Result};
use crate::store;
use crate::store::api_tokens::ApiTokenRow;

/// What proves itself and therefore needs no token beside it.
pub fn open_routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/token/refresh").post(refresh));
}

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/token").get(list).post(create))
        .service(resource("/token/blacklist").post(blacklist))
        .service(resource("/token/rotate").post(rotate))
        .service(resource("/current-user/token").get(legacy))
        .service(resource("/current-user/reset-token").post(reset_legacy));
}

/// A token that was just made. It is shown this once.
#[derive(Serialize, ToSchema)]
pub struct NewToken {
    token: String,
    /// Of a personal access token; older clients cannot do without.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<ApiTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<ApiTime>,
}

impl NewToken {
    fn legacy(token: String) -> Self {
        Self { token, created_at: None, expires_at: None }
    }
}

/// A personal access token in a list.
#[derive(Serialize, ToSchema)]
pub struct ListedToken {
    /// The token without its signature.
    token: String,
    id: i64,
    name: String,
    /// What it may be used for: `read`, `connections`, `models`.
    scopes: Vec<&'static str>,
    created_at: ApiTime,
    expires_at: Option<ApiTime>,
    last_used_at: Option<ApiTime>,
}

/// A personal access token.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct Refresh {
    /// The whole token; for revoking, its signature may be missing.
    #[serde(default)]
    refresh: Option<String>,
}

/// What a personal access token is exchanged for.
#[derive(Serialize, ToSchema)]
pub struct Access {
    /// For `Authorization: Bearer …`; works for five minutes.
    access: String,
}

/// Exchanges a personal access token for an access token.
#[utoipa::path(post, path = "/api/token/refresh/", tag = "Tokens", security(()), request_body(content = Refresh, example = json!({ "refresh": "eyJ0eXAiOiJKV1Qi…" })),
    responses((status = 200, body = Access)))]
pub async fn refresh(app: Data<App>, Body(body): Body<Refresh>) -> Result<HttpResponse> {
    let access = api_tokens::exchange(&app, &required(body)?).await?;
    Ok(HttpResponse::Ok().json(Access { access: access.expose().to_owned() }))
}

/// Lists the personal access tokens of the person who asks.
#[utoipa::path(get, path = "/api/token/", tag = "Tokens", responses((status = 200, body = Vec<ListedToken>)))]
pub async fn list(app: Data<App>, actor: Actor) -> Result<HttpResponse> {
    let user_id = actor.user_id;
    let rows = app.db.read(move |conn| store::api_tokens::of_user(conn, user_id)).await?;
    let personal = rows.into_iter().filter(|row| row.kind() == ApiTokenKind::Personal);
    let listed: Vec<ListedToken> = personal.map(|row| listed(&app, row)).collect::<Result<_>>()?;
    Ok(HttpResponse::Ok().json(listed))
}

/// Makes a personal access token that may do all that its owner may.
#[utoipa::path(post, path = "/api/token/", tag = "Tokens", responses((status = 201, body = NewToken)))]
pub async fn create(app: Data<App>, actor: Actor) -> Result<HttpResponse> {
    let wanted = Wanted {
        kind: ApiTokenKind::Personal,
        name: format!("By API, {}", day(app.clock.now())),
        scopes: ApiScopes::ALL,
        days: None,
    };
    let made = api_tokens::create(&app, &actor, wanted).await?;
    Ok(HttpResponse::Created().json(NewToken {
        token: made.token.expose().to_owned(),
        created_at: Some(made.row.created_at.into()),
        expires_at: made.row.expires_at.map(Into::into),
    }))
}

/// Revokes a personal access token.
#[utoipa::path(post, path = "/api/token/blacklist/", tag = "Tokens", request_body(content = Refresh, example = json!({ "refresh": "eyJ0eXAiOiJKV1Qi…" })),
    responses((status = 204, description = "It opens nothing any more.")))]
pub async fn blacklist(app: Data<App>, actor: Actor, Body(body): Body<Refresh>) -> Result<HttpResponse> {
    api_tokens::revoke_personal(&app, &actor, &required(body)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Puts a new personal access token in the place of one, which opens nothing any more.
#[utoipa::path(post, path = "/api/token/rotate/", tag = "Tokens", request_body(content = Refresh, example = json!({ "refresh": "eyJ0eXAiOiJKV1Qi…" })),
    responses((status = 200, body = Refresh)))]
pub async fn rotate(app: Data<App>, actor: Actor, Body(body): Body<Refresh>) -> Result<HttpResponse> {
    let made = api_tokens::rotate(&app, &actor, &required(body)?).await?;
    Ok(HttpResponse::Ok().json(Refresh { refresh: Some(made.token.expose().to_owned()) }))
}

/// The legacy token that the request was made with. Others are not stored and cannot be shown again.
#[utoipa::path(get, path = "/api/current-user/token", tag = "Tokens", responses((status = 200, body = NewToken)))]
pub async fn legacy(app: Data<App>, _: Actor, request: HttpRequest) -> Result<HttpResponse> {
    let token = api_token::legacy_brought(&app.keys, request.headers(), app.clock.now()).ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok().json(NewToken::legacy(token)))
}

/// Ends all legacy tokens of the person who asks and makes one in their place.
#[utoipa::path(post, path = "/api/current-user/reset-token/", tag = "Tokens",
    responses((status = 201, body = NewToken)))]
pub async fn reset_legacy(app: Data<App>, actor: Actor) -> Result<HttpResponse> {
    let made = api_tokens::reset_legacy(&app, &actor).await?;
    Ok(HttpResponse::Created().json(NewToken::legacy(made.token.expose().to_owned())))
}

fn required(body: Refresh) -> Result<String> {
    body.refresh.filter(|text| !text.is_empty()).ok_or_else(|| Error::field("refresh", "This field is required."))
}

fn listed(app: &App, row: ApiTokenRow) -> Result<ListedToken> {
    Ok(ListedToken {
        token: api_token::personal_unsigned(&app.keys, &personal_of(&row))?,
        id: row.id,
        scopes: row.scopes().iter().map(crate::domain::api_token::ApiScope::slug).collect(),
        created_at: row.created_at.into(),
        expires_at: row.expires_at.map(Into::into),
        last_used_at: row.last_used_at.map(Into::into),
        name: row.name,
    })
}

fn day(at: Timestamp) -> String {
    at.format("%Y-%m-%d").to_string()
}
