//! The description of this API in OpenAPI 3.1, made from the handlers themselves. A test holds it to the routes that
//! are registered, and another one sends what it promises to a running server.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::{
    api_tokens, connections, errors, jwt_settings, organizations, projects, prompt_versions, prompts, resource, users,
    version,
};

/// The errors that an operation can answer.
const ERRORS: [(&str, &str); 9] = [
    ("400", "What was sent is not as it should be; `validation_errors` says which member."),
    ("401", "There is no token that opens anything."),
    ("403", "The role or the token does not allow it."),
    ("404", "There is no such thing in the organization."),
    ("412", "Somebody changed it since it was read."),
    ("413", "The body is too large."),
    ("415", "The body is not JSON."),
    ("429", "The token has asked too often; `Retry-After` says how long to wait."),
    ("503", "The database cannot be reached just now."),
];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Claviger",
        description = "Model-provider connections, prompts and tokens of an organization. The paths and members are \
            those of Label Studio Enterprise, so that its SDK works unchanged; what is Claviger’s own is beside them. \
            Every path may have a slash at its end or not. Members that are not known are ignored. Texts are UTF-8 \
            without NUL; times are UTC."
    ),
    paths(
        version::show,
        api_tokens::refresh, api_tokens::list, api_tokens::create, api_tokens::blacklist, api_tokens::rotate,
        api_tokens::legacy, api_tokens::reset_legacy,
        jwt_settings::show, jwt_settings::update,
        users::whoami, users::list, users::show,
        organizations::list, organizations::show, organizations::members,
        connections::list, connections::choices, connections::create, connections::show, connections::update,
        connections::remove,
        connections::parts::verify, connections::parts::list_checks, connections::parts::replace_key,
        connections::parts::list_models, connections::parts::switch_models, connections::parts::pause,
        connections::parts::resume,
        projects::list, projects::create, projects::show, projects::change, projects::remove, projects::subsets,
        projects::compatible,
        prompts::list, prompts::create, prompts::show, prompts::change, prompts::remove,
        prompt_versions::list, prompt_versions::create, prompt_versions::default_name, prompt_versions::show,
        prompt_versions::change, prompt_versions::remove, prompt_versions::cost_estimate, prompt_versions::refine,
        prompt_versions::refined, prompt_versions::runs, prompt_versions::run,
    ),
    components(schemas(errors::ApiError)),
    security(("legacy" = []), ("bearer" = []), ("key" = [])),
    modifiers(&Schemes, &Shared)
)]
struct Api;

/// The routes; they need no token.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/openapi.json").get(show));
}

/// The description.
#[must_use]
pub fn document() -> Document {
    Api::openapi()
}

async fn show(document: Data<Document>) -> HttpResponse {
    HttpResponse::Ok().json(document.get_ref())
}

/// The ways to show a token.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_with(Default::default);
        let header = |name, about| SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, about)));
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The access token for a personal access token, from `POST /api/token/refresh/`."));
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        components.add_security_scheme("legacy", header("Authorization", "`Token` and a legacy token."));
        components.add_security_scheme("key", header("X-API-Key", "A legacy token or an access token."));
    }
}

/// Adds what every operation shares: a name that no other has, and the errors.
struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut Document) {
        for (path, item) in &mut document.paths.paths {
            let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                name(operation);
                for response in operation.responses.responses.values_mut() {
                    describe(response);
                }
                let errors = ERRORS.into_iter().filter(|(status, _)| can_answer(path, operation, status));
                let errors: Vec<_> = errors.collect();
                for (status, about) in errors {
                    operation.responses.responses.insert(status.to_owned(), error(about).into());
                }
            }
        }
    }
}

/// Handlers of different resources share names.
fn name(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next().map(|tag| tag.to_lowercase().replace(' ', "_"));
    let handler = operation.operation_id.take().unwrap_or_default();
    operation.operation_id = Some(format!("{}_{handler}", tag.unwrap_or_default()));
}

fn describe(response: &mut RefOr<Response>) {
    if let RefOr::T(response) = response
        && response.description.is_empty()
    {
        response.description = "It worked.".to_owned();
    }
}

/// Whether an operation can end with a status.
fn can_answer(path: &str, operation: &Operation, status: &str) -> bool {
    let takes_a_body = operation.request_body.is_some();
    let takes = |name: &str| {
        let is_it = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(one) if one.name == name);
        operation.parameters.iter().flatten().any(is_it)
    };
    match status {
        "404" => path.contains('{') || path.contains("/token") || takes("page"),
        "412" => takes("If-Match") || takes_a_body,
        "413" | "415" => takes_a_body,
        _ => true,
    }
}

fn error(about: &str) -> Response {
    let body = Content::new(Some(Ref::from_schema_name("ApiError")));
    ResponseBuilder::new().description(about).content("application/json", body).build()
}
