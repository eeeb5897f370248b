//! Launches: the one that is let in, and all that are not.

use chrono::TimeDelta;
use claviger::domain::embedding::LaunchRefusal;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::browse::Reply;
use crate::support::host::{Frame, Host, SITE, signed};

const MARA: &str = "mara@fennel.example";

/// Checks that a launch was refused for this reason, opened nothing, and stands in the log.
async fn refused(app: &TestApp, reply: &Reply, why: LaunchRefusal) {
    assert_eq!(reply.is(403).attr("[data-refused]", "data-refused"), why.slug());
    assert!(!reply.header("set-cookie").contains("__Host-embed=") && !reply.body.contains("MODEL"));
    let entries = app
        .number(&format!(
            "SELECT COUNT(*) FROM audit_log WHERE act = 'embedding.launch_refused' AND details = '{}'",
            why.words().replace('\'', "''")
        ))
        .await;
    assert!(entries > 0, "{why:?} is not in the log");
    assert_eq!(app.number("SELECT COUNT(*) FROM sessions WHERE embedded_in IS NOT NULL").await, 0);
    // A network may try twenty times a minute.
    app.advance(TimeDelta::minutes(1));
}

#[actix_web::test]
async fn a_good_launch_opens_a_session_in_a_jar_of_its_own() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let mut frame = Frame::new(&app, &host);
    let reply = frame.launch(&host.token(&app, MARA)).await;
    let arrived = reply.is(303).header("location").strip_prefix(&host.path("")).expect("a page below").to_owned();
    assert!(arrived.starts_with("/arrived?ticket="), "{arrived}");
    let cookie = reply.header("set-cookie");
    assert!(cookie.starts_with("__Host-embed="), "{cookie}");
    for attribute in ["Secure", "HttpOnly", "SameSite=None", "Path=/", "Partitioned"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{attribute} is not in {cookie}");
    }
    frame.get(&arrived).await.leads_to(&host.path("/providers"));
    frame.get("/providers").await.is(200).says("Connect your first model provider");
    // Whoever reads the address in a proxy's log gets in by it no more.
    let ticket = arrived.trim_start_matches("/arrived?ticket=");
    let fields = [("ticket", ticket), ("to", "/providers")];
    Frame::new(&app, &host).post_as("document", "/window", &fields).await.is(410);
    let page = mara.get("/settings/embedding").await;
    page.says("Opened").says("As an Owner at most; there they are person-17").says(SITE);
    mara.get("/account").await.says("In https://app.beta.example");
}

#[actix_web::test]
async fn a_launch_with_a_key_pair_is_as_good() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key pair");
    let fields = [("kind", "public"), ("public_key", &*pair.public_key_pem())];
    mara.post("/settings/embedding/keys", &fields).await.is(303);
    let kid = mara.get("/settings/embedding").await.texts("dl.facts dd code").pop().expect("a name");
    let ring = ring::signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pair.serialize_der()).expect("a key pair");
    let sign = |claims: &Value, algorithm: &str| {
        let part = |value: &Value| b64(value.to_string().as_bytes());
        let message = format!("{}.{}", part(&json!({ "alg": algorithm, "kid": kid })), part(claims));
        format!("{message}.{}", b64(ring.sign(message.as_bytes()).as_ref()))
    };
    let mut frame = Frame::new(&app, &host);
    frame.launch(&sign(&host.claims(&app, MARA), "EdDSA")).await.is(303);

    // The classic: the public key as a shared one.
    let public_key = pair.public_key_raw();
    let mut claims = host.claims(&app, MARA);
    claims["jti"] = json!("another-nonce-of-mine");
    let forged = signed(&claims, &kid, public_key);
    let reply = Frame::new(&app, &host).launch(&forged).await;
    assert_eq!(reply.is(403).attr("[data-refused]", "data-refused"), "wrong_algorithm");
}

