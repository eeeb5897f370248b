//! Who is here, and what they may do.
use chrono::TimeDelta;
use claviger::domain::role::Role;
use claviger::store::users;

use crate::support::app::{ORGANIZATION, PASSWORD, TestApp, person};
use crate::support::browse::{Reply, Visitor};

async fn id_of(app: &TestApp, role: Role) -> i64 {
    let scope = app.organization(ORGANIZATION).await;
    let (name, email) = person(role);
    app.add(scope, name, email, role).await
}

async fn role_of(app: &TestApp, id: i64) -> Role {
    let scope = app.organization(ORGANIZATION).await;
    app.store(move |conn| users::find(conn, scope, id)).await.role()
}

async fn invite(visitor: &mut Visitor, email: &str, role: &str) -> Reply {
    visitor.post("/members", &[("email", email), ("role", role)]).await
}

/// The path of the link that the members page shows once.
async fn link(visitor: &mut Visitor, app: &TestApp) -> String {
    let link = visitor.get("/members").await.is(200).text("#invitation-link");
    link.strip_prefix(&app.origin).expect("the link leads here").to_owned()
}

#[actix_web::test]
async fn only_owners_and_administrators_see_the_members() {
    let app = TestApp::spawn().await;
    app.owner()
        .await
        .get("/members")
        .await
        .is(200)
        .says("tomas@fennel.example".split('@').next().map_or("", |_| "Mara"));
    app.administrator().await.get("/members").await.is(200).says("Mara Lindqvist");
    for role in [Role::Manager, Role::Reviewer, Role::Annotator] {
        let mut visitor = app.member(role).await;
        let reply = visitor.get("/members").await;
        reply.is(403).says("You don’t have access to this page").says("Mara Lindqvist, Tomás Rey");
        reply.lacks("mara@fennel.example");
        invite(&mut visitor, "lee@partner.example", "annotator").await.is(403);
        visitor.post("/members/1/role", &[("role", "owner")]).await.is(403);
        visitor.post("/members/1/deactivate", &[]).await.is(403);
        visitor.post("/members/1/sign-out", &[]).await.is(403);
        visitor.post("/members/invitations/1/cancel", &[]).await.is(403);
    }
    app.visitor().get("/members").await.leads_to("/sign-in?next=%2Fmembers");
}

#[actix_web::test]
async fn an_invitation_works_once() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    invite(&mut mara, "Lee@Partner.example", "manager").await.leads_to("/members");
    let link = link(&mut mara, &app).await;
    let page = mara.get("/members").await;
    assert!(!page.has("#invitation-link"));
    page.says("lee@partner.example").says("Invited").lacks(link.split_once("code=").unwrap().1);

    let mut lee = app.visitor();
    lee.get(&link)
        .await
        .is(200)
        .says("Join Fennel Labs")
        .says("You’ll be a Manager, and sign in as lee@partner.example.");
    let code = link.split_once("code=").unwrap().1;
    let reply = lee.post("/invitation", &[("code", code), ("name", ""), ("password", "short")]).await;
    reply.is(422);
    assert!(reply.has("#name-error") && reply.has("#password-error"));
    let answers = [("code", code), ("name", "Lee Park"), ("password", PASSWORD)];
    lee.post("/invitation", &answers).await.leads_to("/base-models");
    lee.get("/account").await.is(200).says("Lee Park");

    let mut late = app.visitor();
    late.get(&link).await.is(410).says("This link doesn’t work any more");
    late.post("/invitation", &answers).await.is(410);
}

#[actix_web::test]
async fn of_many_who_hold_the_same_invitation_one_becomes_a_member() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    invite(&mut mara, "lee@partner.example", "annotator").await;
    let link = link(&mut mara, &app).await;
    let code = link.split_once("code=").unwrap().1;
    let tries = (0..5).map(|n| {
        let mut visitor = app.visitor();
        async move {
            let name = format!("Lee {n}");
            visitor.post("/invitation", &[("code", code), ("name", &name), ("password", PASSWORD)]).await.status
        }
    });
    let statuses = futures_util::future::join_all(tries).await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 303 | 410)), "{statuses:?}");
}

