//! The page *API tokens*: one's own, everybody's, and the rules.

use std::time::Duration;

use chrono::TimeDelta;
use claviger::auth::api_token;
use claviger::domain::api_token::{ApiScope, ApiScopes};
use claviger::domain::role::Role;

use crate::support::app::{PASSWORD, TestApp};
use crate::support::browse::{Reply, Visitor};
use crate::support::program::Program;

const PAGE: &str = "/tokens";
const WHOAMI: &str = "/api/current-user/whoami";
const ALL_SCOPES: [(&str, &str); 3] = [("scopes", "read"), ("scopes", "connections"), ("scopes", "models")];

/// Sends the form for a new token with everything ticked.
async fn create(visitor: &mut Visitor, name: &str, kind: &str, days: &str) -> Reply {
    let mut fields = vec![("name", name), ("kind", kind), ("days", days)];
    fields.extend(ALL_SCOPES);
    visitor.post(PAGE, &fields).await
}

/// Makes a token on the page and reads it off the next one.
async fn made(visitor: &mut Visitor, name: &str, kind: &str, days: &str) -> String {
    create(visitor, name, kind, days).await.leads_to(PAGE);
    visitor.get(PAGE).await.is(200).text("#new-token")
}

async fn let_legacy_in(app: &TestApp) {
    let set = [("personal", "on"), ("legacy", "on"), ("api_token_ttl_days", "365")];
    app.owner().await.post("/tokens/policy", &set).await.leads_to(PAGE);
}

/// A program that brings a token as its kind wants it.
async fn program(app: &TestApp, token: &str) -> Program {
    if token.starts_with("clv_") {
        return app.program().showing("authorization", format!("Token {token}"));
    }
    let access = app.program().post("/api/token/refresh/", serde_json::json!({ "refresh": token })).await;
    let access = access.is(200).json()["access"].as_str().expect("a token").to_owned();
    app.program().showing("authorization", format!("Bearer {access}"))
}

async fn newest(app: &TestApp) -> i64 {
    app.number("SELECT MAX(id) FROM api_tokens").await
}

/// Waits until a token's use is noted, which happens in the background.
async fn use_is_noted(app: &TestApp, id: i64) {
    let query = format!("SELECT COUNT(*) FROM api_tokens WHERE id = {id} AND last_used_at IS NOT NULL");
    let noted = async {
        while app.number(&query).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), noted).await.expect("the use is noted");
}

#[actix_web::test]
async fn every_role_makes_a_token_that_is_shown_once_works_and_dies_with_the_next_request() {
    let app = TestApp::spawn().await;
    let_legacy_in(&app).await;
    for (role, kind, label) in
        [(Role::Annotator, "personal", "Personal access token"), (Role::Manager, "legacy", "Legacy token ••••")]
    {
        let mut visitor = app.member(role).await;
        visitor.get(PAGE).await.is(200).says("None yet.").lacks("Rules for everybody");
        create(&mut visitor, " nightly  export ", kind, "30").await.leads_to(PAGE);
        let page = visitor.get(PAGE).await;
        let token = page.says("Copy your new token now: nightly export").text("#new-token");
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(page.text("#new-token-curl").contains(&app.origin), "{page}");
        assert_eq!(page.has("#new-token-sdk"), kind == "personal");
        let again = visitor.get(PAGE).await;
        again.lacks(&token).lacks("Copy your new token").says("nightly export").says(label);
        again.says("All that its owner may do").says("Never");
        app.visitor().get(PAGE).await.leads_to("/sign-in?next=%2Ftokens");

        let mut program = program(&app, &token).await;
        program.get(WHOAMI).await.is(200);
        let id = newest(&app).await;
        use_is_noted(&app, id).await;
        visitor.get(PAGE).await.says("Just now");
        visitor.post(&format!("{PAGE}/{id}/revoke"), &[]).await.leads_to(PAGE);
        visitor.get(PAGE).await.says("“nightly export” is revoked.").says("None yet.");
        program.get(WHOAMI).await.is(401);
        assert!(!app.database_holds(token.as_bytes()));
        app.owner().await.get("/audit").await.says("Created the API token").says("Revoked the API token").lacks(&token);
    }
}

