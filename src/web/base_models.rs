//! The base models that an organization can use: for people, for forms and for programs, at one address.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    self, Accept, AcceptEncoding, CacheControl, CacheDirective, ContentEncoding, ETag, Encoding, EntityTag, Header,
    IfNoneMatch,
};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;

use super::page::{Page, Section};
use super::{respond, words};
use crate::app::App;
use crate::base_models::{BaseModels, Representation, base_models};
use crate::domain::actor::Actor;
use crate::domain::model::{BaseModel, BaseModelGroup};
use crate::domain::money::NanoUsd;
use crate::domain::role::Permission;
use crate::error::Result;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/base-models").get(show));
}

/// What an answer depends on besides the address.
const VARY: &str = "Accept, Accept-Encoding, Cookie, Sec-Fetch-Dest";

#[derive(Template)]
#[template(path = "base_models/index.html")]
struct IndexPage<'a> {
    page: Page,
    groups: &'a [BaseModelGroup],
    may_connect: bool,
}

/// Who is asking, and so for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// A person who came here: a page.
    Page,
    /// A form or a program: the `<optgroup>`s of a `<select>`, or JSON.
    List,
}

/// `GET /base-models`, for everybody who is signed in.
///
/// The page is made only for people: it takes the message of the page before, which a form must not swallow.
async fn show(app: Data<App>, request: HttpRequest, actor: Actor) -> Result<HttpResponse> {
    let models = base_models(&app, actor.scope).await?;
    match wanted(&request) {
        Wanted::List => Ok(for_a_form(&request, &models)),
        Wanted::Page => {
            let page = Page::extract(&request).await?.at(Section::BaseModels);
            let may_connect = actor.may(Permission::ManageConnections);
            let mut answer = respond::page(&IndexPage { page, groups: &models.groups, may_connect })?;
            answer.headers_mut().insert(header::VARY, header::HeaderValue::from_static(VARY));
            Ok(answer)
        }
    }
}

/// The list for a form or a program, never a page.
pub fn for_a_form(request: &HttpRequest, models: &BaseModels) -> HttpResponse {
    if prefers_json(request) {
        return negotiated(request, &models.json, "application/json");
    }
    negotiated(request, &models.options, "text/html; charset=utf-8")
}

fn wanted(request: &HttpRequest) -> Wanted {
    if !prefers_json(request) && is_navigation(request) { Wanted::Page } else { Wanted::List }
}

/// Whether JSON comes before HTML in the client's list. Without a list, or with anything goes, it does not.
fn prefers_json(request: &HttpRequest) -> bool {
    let Ok(accept) = Accept::parse(request) else { return false };
    let first = accept.ranked().into_iter().find_map(|mime| match mime.essence_str() {
        "application/json" => Some(true),
        "text/html" | "text/*" | "*/*" => Some(false),
        _ => None,
    });
    first.unwrap_or(false)
}

/// Whether a browser opens the address in a window. Browsers say so over HTTPS and on the machine itself; elsewhere
/// they are known by their list of types, which scripts do not send.
fn is_navigation(request: &HttpRequest) -> bool {
    let said = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    match said("Sec-Fetch-Dest") {
        Some(destination) => destination == "document",
        None => said("Accept").is_some_and(|types| types.contains("application/xhtml+xml")),
    }
}

/// A representation, or nothing for a client that has it already.
fn negotiated(request: &HttpRequest, representation: &Representation, content_type: &str) -> HttpResponse {
    let encoding = encoding(request);
    let named = if encoding == ContentEncoding::Gzip { &representation.gzip } else { &representation.plain };
    let etag = EntityTag::new_strong(named.etag.clone());
    if has(request, &etag) {
        return labelled(HttpResponse::NotModified(), etag).finish();
    }
    let mut answer = labelled(HttpResponse::build(StatusCode::OK), etag);
    if encoding == ContentEncoding::Gzip {
        answer.insert_header(ContentEncoding::Gzip);
    }
    answer.content_type(content_type).body(named.body.clone())
}

fn labelled(mut answer: HttpResponseBuilder, etag: EntityTag) -> HttpResponseBuilder {
    // Kept, but asked for each time: a change has to show in the next answer.
    let keeping = CacheControl(vec![CacheDirective::Private, CacheDirective::NoCache]);
    answer.insert_header(ETag(etag)).insert_header(keeping).insert_header((header::VARY, VARY));
    answer
}

fn encoding(request: &HttpRequest) -> ContentEncoding {
    let supported = [Encoding::identity(), Encoding::gzip()];
    match AcceptEncoding::parse(request).ok().and_then(|accepted| accepted.negotiate(supported.iter())) {
        Some(Encoding::Known(encoding)) => encoding,
        _ => ContentEncoding::Identity,
    }
}

/// Whether the client's copy is this one. `If-None-Match` compares weakly (RFC 9110, section 13.1.2).
fn has(request: &HttpRequest, etag: &EntityTag) -> bool {
    if !request.headers().contains_key(header::IF_NONE_MATCH) {
        return false;
    }
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(etag)),
        Err(_) => false,
    }
}

impl IndexPage<'_> {
    fn price(&self, nano_usd: &Option<i64>) -> String {
        nano_usd.map_or_else(|| "Not known".to_owned(), |nano_usd| NanoUsd(nano_usd).to_string())
    }

    fn n_usable(&self) -> usize {
        self.groups.iter().flat_map(|group| &group.models).filter(|model| model.usable).count()
    }

    /// A model's own reason, as a sentence of its own; its group's stands at the heading.
    fn own_reason(&self, group: &BaseModelGroup, model: &BaseModel) -> Option<String> {
        if group.reason.is_some() { None } else { model.reason.as_deref().map(words::capital) }
    }
}
