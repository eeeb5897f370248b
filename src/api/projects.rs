//! Projects, as far as prompts need them: there are no tasks in them here.

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Body, Change};
use super::etag::{IfMatch, tagged};
use super::members::required;
use super::paging::{ListParams, ListQuery, Page};
use super::path::Id;
use super::resource;
use super::timestamp::ApiTime;
use super::users::{UserRef, made_by};
use crate::actions::{projects as actions, require};
use crate::app::App;
use crate::domain::actor::{Actor, OrgScope};
use crate::domain::field_errors::FieldErrors;
use crate::domain::label_config::{self, LabelConfig};
use crate::domain::project::ProjectDraft;
use crate::domain::role::Permission;
use crate::error::Result;
use crate::store::projects::{ProjectRow, Which};
use crate::store::{self, Conn};

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/projects").get(list).post(create))
        .service(resource("/projects/{id}").get(show).patch(change).delete(remove))
        .service(resource("/projects/{id}/subsets").get(subsets))
        // Before `/prompts/{id}`, which would take the name for a number.
        .service(resource("/prompts/compatible-projects").get(compatible));
}

/// A project. What belongs to tasks is there for clients that expect it, and says that there are none.
#[derive(Serialize, ToSchema)]
pub struct Project {
    id: i64,
    title: String,
    description: Option<String>,
    /// The labeling configuration, in XML.
    label_config: String,
    /// Its controls by name, with their inputs and labels.
    #[schema(value_type = Object)]
    parsed_label_config: LabelConfig,
    config_has_control_tags: bool,
    #[schema(value_type = Object)]
    control_weights: serde_json::Value,
    organization: i64,
    created_by: Option<UserRef>,
    created_at: ApiTime,
    updated_at: ApiTime,
    /// Of its card in lists.
    color: &'static str,
    is_published: bool,
    is_draft: bool,
    pinned_at: Option<ApiTime>,
    workspace: Option<i64>,
    workspace_title: Option<String>,
    model_version: Option<String>,
    maximum_annotations: i64,
    task_number: i64,
    finished_task_number: i64,
    num_tasks_with_annotations: i64,
    useful_annotation_number: i64,
    ground_truth_number: i64,
    skipped_annotations_number: i64,
    total_annotations_number: i64,
    total_predictions_number: i64,
    queue_total: i64,
    queue_done: i64,
    evaluate_predictions_automatically: bool,
    show_collab_predictions: bool,
}

/// A project to be made or changed. In a change, what is missing stays.
#[derive(Deserialize, ToSchema)]
pub struct ProjectBody {
    /// 3 to 50 characters; needed for a new project.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 3, max_length = 50)]
    title: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Change<String>,
    /// XML without a document type.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    label_config: Change<String>,
}

/// A part of a project's tasks that a prompt can be run on.
#[derive(Serialize, ToSchema)]
pub struct Subset {
    /// `All`, `HasGT` (with ground truths) or `Sample`.
    subset: &'static str,
    /// How many tasks it has.
    count: i64,
}

/// Lists the organization's projects.
#[utoipa::path(get, path = "/api/projects/", tag = "Projects",
    params(ListParams),
    responses((status = 200, body = Page<Project>)))]
pub async fn list(app: Data<App>, actor: Actor, query: ListQuery) -> Result<HttpResponse> {
    page(&app, &actor, Which::All, query).await
}

/// Lists the projects that prompts can be written for: those with a control that a language model can fill.
#[utoipa::path(get, path = "/api/prompts/compatible-projects", tag = "Prompts",
    params(ListParams),
    responses((status = 200, body = Page<Project>)))]
pub async fn compatible(app: Data<App>, actor: Actor, query: ListQuery) -> Result<HttpResponse> {
    page(&app, &actor, Which::SuitingPrompts, query).await
}

/// Makes a project.
#[utoipa::path(post, path = "/api/projects/", tag = "Projects",
    request_body(content = ProjectBody, example = json!({ "title": "Reviews", "label_config": "<View><Text name=\"text\" value=\"$text\"/><Choices name=\"mood\" toName=\"text\"><Choice value=\"Good\"/><Choice value=\"Bad\"/></Choices></View>" })),
    responses((status = 201, body = Project)))]
pub async fn create(app: Data<App>, actor: Actor, Body(body): Body<ProjectBody>) -> Result<HttpResponse> {
    require(&actor, Permission::ManagePrompts)?;
    let row = actions::create(&app, &actor, body.draft(None)?).await?;
    answer(&app, actor.scope, row, HttpResponse::Created()).await
}

/// One project.
#[utoipa::path(get, path = "/api/projects/{id}/", tag = "Projects", params(("id" = i64, Path)),
    responses((status = 200, body = Project)))]
pub async fn show(app: Data<App>, actor: Actor, Id(id): Id) -> Result<HttpResponse> {
    require(&actor, Permission::ViewPrompts)?;
    let scope = actor.scope;
    let row = app.db.read(move |conn| store::projects::get(conn, scope, id)).await?;
    answer(&app, scope, row, HttpResponse::Ok()).await
}

