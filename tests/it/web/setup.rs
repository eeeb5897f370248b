//! The first page of a new installation.
use chrono::TimeDelta;
use claviger::actions::organizations;
use claviger::error::Error;

use crate::support::app::{PASSWORD, TestApp};

async fn code(app: &TestApp) -> String {
    let link =
        organizations::setup_link(&app.app).await.expect("the database answers").expect("the installation is new");
    link.split_once("/setup?code=").expect("the link leads to the set-up page").1.to_owned()
}

fn answers<'a>(code: &'a str, email: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("code", code),
        ("organization", "Fennel Labs"),
        ("name", "Mara Lindqvist"),
        ("email", email),
        ("password", PASSWORD),
    ]
}

#[actix_web::test]
async fn the_first_visitor_with_the_link_becomes_the_owner_of_a_new_organization() {
    let app = TestApp::spawn().await;
    let mut mara = app.visitor();
    mara.get("/").await.leads_to("/setup");
    let code = code(&app).await;
    assert_eq!(mara.get(&format!("/setup?code={code}")).await.is(200).value("code"), code);
    mara.post("/setup", &answers(&code, "mara@fennel.example")).await.leads_to("/providers");
    mara.get("/").await.leads_to("/providers");
    let mut another = app.visitor();
    another.get("/setup").await.is(404);
    another.get("/").await.leads_to("/sign-in");
    assert!(organizations::setup_link(&app.app).await.unwrap().is_none());
}

#[actix_web::test]
async fn a_code_is_needed_and_must_be_open() {
    let app = TestApp::spawn().await;
    let mut visitor = app.visitor();
    let old = code(&app).await;
    app.advance(TimeDelta::hours(25));
    for wrong in ["", "guess", &old] {
        let reply = visitor.post("/setup", &answers(wrong, "mara@fennel.example")).await;
        reply.is(422).lacks(PASSWORD);
        assert!(reply.text("#code-error").contains("set-up code isn’t open"));
        assert_eq!(reply.value("organization"), "Fennel Labs");
        assert_eq!(reply.value("email"), "mara@fennel.example");
    }
    assert!(organizations::is_new(&app.app).await.unwrap());
    let fresh = code(&app).await;
    visitor.post("/setup", &answers(&fresh, "mara@fennel.example")).await.is(303);
}

#[actix_web::test]
async fn what_is_wrong_stands_beside_its_field() {
    let app = TestApp::spawn().await;
    let code = code(&app).await;
    let fields =
        [("code", code.as_str()), ("organization", ""), ("name", "Mara"), ("email", "x"), ("password", "short")];
    let reply = app.visitor().post("/setup", &fields).await;
    reply.is(422);
    assert!(reply.text("title").starts_with("Error: "));
    assert_eq!(reply.text("#organization-error"), "Error: Enter the organization’s name.");
    assert!(reply.text("#email-error").contains("isn’t an email address"));
    assert!(reply.text("#password-error").contains("too short"));
    assert!(!reply.has("#name-error") && !reply.has("#code-error"));
    assert!(!reply.has("#password[value]"));
}

#[actix_web::test]
async fn of_many_who_set_up_at_once_one_does() {
    let app = TestApp::spawn().await;
    let codes = [code(&app).await, code(&app).await];
    let tries = (0..6).map(|n| {
        let (mut visitor, code) = (app.visitor(), codes[n % 2].clone());
        async move { visitor.post("/setup", &answers(&code, &format!("mara{n}@fennel.example"))).await.status }
    });
    let mut statuses = futures_util::future::join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 303 | 404 | 422)), "{statuses:?}");
    let n_organizations = app.store(claviger::store::organizations::ids).await.len();
    assert_eq!(n_organizations, 1);
}

#[actix_web::test]
async fn a_set_up_page_that_was_open_too_long_keeps_what_was_typed() {
    let app = TestApp::spawn().await;
    let code = code(&app).await;
    let mut visitor = app.visitor();
    let token = visitor.token().await;
    visitor.cookies.clear();
    let mut fields = answers(&code, "mara@fennel.example").to_vec();
    fields.push(("csrf", &token));
    let body = serde_urlencoded::to_string(&fields).unwrap();
    let request = visitor
        .request(reqwest::Method::POST, "/setup")
        .header("origin", &app.origin)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    let reply = visitor.send(request).await;
    reply.is(422).says("This page was open too long");
    assert_eq!(reply.value("name"), "Mara Lindqvist");
}

#[actix_web::test]
async fn bootstrapping_twice_does_it_once() {
    let app = TestApp::spawn().await;
    let founding = |email: &str| organizations::Founding {
        organization: "Fennel Labs".into(),
        name: "Mara".into(),
        email: email.into(),
        password: PASSWORD.to_owned().into(),
    };
    let first = organizations::bootstrap(&app.app, founding("mara@fennel.example")).await.unwrap();
    assert_eq!(first, organizations::Bootstrapped::Created);
    let second = organizations::bootstrap(&app.app, founding("Mara@fennel.example")).await.unwrap();
    assert_eq!(second, organizations::Bootstrapped::WasThere);
    let other = organizations::bootstrap(&app.app, founding("tomas@fennel.example")).await;
    assert!(matches!(other, Err(Error::Invalid(_))));
    app.sign_in("mara@fennel.example").await;
}