#[actix_web::test]
async fn a_token_that_was_revoked_before_it_was_shown_is_not_shown() {
    let app = TestApp::spawn().await;
    let mut sam = app.annotator().await;
    create(&mut sam, "hasty", "personal", "").await.leads_to(PAGE);
    let mut elsewhere = app.annotator().await;
    elsewhere.get(PAGE).await.says("hasty").lacks("Copy your new token");
    elsewhere.post(&format!("{PAGE}/{}/revoke", newest(&app).await), &[]).await.leads_to(PAGE);
    sam.get(PAGE).await.is(200).says("None yet.").lacks("Copy your new token");
}

#[actix_web::test]
async fn what_is_wrong_is_told_beside_its_field_and_everything_typed_stays() {
    let app = TestApp::spawn().await;
    let mut sam = app.annotator().await;
    let page = sam.get(PAGE).await;
    assert_eq!((page.value("days"), page.attrs("[name=scopes][checked]", "value").len()), ("90".to_owned(), 3));
    let reply = sam.post(PAGE, &[("name", " "), ("kind", "personal"), ("days", "soon")]).await;
    reply.is(422).says("There is a problem");
    for (field, problem) in [
        ("name", "Enter a name."),
        ("days", "Enter 1 to 365 days."),
        ("scopes", "Choose what the token may be used for."),
    ] {
        assert!(reply.text(&format!("#{field}-error")).contains(problem), "{field}: {reply}");
        assert!(reply.has(&format!(".errors a[href='#{field}']")) && reply.has(&format!("#{field}")), "{field}");
    }
    let fields = [("name", "export\u{202e}"), ("kind", "personal"), ("days", " 400"), ("scopes", "models")];
    let reply = sam.post(PAGE, &fields).await;
    assert!(reply.is(422).text("#name-error").contains("can’t be shown"));
    assert_eq!((reply.value("name"), reply.value("days")), ("export\u{202e}".to_owned(), " 400".to_owned()));
    assert_eq!(reply.attrs("[name=scopes][checked]", "value"), ["models"]);
    assert!(reply.text("#days-error").contains("No personal access token lives longer here."));
    for (kind, problem) in [("legacy", "Legacy tokens are switched off in this organization."), ("", "Choose a kind.")]
    {
        let reply = create(&mut sam, "export", kind, "90").await;
        assert!(reply.is(422).text("#kind-error").contains(problem), "{reply}");
        assert_eq!(reply.value("name"), "export");
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM api_tokens").await, 0);
    for n in 0..50 {
        create(&mut sam, &format!("token {n}"), "personal", "1").await.is(303);
    }
    create(&mut sam, "one more", "personal", "1").await.is(422).says("There are 50 tokens already.");
}

#[actix_web::test]
async fn a_token_opens_what_was_ticked_and_nothing_else() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let fields = [("name", "models"), ("kind", "personal"), ("days", ""), ("scopes", "models"), ("scopes", "king")];
    mara.post(PAGE, &fields).await.leads_to(PAGE);
    let page = mara.get(PAGE).await;
    page.says("Use models");
    let token = page.text("#new-token");
    let mut program = program(&app, &token).await;
    program.get(WHOAMI).await.is(200);
    program.get("/api/jwt/settings").await.is(403);
    let scopes = app.store(|conn| claviger::store::api_tokens::of_user(conn, 1)).await[0].scopes();
    assert_eq!(scopes, ApiScopes::of([ApiScope::UseModels]));
}

#[actix_web::test]
async fn rotating_puts_a_new_token_in_the_place_of_the_old_one() {
    let app = TestApp::spawn().await;
    let mut sam = app.annotator().await;
    let old = made(&mut sam, "export", "personal", "30").await;
    let mut program_of_old = program(&app, &old).await;
    let id = newest(&app).await;
    sam.post(&format!("{PAGE}/{id}/rotate"), &[]).await.leads_to(PAGE);
    let page = sam.get(PAGE).await;
    let new = page.says("The one that it replaces works no more.").text("#new-token");
    assert_ne!(new, old);
    assert_eq!(page.rows(".tokens tbody tr").len(), 1);
    program_of_old.get(WHOAMI).await.is(401);
    program(&app, &new).await.get(WHOAMI).await.is(200);
    sam.post(&format!("{PAGE}/{id}/rotate"), &[]).await.is(404);
    // Nobody else's, not even an Owner.
    app.owner().await.post(&format!("{PAGE}/{}/rotate", newest(&app).await), &[]).await.is(404);

    app.advance(TimeDelta::days(366));
    let mut sam = app.annotator().await;
    let page = sam.get(PAGE).await;
    page.says("Expired").says("Remove");
    assert!(!page.has("form[action$='/rotate']"));
    sam.post(&format!("{PAGE}/{}/rotate", newest(&app).await), &[]).await.leads_to(PAGE);
    sam.get(PAGE).await.says("The token isn’t rotated.").says("Create a new one in its place.");
    sam.post(&format!("{PAGE}/{}/revoke", newest(&app).await), &[]).await.leads_to(PAGE);
    sam.get(PAGE).await.says("“export” is removed.");
}

