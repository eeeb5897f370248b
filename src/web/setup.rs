//! The first page of a new installation: the organization and its Owner.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig, resource};
use askama::Template;
use serde::Deserialize;

use super::forms::Submitted;
use super::page::Page;
use super::{respond, sign_in};
use crate::actions::organizations::{self, Founding};
use crate::actions::sessions::SignedIn;
use crate::app::App;
use crate::auth::extract::Client;
use crate::domain::field_errors::FieldErrors;
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::error::{Error, Result};

/// The routes. They answer 404 once there is an organization.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/setup").get(show).post(set_up));
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Input {
    code: String,
    organization: String,
    name: String,
    email: String,
}

#[derive(Template)]
#[template(path = "setup/setup.html")]
struct SetupPage {
    page: Page,
    errors: FieldErrors,
    input: Input,
}

/// `GET /setup?code=…`.
async fn show(app: Data<App>, page: Page, input: Query<Input>) -> Result<HttpResponse> {
    if !organizations::is_new(&app).await? {
        return Err(Error::NotFound);
    }
    let input = Input { code: input.code.clone(), ..Input::default() };
    respond::page(&SetupPage { page, errors: FieldErrors::default(), input })
}

/// `POST /setup`.
async fn set_up(
    app: Data<App>,
    page: Page,
    session: Session,
    client: Client,
    submitted: Submitted<Input>,
) -> Result<HttpResponse> {
    let form = match submitted {
        Submitted::Fresh(form) => form,
        Submitted::Stale(form) if organizations::is_new(&app).await? => {
            let errors = FieldErrors::one("", respond::STALE);
            return respond::unprocessable(&SetupPage { page, errors, input: form.input });
        }
        Submitted::Stale(_) => return Err(Error::NotFound),
    };
    let input = form.input;
    let founding = Founding {
        organization: input.organization.clone(),
        name: input.name.clone(),
        email: input.email.clone(),
        password: form.typed.secret("password"),
    };
    match organizations::set_up(&app, &Secret::new(input.code.clone()), founding, client.ip).await {
        Ok(user_id) => sign_in::let_in(&app, &session, &client, SignedIn { user_id, role: Role::Owner }, ""),
        Err(Error::Invalid(errors)) => respond::unprocessable(&SetupPage { page, errors, input }),
        Err(error) => Err(error),
    }
}