/// Changes a project.
#[utoipa::path(patch, path = "/api/projects/{id}/", tag = "Projects",
    request_body(content = ProjectBody, example = json!({ "description": "What readers say of books" })),
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "The `ETag` of what was read.")),
    responses((status = 200, body = Project)))]
pub async fn change(
    app: Data<App>,
    actor: Actor,
    Id(id): Id,
    if_match: IfMatch,
    Body(body): Body<ProjectBody>,
) -> Result<HttpResponse> {
    require(&actor, Permission::ManagePrompts)?;
    let change = move |row: &ProjectRow| {
        if_match.judge(row.id, row.version)?;
        body.draft(Some(row.draft()))
    };
    let row = actions::change(&app, &actor, id, change).await?;
    answer(&app, actor.scope, row, HttpResponse::Ok()).await
}

/// Deletes a project. Prompts that were for it stay.
#[utoipa::path(delete, path = "/api/projects/{id}/", tag = "Projects",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "The `ETag` of what was read.")),
    responses((status = 204, description = "It is gone.")))]
pub async fn remove(app: Data<App>, actor: Actor, Id(id): Id, if_match: IfMatch) -> Result<HttpResponse> {
    actions::delete(&app, &actor, id, move |row| if_match.judge(row.id, row.version)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The parts of a project's tasks that a prompt can be run on.
#[utoipa::path(get, path = "/api/projects/{id}/subsets", tag = "Projects", params(("id" = i64, Path)),
    responses((status = 200, body = Vec<Subset>)))]
pub async fn subsets(app: Data<App>, actor: Actor, Id(id): Id) -> Result<HttpResponse> {
    require(&actor, Permission::ViewPrompts)?;
    let scope = actor.scope;
    app.db.read(move |conn| store::projects::get(conn, scope, id)).await?;
    Ok(HttpResponse::Ok().json(["All", "HasGT", "Sample"].map(|subset| Subset { subset, count: 0 })))
}

impl ProjectBody {
    /// The project as it is wanted: what was sent, on top of what there is.
    fn draft(self, present: Option<ProjectDraft>) -> Result<ProjectDraft> {
        let (title, description, label_config) = match present {
            None => (None, None, label_config::EMPTY.to_owned()),
            Some(draft) => (Some(draft.title), draft.description, draft.label_config),
        };
        let mut errors = FieldErrors::default();
        let draft = ProjectDraft {
            title: required(&mut errors, "title", self.title, title),
            description: self.description.applied_to(description),
            label_config: required(&mut errors, "label_config", self.label_config, Some(label_config)),
        };
        errors.into_result()?;
        Ok(draft)
    }
}

async fn page(app: &App, actor: &Actor, which: Which, query: ListQuery) -> Result<HttpResponse> {
    require(actor, Permission::ViewPrompts)?;
    let (scope, listing) = (actor.scope, query.listing());
    let (projects, count) = app
        .db
        .read(move |conn| {
            let (rows, count) = store::projects::list(conn, scope, which, &listing)?;
            Ok((views(conn, scope, rows)?, count))
        })
        .await?;
    Ok(HttpResponse::Ok().json(query.page(&app.config.public_url, count, projects)?))
}

async fn answer(app: &App, scope: OrgScope, row: ProjectRow, answer: HttpResponseBuilder) -> Result<HttpResponse> {
    let (id, version) = (row.id, row.version);
    let projects = app.db.read(move |conn| views(conn, scope, vec![row])).await?;
    Ok(tagged(answer, id, version, &projects.first()))
}

fn views(conn: &mut Conn, scope: OrgScope, rows: Vec<ProjectRow>) -> Result<Vec<Project>> {
    let people: Vec<i64> = rows.iter().filter_map(|row| row.created_by).collect();
    let people = store::users::of_ids(conn, scope, &people)?;
    Ok(rows.into_iter().map(|row| view(scope, made_by(&people, row.created_by), row)).collect())
}

fn view(scope: OrgScope, created_by: Option<UserRef>, row: ProjectRow) -> Project {
    // It was well-formed when it was stored.
    let config = LabelConfig::parse(&row.label_config).unwrap_or_default();
    Project {
        id: row.id,
        title: row.title,
        description: row.description,
        label_config: row.label_config,
        config_has_control_tags: !config.controls().is_empty(),
        parsed_label_config: config,
        control_weights: serde_json::json!({}),
        organization: scope.id(),
        created_by,
        created_at: row.created_at.into(),
        updated_at: row.updated_at.into(),
        is_published: false,
        is_draft: false,
        pinned_at: None,
        color: "#FFFFFF",
        workspace: None,
        workspace_title: None,
        model_version: None,
        maximum_annotations: 1,
        task_number: 0,
        finished_task_number: 0,
        num_tasks_with_annotations: 0,
        useful_annotation_number: 0,
        ground_truth_number: 0,
        skipped_annotations_number: 0,
        total_annotations_number: 0,
        total_predictions_number: 0,
        queue_total: 0,
        queue_done: 0,
        evaluate_predictions_automatically: false,
        show_collab_predictions: false,
    }
}
