//! Replacing the key of a connection, and editing what it is for.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use super::answers::Answers;
use super::form::{Attempt, KeyForm, Purpose, Subject, stale};
use super::view::{self, ConnectionView};
use crate::actions::connections::{self, Change, Saved};
use crate::actions::{held_secrets, require};
use crate::app::App;
use crate::auth::session::CurrentSession;
use crate::domain::actor::Actor;
use crate::domain::role::Permission;
use crate::error::{Error, Result};
use crate::providers::{Place, Provider};
use crate::web::forms::{AnyInput, Form, Submitted, Typed};
use crate::web::links::Links;
use crate::web::page::{Flash, Page, leave};
use crate::web::path::Id;
use crate::web::respond;

/// `GET /providers/{id}/replace-key`
pub async fn new_key(app: Data<App>, actor: Actor, page: Page, Id(id): Id) -> Result<HttpResponse> {
    let (view, provider) = subject_of(&app, &actor, id).await?;
    respond::page(&KeyForm::blank(page, provider, Purpose::ReplaceKey(subject(&view)), Answers::of_row(&view.row)))
}

/// `POST /providers/{id}/replace-key`
pub async fn replace_key(
    app: Data<App>,
    actor: Actor,
    page: Page,
    session: Session,
    current: CurrentSession,
    Id(id): Id,
    form: Form<AnyInput>,
) -> Result<HttpResponse> {
    let (view, provider) = subject_of(&app, &actor, id).await?;
    let seen_version = version_of(&form.typed)?;
    let purpose = Purpose::ReplaceKey(Subject { version: seen_version, ..subject(&view) });
    // A new key goes where the old one went, whatever else the form may say.
    let answers = Answers::of_row(&view.row).given_by(Answers::of_form(provider, &form.typed).way);
    let mut attempt = Attempt::read(&app, &actor, &current, provider, &form.typed, answers).await?;
    if attempt.is_only_a_correction {
        return attempt.show_again(&app, &actor, page, purpose).await;
    }
    if let Some(errors) = page.links.problem_with(&form.typed) {
        return attempt.failed(&app, &actor, page, purpose, errors.into()).await;
    }
    let change = Change::typed(id, seen_version, attempt.submission(), attempt.proof);
    match connections::replace_key(&app, &actor, change).await {
        Ok(Saved::Yes { .. }) => {
            held_secrets::forget(&app, &actor, &attempt.held_for).await?;
            leave(&session, &replaced(&view, view::one(&app, &actor, id).await?.tail(), &page.links))?;
            Ok(respond::see_other(&page.links.after_change(format!("/providers/{id}"))))
        }
        Ok(Saved::No(report)) => attempt.refused(&app, &actor, page, purpose, report).await,
        Err(error) => attempt.failed(&app, &actor, page, purpose, error).await,
    }
}

/// `GET /providers/{id}/edit`
pub async fn edit(app: Data<App>, actor: Actor, page: Page, Id(id): Id) -> Result<HttpResponse> {
    let (view, provider) = subject_of(&app, &actor, id).await?;
    if !view.can_edit() {
        return Err(Error::NotFound);
    }
    respond::page(&KeyForm::blank(page, provider, Purpose::Edit(subject(&view)), Answers::of_row(&view.row)))
}

/// `POST /providers/{id}/edit`
pub async fn update(
    app: Data<App>,
    actor: Actor,
    page: Page,
    session: Session,
    current: CurrentSession,
    Id(id): Id,
    submitted: Submitted<AnyInput>,
) -> Result<HttpResponse> {
    let (view, provider) = subject_of(&app, &actor, id).await?;
    if !view.can_edit() {
        return Err(Error::NotFound);
    }
    let form = match submitted {
        Submitted::Fresh(form) => form,
        Submitted::Stale(form) => {
            let seen = Subject { version: version_of(&form.typed)?, ..subject(&view) };
            return stale(page, provider, Purpose::Edit(seen), &form.typed);
        }
    };
    let seen_version = version_of(&form.typed)?;
    let purpose = Purpose::Edit(Subject { version: seen_version, ..subject(&view) });
    let answers = Answers::of_form(provider, &form.typed);
    let mut attempt = Attempt::read(&app, &actor, &current, provider, &form.typed, answers).await?;
    if attempt.is_only_a_correction {
        return attempt.show_again(&app, &actor, page, purpose).await;
    }
    if let Some(errors) = page.links.problem_with(&form.typed) {
        return attempt.failed(&app, &actor, page, purpose, errors.into()).await;
    }
    let change = Change::typed(id, seen_version, attempt.submission(), attempt.proof);
    match connections::edit(&app, &actor, change).await {
        Ok(Saved::Yes { .. }) => {
            held_secrets::forget(&app, &actor, &attempt.held_for).await?;
            let name = view::one(&app, &actor, id).await?.name;
            leave(&session, &Flash::ok(page.links.fill("{0} is saved.", &[name]), "").about(id))?;
            Ok(respond::see_other(&page.links.after_change(format!("/providers/{id}"))))
        }
        Ok(Saved::No(report)) => attempt.refused(&app, &actor, page, purpose, report).await,
        Err(error) => attempt.failed(&app, &actor, page, purpose, error).await,
    }
}

/// The connection and its provider, for somebody who may change it.
async fn subject_of(app: &App, actor: &Actor, id: i64) -> Result<(ConnectionView, &'static Provider)> {
    require(actor, Permission::ManageConnections)?;
    let view = view::one(app, actor, id).await?;
    let provider = view.provider().ok_or(Error::NotFound)?;
    Ok((view, provider))
}

fn subject(view: &ConnectionView) -> Subject {
    let goes_to_endpoint = view.provider().is_some_and(|provider| provider.place == Place::Endpoint);
    Subject {
        id: view.row.id,
        name: view.name.clone(),
        version: view.row.version,
        fingerprints: view.fingerprints.clone(),
        server: goes_to_endpoint.then(|| view.row.endpoint.clone()).flatten(),
    }
}

fn version_of(typed: &Typed) -> Result<i64> {
    typed.get("version").parse().map_err(|_| Error::BadRequest("the version is missing"))
}

fn replaced(before: &ConnectionView, new_tail: Option<String>, links: &Links) -> Flash {
    let name = &before.name;
    let title = match new_tail {
        Some(tail) => links.fill("{0} now uses the key ending {1}.", &[name, &tail]),
        None => links.fill("{0} now uses the new key.", &[name]),
    };
    let text = match before.tail() {
        Some(tail) => links
            .fill("The old key, ending {0}, has been deleted from this app. Delete it at the provider too.", &[tail]),
        None => links.say("The old key has been deleted from this app. Delete it at the provider too."),
    };
    Flash::ok(title, text).about(before.row.id)
}
