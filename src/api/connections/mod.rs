//! Model-provider connections.

pub mod input;
pub mod parts;
pub mod representation;

use std::cmp::Ordering;
use std::sync::Arc;

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Query, ServiceConfig};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use self::input::ConnectionInput;
use self::representation::Connection;
use super::body::Body;
use super::etag::{IfMatch, tagged};
use super::path::Id;
use super::resource;
use crate::actions::connections::{self, Addition, Change, Proof, Saved};
use crate::actions::require;
use crate::app::App;
use crate::connection::overview::{self, Overview};
use crate::domain::actor::Actor;
use crate::domain::check::CheckReport;
use crate::domain::connection::{Budget, ConnectionOptions, Scope, Target};
use crate::domain::field_errors::FieldError;
use crate::domain::role::Permission;
use crate::error::{Error, Result};
use crate::providers;
use crate::store::connections::ConnectionRow;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/model-provider-connections").get(list).post(create))
        .service(resource("/model-provider-connections/provider-choices").get(choices))
        .service(resource("/model-provider-connections/{id}").get(show).patch(update).delete(remove))
        .configure(parts::routes);
}

/// What a connection carries if a program says nothing of it, as the clients' documentation has it.
const USUAL: ConnectionOptions = ConnectionOptions {
    scope: Scope::Organization,
    is_internal: false,
    cached_available_models: None,
    budget: Budget { limit: None, alert: None, period: None },
};

/// How a list is ordered.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub struct ListOrder {
    /// `id`, `provider`, `created_at` or `updated_at`, with a minus before it for the other way round. Anything else
    /// is as if it were not there.
    ordering: Option<String>,
}

/// Whether a key has to pass its check before it is stored.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub struct Verify {
    /// `true`: wait for the provider and store nothing that it refuses.
    verify: Option<String>,
}

/// The names that `provider` can have.
#[derive(Serialize, ToSchema)]
pub struct ProviderChoices {
    provider_choices: Vec<&'static str>,
}

/// Lists the organization's connections.
#[utoipa::path(get, path = "/api/model-provider-connections/", tag = "Connections", params(ListOrder),
    responses((status = 200, body = Vec<Connection>)))]
pub async fn list(app: Data<App>, actor: Actor, ordering: Query<ListOrder>) -> Result<HttpResponse> {
    require(&actor, Permission::ViewConnections)?;
    let (scope, vault) = (actor.scope, Arc::clone(&app.vault));
    let mut found = app.db.read(move |conn| overview::all(conn, &vault, scope)).await?;
    found.retain(|connection| may_see(&actor, connection));
    order(&mut found, ordering.ordering.as_deref().unwrap_or_default());
    let listed: Vec<Connection> = found.iter().map(|connection| Connection::of(connection, &actor)).collect();
    Ok(HttpResponse::Ok().json(listed))
}

/// Lists the names that `provider` can have.
#[utoipa::path(get, path = "/api/model-provider-connections/provider-choices", tag = "Connections",
    responses((status = 200, body = ProviderChoices)))]
pub async fn choices(actor: Actor) -> Result<HttpResponse> {
    require(&actor, Permission::ViewConnections)?;
    let provider_choices = providers::ALL.iter().map(|provider| provider.api_name).collect();
    Ok(HttpResponse::Ok().json(ProviderChoices { provider_choices }))
}

/// Adds a connection. It is stored at once as *not checked* and checked in the background, unless `verify` asks to
/// wait.
#[utoipa::path(post, path = "/api/model-provider-connections/", tag = "Connections", params(Verify),
    request_body(content = ConnectionInput,
        example = json!({ "provider": "OpenAI", "api_key": "sk-proj-0123456789abcdefghijklmn" })),
    responses((status = 201, body = Connection)))]
pub async fn create(
    app: Data<App>,
    actor: Actor,
    verify: Query<Verify>,
    Body(input): Body<ConnectionInput>,
) -> Result<HttpResponse> {
    require(&actor, Permission::ManageConnections)?;
    let provider = input.provider()?;
    let options = input.options(USUAL, &actor)?;
    let (submission, _) = input.submission(Target::default());
    let proof = verify.proof(Proof::Waived)?;
    let addition = Addition { provider, submission, form_id: None, proof, options: Some(options) };
    let id = saved(connections::add(&app, &actor, addition).await?)?;
    let mut response = HttpResponse::Created();
    response.insert_header((LOCATION, format!("/api/model-provider-connections/{id}/")));
    answer_and_check(&app, &actor, id, response, proof).await
}

/// Answers one connection.
#[utoipa::path(get, path = "/api/model-provider-connections/{id}/", tag = "Connections",
    params(("id" = i64, Path)), responses((status = 200, body = Connection)))]
pub async fn show(app: Data<App>, actor: Actor, Id(id): Id) -> Result<HttpResponse> {
    answer(&app, &actor, id, HttpResponse::Ok()).await
}

/// Changes the members that are sent. A key that was left out stays, unless the endpoint moves to another server.
#[utoipa::path(patch, path = "/api/model-provider-connections/{id}/", tag = "Connections",
    params(("id" = i64, Path), Verify, ("If-Match" = Option<String>, Header)),
    request_body(content = ConnectionInput,
        example = json!({ "budget_limit": 50, "budget_reset_period": "Monthly", "budget_alert_threshold": 40 })),
    responses((status = 200, body = Connection)))]
