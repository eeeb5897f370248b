//! Versions of prompts. They are kept here, and not run.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Body, Change};
use super::etag::{IfMatch, tagged};
use super::members::required;
use super::paging::ListQuery;
use super::path::{self, Id};
use super::resource;
use super::timestamp::ApiTime;
use super::users::{UserRef, made_by};
use crate::actions::prompt_versions::{self as actions, ProviderChoice, Wanted};
use crate::actions::require;
use crate::app::App;
use crate::catalog::Models;
use crate::domain::actor::{Actor, OrgScope};
use crate::domain::field_errors::FieldErrors;
use crate::domain::prompt::{VersionDraft, about_tokens, free_version_name};
use crate::domain::role::Permission;
use crate::error::{Error, Result};
use crate::providers;
use crate::store;
use crate::store::prompt_versions::PromptVersionRow;
use crate::store::users::UserRow;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/prompts/{id}/versions").get(list).post(create))
        .service(resource("/prompts/{id}/get-default-version-name").get(default_name))
        .service(resource("/prompts/{id}/versions/{version}").get(show).patch(change).delete(remove))
        .service(resource("/prompts/{id}/versions/{version}/cost-estimate").get(cost_estimate))
        .service(resource("/prompts/{id}/versions/{version}/refine").get(refined).post(refine))
        .service(resource("/prompts/{id}/versions/{version}/inference-runs").get(runs).post(run));
}

/// The numbers in `/prompts/{id}/versions/{version}`.
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    prompt: i64,
    version: i64,
}

impl FromRequest for Ids {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let ids = || Ok(Self { prompt: path::number(request, "id")?, version: path::number(request, "version")? });
        ready(ids())
    }
}

/// A version of a prompt.
#[derive(Serialize, ToSchema)]
pub struct PromptVersion {
    id: i64,
    title: String,
    /// The wording.
    prompt: String,
    /// `OpenAI`, `AzureOpenAI`, `AzureAIFoundry`, `VertexAI`, `Gemini`, `Anthropic` or `Custom`.
    provider: String,
    provider_model_id: String,
    /// The name for people of that model.
    model_display_name: String,
    /// The connection to use; null if none was chosen, or once it is removed.
    model_provider_connection: Option<i64>,
    /// The prompt’s id.
    parent_model: i64,
    organization: i64,
    created_by: Option<UserRef>,
    created_at: ApiTime,
    updated_at: ApiTime,
    score: Option<f64>,
    /// 0 switches examples off.
    max_few_shot_examples: Option<i64>,
}

/// A version to be saved or changed. In a change, what is missing stays.
#[derive(Deserialize, ToSchema)]
pub struct PromptVersionBody {
    /// Needed for a new version.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500)]
    title: Change<String>,
    /// Needed for a new version.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1)]
    prompt: Change<String>,
    /// That of the connection, or else OpenAI, if it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    provider: Change<String>,
    /// Needed for a new version; any model may be named.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    provider_model_id: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    model_provider_connection: Change<i64>,
    /// 0 switches examples off.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 100)]
    max_few_shot_examples: Change<i64>,
}

/// A name for the next version.
#[derive(Serialize, ToSchema)]
pub struct DefaultVersionName {
    default_model_version_name: String,
    message: &'static str,
}

/// What running a version would cost, in US dollars; or why that cannot be said.
#[derive(Serialize, ToSchema)]
pub struct CostEstimate {
    prompt_cost_usd: Option<String>,
    completion_cost_usd: Option<String>,
    total_cost_usd: Option<String>,
    is_error: bool,
    error_type: Option<&'static str>,
    error_message: Option<String>,
}

/// Lists the versions of a prompt.
#[utoipa::path(get, path = "/api/prompts/{id}/versions", tag = "Prompt versions",
    params(
        ("id" = i64, Path),
        ("ordering" = Option<String>, Query, description = "`id`, `title`, `created_at`, `updated_at`, with `-` the other way."),
    ),
    responses((status = 200, body = Vec<PromptVersion>)))]