#[actix_web::test]
async fn launches_that_are_not_as_they_should_be_are_refused_and_kept_in_the_log() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let with = |name: &str, value: Value| {
        let mut claims = host.claims(&app, MARA);
        claims[name] = value;
        host.sign(&claims)
    };
    let without = |name: &str| {
        let mut claims = host.claims(&app, MARA);
        claims.as_object_mut().expect("an object").remove(name);
        host.sign(&claims)
    };
    use LaunchRefusal as Why;
    /// The reason, the claim that is wrong, and what it says at this time.
    type Case = (LaunchRefusal, &'static str, fn(i64) -> Value);
    let cases: Vec<Case> = vec![
        (Why::WrongAudience, "aud", |_| json!("https://keys.other.example")),
        (Why::OtherOrganization, "org", |_| json!("abcdefghijklmnopqrstuv")),
        (Why::Expired, "exp", |now| json!(now - 6)),
        (Why::TooLong, "exp", |now| json!(now + 70)),
        (Why::OtherSite, "origin", |_| json!("https://staging.beta.example")),
        (Why::NotAMember, "email", |_| json!("nobody@fennel.example")),
        (Why::Unreadable, "role", |_| json!("emperor")),
        (Why::Unreadable, "jti", |_| json!("short")),
        (Why::Unreadable, "sub", |_| json!("")),
        (Why::Unreadable, "sub", |_| json!("person\0")),
        (Why::TooLong, "exp", |_| json!(8_210_266_876_799_i64)),
        (Why::Unreadable, "exp", |_| json!(i64::MAX)),
        (Why::Unreadable, "exp", |_| json!(-1)),
        (Why::Expired, "exp", |_| json!(1)),
        (Why::Unreadable, "accent", |_| json!("red;}")),
        (Why::Unreadable, "theme", |_| json!("neon")),
        (Why::Unreadable, "email", |_| json!("no address")),
        (Why::Unreadable, "exp", |_| json!("soon")),
    ];
    for (why, claim, value) in cases {
        let token = with(claim, value(app.clock.now().and_utc().timestamp()));
        refused(&app, &Frame::new(&app, &host).launch(&token).await, why).await;
    }
    for claim in ["aud", "org", "sub", "email", "role", "origin", "jti", "exp"] {
        let reply = Frame::new(&app, &host).launch(&without(claim)).await;
        reply.is(403);
        app.advance(TimeDelta::minutes(1));
    }
    for garbage in ["", "a.b.c", "null", "…", &"x".repeat(9000)] {
        refused(&app, &Frame::new(&app, &host).launch(garbage).await, Why::Unreadable).await;
    }
    let wrong_key = signed(&host.claims(&app, MARA), &host.kid, b"another key of the same kind and length....");
    refused(&app, &Frame::new(&app, &host).launch(&wrong_key).await, Why::WrongSignature).await;
    let unknown = signed(&host.claims(&app, MARA), "lk_0123456789abcdef", host.key.as_bytes());
    refused(&app, &Frame::new(&app, &host).launch(&unknown).await, Why::UnknownKey).await;
    // No name that we give; and one that PostgreSQL would choke on.
    for kid in ["", "lk_", "lk_0123456789abcde\0"] {
        let odd = signed(&host.claims(&app, MARA), kid, host.key.as_bytes());
        refused(&app, &Frame::new(&app, &host).launch(&odd).await, Why::Unreadable).await;
    }
    let good = host.token(&app, MARA);
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    for alg in ["none", "None", "HS512", "RS256"] {
        let header = b64(json!({ "alg": alg, "kid": host.kid }).to_string().as_bytes());
        let claims = message.split('.').nth(1).expect("claims");
        for end in ["", signature] {
            Frame::new(&app, &host).launch(&format!("{header}.{claims}.{end}")).await.is(403);
            app.advance(TimeDelta::minutes(1));
        }
    }
    let reply = Frame::new(&app, &host).launch_from("https://evil.gamma.example", &host.token(&app, MARA)).await;
    refused(&app, &reply, Why::OtherSite).await;
    let reply = Frame::new(&app, &host).launch_from("null", &host.token(&app, MARA)).await;
    refused(&app, &reply, Why::OtherSite).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM audit_log WHERE act = 'embedding.opened'").await, 0);
}

#[actix_web::test]
async fn a_launch_works_once_also_for_those_who_hurry() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let token = host.token(&app, MARA);
    let launching = (0..12).map(|_| {
        let (mut frame, token) = (Frame::new(&app, &host), token.clone());
        async move { frame.launch(&token).await.status }
    });
    let mut statuses = futures_util::future::join_all(launching).await;
    statuses.sort_unstable();
    assert_eq!(statuses[0], 303, "{statuses:?}");
    // Too many refusals in one second are not even judged.
    assert!(statuses[1..].iter().all(|status| matches!(status, 403 | 429)), "{statuses:?}");
    app.advance(TimeDelta::seconds(20));
    let again = Frame::new(&app, &host).launch(&token).await;
    assert_eq!(again.is(403).attr("[data-refused]", "data-refused"), "replayed");
    app.advance(TimeDelta::seconds(20));
    assert_eq!(Frame::new(&app, &host).launch(&token).await.attr("[data-refused]", "data-refused"), "expired");
}

