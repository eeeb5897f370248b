//! A new password for somebody who has forgotten theirs.
use chrono::TimeDelta;
use claviger::domain::role::Role;
use claviger::store::audit;

use crate::support::app::{ORGANIZATION, PASSWORD, TestApp, person};
use crate::support::browse::{Reply, Visitor};

const NEW: &str = "walnut ladder parade";

async fn id_of(app: &TestApp, role: Role) -> i64 {
    let scope = app.organization(ORGANIZATION).await;
    let (name, email) = person(role);
    app.add(scope, name, email, role).await
}

async fn ask(visitor: &mut Visitor, id: i64) -> Reply {
    visitor.post(&format!("/members/{id}/password-link"), &[]).await
}

/// Has a link made, and answers its path as the members page shows it once.
async fn link(visitor: &mut Visitor, app: &TestApp, id: i64) -> String {
    ask(visitor, id).await.leads_to("/members");
    let link = visitor.get("/members").await.is(200).text("#password-link");
    link.strip_prefix(&app.origin).expect("the link leads here").to_owned()
}

async fn save(visitor: &mut Visitor, link: &str, password: &str) -> Reply {
    let (_, code) = link.split_once("code=").expect("a code");
    visitor.post("/new-password", &[("code", code), ("password", password)]).await
}

async fn sign_in(app: &TestApp, role: Role, password: &str) -> u16 {
    app.visitor().post("/sign-in", &[("email", person(role).1), ("password", password)]).await.status
}

/// Who did what to whom, oldest first.
async fn audit_log(app: &TestApp) -> Vec<String> {
    let scope = app.organization(ORGANIZATION).await;
    let rows = app.store(move |conn| audit::after(conn, scope, 0, 100)).await;
    rows.iter().map(|row| format!("{} {} {} {}", row.who_name, row.act, row.target_name, row.details)).collect()
}

#[actix_web::test]
async fn a_forgotten_password_is_replaced_with_a_link_that_is_shown_once_and_works_once() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let mut elsewhere = app.annotator().await;
    let link = link(&mut mara, &app, id_of(&app, Role::Annotator).await).await;
    let (_, code) = link.split_once("code=").unwrap();
    mara.get("/members").await.is(200).lacks(code).says("2 people. Invitations last 7 days.");
    elsewhere.get("/account").await.is(200);
    assert_eq!(sign_in(&app, Role::Annotator, PASSWORD).await, 303, "the old one works until the link is used");

    let mut sam = app.visitor();
    let page = sam.get(&link).await;
    page.is(200).says("Choose a new password").says("You sign in as sam@fennel.example.").lacks("Sam Okafor");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    for bad in ["sh0rt", "sam.sam.sam.", "fennel labs 12"] {
        let reply = save(&mut sam, &link, bad).await;
        assert!(reply.is(422).has("#password-error"), "{reply}");
        reply.lacks(bad).says("Choose a new password");
    }
    save(&mut sam, &link, NEW).await.leads_to("/base-models");
    sam.get("/account").await.is(200).says("Sam Okafor");
    elsewhere.get("/account").await.is(303);
    mara.get("/account").await.is(200);

    let mut late = app.visitor();
    late.get(&link).await.is(410).says("This link doesn’t work any more").lacks("sam@fennel.example");
    save(&mut late, &link, "maple anchor whistle").await.is(410);
    assert_eq!(sign_in(&app, Role::Annotator, PASSWORD).await, 422);
    assert_eq!(sign_in(&app, Role::Annotator, NEW).await, 303);

    let log = audit_log(&app).await;
    assert!(log.contains(&"Mara Lindqvist member.password_link_made Sam Okafor ".to_owned()), "{log:#?}");
    let changed = "Sam Okafor user.password_changed_by_link Sam Okafor Sessions ended: 2".to_owned();
    assert!(log.contains(&changed), "{log:#?}");
    mara.get("/audit").await.says("Made a new-password link for Sam Okafor");
}

#[actix_web::test]
async fn of_many_who_hold_the_same_link_one_chooses_the_password() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let id = id_of(&app, Role::Annotator).await;
    let link = link(&mut mara, &app, id).await;
    let tries = (0..5).map(|n| {
        let (mut visitor, link) = (app.visitor(), &link);
        async move { save(&mut visitor, link, &format!("{NEW} {n}")).await.status }
    });
    let statuses = futures_util::future::join_all(tries).await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 303 | 410)), "{statuses:?}");
    let winner = statuses.iter().position(|status| *status == 303).unwrap();
    assert_eq!(sign_in(&app, Role::Annotator, &format!("{NEW} {winner}")).await, 303);
}

#[actix_web::test]
async fn links_made_at_once_leave_one_open() {
    let app = TestApp::spawn().await;
    let (mara, id) = (app.owner().await, id_of(&app, Role::Annotator).await);
    let tries = (0..4).map(|_| {
        let mut visitor = mara.clone();
        async move { ask(&mut visitor, id).await.status }
    });
    assert_eq!(futures_util::future::join_all(tries).await, [303; 4]);
}

#[actix_web::test]
async fn a_link_ends_after_a_day_by_a_newer_one_and_by_a_change_of_password() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let mut sam = app.annotator().await;
    let id = id_of(&app, Role::Annotator).await;
    let first = link(&mut mara, &app, id).await;
    let second = link(&mut mara, &app, id).await;
    app.visitor().get(&first).await.is(410);
    app.visitor().get(&second).await.is(200);
    sam.post("/account/password", &[("current", PASSWORD), ("new", NEW)]).await.is(303);
    app.visitor().get(&second).await.is(410);

    let third = link(&mut mara, &app, id).await;
    app.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    app.visitor().get(&third).await.is(200);
    app.advance(TimeDelta::seconds(2));
    app.visitor().get(&third).await.is(410);
    save(&mut app.visitor(), &third, PASSWORD).await.is(410);
    app.visitor().get("/new-password").await.is(410);
}

