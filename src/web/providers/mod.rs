//! Provider keys: the list, the chooser, the forms, and each connection's own page.

mod answers;
mod changes;
mod connection;
mod form;
mod list;
mod view;

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::{ServiceConfig, get, post, resource};
use actix_web::{FromRequest, HttpRequest};

pub use list::list_page;

use crate::error::{Error, Result};

/// The connection that an address names.
pub struct ConnectionId(pub i64);

/// The provider that an address names.
pub struct ProviderSlug(pub String);

// By name, not by position: inside another product's page the address has one part more.
impl FromRequest for ConnectionId {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.match_info().get("id").and_then(|id| id.parse().ok()).map(Self).ok_or(Error::NotFound))
    }
}

impl FromRequest for ProviderSlug {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.match_info().get("slug").map(|slug| Self(slug.to_owned())).ok_or(Error::NotFound))
    }
}

/// The routes. `new` stands before `{id}`, which takes only numbers.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/providers").route(get().to(list::index)))
        .service(resource("/providers/new").route(get().to(list::chooser)))
        .service(resource("/providers/new/{slug}").route(get().to(form::new)).route(post().to(form::create)))
        .service(resource("/providers/{id:\\d+}").route(get().to(connection::show)))
        .service(resource("/providers/{id:\\d+}/verify").route(post().to(connection::verify)))
        .service(resource("/providers/{id:\\d+}/pause").route(post().to(connection::pause)))
        .service(resource("/providers/{id:\\d+}/resume").route(post().to(connection::resume)))
        .service(resource("/providers/{id:\\d+}/models").route(post().to(connection::switch_models)))
        .service(
            resource("/providers/{id:\\d+}/remove")
                .route(get().to(connection::confirm_removal))
                .route(post().to(connection::remove)),
        )
        .service(
            resource("/providers/{id:\\d+}/replace-key")
                .route(get().to(changes::new_key))
                .route(post().to(changes::replace_key)),
        )
        .service(
            resource("/providers/{id:\\d+}/edit").route(get().to(changes::edit)).route(post().to(changes::update)),
        );
}
