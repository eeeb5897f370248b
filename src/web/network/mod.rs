//! Network access: from where calls to providers leave, and whether they arrive.

mod files;
mod snippets;

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use askama::Template;
use serde::Deserialize;

use self::snippets::Snippet;
use super::forms::Form;
use super::page::{self, Flash, Page, Section};
use super::respond;
use crate::actions::egress::{self, TestedRoute};
use crate::actions::require;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::egress::{EgressAddress, HOSTED_SERVICE_PRESET};
use crate::domain::field_errors::FieldErrors;
use crate::domain::role::Permission;
use crate::error::{Error, Result};
use crate::providers::outbound::host_and_port;
use crate::store;
use crate::store::egress::EgressList;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/network").get(show))
        .service(web::resource("/network/addresses").get(edit).post(save))
        .service(web::resource("/network/preset").post(take_preset))
        .service(web::resource("/network/test").get(back).post(test))
        .service(web::resource("/ip-ranges.txt").get(files::text))
        .service(web::resource("/ip-ranges.json").get(files::json));
}

#[derive(Template)]
#[template(path = "network/index.html")]
struct IndexPage {
    page: Page,
    list: EgressList,
    snippets: Vec<Snippet>,
    may_edit: bool,
    /// What the operator allows inside the network.
    allowed: Vec<String>,
    /// Host and port of the operator's proxy.
    proxy: Option<String>,
    test: Test,
}

/// The form *Test the route*, and what came of it.
#[derive(Default)]
struct Test {
    url: String,
    errors: FieldErrors,
    tested: Option<TestedRoute>,
}

#[derive(Template)]
#[template(path = "network/addresses.html")]
struct EditPage {
    page: Page,
    addresses: String,
    version: String,
    errors: FieldErrors,
}

#[derive(Deserialize)]
struct Addresses {
    #[serde(default)]
    addresses: String,
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
struct Preset {
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
struct Endpoint {
    #[serde(default)]
    url: String,
}

/// `GET /network`, for Owners and Administrators.
async fn show(app: Data<App>, actor: Actor, page: Page) -> Result<HttpResponse> {
    respond::page(&index(&app, &actor, page, Test::default()).await?)
}

/// `POST /network/test`: tries the way to an address. The result is an answer, not a stored thing, so it is shown
/// here and now.
async fn test(app: Data<App>, actor: Actor, page: Page, form: Form<Endpoint>) -> Result<HttpResponse> {
    let url = form.input.url;
    match egress::test_route(&app, &actor, &url).await {
        Ok(tested) => {
            let test = Test { url, tested: Some(tested), ..Test::default() };
            respond::page(&index(&app, &actor, page, test).await?)
        }
        Err(Error::Invalid(errors)) => {
            let test = Test { url, errors, ..Test::default() };
            respond::unprocessable(&index(&app, &actor, page, test).await?)
        }
        Err(error) => Err(error),
    }
}

/// `GET /network/test`: where somebody lands who loads a result again from its address.
async fn back(actor: Actor) -> Result<HttpResponse> {
    require(&actor, Permission::ManageConnections)?;
    Ok(respond::see_other("/network"))
}

/// `GET /network/addresses`, for Owners.
async fn edit(app: Data<App>, actor: Actor, page: Page) -> Result<HttpResponse> {
    require(&actor, Permission::ManageEgress)?;
    let list = list(&app, &actor).await?;
    let (addresses, version) = (as_typed(&list.addresses), list.version());
    respond::page(&EditPage { page: page.at(Section::Network), addresses, version, errors: FieldErrors::default() })
}

/// `POST /network/addresses`.
async fn save(
    app: Data<App>,
    actor: Actor,
    page: Page,
    session: Session,
    form: Form<Addresses>,
) -> Result<HttpResponse> {
    let typed = form.input;
    match egress::replace(&app, &actor, &typed.addresses, &typed.version).await {
        Ok(()) => saved(&session),
        Err(Error::Invalid(errors)) => {
            // With the version of now, so that saving again is a decision about the list of now.
            let version = list(&app, &actor).await?.version();
            let page = page.at(Section::Network);
            respond::unprocessable(&EditPage { page, addresses: typed.addresses, version, errors })
        }
        Err(error) => Err(error),
    }
}

/// `POST /network/preset`: the addresses of the hosted service, for people who front it.
async fn take_preset(app: Data<App>, actor: Actor, session: Session, form: Form<Preset>) -> Result<HttpResponse> {
    let lines: Vec<String> =
        HOSTED_SERVICE_PRESET.iter().map(|address| format!("{address} Label Studio Enterprise")).collect();
    egress::replace(&app, &actor, &lines.join("\n"), &form.input.version).await?;
    saved(&session)
}

fn saved(session: &Session) -> Result<HttpResponse> {
    page::leave(session, &Flash::ok("The addresses are saved.", "Tell whoever runs your firewalls."))?;
    Ok(respond::see_other("/network"))
}

async fn index(app: &App, actor: &Actor, page: Page, test: Test) -> Result<IndexPage> {
    require(actor, Permission::ManageConnections)?;
    let list = list(app, actor).await?;
    Ok(IndexPage {
        page: page.at(Section::Network),
        snippets: snippets::all(&list.addresses),
        list,
        may_edit: actor.may(Permission::ManageEgress),
        allowed: app.config.egress_allow.iter().map(ToString::to_string).collect(),
        proxy: app.config.egress_proxy.as_ref().map(host_and_port),
        test,
    })
}

async fn list(app: &App, actor: &Actor) -> Result<EgressList> {
    let scope = actor.scope;
    app.db.read(move |conn| store::egress::list(conn, scope)).await
}

fn as_typed(addresses: &[EgressAddress]) -> String {
    let line = |address: &EgressAddress| format!("{} {}", address.text(), address.label).trim_end().to_owned();
    addresses.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl IndexPage {
    fn all_addresses(&self) -> String {
        self.list.addresses.iter().map(EgressAddress::text).collect::<Vec<_>>().join("\n")
    }

    fn preset(&self) -> String {
        HOSTED_SERVICE_PRESET.join(", ")
    }
}
