//! What handlers ask for: who acts, with which session, from where.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::session::{Arrival, CurrentSession};
use super::{client, csrf, device, gate};
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::actor::Actor;
use crate::domain::role::Role;
use crate::error::{Error, Result};

impl FromRequest for Actor {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Actor>().cloned().ok_or(Error::NotSignedIn))
    }
}

impl FromRequest for CurrentSession {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<CurrentSession>().cloned().ok_or(Error::NotSignedIn))
    }
}

/// The browser at the other end, whoever uses it.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its address.
    pub ip: Option<IpAddr>,
    /// How it names itself.
    pub user_agent: String,
    /// The cookie that says who has signed in with it before.
    pub device: Option<String>,
}

impl Client {
    /// Somebody who has just proved, with this browser, who they are.
    #[must_use]
    pub fn arrival(&self, user_id: i64, role: Role, at: Timestamp) -> Arrival {
        let ip = self.ip.map(|ip| ip.to_string()).unwrap_or_default();
        Arrival { user_id, role, at, user_agent: self.user_agent.clone(), ip }
    }
}

impl FromRequest for Client {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(app(request).map(|app| Self {
            ip: ip(request, &app),
            user_agent: client::user_agent(request.headers()),
            device: request.cookie(device::COOKIE).map(|cookie| cookie.value().to_owned()),
        }))
    }
}

/// A token for the forms of the page that answers this request.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn form_token(request: &HttpRequest) -> Result<String> {
    csrf::token(&app(request)?.keys, &gate::bound_to(request)?)
}

/// Whether a form that came with this request was made for its session.
#[must_use]
pub fn is_form_ours(request: &HttpRequest, token: &str) -> bool {
    let (Ok(app), Ok(bound_to)) = (app(request), gate::bound_to(request)) else { return false };
    csrf::is_ours(&app.keys, &bound_to, token)
}

fn ip(request: &HttpRequest, app: &App) -> Option<IpAddr> {
    let peer = request.peer_addr().map(|address| address.ip());
    client::ip(peer, request.headers(), &app.config.trusted_proxies)
}

fn app(request: &HttpRequest) -> Result<Data<App>> {
    request.app_data::<Data<App>>().cloned().ok_or_else(|| Error::internal("no application"))
}
