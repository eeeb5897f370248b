//! The REST API, as the clients of Label Studio Enterprise call it: one file for each resource, with its handlers and
//! what they answer. Every path is served with and without a slash at its end and never redirects, since a redirected
//! POST becomes a GET in most clients.

pub mod api_tokens;
pub mod body;
pub mod connections;
pub mod errors;
pub mod etag;
pub mod jwt_settings;
pub mod members;
pub mod openapi;
pub mod organizations;
pub mod paging;
pub mod path;
pub mod projects;
pub mod prompt_versions;
pub mod prompts;
pub mod timestamp;
pub mod users;
pub mod version;

use actix_web::middleware::from_fn;
use actix_web::web::{PayloadConfig, ServiceConfig, scope};
use actix_web::{HttpRequest, Resource};

use crate::auth::api_gate;
use crate::error::Error;

/// Every route below `/api`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        scope("/api")
            .configure(open_routes)
            .service(
                scope("")
                    .configure(routes_with_token)
                    .default_service(actix_web::web::to(nothing_here))
                    .wrap(from_fn(api_gate::guard)),
            )
            .app_data(PayloadConfig::new(body::LARGEST))
            // The last one wrapped is the first one passed.
            .wrap(from_fn(api_gate::refuse_secrets_in_addresses))
            .wrap(from_fn(errors::explain)),
    );
}

/// What needs no token.
fn open_routes(cfg: &mut ServiceConfig) {
    version::routes(cfg);
    openapi::routes(cfg);
    api_tokens::open_routes(cfg);
}

fn routes_with_token(cfg: &mut ServiceConfig) {
    api_tokens::routes(cfg);
    connections::routes(cfg);
    jwt_settings::routes(cfg);
    organizations::routes(cfg);
    users::routes(cfg);
    projects::routes(cfg);
    prompts::routes(cfg);
    prompt_versions::routes(cfg);
}

/// A path, with and without a slash at its end.
pub(crate) fn resource(path: &str) -> Resource {
    actix_web::web::resource([path.to_owned(), format!("{path}/")])
}

async fn nothing_here(_: HttpRequest) -> Result<&'static str, Error> {
    Err(Error::NotFound)
}
