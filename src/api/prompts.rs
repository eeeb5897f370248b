//! Prompts.

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
use crate::actions::prompts::{self as actions, Saved};
use crate::actions::require;
use crate::app::App;
use crate::domain::actor::{Actor, OrgScope};
use crate::domain::field_errors::FieldErrors;
use crate::domain::prompt::PromptDraft;
use crate::domain::role::Permission;
use crate::error::Result;
use crate::store::prompts::PromptRow;
use crate::store::{self, Conn};

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/prompts").get(list).post(create))
        .service(resource("/prompts/{id}").get(show).patch(change).delete(remove));
}

/// What every answer says of a prompt.
#[derive(Serialize, ToSchema)]
pub struct PromptFields {
    id: i64,
    title: String,
    description: Option<String>,
    /// `TextClassification`, `NamedEntityRecognition`, or null.
    skill_name: Option<String>,
    /// The variables of a task that it uses.
    input_fields: Option<Vec<String>>,
    /// The labels that it chooses from.
    output_classes: Option<Vec<String>>,
    organization: i64,
    created_by: Option<UserRef>,
    created_at: ApiTime,
    updated_at: ApiTime,
}

/// A prompt that was saved.
#[derive(Serialize, ToSchema)]
pub struct SavedPrompt {
    #[serde(flatten)]
    fields: PromptFields,
    /// The ids of the projects that it is for.
    associated_projects: Vec<i64>,
}

/// A prompt that is read.
#[derive(Serialize, ToSchema)]
pub struct Prompt {
    #[serde(flatten)]
    fields: PromptFields,
    /// The projects that it is for.
    associated_projects: Vec<ProjectOfPrompt>,
    runs_count: i64,
    versions_count: i64,
    best_score: Option<f64>,
}

/// A project that a prompt is for.
#[derive(Serialize, ToSchema)]
pub struct ProjectOfPrompt {
    id: i64,
    title: String,
}

/// A prompt to be made or changed. In a change, what is missing stays.
#[derive(Deserialize, ToSchema)]
pub struct PromptBody {
    /// Needed for a new prompt.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500)]
    title: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Change<String>,
    /// `TextClassification`, `NamedEntityRecognition`, or null.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    skill_name: Change<String>,
    /// Null for none; an empty list is refused.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    input_fields: Change<Vec<String>>,
    /// Null for none; an empty list is refused.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    output_classes: Change<Vec<String>>,
    /// Ids of projects.
    #[serde(default)]
    #[schema(value_type = Option<Vec<i64>>)]
    associated_projects: Change<Vec<NamedProject>>,
}

/// A project by its id, or as answers have it: clients send back what they read.
#[derive(Deserialize)]
#[serde(untagged)]
enum NamedProject {
    Id(i64),
    Read { id: i64 },
}

impl NamedProject {
    fn id(&self) -> i64 {
        match self {
            Self::Id(id) | Self::Read { id } => *id,
        }
    }
}

/// Lists the organization's prompts.
#[utoipa::path(get, path = "/api/prompts/", tag = "Prompts",
    params(ListParams),
    responses((status = 200, body = Page<Prompt>)))]
pub async fn list(app: Data<App>, actor: Actor, query: ListQuery) -> Result<HttpResponse> {
    require(&actor, Permission::ViewPrompts)?;
    let (scope, listing) = (actor.scope, query.listing());
    let (prompts, count) = app
        .db
        .read(move |conn| {
            let (rows, count) = store::prompts::list(conn, scope, &listing)?;
            Ok((views(conn, scope, rows)?, count))
        })
        .await?;
    Ok(HttpResponse::Ok().json(query.page(&app.config.public_url, count, prompts)?))
}

/// Makes a prompt.
#[utoipa::path(post, path = "/api/prompts/", tag = "Prompts",
    request_body(content = PromptBody,
        example = json!({ "title": "Mood of a review", "associated_projects": [1], "input_fields": ["text"], "output_classes": ["Good", "Bad"] })),
    responses((status = 201, body = SavedPrompt)))]
pub async fn create(app: Data<App>, actor: Actor, Body(body): Body<PromptBody>) -> Result<HttpResponse> {
    require(&actor, Permission::ManagePrompts)?;
    let saved = actions::create(&app, &actor, body.draft(None)?).await?;
    answer(&app, actor.scope, saved, HttpResponse::Created()).await
}

/// One prompt.
#[utoipa::path(get, path = "/api/prompts/{id}/", tag = "Prompts", params(("id" = i64, Path)),
    responses((status = 200, body = Prompt)))]
