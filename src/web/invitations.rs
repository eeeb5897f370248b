//! Accepting an invitation.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query, ServiceConfig, resource};
use askama::Template;
use serde::Deserialize;

use super::forms::Submitted;
use super::page::Page;
use super::{respond, sign_in};
use crate::actions::invitations::{self, Offer};
use crate::app::App;
use crate::auth::extract::Client;
use crate::domain::field_errors::FieldErrors;
use crate::domain::secret::Secret;
use crate::error::{Error, Result};

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/invitation").get(show).post(accept));
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Input {
    code: String,
    name: String,
}

#[derive(Template)]
#[template(path = "invitations/accept.html")]
struct AcceptPage {
    page: Page,
    errors: FieldErrors,
    offer: Offer,
    input: Input,
}

/// `GET /invitation?code=…`.
async fn show(app: Data<App>, page: Page, input: Query<Input>) -> Result<HttpResponse> {
    let input = Input { code: input.into_inner().code, name: String::new() };
    let offer = invitations::open(&app, &Secret::new(input.code.clone())).await?;
    respond::page(&AcceptPage { page: page.for_anybody(), errors: FieldErrors::default(), offer, input })
}

/// `POST /invitation`.
async fn accept(
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
    let offer = invitations::open(&app, &code).await?;
    let again = |errors| {
        respond::unprocessable(&AcceptPage { page: page.for_anybody(), errors, offer, input: form.input.again() })
    };
    if is_stale {
        return again(FieldErrors::one("", respond::STALE));
    }
    match invitations::accept(&app, &code, &form.input.name, &form.typed.secret("password"), client.ip).await {
        Ok(signed_in) => sign_in::let_in(&app, &session, &client, signed_in, ""),
        Err(Error::Invalid(errors)) => again(errors),
        Err(error) => Err(error),
    }
}

impl Input {
    fn again(&self) -> Self {
        Self { code: self.code.clone(), name: self.name.clone() }
    }
}
