//! The pages. Template structs stand beside their handlers; the first field of each is its [`page::Page`].

pub mod account;
pub mod api_tokens;
pub mod assets;
pub mod audit;
pub mod base_models;
pub mod docs;
pub mod embed;
pub mod embedding;
pub mod error_pages;
pub mod forms;
pub mod framing;
pub mod headers;
pub mod health;
pub mod icons;
pub mod invitations;
pub mod links;
pub mod looks;
pub mod members;
pub mod network;
pub mod new_password;
pub mod page;
pub mod path;
pub mod providers;
pub mod respond;
pub mod setup;
pub mod sign_in;
pub mod supported_models;
pub mod translation;
pub mod words;

use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, scope};

use crate::app::App;
use crate::auth::{gate, session_store};
use crate::store::sessions::SessionKind;

/// Every page and file.
pub fn routes(cfg: &mut ServiceConfig, app: &App) {
    open_routes(cfg);
    embed::routes(cfg, app);
    cfg.service(
        scope("")
            .configure(pages)
            // The last one wrapped is the first one passed: the gate needs the session.
            .wrap(from_fn(gate::guard))
            .wrap(session_store::middleware(app, SessionKind::OwnPages)),
    );
}

/// What needs no session.
fn open_routes(cfg: &mut ServiceConfig) {
    assets::routes(cfg);
    docs::open_routes(cfg);
    health::routes(cfg);
}

/// Everything behind the gate.
fn pages(cfg: &mut ServiceConfig) {
    account::routes(cfg);
    api_tokens::routes(cfg);
    invitations::routes(cfg);
    members::routes(cfg);
    embed::pages(cfg);
    embedding::routes(cfg);
    new_password::routes(cfg);
    providers::routes(cfg);
    base_models::routes(cfg);
    docs::routes(cfg);
    supported_models::routes(cfg);
    network::routes(cfg);
    audit::routes(cfg);
    setup::routes(cfg);
    sign_in::routes(cfg);
}

#[cfg(test)]
mod tests;