pub async fn show(app: Data<App>, actor: Actor, Id(id): Id) -> Result<HttpResponse> {
    require(&actor, Permission::ViewPrompts)?;
    let scope = actor.scope;
    let (version, prompts) = app
        .db
        .read(move |conn| {
            let row = store::prompts::get(conn, scope, id)?;
            Ok((row.version, views(conn, scope, vec![row])?))
        })
        .await?;
    Ok(tagged(HttpResponse::Ok(), id, version, &prompts.first()))
}

/// Changes a prompt.
#[utoipa::path(patch, path = "/api/prompts/{id}/", tag = "Prompts",
    request_body(content = PromptBody, example = json!({ "description": "Good or bad, by the words alone" })),
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "The `ETag` of what was read.")),
    responses((status = 200, body = SavedPrompt)))]
pub async fn change(
    app: Data<App>,
    actor: Actor,
    Id(id): Id,
    if_match: IfMatch,
    Body(body): Body<PromptBody>,
) -> Result<HttpResponse> {
    require(&actor, Permission::ManagePrompts)?;
    let change = move |row: &PromptRow, present| {
        if_match.judge(row.id, row.version)?;
        body.draft(Some(present))
    };
    let saved = actions::change(&app, &actor, id, change).await?;
    answer(&app, actor.scope, saved, HttpResponse::Ok()).await
}

/// Deletes a prompt with its versions.
#[utoipa::path(delete, path = "/api/prompts/{id}/", tag = "Prompts",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "The `ETag` of what was read.")),
    responses((status = 204, description = "It is gone.")))]
pub async fn remove(app: Data<App>, actor: Actor, Id(id): Id, if_match: IfMatch) -> Result<HttpResponse> {
    actions::delete(&app, &actor, id, move |row| if_match.judge(row.id, row.version)).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl PromptBody {
    /// The prompt as it is wanted: what was sent, on top of what there is.
    fn draft(self, present: Option<PromptDraft>) -> Result<PromptDraft> {
        let title = present.as_ref().map(|draft| draft.title.clone());
        let present = present.unwrap_or_default();
        let projects = match self.associated_projects {
            Change::Absent => present.projects,
            Change::Null => Vec::new(),
            Change::To(projects) => projects.iter().map(NamedProject::id).collect(),
        };
        let mut errors = FieldErrors::default();
        let draft = PromptDraft {
            title: required(&mut errors, "title", self.title, title),
            description: self.description.applied_to(present.description),
            skill_name: self.skill_name.applied_to(present.skill_name),
            input_fields: self.input_fields.applied_to(present.input_fields),
            output_classes: self.output_classes.applied_to(present.output_classes),
            projects,
        };
        errors.into_result()?;
        Ok(draft)
    }
}

async fn answer(app: &App, scope: OrgScope, saved: Saved, answer: HttpResponseBuilder) -> Result<HttpResponse> {
    let Saved { row, projects } = saved;
    let (id, version, people) = (row.id, row.version, row.created_by);
    let people = app.db.read(move |conn| store::users::of_ids(conn, scope, people.as_slice())).await?;
    let fields = fields(scope, made_by(&people, row.created_by), row);
    Ok(tagged(answer, id, version, &SavedPrompt { fields, associated_projects: projects }))
}

fn views(conn: &mut Conn, scope: OrgScope, rows: Vec<PromptRow>) -> Result<Vec<Prompt>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let people: Vec<i64> = rows.iter().filter_map(|row| row.created_by).collect();
    let people = store::users::of_ids(conn, scope, &people)?;
    let projects = store::prompts::projects_of(conn, scope, &ids)?;
    let n_versions = store::prompts::n_versions(conn, scope, &ids)?;
    let view = |row: PromptRow| {
        let its_projects = projects.iter().filter(|project| project.prompt_id == row.id);
        Prompt {
            associated_projects: its_projects
                .map(|project| ProjectOfPrompt { id: project.project_id, title: project.title.clone() })
                .collect(),
            runs_count: 0,
            versions_count: n_versions.iter().find(|(id, _)| *id == row.id).map_or(0, |(_, n)| *n),
            best_score: None,
            fields: fields(scope, made_by(&people, row.created_by), row),
        }
    };
    Ok(rows.into_iter().map(view).collect())
}

fn fields(scope: OrgScope, created_by: Option<UserRef>, row: PromptRow) -> PromptFields {
    PromptFields {
        id: row.id,
        input_fields: row.input_fields(),
        output_classes: row.output_classes(),
        title: row.title,
        description: row.description,
        skill_name: row.skill_name,
        organization: scope.id(),
        created_by,
        created_at: row.created_at.into(),
        updated_at: row.updated_at.into(),
    }
}