#[actix_web::test]
async fn invitations_expire_are_renewed_and_cancelled() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    invite(&mut mara, "lee@partner.example", "annotator").await;
    let first = link(&mut mara, &app).await;
    app.advance(TimeDelta::days(7) + TimeDelta::minutes(1));
    let mut mara = app.owner().await;
    app.visitor().get(&first).await.is(410);
    let page = mara.get("/members").await;
    page.says("Invitation expired");
    let renew = page.attr("form[action$='/renew']", "action");
    mara.post(&renew, &[]).await.leads_to("/members");
    let second = link(&mut mara, &app).await;
    app.visitor().get(&second).await.is(200);
    app.visitor().get(&first).await.is(410);
    mara.post(&renew.replace("renew", "cancel"), &[]).await.leads_to("/members");
    app.visitor().get(&second).await.is(410);
    mara.get("/members").await.says("is cancelled").says("1 person.");
    mara.post(&renew, &[]).await.is(404);
}

#[actix_web::test]
async fn invitations_of_somebody_who_is_shut_out_are_shut_with_them() {
    let app = TestApp::spawn().await;
    let (mut mara, mut tomas) = (app.owner().await, app.administrator().await);
    invite(&mut tomas, "lee@partner.example", "administrator").await.leads_to("/members");
    let link = link(&mut tomas, &app).await;
    let id = id_of(&app, Role::Administrator).await;
    mara.post(&format!("/members/{id}/deactivate"), &[]).await.is(303);
    app.visitor().get(&link).await.is(410);
    mara.get("/members").await.lacks("lee@partner.example");
}

#[actix_web::test]
async fn what_cannot_be_invited_is_said_beside_its_field() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    for (email, role, field) in [
        ("", "manager", "email"),
        ("lee", "manager", "email"),
        ("mara@fennel.example", "manager", "email"),
        ("lee@partner.example", "king", "role"),
    ] {
        let reply = invite(&mut mara, email, role).await;
        assert!(reply.is(422).has(&format!("#{field}-error")), "{reply}");
        assert_eq!(reply.value("email"), email);
    }
}

#[actix_web::test]
async fn a_new_role_counts_at_the_next_request() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let mut jonas = app.manager().await;
    let id = id_of(&app, Role::Manager).await;
    jonas.get("/members").await.is(403);
    let before = jonas.cookies["__Host-session"].clone();
    mara.post(&format!("/members/{id}/role"), &[("role", "administrator")]).await.leads_to("/members");
    mara.get("/members").await.says("Jonas Weber is now an Administrator.");
    jonas.get("/members").await.is(200);
    assert_ne!(jonas.cookies["__Host-session"], before);
    mara.post(&format!("/members/{id}/role"), &[("role", "annotator")]).await.is(303);
    jonas.get("/members").await.is(403);
}

#[actix_web::test]
async fn whoever_is_deactivated_is_out_at_once_and_can_come_back() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let mut sam = app.annotator().await;
    let id = id_of(&app, Role::Annotator).await;
    mara.get(&format!("/members/{id}/deactivate")).await.is(200).says("Deactivate Sam Okafor?");
    mara.post(&format!("/members/{id}/deactivate"), &[]).await.leads_to("/members");
    sam.get("/account").await.is(303);
    let answers = [("email", "sam@fennel.example"), ("password", PASSWORD)];
    let reply = app.visitor().post("/sign-in", &answers).await;
    reply.is(422).says("don’t match an account");
    mara.get("/members").await.says("Deactivated");
    mara.post(&format!("/members/{id}/reactivate"), &[]).await.leads_to("/members");
    app.advance(TimeDelta::minutes(1));
    app.visitor().post("/sign-in", &answers).await.is(303);
}

