//! Provider keys: the list, the chooser, the forms, and each connection's own page.

mod answers;
mod changes;
mod connection;
mod form;
mod list;
mod view;

use actix_web::web::{ServiceConfig, get, post, resource};

pub use list::list_page;

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
