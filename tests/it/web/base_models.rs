//! The dropdown: for people, for forms and for programs. Models that are to be usable are those that the catalogue
//! knows no end of, so that these tests pass in any year.
use claviger::app::App;
use claviger::base_models::base_models;
use claviger::clock::Clock;
use claviger::domain::actor::OrgScope;
use claviger::domain::check::OfferedModel;
use claviger::domain::role::Role;
use claviger::store::connections::{Inserted, NewConnection};
use claviger::store::{connections, models, organizations};
use reqwest::Method;

use crate::support::app::{ORGANIZATION, TestApp};
use crate::support::browse::{Reply, Visitor};

const HOSTILE: &str = "\"><script>alert(1)</script>";

/// Opens the address as a form's script does.
async fn fetch(visitor: &mut Visitor, headers: &[(&str, &str)]) -> Reply {
    let mut request = visitor.request(Method::GET, "/base-models").header("sec-fetch-site", "same-origin");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    visitor.send(request).await
}

/// A working connection with these models, put there past all checks.
async fn connect(app: &TestApp, provider: &'static str, name: Option<&'static str>, offered: &[&'static str]) -> i64 {
    let scope = app.organization(ORGANIZATION).await;
    let (now, offered) = (app.clock.now(), offered.to_vec());
    let endpoint = name.map(|_| "https://llm.fennel.example/v1".to_owned());
    let destination = match name {
        Some(_) => "https://llm.fennel.example:443".to_owned(),
        None => format!("provider:{provider}"),
    };
    app.store(move |conn| {
        let new = NewConnection {
            organization_id: scope.id(),
            provider: provider.to_owned(),
            single: name.is_none().then(|| provider.to_owned()),
            form_id: None,
            scope: "Organization".to_owned(),
            deployment_name: name.map(str::to_owned),
            endpoint,
            google_project_id: None,
            google_location: None,
            chat_url: None,
            destination,
            health: "working".to_owned(),
            health_since: now,
            created_by: None,
            created_at: now,
            updated_by: None,
            updated_at: now,
        };
        let Inserted::New(id) = connections::insert(conn, scope, &new)? else { panic!("it is there already") };
        offer(conn, scope, id, &offered)?;
        Ok(id)
    })
    .await
}

fn offer(conn: &mut claviger::store::Conn, scope: OrgScope, id: i64, offered: &[&str]) -> claviger::error::Result<()> {
    let offered: Vec<_> = offered
        .iter()
        .map(|id| OfferedModel { id: (*id).to_owned(), context_window: None, retires_on: None })
        .collect();
    models::record_offered(conn, scope, id, &offered, |_| true)?;
    organizations::bump_models_version(conn, scope)
}

async fn pause(app: &TestApp, id: i64) {
    let (scope, now) = (app.organization(ORGANIZATION).await, app.clock.now());
    app.store(move |conn| {
        connections::set_paused(conn, scope, id, Some(now))?;
        organizations::bump_models_version(conn, scope)
    })
    .await;
}

#[actix_web::test]
async fn a_form_gets_option_groups_a_program_json_and_a_person_a_page() {
    let app = TestApp::spawn().await;
    let id = connect(&app, "openai", None, &["gpt-5.4-mini", "gpt-5.2"]).await;
    let mut sam = app.annotator().await;

    for headers in [&[][..], &[("accept", "*/*"), ("sec-fetch-dest", "empty")], &[("accept", "text/html")]] {
        let reply = fetch(&mut sam, headers).await;
        reply.is(200).lacks("<html");
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(reply.attr("optgroup", "label"), "OpenAI");
        assert_eq!(reply.attr("option", "value"), format!("{id}:gpt-5.2"));
        assert_eq!(reply.attr("option", "data-context"), "272000");
    }

    let reply = sam.get_json("/base-models").await;
    assert_eq!(reply.is(200).header("content-type"), "application/json");
    let group = &reply.json()["groups"][0];
    assert_eq!((group["label"].as_str(), group["provider"].as_str()), (Some("OpenAI"), Some("openai")));
    assert_eq!(group["models"][1]["value"], format!("{id}:gpt-5.4-mini"));
    assert_eq!(group["models"][1]["usable"], true);

    let browser = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    for headers in [&[browser][..], &[browser, ("sec-fetch-dest", "document")]] {
        let reply = fetch(&mut sam, headers).await;
        reply.is(200).says("Base models").says("gpt-5.4-mini").says("272,000").lacks("/providers/");
        assert_eq!(reply.header("cache-control"), "no-store");
    }
}

#[actix_web::test]
async fn whoever_has_the_list_is_told_that_it_has_not_changed() {
    let app = TestApp::spawn().await;
    let id = connect(&app, "openai", None, &["gpt-5.4-mini"]).await;
    let mut sam = app.annotator().await;
    let first = fetch(&mut sam, &[]).await;
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with('"'), "{etag}");
    assert_eq!(first.header("cache-control"), "private, no-cache");
    for dependence in ["Accept", "Cookie", "Sec-Fetch-Dest"] {
        assert!(first.header("vary").contains(dependence), "{first}");
    }
    let json = fetch(&mut sam, &[("accept", "application/json")]).await.header("etag").to_owned();
    let gzip = fetch(&mut sam, &[("accept-encoding", "gzip")]).await;
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert!(json != etag && gzip.header("etag") != etag, "{etag} {json}");

    let list = format!("\"other\", {etag}");
    for has in [etag.as_str(), &format!("W/{etag}"), &list, "*"] {
        let reply = fetch(&mut sam, &[("if-none-match", has)]).await;
        assert_eq!((reply.is(304).body.as_str(), reply.header("etag")), ("", etag.as_str()), "{has}");
        assert_eq!(reply.header("cache-control"), "private, no-cache");
    }
    for has in ["\"other\"", &json, "nonsense"] {
        fetch(&mut sam, &[("if-none-match", has)]).await.is(200);
    }
    pause(&app, id).await;
    fetch(&mut sam, &[("if-none-match", &etag)]).await.is(200).says("paused");
}

