//! Which kinds of tokens an organization lets in.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::resource;
use crate::actions::api_tokens;
use crate::actions::require;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::api_token::ApiTokenPolicy;
use crate::domain::role::Permission;
use crate::error::Result;
use crate::store;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/jwt/settings").get(show).post(update));
}

/// Which kinds of tokens are let in.
#[derive(Serialize, ToSchema)]
pub struct JwtSettings {
    /// Personal access tokens.
    api_tokens_enabled: bool,
    /// Legacy tokens.
    legacy_api_tokens_enabled: bool,
    /// Days that new personal access tokens live.
    api_token_ttl_days: i64,
}

/// A change; what is missing stays.
#[derive(Deserialize, ToSchema)]
pub struct JwtSettingsChange {
    #[serde(default)]
    api_tokens_enabled: Option<bool>,
    #[serde(default)]
    legacy_api_tokens_enabled: Option<bool>,
    /// 1 to 3650.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    api_token_ttl_days: Option<i64>,
}

impl From<ApiTokenPolicy> for JwtSettings {
    fn from(policy: ApiTokenPolicy) -> Self {
        Self {
            api_tokens_enabled: policy.personal_enabled,
            legacy_api_tokens_enabled: policy.legacy_enabled,
            api_token_ttl_days: policy.ttl_days,
        }
    }
}

/// Which kinds of tokens are let in.
#[utoipa::path(get, path = "/api/jwt/settings", tag = "Tokens", responses((status = 200, body = JwtSettings)))]
pub async fn show(app: Data<App>, actor: Actor) -> Result<HttpResponse> {
    require(&actor, Permission::ManageTokens)?;
    let scope = actor.scope;
    let policy = app.db.read(move |conn| store::api_tokens::policy(conn, scope)).await?;
    Ok(HttpResponse::Ok().json(JwtSettings::from(policy)))
}

/// Switches kinds of tokens on and off, at once, and says how long new ones live.
#[utoipa::path(post, path = "/api/jwt/settings", tag = "Tokens", request_body(content = JwtSettingsChange,
        example = json!({ "legacy_api_tokens_enabled": true, "api_token_ttl_days": 90 })),
    responses((status = 200, body = JwtSettings)))]
pub async fn update(app: Data<App>, actor: Actor, Body(change): Body<JwtSettingsChange>) -> Result<HttpResponse> {
    let apply = move |present: ApiTokenPolicy| ApiTokenPolicy {
        personal_enabled: change.api_tokens_enabled.unwrap_or(present.personal_enabled),
        legacy_enabled: change.legacy_api_tokens_enabled.unwrap_or(present.legacy_enabled),
        ttl_days: change.api_token_ttl_days.unwrap_or(present.ttl_days),
    };
    let policy = api_tokens::set_policy(&app, &actor, apply).await?;
    Ok(HttpResponse::Ok().json(JwtSettings::from(policy)))
}
