//! What host products load without a session: the kit, and the style sheet of their own colour.

use actix_web::HttpResponse;
use actix_web::http::header::{self, CacheControl, CacheDirective};
use actix_web::web::{Path, ServiceConfig, resource};

use crate::domain::accent::Accent;
use crate::error::{Error, Result};
use crate::web::assets;

/// How long browsers keep the kit, in seconds: a host's page should have a new one soon, without asking each time.
const KIT_KEPT_S: u32 = 600;
/// How long they keep a colour's style sheet: it only changes with the program.
const ACCENT_KEPT_S: u32 = 86_400;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/embed/claviger.js").get(kit)).service(resource("/embed/accent/{digits}.css").get(accent));
}

/// `GET /embed/claviger.js`, for pages on other sites.
async fn kit() -> Result<HttpResponse> {
    let kit = assets::bytes("claviger.js").ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"))
        .insert_header(kept(KIT_KEPT_S))
        .body(kit))
}

/// `GET /embed/accent/{digits}.css`: the pages in a host's colour. A file, because the content policy allows no
/// styles inside a page.
async fn accent(digits: Path<String>) -> Result<HttpResponse> {
    let accent = Accent::parse(&format!("#{digits}")).ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok().content_type("text/css; charset=utf-8").insert_header(kept(ACCENT_KEPT_S)).body(accent.css()))
}

fn kept(seconds: u32) -> CacheControl {
    CacheControl(vec![CacheDirective::Public, CacheDirective::MaxAge(seconds)])
}
