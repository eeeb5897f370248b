//! One's own account: name, appearance, password, sessions.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, resource};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::forms::{Form, Nothing};
use super::page::{Flash, Page, Section, leave};
use super::{respond, sign_in, words};
use crate::actions::{passwords, sessions, users};
use crate::app::App;
use crate::auth::client::browser_name;
use crate::auth::session::{self, CurrentSession};
use crate::clock::Timestamp;
use crate::domain::actor::Actor;
use crate::domain::field_errors::FieldErrors;
use crate::domain::theme::Theme;
use crate::error::{Error, Result};
use crate::store::api_tokens;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/account").get(show))
        .service(resource("/account/profile").post(save_profile))
        .service(resource("/account/password").post(change_password))
        .service(resource("/account/sessions/end").post(end_session))
        .service(resource("/account/sessions/end-others").post(end_others))
        .service(resource("/account/sessions/end-all").post(end_all));
}

#[derive(Template)]
#[template(path = "account/account.html")]
struct AccountPage {
    page: Page,
    errors: FieldErrors,
    name: String,
    email: String,
    theme: Theme,
    sessions: Vec<SessionLine>,
    /// Whether a new password would leave API tokens of theirs as they are.
    has_tokens: bool,
}

/// One place where the member is signed in.
struct SessionLine {
    id: String,
    browser: String,
    ip: String,
    last_seen_at: Timestamp,
    is_this: bool,
    /// The page around the frame, for a session in one.
    embedded_in: Option<String>,
}

/// `GET /account`.
async fn show(app: Data<App>, actor: Actor, current: CurrentSession, page: Page) -> Result<HttpResponse> {
    respond::page(&draw(&app, &actor, &current, page).await?)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Profile {
    name: String,
    theme: String,
}

/// `POST /account/profile`.
async fn save_profile(
    app: Data<App>,
    actor: Actor,
    current: CurrentSession,
    page: Page,
    session: Session,
    form: Form<Profile>,
) -> Result<HttpResponse> {
    let (name, theme) = (form.input.name, Theme::from_slug(&form.input.theme));
    match users::save_profile(&app, &actor, &name, theme).await {
        Ok(()) => {
            leave(&session, &Flash::ok("Your profile is saved.", ""))?;
            Ok(respond::see_other("/account"))
        }
        Err(Error::Invalid(errors)) => {
            let drawn = draw(&app, &actor, &current, page).await?;
            respond::unprocessable(&AccountPage { errors, name, theme, ..drawn })
        }
        Err(error) => Err(error),
    }
}

/// `POST /account/password`.
async fn change_password(
    app: Data<App>,
    actor: Actor,
    current: CurrentSession,
    page: Page,
    session: Session,
    form: Form<Nothing>,
) -> Result<HttpResponse> {
    let (old, new) = (form.typed.secret("current"), form.typed.secret("new"));
    match passwords::change(&app, &actor, &current, &old, &new).await {
        Ok(()) => {
            session::renew(&session, actor.role)?;
            leave(&session, &about_new_password(n_tokens(&app, actor.user_id).await?))?;
            Ok(respond::see_other("/account"))
        }
        Err(Error::Invalid(errors)) => {
            let drawn = draw(&app, &actor, &current, page).await?;
            respond::unprocessable(&AccountPage { errors, ..drawn })
        }
        Err(error) => Err(error),
    }
}

#[derive(Deserialize)]
struct Ending {
    session: String,
}

/// `POST /account/sessions/end`: one of the member's sessions.
async fn end_session(app: Data<App>, actor: Actor, session: Session, form: Form<Ending>) -> Result<HttpResponse> {
    let key_hash = URL_SAFE_NO_PAD.decode(&form.input.session).map_err(|_| Error::NotFound)?;
    sessions::end_one(&app, &actor, key_hash).await?;
    leave(&session, &Flash::ok("That session is signed out.", ""))?;
    Ok(respond::see_other("/account"))
}

/// `POST /account/sessions/end-others`: all of the member's sessions but this one.
async fn end_others(
    app: Data<App>,
    actor: Actor,
    current: CurrentSession,
    session: Session,
    _form: Form<Nothing>,
) -> Result<HttpResponse> {
    let n_ended = sessions::end_others(&app, &actor, &current).await?;
    let ended = words::counted(n_ended, "other session is", "other sessions are");
    leave(&session, &Flash::ok(format!("{ended} signed out."), ""))?;
    Ok(respond::see_other("/account"))
}

/// `POST /account/sessions/end-all`: everywhere, here too.
async fn end_all(app: Data<App>, actor: Actor, session: Session, _form: Form<Nothing>) -> Result<HttpResponse> {
    sessions::end_all_of(&app, &actor, actor.user_id).await?;
    session.purge();
    Ok(sign_in::leave())
}

/// What somebody is told whose password has changed. Whoever knew the old one may have made a token.
#[must_use]
pub fn about_new_password(n_tokens: usize) -> Flash {
    let flash = Flash::ok("Your password is changed.", "Your other sessions are signed out.");
    if n_tokens == 0 {
        return flash;
    }
    let left = words::counted(n_tokens, "API token still works.", "API tokens still work.");
    let link = (Section::ApiTokens.href().to_owned(), "Revoke those you don’t know".to_owned());
    Flash { text: format!("{} {left}", flash.text), link: Some(link), ..flash }
}

/// How many of a member's API tokens have their time left.
///
/// # Errors
/// The database's.
pub async fn n_tokens(app: &App, user_id: i64) -> Result<usize> {
    let now = app.clock.now();
    let rows = app.db.read(move |conn| api_tokens::of_user(conn, user_id)).await?;
    Ok(rows.iter().filter(|row| !row.has_expired(now)).count())
}

async fn draw(app: &App, actor: &Actor, current: &CurrentSession, page: Page) -> Result<AccountPage> {
    let rows = sessions::list(app, actor).await?;
    let mut sessions: Vec<_> = rows
        .into_iter()
        .map(|row| SessionLine {
            is_this: row.key_hash == current.key_hash,
            id: URL_SAFE_NO_PAD.encode(&row.key_hash),
            browser: browser_name(&row.user_agent),
            ip: row.ip,
            last_seen_at: row.last_seen_at,
            embedded_in: row.embedded_in,
        })
        .collect();
    sessions.sort_by_key(|line| !line.is_this);
    Ok(AccountPage {
        errors: FieldErrors::default(),
        name: actor.name.clone(),
        email: actor.email.clone(),
        theme: page.theme,
        has_tokens: n_tokens(app, actor.user_id).await? > 0,
        page: page.at(Section::Account),
        sessions,
    })
}