#[actix_web::test]
async fn a_token_ends_on_its_day_and_a_legacy_one_never_unless_somebody_says_when() {
    let app = TestApp::spawn().await;
    let_legacy_in(&app).await;
    let mut sam = app.annotator().await;
    let mut short = program(&app, &made(&mut sam, "short", "legacy", "2").await).await;
    let mut long = program(&app, &made(&mut sam, "long", "legacy", "").await).await;
    app.advance(TimeDelta::days(2));
    short.get(WHOAMI).await.is(401);
    long.get(WHOAMI).await.is(200);
    let mut sam = app.annotator().await;
    let rows = sam.get(PAGE).await.rows(".tokens tbody tr");
    assert!(rows[0].contains("long") && rows[0].contains("Never") && !rows[0].contains("Rotate"), "{rows:?}");
    assert!(rows[1].contains("short") && rows[1].contains("Expired"), "{rows:?}");
}

#[actix_web::test]
async fn those_who_manage_tokens_see_and_revoke_everybodys_and_nobody_else_does() {
    let app = TestApp::spawn().await;
    let mut sam = app.annotator().await;
    let token = made(&mut sam, "sams-notebook", "personal", "30").await;
    let sams = newest(&app).await;
    let mut program = program(&app, &token).await;
    for role in [Role::Manager, Role::Reviewer] {
        let mut visitor = app.member(role).await;
        visitor.get(PAGE).await.lacks("sams-notebook").lacks("Rules for everybody").lacks("Other members’ tokens");
        visitor.post(&format!("{PAGE}/{sams}/revoke"), &[]).await.is(403);
        visitor.post(&format!("{PAGE}/{sams}/rotate"), &[]).await.is(404);
        visitor.post("/tokens/policy", &[("api_token_ttl_days", "1")]).await.is(403);
        visitor.get("/tokens/policy").await.is(403);
    }
    program.get(WHOAMI).await.is(200);
    let mut tomas = app.administrator().await;
    let page = tomas.get(PAGE).await;
    page.says("Other members’ tokens").says("sams-notebook").says("Sam Okafor").lacks("Copy your new token");
    assert!(!page.has("form[action$='/rotate']"));
    tomas.post(&format!("{PAGE}/{sams}/revoke"), &[]).await.leads_to(PAGE);
    program.get(WHOAMI).await.is(401);
    tomas.get(PAGE).await.lacks("sams-notebook</").says("Nobody else in Fennel Labs has one.");
}

#[actix_web::test]
async fn another_organizations_token_is_as_missing_as_one_that_never_was() {
    let app = TestApp::spawn().await;
    let other = app.organization("Other Ltd").await;
    app.add(other, "Eve", "eve@other.example", Role::Owner).await;
    let mut eve = app.sign_in("eve@other.example").await;
    let token = made(&mut eve, "eves", "personal", "30").await;
    let theirs = newest(&app).await;
    let mut mara = app.owner().await;
    mara.get(PAGE).await.lacks("eves");
    for act in ["revoke", "rotate"] {
        let found = mara.post(&format!("{PAGE}/{theirs}/{act}"), &[]).await;
        let never = mara.post(&format!("{PAGE}/{}/{act}", theirs + 1000), &[]).await;
        assert_eq!((found.is(404).status, &found.body), (never.status, &never.body), "{act}");
    }
    let off = [("api_token_ttl_days", "7")];
    mara.post("/tokens/policy", &off).await.leads_to(PAGE);
    program(&app, &token).await.get(WHOAMI).await.is(200);
    eve.get(PAGE).await.says("At most 365");
}