#[actix_web::test]
async fn administrators_neither_make_nor_touch_owners() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let owner = id_of(&app, Role::Owner).await;
    let mut tomas = app.administrator().await;
    let own = id_of(&app, Role::Administrator).await;
    for (path, fields) in [
        (format!("/members/{owner}/role"), vec![("role", "annotator")]),
        (format!("/members/{own}/role"), vec![("role", "owner")]),
        (format!("/members/{owner}/deactivate"), vec![]),
        (format!("/members/{owner}/reactivate"), vec![]),
        (format!("/members/{owner}/sign-out"), vec![]),
    ] {
        tomas.post(&path, &fields).await.is(403).says("Only an Owner can do this");
    }
    invite(&mut tomas, "lee@partner.example", "owner").await.is(403);
    assert!(!tomas.get("/members").await.has("option[value=owner]"));
    assert!(mara.get("/members").await.has("option[value=owner]"));
    assert_eq!(role_of(&app, own).await, Role::Administrator);
    mara.get("/account").await.is(200);
}

#[actix_web::test]
async fn the_last_owner_stays() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let id = id_of(&app, Role::Owner).await;
    let reply = mara.post(&format!("/members/{id}/role"), &[("role", "manager")]).await;
    assert!(reply.is(422).text("#role-error").contains("You’re the only Owner. Make someone else an Owner first."));
    let reply = mara.post(&format!("/members/{id}/deactivate"), &[]).await;
    reply.is(422).says("You’re the only Owner. Make someone else an Owner first.");
    mara.get("/members").await.says("Only Owner");
}

#[actix_web::test]
async fn two_owners_who_take_each_others_role_at_once_leave_one() {
    let app = TestApp::spawn().await;
    let scope = app.organization(ORGANIZATION).await;
    for round in 0..6 {
        let (one, two) = (format!("one{round}@fennel.example"), format!("two{round}@fennel.example"));
        app.store(move |conn| {
            // Those of the round before.
            for user in users::list(conn, scope)? {
                users::set_role(conn, scope, user.id, Role::Annotator)?;
            }
            Ok(())
        })
        .await;
        let ids = [app.add(scope, "One", &one, Role::Owner).await, app.add(scope, "Two", &two, Role::Owner).await];
        app.store(move |conn| {
            for user in users::list(conn, scope)?.iter().filter(|user| !ids.contains(&user.id)) {
                users::set_role(conn, scope, user.id, Role::Annotator)?;
            }
            Ok(())
        })
        .await;
        let (mut first, mut second) = (app.sign_in(&one).await, app.sign_in(&two).await);
        let (to_two, to_one) = (format!("/members/{}", ids[1]), format!("/members/{}", ids[0]));
        let demote = [("role", "annotator")];
        let replies = if round % 2 == 0 {
            let (path_two, path_one) = (format!("{to_two}/role"), format!("{to_one}/role"));
            futures_util::future::join(first.post(&path_two, &demote), second.post(&path_one, &demote)).await
        } else {
            let (path_one, path_two) = (format!("{to_one}/deactivate"), format!("{to_two}/role"));
            futures_util::future::join(first.post(&path_one, &[]), second.post(&path_two, &demote)).await
        };
        let statuses = [replies.0.status, replies.1.status];
        assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
        let n_owners = app.store(move |conn| users::n_owners(conn, scope)).await;
        assert_eq!(n_owners, 1, "{statuses:?}");
        app.advance(TimeDelta::minutes(1));
    }
}

#[actix_web::test]
async fn members_of_another_organization_are_not_there() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let other = app.organization("Other Labs").await;
    let stranger = app.add(other, "Stranger", "stranger@other.example", Role::Annotator).await;
    for path in ["role", "deactivate"] {
        let theirs = mara.get(&format!("/members/{stranger}/{path}")).await;
        let nobody = mara.get(&format!("/members/999999/{path}")).await;
        theirs.is(404);
        assert_eq!(theirs.body, nobody.body);
    }
    for (path, fields) in
        [("role", vec![("role", "owner")]), ("deactivate", vec![]), ("reactivate", vec![]), ("sign-out", vec![])]
    {
        mara.post(&format!("/members/{stranger}/{path}"), &fields).await.is(404);
    }
    mara.get("/members").await.lacks("stranger@other.example");
}
