//! Who is let in with which token, and for how long.

use chrono::TimeDelta;
use claviger::auth::api_token;
use claviger::domain::api_token::{ApiScope, ApiScopes};
use claviger::domain::role::Role;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::browse::Reply;
use crate::support::program::{forged, jti_of};

const WHOAMI: &str = "/api/current-user/whoami";

#[track_caller]
fn is_invalid(reply: &Reply) {
    reply.is(401);
    assert!(reply.json()["detail"].as_str().unwrap_or_default().starts_with("Token is invalid."), "{reply}");
    assert_eq!(reply.header("www-authenticate"), "Token");
}

#[actix_web::test]
async fn a_personal_token_is_exchanged_and_a_legacy_one_sent_as_it_is() {
    let app = TestApp::spawn().await;
    let refresh = app.personal_token(Role::Manager, ApiScopes::ALL).await;
    let reply = app.program().post("/api/token/refresh/", json!({ "refresh": refresh })).await;
    let access = reply.is(200).json()["access"].as_str().expect("a token").to_owned();
    let legacy = app.legacy_token(Role::Manager).await;
    for (name, value) in [
        ("authorization", format!("Bearer {access}")),
        ("authorization", format!("bearer  {access}")),
        ("authorization", format!("Token {legacy}")),
        ("authorization", format!("TOKEN {legacy}")),
        ("x-api-key", access.clone()),
        ("x-api-key", legacy.clone()),
    ] {
        let me = app.program().showing(name, value).get(WHOAMI).await;
        assert_eq!(me.is(200).json()["email"], "jonas@fennel.example");
        assert_eq!(me.json()["organization_membership"]["role"], "MA");
    }
    // Not the other way round.
    for value in [format!("Token {access}"), format!("Bearer {refresh}"), "Basic bWFyYTpw".to_owned(), access] {
        is_invalid(&app.program().showing("authorization", value).get(WHOAMI).await);
    }
    let exchange = app.program().showing("authorization", format!("Bearer {refresh}")).get(WHOAMI).await;
    exchange.says("exchange it for an access token");
    let nobody = app.program().get(WHOAMI).await;
    assert!(nobody.is(401).json()["detail"].as_str().expect("words").contains("credentials were not provided"));
}

#[actix_web::test]
async fn an_access_token_works_for_five_minutes_and_a_personal_one_as_long_as_the_organization_says() {
    let app = TestApp::spawn().await;
    let refresh = app.personal_token(Role::Owner, ApiScopes::ALL).await;
    let mut program = app.program_of(Role::Owner).await;
    program.get(WHOAMI).await.is(200);
    app.advance(TimeDelta::minutes(5));
    is_invalid(&program.get(WHOAMI).await);
    app.program().post("/api/token/refresh", json!({ "refresh": refresh })).await.is(200);
    app.advance(TimeDelta::days(365));
    is_invalid(&app.program().post("/api/token/refresh/", json!({ "refresh": refresh })).await);
}

#[actix_web::test]
async fn tokens_are_made_listed_rotated_and_revoked_by_their_owner() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Annotator).await;
    let made = program.post_nothing("/api/token/").await;
    let token = made.is(201).json()["token"].as_str().expect("a token").to_owned();
    let listed = program.get("/api/token/").await.is(200).json();
    let shown = token.rsplit_once('.').expect("three parts").0;
    let shown_tokens: Vec<&str> =
        listed.as_array().expect("a list").iter().filter_map(|t| t["token"].as_str()).collect();
    assert_eq!((shown_tokens.len(), shown_tokens[0]), (2, shown), "newest first, without signatures");

    let rotated = program.post("/api/token/rotate/", json!({ "refresh": token })).await;
    let next = rotated.is(200).json()["refresh"].as_str().expect("a token").to_owned();
    is_invalid(&app.program().post("/api/token/refresh/", json!({ "refresh": token })).await);
    program.post("/api/token/rotate/", json!({ "refresh": token })).await.is(400);
    let access = app.program().post("/api/token/refresh/", json!({ "refresh": next })).await;
    let access = access.is(200).json()["access"].as_str().expect("a token").to_owned();
    let mut other = app.program().showing("authorization", format!("Bearer {access}"));
    other.get(WHOAMI).await.is(200);

    // Without its signature it is known as well; its access tokens end with it.
    let truncated = next.rsplit_once('.').expect("three parts").0;
    program.post("/api/token/blacklist/", json!({ "refresh": truncated })).await.is(204);
    is_invalid(&other.get(WHOAMI).await);
    program.post("/api/token/blacklist/", json!({ "refresh": truncated })).await.is(404);
    let field = program.post_nothing("/api/token/blacklist/").await.is(400).json();
    assert_eq!(field["validation_errors"]["refresh"], json!(["This field is required."]));

    // Nobody revokes somebody else's.
    let owners = app.personal_token(Role::Owner, ApiScopes::ALL).await;
    program.post("/api/token/blacklist/", json!({ "refresh": owners })).await.is(404);
    program.post("/api/token/rotate/", json!({ "refresh": owners })).await.is(400);
}