pub async fn update(
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
    let provider = providers::by_slug(&found.row.provider).ok_or_else(unknown_provider)?;
    input.keeps(provider)?;
    if !input.changes_the_connection(&found.row.target()) {
        let who = actor.clone();
        let change = move |row: &ConnectionRow| {
            if_match.judge(row.id, row.version)?;
            input.options(row.options(), &who)
        };
        connections::set_options(&app, &actor, id, change).await?;
        return answer(&app, &actor, id, HttpResponse::Ok()).await;
    }
    let options = input.options(found.row.options(), &actor)?;
    let (submission, cleared) = input.submission(found.row.target());
    let proof = verify.proof(Proof::Waived)?;
    let change = Change { id, seen_version: found.row.version, submission, cleared, options: Some(options), proof };
    saved_or_stale(&app, &actor, connections::edit(&app, &actor, change).await, &found).await?;
    answer_and_check(&app, &actor, id, HttpResponse::Ok(), proof).await
}

/// Removes a connection and its key.
#[utoipa::path(delete, path = "/api/model-provider-connections/{id}/", tag = "Connections",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header)), responses((status = 204)))]
pub async fn remove(app: Data<App>, actor: Actor, Id(id): Id, if_match: IfMatch) -> Result<HttpResponse> {
    connections::remove(&app, &actor, id, move |row| if_match.judge(row.id, row.version)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A connection that the actor may see.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; the database's.
pub async fn read(app: &App, actor: &Actor, id: i64) -> Result<Overview> {
    require(actor, Permission::ViewConnections)?;
    let (scope, vault) = (actor.scope, Arc::clone(&app.vault));
    let found = app.db.read(move |conn| overview::one(conn, &vault, scope, id)).await?;
    if may_see(actor, &found) { Ok(found) } else { Err(Error::NotFound) }
}

/// A connection as it is now, as an answer.
///
/// # Errors
/// As [`read`].
pub async fn answer(app: &App, actor: &Actor, id: i64, response: HttpResponseBuilder) -> Result<HttpResponse> {
    let found = read(app, actor, id).await?;
    Ok(tagged(response, id, found.row.version, &Connection::of(&found, actor)))
}

/// The same for a change: whether somebody was faster is 412, whatever else is wrong with what was sent.
///
/// # Errors
/// [`Error::Stale`], [`Error::Invalid`]; the database's.
pub async fn saved_or_stale(app: &App, actor: &Actor, outcome: Result<Saved>, seen: &Overview) -> Result<i64> {
    match outcome {
        Err(Error::Invalid(errors)) => {
            let now = read(app, actor, seen.row.id).await?;
            Err(if now.row.version == seen.row.version { Error::Invalid(errors) } else { Error::Stale })
        }
        outcome => saved(outcome?),
    }
}

/// The id of what was saved; what the provider refused is wrong with the member that it concerns.
///
/// # Errors
/// [`Error::Invalid`].
pub fn saved(outcome: Saved) -> Result<i64> {
    match outcome {
        Saved::Yes { id } => Ok(id),
        Saved::No(report) => Err(refused(&report)),
    }
}

/// A connection as it was saved; if nobody waited for its check, that is made soon. If it cannot be made now, the
/// schedule will.
///
/// # Errors
/// As [`read`].
pub async fn answer_and_check(
    app: &Data<App>,
    actor: &Actor,
    id: i64,
    response: HttpResponseBuilder,
    proof: Proof,
) -> Result<HttpResponse> {
    let response = answer(app, actor, id, response).await?;
    if proof == Proof::Waived {
        let (app, scope) = (app.clone(), actor.scope);
        actix_web::rt::spawn(async move {
            if let Err(error) = connections::check_unasked(&app, scope, id).await {
                tracing::warn!(connection.id = id, error = %error.chain(), "a saved connection was not checked");
            }
        });
    }
    Ok(response)
}

impl Verify {
    /// The proof that is asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is neither yes nor no: who asks for a check in other words must not go without.
    pub fn proof(&self, usual: Proof) -> Result<Proof> {
        match self.verify.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None => Ok(usual),
            Some("true" | "1") => Ok(Proof::Required),
            Some("false" | "0") => Ok(Proof::Waived),
            Some(_) => Err(Error::field("verify", "Must be true or false.")),
        }
    }
}

fn refused(report: &CheckReport) -> Error {
    let error = FieldError { message: report.message.clone(), suggestion: report.suggestion.clone(), link: None };
    Error::field(report.field.unwrap_or_default(), error)
}

/// Internal ones are only for those who keep the keys.
fn may_see(actor: &Actor, found: &Overview) -> bool {
    !found.row.options().is_internal || actor.may(Permission::ManageConnections)
}

fn unknown_provider() -> Error {
    Error::field("provider", "This version doesn’t know the connection’s provider. Remove it, or update Claviger.")
}

fn order(found: &mut [Overview], ordering: &str) {
    let (by, reversed) = ordering.strip_prefix('-').map_or((ordering, false), |by| (by, true));
    let compare: fn(&Overview, &Overview) -> Ordering = match by {
        "id" => |a, b| a.row.id.cmp(&b.row.id),
        "provider" => |a, b| a.row.provider.cmp(&b.row.provider),
        "created_at" => |a, b| a.row.created_at.cmp(&b.row.created_at),
        "updated_at" => |a, b| a.row.updated_at.cmp(&b.row.updated_at),
        _ => return,
    };
    found.sort_by(|a, b| if reversed { compare(b, a) } else { compare(a, b) });
}
