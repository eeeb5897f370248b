//! The list of connections and the chooser of providers.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::view::{self, ConnectionView, FirstAct};
use crate::actions::require;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::connection::Health;
use crate::domain::role::Permission;
use crate::error::Result;
use crate::providers::{self, Cardinality, Provider};
use crate::web::page::{Page, Section};
use crate::web::respond;

/// The list.
#[derive(Template)]
#[template(path = "providers/index.html")]
pub struct Index {
    page: Page,
    todos: Vec<Todo>,
    groups: Vec<Group>,
}

/// A connection that needs a person.
struct Todo {
    name: String,
    text: String,
    href: String,
    words: String,
}

struct Group {
    heading: String,
    hint: String,
    views: Vec<ConnectionView>,
}

/// `GET /providers`
pub async fn index(app: Data<App>, actor: Actor, page: Page) -> Result<HttpResponse> {
    respond::page(&list_page(&app, &actor, page).await?)
}

/// The list on a page, wherever that stands.
///
/// # Errors
/// [`Error::Forbidden`](crate::error::Error::Forbidden); the database's.
pub async fn list_page(app: &App, actor: &Actor, page: Page) -> Result<Index> {
    require(actor, Permission::ManageConnections)?;
    let views = view::all(app, actor).await?;
    let page = page.at(Section::Providers);
    let todos = views
        .iter()
        .filter_map(|view| {
            let (text, href, words) = view.todo(&page)?;
            Some(Todo { name: view.name.clone(), text, href, words })
        })
        .collect();
    let (single, many) = views.into_iter().partition(|view| view.provider().is_some_and(Provider::is_single));
    let groups = [
        Group { heading: page.say("Organization keys"), hint: page.say("one per provider"), views: single },
        Group { heading: page.say("Model keys"), hint: page.say("one per deployment or model"), views: many },
    ];
    let groups = groups.into_iter().filter(|group| !group.views.is_empty()).collect();
    Ok(Index { page, todos, groups })
}

#[derive(Template)]
#[template(path = "providers/chooser.html")]
struct Chooser {
    page: Page,
    for_all: Vec<Choice>,
    for_each: Vec<Choice>,
}

struct Choice {
    provider: &'static Provider,
    /// The connection that there is already, where there can be only one.
    connected: Option<(i64, Health)>,
}

/// `GET /providers/new`
pub async fn chooser(app: Data<App>, actor: Actor, page: Page) -> Result<HttpResponse> {
    require(&actor, Permission::ManageConnections)?;
    let views = view::all(&app, &actor).await?;
    let choice = |provider: &'static Provider| Choice {
        provider,
        connected: views
            .iter()
            .find(|view| provider.is_single() && view.row.provider == provider.slug)
            .map(|view| (view.row.id, view.health)),
    };
    let of = |cardinality| {
        providers::ALL.into_iter().filter(move |provider| provider.cardinality == cardinality).map(choice).collect()
    };
    respond::page(&Chooser {
        page: page.at(Section::Providers),
        for_all: of(Cardinality::OnePerOrganization),
        for_each: of(Cardinality::OnePerModel),
    })
}