pub async fn list(app: Data<App>, actor: Actor, Id(id): Id, query: ListQuery) -> Result<HttpResponse> {
    require(&actor, Permission::ViewPrompts)?;
    let (scope, order) = (actor.scope, query.order());
    let (rows, people) = app
        .db
        .read(move |conn| {
            let rows = store::prompt_versions::list(conn, scope, id, order)?;
            let people: Vec<i64> = rows.iter().filter_map(|row| row.created_by).collect();
            Ok((rows, store::users::of_ids(conn, scope, &people)?))
        })
        .await?;
    let models = app.catalog.models();
    let versions: Vec<PromptVersion> = rows.into_iter().map(|row| view(&models, scope, &people, row)).collect();
    Ok(HttpResponse::Ok().json(versions))
}

/// Saves a new version of a prompt.
#[utoipa::path(post, path = "/api/prompts/{id}/versions", tag = "Prompt versions", params(("id" = i64, Path)),
    request_body(content = PromptVersionBody,
        example = json!({ "title": "Version 1", "prompt": "Is this review good or bad? {text}", "provider": "OpenAI", "provider_model_id": "gpt-5" })),
    responses((status = 201, body = PromptVersion)))]
pub async fn create(
    app: Data<App>,
    actor: Actor,
    Id(id): Id,
    Body(body): Body<PromptVersionBody>,
) -> Result<HttpResponse> {
    require(&actor, Permission::ManagePrompts)?;
    let row = actions::create(&app, &actor, id, body.wanted(None)?).await?;
    answer(&app, actor.scope, row, HttpResponse::Created()).await
}

/// A name for the next version, which none of the prompt’s versions has.
#[utoipa::path(get, path = "/api/prompts/{id}/get-default-version-name", tag = "Prompt versions",
    params(("id" = i64, Path)), responses((status = 200, body = DefaultVersionName)))]
pub async fn default_name(app: Data<App>, actor: Actor, Id(id): Id) -> Result<HttpResponse> {
    require(&actor, Permission::ViewPrompts)?;
    let scope = actor.scope;
    let titles = app.db.read(move |conn| store::prompt_versions::titles(conn, scope, id)).await?;
    Ok(HttpResponse::Ok().json(DefaultVersionName {
        default_model_version_name: free_version_name(&titles),
        message: "No version of this prompt has this name yet.",
    }))
}

/// One version.
#[utoipa::path(get, path = "/api/prompts/{id}/versions/{version}", tag = "Prompt versions",
    params(("id" = i64, Path), ("version" = i64, Path)), responses((status = 200, body = PromptVersion)))]
pub async fn show(app: Data<App>, actor: Actor, ids: Ids) -> Result<HttpResponse> {
    require(&actor, Permission::ViewPrompts)?;
    let row = find(&app, &actor, ids).await?;
    answer(&app, actor.scope, row, HttpResponse::Ok()).await
}

/// Overwrites a version.
#[utoipa::path(patch, path = "/api/prompts/{id}/versions/{version}", tag = "Prompt versions",
    params(
        ("id" = i64, Path),
        ("version" = i64, Path),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of what was read."),
    ),
    request_body(content = PromptVersionBody,
        example = json!({ "prompt": "Judge this review. {text}", "max_few_shot_examples": 0 })),
    responses((status = 200, body = PromptVersion)))]
pub async fn change(
    app: Data<App>,
    actor: Actor,
    ids: Ids,
    if_match: IfMatch,
    Body(body): Body<PromptVersionBody>,
) -> Result<HttpResponse> {
    require(&actor, Permission::ManagePrompts)?;
    let change = move |row: &PromptVersionRow| {
        if_match.judge(row.id, row.version)?;
        body.wanted(Some(row.draft()))
    };
    let row = actions::change(&app, &actor, (ids.prompt, ids.version), change).await?;
    answer(&app, actor.scope, row, HttpResponse::Ok()).await
}

