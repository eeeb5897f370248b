//! Who is here, and what they may do.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path, ServiceConfig, resource};
use askama::Template;
use serde::Deserialize;

use super::forms::{Form, Nothing};
use super::page::{Flash, Page, Section, leave};
use super::respond;
use crate::actions::invitations::{self, Invited};
use crate::actions::passwords::{self, PasswordLink};
use crate::actions::{sessions, users};
use crate::app::App;
use crate::auth::session::{self, Slot};
use crate::clock::Timestamp;
use crate::domain::actor::{Actor, initials};
use crate::domain::field_errors::FieldErrors;
use crate::domain::role::{Permission, Role};
use crate::error::{Error, Result};
use crate::store::users::UserRow;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/members").get(list).post(invite))
        .service(resource("/members/{id}/role").get(show_role).post(change_role))
        .service(resource("/members/{id}/deactivate").get(show_deactivate).post(deactivate))
        .service(resource("/members/{id}/reactivate").post(reactivate))
        .service(resource("/members/{id}/sign-out").post(sign_out))
        .service(resource("/members/{id}/password-link").post(make_password_link))
        .service(resource("/members/invitations/{id}/renew").post(renew))
        .service(resource("/members/invitations/{id}/cancel").post(cancel));
}

#[derive(Template)]
#[template(path = "members/members.html")]
struct MembersPage {
    page: Page,
    errors: FieldErrors,
    email: String,
    role: String,
    choices: Vec<(&'static str, String)>,
    people: Vec<Person>,
    invitations: Vec<Pending>,
    shown: Option<ShownLink>,
}

/// A member, as a line of the table.
struct Person {
    id: i64,
    name: String,
    email: String,
    initials: String,
    role: Role,
    last_seen_at: Option<Timestamp>,
    is_viewer: bool,
    is_active: bool,
    is_only_owner: bool,
    may_be_changed: bool,
}

/// An invitation, as a line of the table.
struct Pending {
    id: i64,
    email: String,
    role: Role,
    invited_by: String,
    created_at: Timestamp,
    is_expired: bool,
    may_be_changed: bool,
}

/// Whether a role carries a permission, for the table; templates pass references.
fn allows(role: &Role, permission: &Permission) -> bool {
    role.may(*permission)
}

/// A link to pass on, now or never.
struct ShownLink {
    id: &'static str,
    label: &'static str,
    recipient: String,
    valid: &'static str,
    address: String,
}

/// `GET /members`.
async fn list(app: Data<App>, actor: Actor, page: Page, session: Session) -> Result<HttpResponse> {
    let mut drawn = draw(&app, &actor, page).await?;
    drawn.shown = take_link(&app, &session)?;
    respond::page(&drawn)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Invitation {
    email: String,
    role: String,
}

/// `POST /members`: invites somebody.
async fn invite(
    app: Data<App>,
    actor: Actor,
    page: Page,
    session: Session,
    form: Form<Invitation>,
) -> Result<HttpResponse> {
    let Invitation { email, role } = form.input;
    let invited = match role.parse::<Role>() {
        Ok(role) => invitations::invite(&app, &actor, &email, role).await,
        Err(_) => Err(Error::field("role", "Choose a role.")),
    };
    match invited {
        Ok(invited) => {
            session::leave(&session, Slot::Invited, &invited)?;
            Ok(respond::see_other("/members"))
        }
        Err(Error::Invalid(errors)) => {
            let drawn = draw(&app, &actor, page).await?;
            respond::unprocessable(&MembersPage { errors, email, role, ..drawn })
        }
        Err(error) => Err(error),
    }
}

/// `POST /members/invitations/{id}/renew`.
async fn renew(
    app: Data<App>,
    actor: Actor,
    session: Session,
    id: Path<i64>,
    _form: Form<Nothing>,
) -> Result<HttpResponse> {
    let invited = invitations::renew(&app, &actor, id.into_inner()).await?;
    session::leave(&session, Slot::Invited, &invited)?;
    Ok(respond::see_other("/members"))
}

/// `POST /members/invitations/{id}/cancel`.
async fn cancel(
    app: Data<App>,
    actor: Actor,
    session: Session,
    id: Path<i64>,
    _form: Form<Nothing>,
) -> Result<HttpResponse> {
    let email = invitations::cancel(&app, &actor, id.into_inner()).await?;
    leave(&session, &Flash::ok(format!("The invitation of {email} is cancelled."), "Its link works no more."))?;
    Ok(respond::see_other("/members"))
}

#[derive(Template)]
#[template(path = "members/role.html")]
struct RolePage {
    page: Page,
    errors: FieldErrors,
    user: UserRow,
    role: String,
    choices: Vec<(&'static str, String)>,
}

/// `GET /members/{id}/role`.
async fn show_role(app: Data<App>, actor: Actor, page: Page, id: Path<i64>) -> Result<HttpResponse> {
    let user = users::find(&app, &actor, id.into_inner()).await?;
    let role = user.role().slug().to_owned();
    let (page, choices) = (page.at(Section::Members), choices(&actor));
    respond::page(&RolePage { page, errors: FieldErrors::default(), user, role, choices })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NewRole {
    role: String,
}

/// `POST /members/{id}/role`.
async fn change_role(
    app: Data<App>,
    actor: Actor,
    page: Page,
    session: Session,
    id: Path<i64>,
    form: Form<NewRole>,
) -> Result<HttpResponse> {
    let (id, role) = (id.into_inner(), form.input.role);
    let changed = match role.parse::<Role>() {
        Ok(role) => users::change_role(&app, &actor, id, role).await.map(|user| (user, role)),
        Err(_) => Err(Error::field("role", "Choose a role.")),
    };
    match changed {
        Ok((user, role)) => {
            leave(&session, &Flash::ok(format!("{} is now {}.", user.name, role.with_article()), ""))?;
            Ok(respond::see_other(if user.id == actor.user_id { "/" } else { "/members" }))
        }
        Err(Error::Invalid(errors)) => {
            let user = users::find(&app, &actor, id).await?;
            let (page, choices) = (page.at(Section::Members), choices(&actor));
            respond::unprocessable(&RolePage { page, errors, user, role, choices })
        }
        Err(error) => Err(error),
    }
}

#[derive(Template)]
#[template(path = "members/deactivate.html")]
struct DeactivatePage {
    page: Page,
    errors: FieldErrors,
    user: UserRow,
}

/// `GET /members/{id}/deactivate`.
async fn show_deactivate(app: Data<App>, actor: Actor, page: Page, id: Path<i64>) -> Result<HttpResponse> {
    let user = users::find(&app, &actor, id.into_inner()).await?;
    respond::page(&DeactivatePage { page: page.at(Section::Members), errors: FieldErrors::default(), user })
}

/// `POST /members/{id}/deactivate`.
async fn deactivate(
    app: Data<App>,
    actor: Actor,
    page: Page,
    session: Session,
    id: Path<i64>,
    _form: Form<Nothing>,
) -> Result<HttpResponse> {
    let id = id.into_inner();
    match users::deactivate(&app, &actor, id).await {
        Ok(user) => {
            let flash = Flash::ok(format!("{} can’t sign in any more.", user.name), "Their sessions have ended.");
            leave(&session, &flash)?;
            Ok(respond::see_other(if user.id == actor.user_id { "/" } else { "/members" }))
        }
        Err(Error::Invalid(errors)) => {
            let user = users::find(&app, &actor, id).await?;
            respond::unprocessable(&DeactivatePage { page: page.at(Section::Members), errors, user })
        }
        Err(error) => Err(error),
    }
}

/// `POST /members/{id}/reactivate`.
async fn reactivate(
    app: Data<App>,
    actor: Actor,
    session: Session,
    id: Path<i64>,
    _form: Form<Nothing>,
) -> Result<HttpResponse> {
    let user = users::reactivate(&app, &actor, id.into_inner()).await?;
    leave(&session, &Flash::ok(format!("{} can sign in again.", user.name), "Their password is the same as before."))?;
    Ok(respond::see_other("/members"))
}

/// `POST /members/{id}/sign-out`: ends all sessions of a member.
async fn sign_out(
    app: Data<App>,
    actor: Actor,
    session: Session,
    id: Path<i64>,
    _form: Form<Nothing>,
) -> Result<HttpResponse> {
    let name = sessions::end_all_of(&app, &actor, id.into_inner()).await?;
    leave(&session, &Flash::ok(format!("{name} is signed out everywhere."), ""))?;
    Ok(respond::see_other("/members"))
}

/// `POST /members/{id}/password-link`: for somebody who has forgotten their password.
async fn make_password_link(
    app: Data<App>,
    actor: Actor,
    page: Page,
    session: Session,
    id: Path<i64>,
    _form: Form<Nothing>,
) -> Result<HttpResponse> {
    match passwords::make_link(&app, &actor, id.into_inner()).await {
        Ok(link) => {
            session::leave(&session, Slot::PasswordLink, &link)?;
            Ok(respond::see_other("/members"))
        }
        Err(Error::Invalid(errors)) => {
            let drawn = draw(&app, &actor, page).await?;
            respond::unprocessable(&MembersPage { errors, ..drawn })
        }
        Err(error) => Err(error),
    }
}

fn take_link(app: &App, session: &Session) -> Result<Option<ShownLink>> {
    if let Some(invited) = session::take::<Invited>(session, Slot::Invited) {
        return Ok(Some(ShownLink {
            id: "invitation-link",
            label: "Invitation link",
            valid: "7 days",
            address: invitations::link(app, &invited)?,
            recipient: invited.email,
        }));
    }
    let Some(link) = session::take::<PasswordLink>(session, Slot::PasswordLink) else { return Ok(None) };
    Ok(Some(ShownLink {
        id: "password-link",
        label: "New-password link",
        valid: "24 hours",
        address: passwords::address(app, &link)?,
        recipient: link.name,
    }))
}

async fn draw(app: &App, actor: &Actor, page: Page) -> Result<MembersPage> {
    let rows = users::list(app, actor).await?;
    let n_owners = rows.iter().filter(|row| row.is_active() && row.role() == Role::Owner).count();
    let may_change = |role: Role| role != Role::Owner || actor.may(Permission::ManageOwners);
    let people = rows
        .into_iter()
        .map(|row| Person {
            role: row.role(),
            initials: initials(&row.name),
            is_active: row.is_active(),
            is_viewer: row.id == actor.user_id,
            is_only_owner: n_owners == 1 && row.is_active() && row.role() == Role::Owner,
            may_be_changed: may_change(row.role()),
            id: row.id,
            name: row.name,
            email: row.email,
            last_seen_at: row.last_seen_at,
        })
        .collect();
    let invitations = invitations::list(app, actor).await?;
    let invitations = invitations
        .into_iter()
        .map(|(row, invited_by)| Pending {
            role: row.role(),
            may_be_changed: may_change(row.role()),
            is_expired: row.expires_at <= page.now,
            invited_by: invited_by.unwrap_or_default(),
            id: row.id,
            email: row.email,
            created_at: row.created_at,
        })
        .collect();
    Ok(MembersPage {
        page: page.at(Section::Members),
        errors: FieldErrors::default(),
        email: String::new(),
        role: Role::Annotator.slug().to_owned(),
        choices: choices(actor),
        people,
        invitations,
        shown: None,
    })
}

/// The roles that somebody may give, the weakest first: nobody becomes powerful by an oversight.
fn choices(actor: &Actor) -> Vec<(&'static str, String)> {
    let may_make = |role: &Role| *role != Role::Owner || actor.may(Permission::ManageOwners);
    Role::ALL.into_iter().rev().filter(may_make).map(|role| (role.slug(), role.to_string())).collect()
}
