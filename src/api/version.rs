//! Which program this is.

use actix_web::HttpResponse;
use actix_web::web::ServiceConfig;
use serde::Serialize;
use utoipa::ToSchema;

use super::resource;

/// The routes; they need no token.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/version").get(show));
}

/// The release, with the members by which Label Studio's clients tell what they talk to.
#[derive(Serialize, ToSchema)]
pub struct Version {
    /// The release.
    release: &'static str,
    /// Clients offer model providers and prompts only to this edition.
    edition: &'static str,
    /// The program.
    product: &'static str,
    #[serde(rename = "label-studio-os-package")]
    #[schema(value_type = Object)]
    os_package: Empty,
    #[serde(rename = "label-studio-os-backend")]
    #[schema(value_type = Object)]
    os_backend: Empty,
    #[serde(rename = "label-studio-frontend")]
    #[schema(value_type = Object)]
    frontend: Empty,
    #[serde(rename = "label-studio-converter")]
    #[schema(value_type = Object)]
    converter: Empty,
    #[schema(value_type = Object)]
    dm2: Empty,
    #[schema(value_type = Object)]
    lsf: Empty,
    #[schema(value_type = Object)]
    backend: Empty,
}

/// Parts of Label Studio that are not here.
#[derive(Default, Serialize)]
struct Empty {}

/// Which program this is.
#[utoipa::path(get, path = "/api/version/", tag = "Server", security(()),
    responses((status = 200, body = Version)))]
pub async fn show() -> HttpResponse {
    HttpResponse::Ok().json(Version {
        release: env!("CARGO_PKG_VERSION"),
        edition: "Enterprise",
        product: "Claviger",
        os_package: Empty::default(),
        os_backend: Empty::default(),
        frontend: Empty::default(),
        converter: Empty::default(),
        dm2: Empty::default(),
        lsf: Empty::default(),
        backend: Empty::default(),
    })
}