#[actix_web::test]
async fn the_legacy_token_is_shown_to_whoever_brings_it_and_can_be_reset() {
    let app = TestApp::spawn().await;
    let legacy = app.legacy_token(Role::Reviewer).await;
    let mut program = app.program().showing("authorization", format!("Token {legacy}"));
    assert_eq!(program.get("/api/current-user/token").await.is(200).json()["token"], legacy);
    app.program_of(Role::Reviewer).await.get("/api/current-user/token").await.is(404);
    let reset = program.post_nothing("/api/current-user/reset-token/").await;
    let next = reset.is(201).json()["token"].as_str().expect("a token").to_owned();
    is_invalid(&program.get(WHOAMI).await);
    app.program().showing("authorization", format!("Token {next}")).get(WHOAMI).await.is(200);
    assert!(!app.database_holds(next.as_bytes()));
}

#[actix_web::test]
async fn who_is_shut_out_and_what_is_switched_off_ends_with_the_next_request_on_every_replica() {
    let app = TestApp::spawn().await;
    let replica = app.replica().await;
    let mut owner = app.program_of(Role::Owner).await;
    let legacy = app.legacy_token(Role::Annotator).await;
    let mut annotator = app.program().showing("authorization", format!("Token {legacy}"));
    let mut elsewhere = annotator.clone();
    elsewhere.visitor = elsewhere.visitor.at(&replica.origin);
    elsewhere.get(WHOAMI).await.is(200);
    let settings = owner.get("/api/jwt/settings").await.is(200).json();
    let expected = json!({ "api_tokens_enabled": true, "legacy_api_tokens_enabled": true, "api_token_ttl_days": 365 });
    assert_eq!(settings, expected);
    owner.post("/api/jwt/settings", json!({ "legacy_api_tokens_enabled": false })).await.is(200);
    is_invalid(&elsewhere.get(WHOAMI).await);
    is_invalid(&annotator.get(WHOAMI).await);
    owner.post("/api/jwt/settings/", json!({ "legacy_api_tokens_enabled": true })).await.is(200);
    elsewhere.get(WHOAMI).await.is(200);
    for days in [json!(0), json!(3651), json!("many")] {
        let refused = owner.post("/api/jwt/settings", json!({ "api_token_ttl_days": days })).await;
        assert!(refused.is(400).json()["validation_errors"]["api_token_ttl_days"].is_array(), "{refused}");
    }

    let mut mara = app.owner().await;
    let id = app.number("SELECT id FROM users WHERE role = 'annotator'").await;
    mara.post(&format!("/members/{id}/deactivate"), &[]).await.is(303);
    is_invalid(&elsewhere.get(WHOAMI).await);
    annotator.post("/api/jwt/settings", json!({})).await.is(401);
    // Who is let in again is let in without the tokens of before.
    mara.post(&format!("/members/{id}/reactivate"), &[]).await.is(303);
    is_invalid(&elsewhere.get(WHOAMI).await);
    mara.get("/audit").await.says("API tokens revoked: 1");
    app.program_of(Role::Manager).await.get("/api/jwt/settings").await.is(403);
}