#[actix_web::test]
async fn switching_a_kind_off_ends_its_tokens_at_once_and_on_again_brings_them_back() {
    let app = TestApp::spawn().await;
    let mut sam = app.annotator().await;
    let token = made(&mut sam, "export", "personal", "30").await;
    let mut program = program(&app, &token).await;
    let mut tomas = app.administrator().await;
    tomas.get(PAGE).await.says("Legacy tokens are switched off. You can switch them on below.");
    tomas.post("/tokens/policy", &[("legacy", "on"), ("api_token_ttl_days", "30")]).await.leads_to(PAGE);
    tomas.get(PAGE).await.says("The rules for API tokens are saved.");
    program.get(WHOAMI).await.is(401);
    let page = sam.get(PAGE).await;
    page.says("Switched off").says("Personal access tokens are switched off. An Owner or Administrator can");
    assert_eq!(page.attrs("[name=kind]", "value"), ["legacy"]);
    let id = newest(&app).await;
    sam.post(&format!("{PAGE}/{id}/rotate"), &[]).await.leads_to(PAGE);
    sam.get(PAGE).await.says("The token isn’t rotated.");
    tomas.post("/tokens/policy", &[("api_token_ttl_days", "30")]).await.leads_to(PAGE);
    let page = sam.get(PAGE).await;
    page.says("API tokens are switched off in Fennel Labs.");
    assert!(!page.has("[name=kind]"));
    tomas.post("/tokens/policy", &[("personal", "on"), ("api_token_ttl_days", "30")]).await.leads_to(PAGE);
    program.get(WHOAMI).await.is(200);
    assert_eq!(sam.get(PAGE).await.value("days"), "30");
    for days in ["", "0", "3651", "many", "-1"] {
        let reply = tomas.post("/tokens/policy", &[("legacy", "on"), ("api_token_ttl_days", days)]).await;
        assert!(reply.is(422).text("#api_token_ttl_days-error").contains("Enter 1 to 3650 days."), "{reply}");
        assert_eq!(reply.value("api_token_ttl_days"), days);
        assert!(reply.has("[name=legacy][checked]") && !reply.has("[name=personal][checked]"));
    }
    tomas.get("/tokens/policy").await.leads_to(PAGE);
    program.get(WHOAMI).await.is(200);
    tomas.get("/audit").await.says("Changed the rules for API tokens");
}

#[actix_web::test]
async fn of_many_who_revoke_or_rotate_a_token_one_does() {
    let app = TestApp::spawn().await;
    let mut sam = app.annotator().await;
    for act in ["revoke", "rotate"] {
        create(&mut sam, "export", "personal", "30").await.leads_to(PAGE);
        let path = format!("{PAGE}/{}/{act}", newest(&app).await);
        let acting = (0..5).map(|_| {
            let (mut sam, path) = (sam.clone(), path.clone());
            async move { sam.post(&path, &[]).await.status }
        });
        let mut statuses = futures_util::future::join_all(acting).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 404, 404, 404, 404], "{act}");
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM api_tokens").await, 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM audit_log WHERE act = 'api_token.revoked'").await, 1);
}

#[actix_web::test]
async fn a_form_of_another_session_makes_nothing() {
    let app = TestApp::spawn().await;
    let mut sam = app.annotator().await;
    let foreign = app.owner().await.token().await;
    let request = sam.posting(PAGE).header("content-type", "application/x-www-form-urlencoded");
    sam.send(request.body(format!("csrf={foreign}&name=x&kind=personal&scopes=read"))).await.is(403);
    assert_eq!(app.number("SELECT COUNT(*) FROM api_tokens").await, 0);
}

#[actix_web::test]
async fn a_new_password_offers_to_revoke_what_it_leaves_as_it_is() {
    let app = TestApp::spawn().await;
    let mut sam = app.annotator().await;
    sam.get("/account").await.lacks("keep working until you revoke them");
    let token = made(&mut sam, "export", "personal", "30").await;
    let page = sam.get("/account").await;
    page.says("keep working until you revoke them");
    assert!(page.has("#main section a[href='/tokens']"));
    let new = [("current", PASSWORD), ("new", "walnut ladder parade")];
    sam.post("/account/password", &new).await.leads_to("/account");
    let page = sam.get("/account").await;
    page.says("Your password is changed.").says("1 API token still works.");
    assert!(page.has(".note a[href='/tokens']"));
    program(&app, &token).await.get(WHOAMI).await.is(200);
    assert!(api_token::jti_named_in(&token).is_some());
}