/// Deletes a version.
#[utoipa::path(delete, path = "/api/prompts/{id}/versions/{version}", tag = "Prompt versions",
    params(
        ("id" = i64, Path),
        ("version" = i64, Path),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of what was read."),
    ),
    responses((status = 204, description = "It is gone.")))]
pub async fn remove(app: Data<App>, actor: Actor, ids: Ids, if_match: IfMatch) -> Result<HttpResponse> {
    let may_go = move |row: &PromptVersionRow| if_match.judge(row.id, row.version);
    actions::delete(&app, &actor, (ids.prompt, ids.version), may_go).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What running a version would cost. Without tasks there is nothing to estimate, which is an answer like others.
#[utoipa::path(get, path = "/api/prompts/{id}/versions/{version}/cost-estimate", tag = "Prompt versions",
    params(("id" = i64, Path), ("version" = i64, Path)), responses((status = 200, body = CostEstimate)))]
pub async fn cost_estimate(app: Data<App>, actor: Actor, ids: Ids) -> Result<HttpResponse> {
    require(&actor, Permission::ViewPrompts)?;
    let row = find(&app, &actor, ids).await?;
    let models = app.catalog.models();
    let price = models.find(&row.provider, &row.model).and_then(|model| model.input_per_mtok);
    let (error_type, error_message) = match price {
        None => ("PriceUnknown", format!("No price is known for {}, so nothing can be estimated.", row.model)),
        Some(price) => {
            let cost = price.for_tokens(about_tokens(&row.prompt));
            let message = format!(
                "There are no tasks to run this prompt on, so there is nothing to estimate. For each task, the wording \
                 alone would cost about {cost}; the task’s data and the answer come on top."
            );
            ("NoTasks", message)
        }
    };
    Ok(HttpResponse::Ok().json(CostEstimate {
        prompt_cost_usd: None,
        completion_cost_usd: None,
        total_cost_usd: None,
        is_error: true,
        error_type: Some(error_type),
        error_message: Some(error_message),
    }))
}

/// Refused: this server does not refine prompts.
#[utoipa::path(post, path = "/api/prompts/{id}/versions/{version}/refine", tag = "Prompt versions",
    params(("id" = i64, Path), ("version" = i64, Path)),
    responses((status = 400, body = super::errors::ApiError)))]
pub async fn refine(app: Data<App>, actor: Actor, ids: Ids) -> Result<HttpResponse> {
    require(&actor, Permission::ManagePrompts)?;
    find(&app, &actor, ids).await?;
    Err(NO_REFINING)
}

/// Refused: this server does not refine prompts.
#[utoipa::path(get, path = "/api/prompts/{id}/versions/{version}/refine", tag = "Prompt versions",
    params(("id" = i64, Path), ("version" = i64, Path)),
    responses((status = 400, body = super::errors::ApiError)))]
pub async fn refined(app: Data<App>, actor: Actor, ids: Ids) -> Result<HttpResponse> {
    require(&actor, Permission::ViewPrompts)?;
    find(&app, &actor, ids).await?;
    Err(NO_REFINING)
}

/// The runs of a version: none.
#[utoipa::path(get, path = "/api/prompts/{id}/versions/{version}/inference-runs", tag = "Prompt versions",
    params(("id" = i64, Path), ("version" = i64, Path)), responses((status = 200, body = Vec<Object>)))]
pub async fn runs(app: Data<App>, actor: Actor, ids: Ids) -> Result<HttpResponse> {
    require(&actor, Permission::ViewPrompts)?;
    find(&app, &actor, ids).await?;
    Ok(HttpResponse::Ok().json([(); 0]))
}

/// Refused: this server does not run prompts.
#[utoipa::path(post, path = "/api/prompts/{id}/versions/{version}/inference-runs", tag = "Prompt versions",
    params(("id" = i64, Path), ("version" = i64, Path)),
    responses((status = 400, body = super::errors::ApiError)))]
pub async fn run(app: Data<App>, actor: Actor, ids: Ids) -> Result<HttpResponse> {
    require(&actor, Permission::ManagePrompts)?;
    find(&app, &actor, ids).await?;
    Err(Error::NotOffered(
        "This server keeps prompts but does not run them. Nothing was started and nothing was spent.",
    ))
}