#[actix_web::test]
async fn another_organizations_key_launches_nothing_here_and_its_people_are_nobody() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let other = app.organization("Other Ltd").await;
    app.add(other, "Eve", "eve@other.example", claviger::domain::role::Role::Owner).await;
    let mut eve = app.sign_in("eve@other.example").await;
    let theirs = Host::let_in(&mut eve).await;

    let forged = signed(&host.claims(&app, MARA), &theirs.kid, theirs.key.as_bytes());
    refused(&app, &Frame::new(&app, &host).launch(&forged).await, LaunchRefusal::UnknownKey).await;
    let elsewhere = Frame::new(&app, &host).launch(&theirs.token(&app, "eve@other.example")).await;
    refused(&app, &elsewhere, LaunchRefusal::UnknownKey).await;
    refused(&app, &Frame::new(&app, &theirs).launch(&theirs.token(&app, MARA)).await, LaunchRefusal::NotAMember).await;
    let mut frame = theirs.launched(&app, "eve@other.example").await;
    frame.get("/providers").await.is(200);
    // The session of one organization's frame is none in another's.
    let mut moved = Frame::new(&app, &host);
    moved.visitor.cookies = frame.visitor.cookies.clone();
    moved.get("/providers").await.is(401).lacks("Other Ltd");
}

#[actix_web::test]
async fn a_removed_key_a_removed_site_and_a_deactivated_member_are_let_in_no_more() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let next = Host::with_new_key(&mut mara).await;
    assert_ne!(host.kid, next.kid);
    for key in [&host, &next] {
        key.launched(&app, MARA).await;
    }
    let id = app.number("SELECT MIN(id) FROM launch_keys").await;
    mara.post(&format!("/settings/embedding/keys/{id}/remove"), &[]).await.is(303);
    let reply = Frame::new(&app, &host).launch(&host.token(&app, MARA)).await;
    assert_eq!(reply.attr("[data-refused]", "data-refused"), "unknown_key");
    next.launched(&app, MARA).await;

    app.manager().await;
    let jonas = app.number("SELECT id FROM users WHERE email = 'jonas@fennel.example'").await;
    mara.post(&format!("/members/{jonas}/deactivate"), &[]).await.is(303);
    let reply = Frame::new(&app, &host).launch(&next.token(&app, "jonas@fennel.example")).await;
    assert_eq!(reply.attr("[data-refused]", "data-refused"), "not_a_member");

    let site = app.number("SELECT MAX(id) FROM embed_sites").await;
    mara.post(&format!("/settings/embedding/sites/{site}/remove"), &[]).await.is(303);
    let reply = Frame::new(&app, &host).launch(&next.token(&app, MARA)).await;
    assert_eq!(reply.attr("[data-refused]", "data-refused"), "site_not_listed");
}

#[actix_web::test]
async fn who_tries_and_tries_has_to_wait_and_does_not_fill_the_log() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let mut n_refused = 0;
    let mut n_told_to_wait = 0;
    for _ in 0..40 {
        match Frame::new(&app, &host).launch("no token").await.status {
            403 => n_refused += 1,
            429 => n_told_to_wait += 1,
            other => panic!("{other}"),
        }
    }
    assert!(n_refused <= 20 && n_told_to_wait >= 20, "{n_refused} {n_told_to_wait}");
    let kept = app.number("SELECT COUNT(*) FROM audit_log WHERE act = 'embedding.launch_refused'").await;
    assert_eq!(kept, n_refused);
    // Good ones are not counted, and nobody is kept from signing in by it.
    host.launched(&app, MARA).await;
    app.sign_in(MARA).await;
}

#[actix_web::test]
async fn a_launch_belongs_into_a_frame() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let token = host.token(&app, MARA);
    let visitor = app.visitor();
    let request = visitor.request(reqwest::Method::POST, &host.path("/launch"));
    let request = request.header("origin", SITE).header("sec-fetch-site", "cross-site");
    let reply = app.visitor().send(request.header("sec-fetch-dest", "document").form(&[("token", &token)])).await;
    assert!(reply.is(400).header("set-cookie").is_empty());
    Frame::new(&app, &host).launch(&token).await.is(303);
    let unknown = app.visitor().get("/embed/abcdefghijklmnopqrstuv/providers").await;
    unknown.is(404);
}

fn b64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