#[actix_web::test]
async fn what_is_no_token_of_ours_is_told_nothing_more_than_that() {
    let app = TestApp::spawn().await;
    let legacy = app.legacy_token(Role::Owner).await;
    let refresh = app.personal_token(Role::Owner, ApiScopes::ALL).await;
    let now = app.clock.now().and_utc().timestamp();
    let access = |change: &dyn Fn(&mut Value)| {
        let mut claims = json!({
            "token_type": "access", "exp": now + 60, "iat": now, "jti": "x", "user_id": "1",
            "aud": "claviger/access", "of": jti_of(&refresh),
        });
        change(&mut claims);
        forged(&app, &claims)
    };
    let good = access(&|_| {});
    app.program().showing("authorization", format!("Bearer {good}")).get(WHOAMI).await.is(200);
    let unsigned = format!("{}.", good.rsplit_once('.').expect("three parts").0);
    let typo = format!("{}0", &legacy[..legacy.len() - 1]);
    let mut bodies = Vec::new();
    for token in [
        "Token",
        "Token ",
        "Token null",
        &format!("Token {}", "a".repeat(40)),
        &format!("Token {}", legacy.to_uppercase()),
        &format!("Token clv_{}", "é".repeat(28)),
        &format!("Token {typo}x"),
        &format!("Bearer {unsigned}"),
        &format!("Bearer {}", access(&|claims| claims["exp"] = json!(now))),
        &format!("Bearer {}", access(&|claims| claims["exp"] = json!(-1))),
        &format!("Bearer {}", access(&|claims| claims["of"] = json!("another"))),
        &format!("Bearer {}", access(&|claims| claims["of"] = json!("1' OR '1'='1"))),
        "Bearer eyJhbGciOiJub25lIn0.e30.",
    ] {
        let reply = app.program().showing("authorization", token.to_owned()).get(WHOAMI).await;
        is_invalid(&reply);
        let mut body = reply.json();
        body["id"] = json!(null);
        bodies.push(body);
    }
    // Well made but never stored, or stored and revoked: neither is told from the other.
    let never = api_token::legacy(&app.app.keys, "a nonce that nobody used").expect("a token");
    let revoked = legacy.clone();
    app.sql("DELETE FROM api_tokens WHERE kind = 'legacy'").await;
    for token in [never.expose(), &revoked] {
        let reply = app.program().showing("authorization", format!("Token {token}")).get(WHOAMI).await;
        is_invalid(&reply);
        let mut body = reply.json();
        body["id"] = json!(null);
        bodies.push(body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    for body in [json!({}), json!({ "refresh": null }), json!({ "refresh": "" }), json!({ "refresh": 7 })] {
        app.program().post("/api/token/refresh/", body).await.is(400);
    }
    for token in ["x", "a.b.c", &good] {
        is_invalid(&app.program().post("/api/token/refresh/", json!({ "refresh": token })).await);
    }
}

#[actix_web::test]
async fn a_token_for_less_makes_no_token_for_more() {
    let app = TestApp::spawn().await;
    for scopes in [&[ApiScope::Read][..], &[ApiScope::ManageConnections, ApiScope::UseModels]] {
        let mut program = app.program_for(Role::Owner, scopes).await;
        program.get(WHOAMI).await.is(200);
        program.post_nothing("/api/token/").await.is(403);
        program.post_nothing("/api/current-user/reset-token/").await.is(403);
        program.post("/api/jwt/settings", json!({})).await.is(403);
        let other = app.personal_token(Role::Owner, ApiScopes::ALL).await;
        program.post("/api/token/blacklist/", json!({ "refresh": other })).await.is(403);
        program.post("/api/token/rotate/", json!({ "refresh": other })).await.is(403);
    }
}

#[actix_web::test]
async fn a_tokens_requests_are_counted_and_too_many_have_to_wait() {
    let app = TestApp::with(|config| config.api_requests_per_minute = 5.try_into().expect("a number")).await;
    let mut program = app.program_of(Role::Annotator).await;
    // The exchange counts as well.
    let first = program.get(WHOAMI).await;
    let header = |reply: &Reply, name| reply.header(name).parse::<u64>().expect("a number");
    assert_eq!((header(&first, "ratelimit-limit"), header(&first, "ratelimit-remaining")), (5, 3));
    for _ in 0..3 {
        program.get(WHOAMI).await.is(200);
    }
    let refused = program.get(WHOAMI).await;
    let wait = header(refused.is(429), "retry-after");
    assert!((1..=13).contains(&wait), "{wait}");
    assert!(refused.json()["detail"].as_str().expect("words").starts_with("Request was throttled."));
    assert_eq!((header(&refused, "ratelimit-limit"), header(&refused, "ratelimit-remaining")), (5, 0));
    // Errors say what is left as well, and others are not hindered.
    let mut reviewer = app.program_of(Role::Reviewer).await;
    assert_eq!(header(reviewer.get("/api/nowhere").await.is(404), "ratelimit-remaining"), 3);
    app.program_of(Role::Reviewer).await.get(WHOAMI).await.is(200);
    app.advance(TimeDelta::seconds(13));
    program.get(WHOAMI).await.is(200);
}