const NO_REFINING: Error =
    Error::NotOffered("This server does not refine prompts. Change the wording yourself and save it as a new version.");

impl PromptVersionBody {
    /// The version as it is wanted: what was sent, on top of what there is.
    fn wanted(self, present: Option<VersionDraft>) -> Result<Wanted> {
        let mut errors = FieldErrors::default();
        let provider = named_provider(&mut errors, &self.provider);
        let is_new = present.is_none();
        let chooses_connection = matches!(self.model_provider_connection, Change::To(_));
        let old = present.unwrap_or_default();
        let or_old = |text: &str| (!is_new).then(|| text.to_owned());
        let draft = VersionDraft {
            title: required(&mut errors, "title", self.title, or_old(&old.title)),
            prompt: required(&mut errors, "prompt", self.prompt, or_old(&old.prompt)),
            provider: match provider {
                Some(slug) => slug.to_owned(),
                None if is_new => providers::DEFAULT.slug.to_owned(),
                None => old.provider.clone(),
            },
            model: required(&mut errors, "provider_model_id", self.provider_model_id, or_old(&old.model)),
            connection_id: self.model_provider_connection.applied_to(old.connection_id),
            max_few_shot_examples: self.max_few_shot_examples.applied_to(old.max_few_shot_examples),
        };
        errors.into_result()?;
        let provider = match provider {
            None if chooses_connection => ProviderChoice::OfConnection,
            _ => ProviderChoice::Named,
        };
        Ok(Wanted { draft, provider })
    }
}

/// The slug of the provider that was named, if one was.
fn named_provider(errors: &mut FieldErrors, sent: &Change<String>) -> Option<&'static str> {
    match sent {
        Change::Absent => None,
        Change::Null => {
            errors.add("provider", "This field may not be null.");
            None
        }
        Change::To(name) => {
            let slug = slug_of(name);
            if slug.is_none() {
                let names: Vec<&str> = providers::ALL.iter().map(|provider| provider.api_name).collect();
                errors.add("provider", format!("Not a valid choice. Choose one of: {}.", names.join(", ")));
            }
            slug
        }
    }
}

fn slug_of(api_name: &str) -> Option<&'static str> {
    providers::by_api_name(api_name).map(|provider| provider.slug)
}

async fn find(app: &App, actor: &Actor, ids: Ids) -> Result<PromptVersionRow> {
    let scope = actor.scope;
    app.db.read(move |conn| store::prompt_versions::get(conn, scope, ids.prompt, ids.version)).await
}

async fn answer(
    app: &App,
    scope: OrgScope,
    row: PromptVersionRow,
    answer: HttpResponseBuilder,
) -> Result<HttpResponse> {
    let (id, version, people) = (row.id, row.version, row.created_by);
    let people = app.db.read(move |conn| store::users::of_ids(conn, scope, people.as_slice())).await?;
    Ok(tagged(answer, id, version, &view(&app.catalog.models(), scope, &people, row)))
}

fn view(models: &Models, scope: OrgScope, people: &[UserRow], row: PromptVersionRow) -> PromptVersion {
    let name = models.find(&row.provider, &row.model).map(|model| model.display_name.clone());
    // A provider that another version of this program knew keeps its slug.
    let provider = providers::by_slug(&row.provider).map_or(row.provider, |provider| provider.api_name.to_owned());
    PromptVersion {
        id: row.id,
        title: row.title,
        prompt: row.prompt,
        provider,
        model_display_name: name.unwrap_or_else(|| row.model.clone()),
        provider_model_id: row.model,
        model_provider_connection: row.connection_id,
        parent_model: row.prompt_id,
        organization: scope.id(),
        created_by: made_by(people, row.created_by),
        created_at: row.created_at.into(),
        updated_at: row.updated_at.into(),
        score: None,
        max_few_shot_examples: row.max_few_shot_examples,
    }
}