#[actix_web::test]
async fn head_answers_without_a_body() {
    let app = TestApp::spawn().await;
    let mut sam = app.annotator().await;
    let etag = fetch(&mut sam, &[]).await.header("etag").to_owned();
    let reply = sam.send(sam.request(Method::HEAD, "/base-models")).await;
    assert_eq!((reply.is(200).body.as_str(), reply.header("etag")), ("", etag.as_str()));
    sam.send(sam.request(Method::DELETE, "/base-models").header("origin", &app.origin)).await.is(405);
}

#[actix_web::test]
async fn a_change_on_one_replica_shows_in_the_next_answer_of_another() {
    let app = TestApp::spawn().await;
    let id = connect(&app, "openai", None, &["gpt-5.4-mini"]).await;
    let scope = app.organization(ORGANIZATION).await;
    let other = App::open(app.app.config.clone(), Clock::default()).await.expect("a second replica");
    let before = base_models(&other, scope).await.unwrap();
    assert!(before.groups[0].models[0].usable);
    assert_eq!(base_models(&other, scope).await.unwrap().options.plain.etag, before.options.plain.etag);

    pause(&app, id).await;
    let after = base_models(&other, scope).await.unwrap();
    assert_eq!(after.groups[0].reason.as_deref(), Some("paused"));
    let here = base_models(&app.app, scope).await.unwrap();
    assert_eq!(here.options.plain.etag, after.options.plain.etag, "both replicas name the same content alike");
}

#[actix_web::test]
async fn what_cannot_be_used_says_why() {
    let app = TestApp::spawn().await;
    connect(&app, "openai", None, &["gpt-5.4-mini", "gpt-4.5-preview", "zeta"]).await;
    let paused = connect(&app, "custom", Some("llama3.2"), &["llama3.2"]).await;
    pause(&app, paused).await;
    let scope = app.organization(ORGANIZATION).await;
    let openai = app.store(move |conn| Ok(connections::list(conn, scope)?[0].id)).await;
    app.store(move |conn| offer(conn, scope, openai, &["gpt-5.4-mini", "gpt-4.5-preview"])).await;

    let reply = fetch(&mut app.annotator().await, &[]).await;
    let options = reply.texts("option");
    assert_eq!(
        options,
        ["gpt-5.4-mini", "gpt-4.5-preview – retired 14 Jul 2025", "zeta – not offered to this key", "llama3.2"]
    );
    assert_eq!(reply.texts("option[disabled]").len(), 3);
    assert_eq!(reply.attr("optgroup[disabled]", "label"), "Custom · llama3.2 – paused");
    assert_eq!(reply.text("optgroup[disabled] legend small"), "paused");
}

#[actix_web::test]
async fn what_a_server_calls_its_models_stays_text() {
    let app = TestApp::spawn().await;
    connect(&app, "custom", Some(HOSTILE), &[HOSTILE]).await;
    let mut sam = app.annotator().await;
    let reply = fetch(&mut sam, &[]).await;
    reply.is(200).lacks("<script>");
    assert_eq!(reply.attr("optgroup", "label"), format!("Custom · {HOSTILE}"));
    assert_eq!(reply.text("option"), HOSTILE);
    let page = fetch(&mut sam, &[("sec-fetch-dest", "document")]).await;
    page.is(200).lacks("<script>alert").says(HOSTILE);
}

#[actix_web::test]
async fn without_models_everybody_reads_what_to_do() {
    let app = TestApp::spawn().await;
    let words = "No models yet. Ask an Owner or Administrator to connect a provider.";
    for role in [Role::Annotator, Role::Manager] {
        let mut member = app.member(role).await;
        assert_eq!(fetch(&mut member, &[]).await.text("option[disabled]"), words);
        let page = fetch(&mut member, &[("sec-fetch-dest", "document")]).await;
        page.says("Ask an Owner or Administrator to connect a provider.");
        assert!(!page.has("a[href='/providers/new']"));
    }
    let page = fetch(&mut app.owner().await, &[("sec-fetch-dest", "document")]).await;
    assert!(page.has("a[href='/providers/new']"));
}

#[actix_web::test]
async fn another_organizations_models_are_not_in_the_list_and_strangers_get_none() {
    let app = TestApp::spawn().await;
    connect(&app, "openai", None, &["gpt-5.4-mini"]).await;
    let elsewhere = app.organization("Elsewhere").await;
    app.add(elsewhere, "Eve", "eve@elsewhere.example", Role::Owner).await;
    let mut eve = app.sign_in("eve@elsewhere.example").await;
    fetch(&mut eve, &[]).await.is(200).lacks("gpt-5.4-mini");
    app.visitor().get_json("/base-models").await.is(401).lacks("gpt-5.4-mini");
    // A form's script would put a sign-in page into its list.
    fetch(&mut app.visitor(), &[("sec-fetch-dest", "empty")]).await.is(401);
    fetch(&mut app.visitor(), &[("sec-fetch-dest", "document")]).await.leads_to("/sign-in?next=%2Fbase-models");
}