#[actix_web::test]
async fn a_change_of_rights_closes_the_links_to_an_account_and_those_that_it_made() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let mut tomas = app.administrator().await;
    let (administrator, manager, annotator) =
        (id_of(&app, Role::Administrator).await, id_of(&app, Role::Manager).await, id_of(&app, Role::Annotator).await);

    let to_manager = link(&mut tomas, &app, manager).await;
    let to_annotator = link(&mut tomas, &app, annotator).await;
    // Otherwise an Administrator would soon hold a link to an Owner.
    mara.post(&format!("/members/{manager}/role"), &[("role", "owner")]).await.is(303);
    app.visitor().get(&to_manager).await.is(410);
    app.visitor().get(&to_annotator).await.is(200);
    // Otherwise somebody who was shut out would still have a way in.
    mara.post(&format!("/members/{administrator}/deactivate"), &[]).await.is(303);
    app.visitor().get(&to_annotator).await.is(410);

    let to_annotator = link(&mut mara, &app, annotator).await;
    mara.post(&format!("/members/{annotator}/deactivate"), &[]).await.is(303);
    app.visitor().get(&to_annotator).await.is(410);
    save(&mut app.visitor(), &to_annotator, NEW).await.is(410);
    mara.post(&format!("/members/{annotator}/reactivate"), &[]).await.is(303);
    app.visitor().get(&to_annotator).await.is(410);
}

#[actix_web::test]
async fn only_who_manages_a_member_has_a_link_made_for_them() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let mut tomas = app.administrator().await;
    let (owner, administrator, annotator) =
        (id_of(&app, Role::Owner).await, id_of(&app, Role::Administrator).await, id_of(&app, Role::Annotator).await);
    ask(&mut tomas, owner).await.is(403).says("Only an Owner can do this");
    ask(&mut tomas, annotator).await.is(303);
    ask(&mut mara, administrator).await.is(303);
    for role in [Role::Manager, Role::Reviewer, Role::Annotator] {
        ask(&mut app.member(role).await, annotator).await.is(403);
    }
    ask(&mut app.visitor(), annotator).await.leads_to("/sign-in");

    let other = app.organization("Other Labs").await;
    let stranger = app.add(other, "Stranger", "stranger@other.example", Role::Annotator).await;
    let (theirs, nobodys) = (ask(&mut mara, stranger).await, ask(&mut mara, 999_999).await);
    theirs.is(404);
    assert_eq!(theirs.body, nobodys.body);
}

#[actix_web::test]
async fn there_is_no_link_for_oneself_and_none_for_somebody_who_is_deactivated() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let (own, annotator) = (id_of(&app, Role::Owner).await, id_of(&app, Role::Annotator).await);
    let page = mara.get("/members").await;
    assert_eq!(page.attrs("form[action$='/password-link']", "action"), [format!("/members/{annotator}/password-link")]);
    ask(&mut mara, own).await.is(422).says("Change your own password on your account page.");
    mara.post(&format!("/members/{annotator}/deactivate"), &[]).await.is(303);
    ask(&mut mara, annotator).await.is(422).says("Sam Okafor is deactivated. Reactivate them first.");
    assert!(!mara.get("/members").await.has("form[action$='/password-link']"));
}

#[actix_web::test]
async fn a_link_forgives_what_was_guessed_wrong_before() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let id = id_of(&app, Role::Annotator).await;
    for _ in 0..5 {
        assert_eq!(sign_in(&app, Role::Annotator, "a wrong password").await, 422);
    }
    assert_eq!(sign_in(&app, Role::Annotator, PASSWORD).await, 429);
    let link = link(&mut mara, &app, id).await;
    save(&mut app.visitor(), &link, NEW).await.is(303);
    assert_eq!(sign_in(&app, Role::Annotator, NEW).await, 303);
}

#[actix_web::test]
async fn a_link_opened_where_somebody_is_signed_in_already_changes_who_that_is() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let mut sam = app.annotator().await;
    let id = id_of(&app, Role::Annotator).await;
    let first = link(&mut mara, &app, id).await;
    let before = sam.cookies["__Host-session"].clone();
    save(&mut sam, &first, NEW).await.is(303);
    assert_ne!(sam.cookies["__Host-session"], before);
    sam.get("/account").await.is(200).says("Sam Okafor");

    let second = link(&mut mara, &app, id).await;
    mara.get(&second).await.is(200).says("You sign in as sam@fennel.example.").lacks("Mara Lindqvist");
    save(&mut mara, &second, PASSWORD).await.is(303);
    mara.get("/account").await.is(200).says("Sam Okafor").lacks("Mara Lindqvist");
    sam.get("/account").await.is(303);
}

#[actix_web::test]
async fn a_form_without_our_token_changes_nothing() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let id = id_of(&app, Role::Annotator).await;
    let link = link(&mut mara, &app, id).await;
    let (_, code) = link.split_once("code=").unwrap();
    let mut sam = app.visitor();
    let body = format!("code={code}&password=walnut+ladder+parade&csrf=forged");
    let request = sam
        .request(reqwest::Method::POST, "/new-password")
        .header("origin", &app.origin)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.clone());
    sam.send(request).await.is(422).says("Choose a new password");
    let request = sam.request(reqwest::Method::POST, "/new-password").header("origin", "https://evil.example");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    sam.send(request).await.is(403);
    assert_eq!(sign_in(&app, Role::Annotator, PASSWORD).await, 303);
    app.visitor().get(&link).await.is(200);
}
