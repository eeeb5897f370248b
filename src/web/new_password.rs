//! Choosing a new password with a link, after the old one was forgotten.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig, resource};
use askama::Template;
use serde::Deserialize;

use super::forms::Submitted;
use super::page::{Page, leave};
use super::{account, respond, sign_in};
use crate::actions::passwords::{self, Holder};
use crate::app::App;
use crate::auth::extract::Client;
use crate::domain::field_errors::FieldErrors;
use crate::domain::secret::Secret;
use crate::error::{Error, Result};

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/new-password").get(show).post(save));
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Input {
    code: String,
}

#[derive(Template)]
#[template(path = "new_password/new_password.html")]
struct NewPasswordPage {
    page: Page,
    errors: FieldErrors,
    holder: Holder,
    code: String,
}

/// `GET /new-password?code=…`.
async fn show(app: Data<App>, page: Page, input: Query<Input>) -> Result<HttpResponse> {
    let code = input.into_inner().code;
    let holder = passwords::open(&app, &Secret::new(code.clone())).await?;
    respond::page(&NewPasswordPage { page: page.for_anybody(), errors: FieldErrors::default(), holder, code })
}

/// `POST /new-password`.
async fn save(
    app: Data<App>,
    page: Page,
    session: Session,
    client: Client,
    submitted: Submitted<Input>,
) -> Result<HttpResponse> {
    let (form, is_stale) = match submitted {
        Submitted::Fresh(form) => (form, false),
        Submitted::Stale(form) => (form, true),
    };
    let code = Secret::new(form.input.code.clone());
    let holder = passwords::open(&app, &code).await?;
    let again = |errors| {
        let page = page.for_anybody();
        respond::unprocessable(&NewPasswordPage { page, errors, holder, code: form.input.code })
    };
    if is_stale {
        return again(FieldErrors::one("", respond::STALE));
    }
    match passwords::change_by_link(&app, &code, &form.typed.secret("password"), client.ip).await {
        Ok(signed_in) => {
            let flash = account::about_new_password(account::n_tokens(&app, signed_in.user_id).await?);
            let response = sign_in::let_in(&app, &session, &client, signed_in, "")?;
            leave(&session, &flash)?;
            Ok(response)
        }
        Err(Error::Invalid(errors)) => again(errors),
        Err(error) => Err(error),
    }
}
