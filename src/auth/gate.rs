//! What every request to a page passes: it must not be forged, and it gets to know who sends it.

use actix_session::SessionExt;
use actix_web::HttpMessage;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::session::{self, CurrentSession, EmbeddedMember, KEY_HASH, Member};
use super::{client, csrf};
use crate::app::App;
use crate::domain::actor::{Actor, OrgScope};
use crate::domain::embedding::EmbeddedIn;
use crate::domain::theme::Theme;
use crate::error::{Error, Result};
use crate::store::embedding::Embedding;
use crate::store::sessions::SessionKind;
use crate::store::users::{self, UserRow};

/// The cookie that form tokens are bound to while nobody is signed in. A row in the database would let anybody
/// fill it by asking for the sign-in page; the cookie's prefix keeps other sites from planting one.
pub const VISITOR_COOKIE: &str = "__Host-visitor";

/// The length of [`super::random`]'s 32 bytes in base64.
const VISITOR_CHARS: usize = 43;

/// What form tokens are bound to for somebody who is not signed in.
#[derive(Clone)]
pub(super) struct Visitor {
    pub(super) id: String,
}

/// A form token was made for a visitor who has no cookie yet.
struct NewVisitor(String);

/// The middleware around our own pages.
///
/// # Errors
/// The inner service's error.
pub async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    pass(request, next, SessionKind::OwnPages).await
}

/// The middleware around pages inside other products' pages. Their [`Embedding`] must stand in the request's
/// extensions.
///
/// # Errors
/// The inner service's error.
pub async fn guard_embedded<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    pass(request, next, SessionKind::Embedded).await
}

async fn pass<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    kind: SessionKind,
) -> std::result::Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    if let Err(error) = admit(&request, kind).await {
        return Ok(request.error_response(error).map_into_right_body());
    }
    let mut response = next.call(request).await?;
    let new_visitor = response.request().extensions_mut().remove::<NewVisitor>();
    if let Some(NewVisitor(id)) = new_visitor
        && let Ok(cookie) = HeaderValue::from_str(&visitor_cookie(id).to_string())
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response.map_into_left_body())
}

/// What the present request's form tokens are bound to. A visitor without a cookie gets one for it.
///
/// # Errors
/// If the operating system has no random numbers.
pub(super) fn bound_to(request: &impl HttpMessage) -> Result<String> {
    if let Some(current) = request.extensions().get::<CurrentSession>() {
        return Ok(current.secret.clone());
    }
    if let Some(visitor) = request.extensions().get::<Visitor>() {
        return Ok(visitor.id.clone());
    }
    let id = URL_SAFE_NO_PAD.encode(super::random::<32>()?);
    request.extensions_mut().insert(Visitor { id: id.clone() });
    request.extensions_mut().insert(NewVisitor(id.clone()));
    Ok(id)
}

async fn admit(request: &ServiceRequest, kind: SessionKind) -> Result<()> {
    let app = request.app_data::<Data<App>>().ok_or_else(|| Error::internal("no application"))?;
    if !request.method().is_safe() && !csrf::comes_from(&csrf::own_origins(&app.config.public_url), request.headers()) {
        return Err(Error::StaleForm);
    }
    let session = request.get_session();
    session::loaded(&session)?;
    match (session::member(&session), kind) {
        (Some(member), SessionKind::OwnPages) => identify(app, request, member).await,
        (Some(member), SessionKind::Embedded) => identify_embedded(app, request, member).await,
        (None, _) => {
            recognize_visitor(request);
            Ok(())
        }
    }
}

/// Reads who the session belongs to. Whoever was deactivated meanwhile is signed out by this.
async fn identify(app: &App, request: &ServiceRequest, member: Member) -> Result<()> {
    let session = request.get_session();
    let user_id = member.user_id;
    let Some((user, organization_id, organization)) = app.db.read(move |conn| users::of_session(conn, user_id)).await?
    else {
        session.purge();
        return Ok(());
    };
    if member.role != user.role().slug() {
        session::renew(&session, user.role())?;
    }
    let person = Person { user, organization_id, organization };
    request.extensions_mut().insert::<Theme>(person.user.theme());
    introduce(app, request, member, person, None);
    Ok(())
}

/// The same inside another product's page. There a session ends with everything that it was opened for: the
/// person's role, and the site's place on the list.
async fn identify_embedded(app: &App, request: &ServiceRequest, member: Member) -> Result<()> {
    let embedding = request.extensions().get::<Embedding>().cloned();
    let embedding = embedding.ok_or_else(|| Error::internal("no embedding"))?;
    let session = request.get_session();
    let Some(embedded) = member.embedded.as_ref().and_then(EmbeddedMember::read) else {
        session.purge();
        return Ok(());
    };
    if embedded.embed_id != embedding.embed_id {
        // A browser has one jar for each host page; another organization's frame in the same page has taken it.
        return Ok(());
    }
    let user_id = member.user_id;
    let found = app.db.read(move |conn| users::of_session(conn, user_id)).await?;
    let found = found.filter(|(user, organization_id, _)| {
        *organization_id == embedding.organization_id
            && member.role == user.role().slug()
            && embedding.site(&embedded.site).is_some()
    });
    let Some((user, organization_id, organization)) = found else {
        session.purge();
        return Ok(());
    };
    request.extensions_mut().insert::<Theme>(embedded.theme);
    introduce(app, request, member, Person { user, organization_id, organization }, Some(embedded));
    Ok(())
}

/// A member as the database knows them now.
struct Person {
    user: UserRow,
    organization_id: i64,
    organization: String,
}

/// Tells the rest of the request who asks.
fn introduce(app: &App, request: &ServiceRequest, member: Member, person: Person, embedded: Option<EmbeddedIn>) {
    let role = person.user.role();
    let peer = request.peer_addr().map(|address| address.ip());
    let actor = Actor {
        user_id: member.user_id,
        role: embedded.as_ref().map_or(role, |embedded| role.at_most(embedded.ceiling)),
        scope: OrgScope::granted(person.organization_id),
        organization: person.organization,
        ip: client::ip(peer, request.headers(), &app.config.trusted_proxies),
        name: person.user.name.clone(),
        email: person.user.email,
        token: None,
    };
    let key_hash = session::get(&request.get_session(), KEY_HASH).unwrap_or_default();
    let mut extensions = request.extensions_mut();
    extensions.insert(CurrentSession { key_hash, secret: member.secret });
    extensions.insert(actor);
    if let Some(embedded) = embedded {
        extensions.insert(embedded);
    }
}

fn recognize_visitor(request: &ServiceRequest) {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let Some(cookie) = request.cookie(VISITOR_COOKIE) else { return };
    if cookie.value().len() == VISITOR_CHARS && cookie.value().bytes().all(is_base64) {
        request.extensions_mut().insert(Visitor { id: cookie.value().to_owned() });
    }
}

fn visitor_cookie(id: String) -> Cookie<'static> {
    Cookie::build(VISITOR_COOKIE, id).path("/").secure(true).http_only(true).same_site(SameSite::Lax).finish()
}
