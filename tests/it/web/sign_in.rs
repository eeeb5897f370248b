//! Signing in, staying signed in, signing out.
use chrono::TimeDelta;
use claviger::domain::role::Role;
use reqwest::Method;

use crate::support::app::{ORGANIZATION, PASSWORD, TestApp};
use crate::support::browse::{Reply, Visitor};

const MARA: &str = "mara@fennel.example";

async fn try_with(visitor: &mut Visitor, email: &str, password: &str) -> Reply {
    visitor.post("/sign-in", &[("email", email), ("password", password)]).await
}

#[actix_web::test]
async fn a_member_signs_in_and_out() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    mara.get("/").await.leads_to("/providers");
    let mut stolen = mara.clone();
    let reply = mara.post("/sign-out", &[]).await;
    reply.leads_to("/sign-in?left");
    assert_eq!(reply.header("clear-site-data"), "\"cache\", \"storage\"");
    assert!(!mara.cookies.contains_key("__Host-session"));
    mara.get("/sign-in?left").await.is(200).says("You’re signed out.");
    stolen.get("/account").await.leads_to("/sign-in?next=%2Faccount");
}

#[actix_web::test]
async fn signing_out_is_no_link() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    mara.get("/sign-out").await.is(405);
    mara.get("/account").await.is(200);
}

#[actix_web::test]
async fn the_session_cookie_is_closed_to_scripts_and_other_sites() {
    let app = TestApp::spawn().await;
    app.organization(ORGANIZATION).await;
    app.owner().await;
    let mut visitor = app.visitor();
    let reply = try_with(&mut visitor, MARA, PASSWORD).await;
    let cookies: Vec<_> = reply.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    for name in ["__Host-session", "__Host-device"] {
        let cookie = cookies.iter().find(|cookie| cookie.starts_with(name)).expect("the cookie is set");
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(attribute), "{attribute} is not in {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    assert_eq!(reply.header("cache-control"), "no-store");
}

#[actix_web::test]
async fn one_is_sent_back_to_where_one_was_going_and_nowhere_else() {
    let app = TestApp::spawn().await;
    app.owner().await;
    let mut visitor = app.visitor();
    visitor.get("/members?x=1").await.leads_to("/sign-in?next=%2Fmembers%3Fx%3D1");
    assert_eq!(visitor.get("/sign-in?next=%2Fmembers%3Fx%3D1").await.value("next"), "/members?x=1");
    let fields = [("email", MARA), ("password", PASSWORD), ("next", "/members?x=1")];
    visitor.clone().post("/sign-in", &fields).await.leads_to("/members?x=1");
    for next in ["//evil.example", "https://evil.example", "/\\evil.example", "/sign-out", "javascript:alert(1)"] {
        let fields = [("email", MARA), ("password", PASSWORD), ("next", next)];
        visitor.clone().post("/sign-in", &fields).await.leads_to("/providers");
        let encoded: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        assert_eq!(visitor.get(&format!("/sign-in?next={encoded}")).await.value("next"), "");
    }
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let app = TestApp::spawn().await;
    app.owner().await;
    let wrong = try_with(&mut app.visitor(), MARA, "not the password").await;
    let unknown = try_with(&mut app.visitor(), "nobody@fennel.example", "not the password").await;
    for reply in [&wrong, &unknown] {
        reply.is(422).lacks("not the password");
        assert!(reply.text("title").starts_with("Error: "));
        assert!(reply.text("#email-error").contains("The email and password don’t match an account."));
        assert!(reply.text("#email-error").contains("After 4 more wrong tries"));
    }
    assert_eq!(wrong.value("email"), MARA);
    let names = |reply: &Reply| {
        let mut names: Vec<_> = reply.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(&wrong), names(&unknown));
}

#[actix_web::test]
async fn empty_fields_are_named() {
    let app = TestApp::spawn().await;
    app.owner().await;
    let reply = try_with(&mut app.visitor(), "", "").await;
    assert!(reply.is(422).text("#email-error").contains("Enter the email address"));
    let reply = try_with(&mut app.visitor(), MARA, "").await;
    assert!(reply.is(422).text("#password-error").contains("Enter the password"));
}

#[actix_web::test]
async fn guessing_pauses_an_account_for_strangers_but_not_for_its_owner() {
    let app = TestApp::spawn().await;
    let mut known = app.owner().await;
    known.post("/sign-out", &[]).await.is(303);
    let mut stranger = app.visitor();
    for _ in 0..5 {
        try_with(&mut stranger, MARA, "a wrong password").await.is(422);
        app.advance(TimeDelta::seconds(4));
    }
    let reply = try_with(&mut stranger, MARA, PASSWORD).await;
    reply.is(429).says("Too many tries");
    assert!(matches!(reply.header("retry-after").parse(), Ok(1..=33)), "{}", reply.header("retry-after"));
    try_with(&mut known, MARA, PASSWORD).await.is(303);
    try_with(&mut stranger, "tomas@fennel.example", "another").await.is(422);
    app.advance(TimeDelta::seconds(33));
    try_with(&mut stranger, MARA, PASSWORD).await.is(303);
}

#[actix_web::test]
async fn guesses_made_all_at_once_are_counted_one_by_one() {
    let app = TestApp::spawn().await;
    app.owner().await;
    app.advance(TimeDelta::minutes(1));
    let mut visitor = app.visitor();
    visitor.token().await;
    let guesses = (0..9).map(|_| {
        let mut visitor = visitor.clone();
        async move { try_with(&mut visitor, MARA, "a wrong password").await.status }
    });
    let statuses = futures_util::future::join_all(guesses).await;
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 5, "{statuses:?}");
}

#[actix_web::test]
async fn a_network_may_try_only_so_often() {
    let app = TestApp::spawn().await;
    app.owner().await;
    let mut visitor = app.visitor();
    let mut statuses = Vec::new();
    // Twenty at once, and one more every three seconds; hashing takes its time on a busy machine.
    while statuses.len() < 60 && statuses.last() != Some(&429) {
        let email = format!("nobody{}@fennel.example", statuses.len());
        statuses.push(try_with(&mut visitor, &email, "a password").await.status);
        app.advance(TimeDelta::milliseconds(150));
    }
    assert!(statuses.len() > 20 && statuses.last() == Some(&429), "{statuses:?}");
}

#[actix_web::test]
async fn a_session_left_alone_ends_after_half_an_hour() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    for _ in 0..3 {
        app.advance(TimeDelta::minutes(29));
        mara.get("/account").await.is(200);
    }
    app.advance(TimeDelta::minutes(31));
    mara.get("/account").await.is(303);
}

#[actix_web::test]
async fn every_session_ends_after_twelve_hours() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    for _ in 0..27 {
        app.advance(TimeDelta::minutes(26));
        mara.get("/account").await.is(200);
    }
    app.advance(TimeDelta::minutes(19));
    mara.get("/account").await.is(303);
}

#[actix_web::test]
async fn the_database_knows_no_session_key() {
    let app = TestApp::spawn().await;
    let mara = app.owner().await;
    let cookie = percent_decode(&mara.cookies["__Host-session"]);
    let key = cookie[44..].to_owned();
    let rows = app
        .store(move |conn| {
            claviger::store::sessions::live_of_user(
                conn,
                1,
                chrono::DateTime::UNIX_EPOCH.naive_utc(),
                claviger::auth::session::IDLE,
            )
        })
        .await;
    assert_eq!(rows.len(), 1);
    assert_eq!(key.len(), 43);
    assert!(!rows[0].state.contains(&key));
    assert_ne!(rows[0].key_hash, key.as_bytes());
}

fn percent_decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned()
}

#[actix_web::test]
async fn signing_in_makes_a_new_session_and_adopts_no_foreign_one() {
    let app = TestApp::spawn().await;
    let mara = app.owner().await;
    let before = mara.cookies["__Host-session"].clone();
    let mut planted = app.visitor();
    planted.cookies.insert("__Host-session".to_owned(), "A".repeat(90));
    try_with(&mut planted, MARA, PASSWORD).await.is(303);
    assert_ne!(planted.cookies["__Host-session"], "A".repeat(90));
    assert_ne!(planted.cookies["__Host-session"], before);
}

#[actix_web::test]
async fn damaged_cookies_end_at_sign_in_and_never_in_an_error() {
    let app = TestApp::spawn().await;
    let mara = app.owner().await;
    let good = mara.cookies["__Host-session"].clone();
    let flipped = good.replacen(&good[50..51], if &good[50..51] == "A" { "B" } else { "A" }, 1);
    let long = "x".repeat(5000);
    for cookie in ["", "x", "%", "%00", "\"", "a=b", &flipped, &long, &good[..good.len() - 1]] {
        let request = mara.request(Method::GET, "/account");
        let mut bare = app.visitor();
        let request_with = bare.request(Method::GET, "/account").header("cookie", format!("__Host-session={cookie}"));
        bare.send(request_with).await.leads_to("/sign-in?next=%2Faccount");
        drop(request);
    }
    let mut bare = app.visitor();
    let doubled =
        bare.request(Method::GET, "/account").header("cookie", format!("__Host-session=x; __Host-session={good}"));
    let status = bare.send(doubled).await.status;
    assert!(matches!(status, 200 | 303), "{status}");
}

#[actix_web::test]
async fn a_person_has_at_most_ten_sessions() {
    let app = TestApp::spawn().await;
    let mut first = app.owner().await;
    for _ in 0..10 {
        app.advance(TimeDelta::seconds(61));
        app.sign_in(MARA).await;
    }
    first.get("/account").await.is(303);
    let mut last = app.sign_in(MARA).await;
    assert_eq!(last.get("/account").await.texts("table[role=table] tr").len(), 10);
}

/// What is wrong with it, its headers, its token.
type Forgery<'a> = (&'a str, Vec<(&'a str, &'a str)>, String);

#[actix_web::test]
async fn forged_requests_change_nothing() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let token = mara.token().await;
    let body = format!("name=Forged&theme=dark&csrf={token}");
    let form = "application/x-www-form-urlencoded";
    let forgeries: Vec<Forgery<'_>> = vec![
        ("another site", vec![("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")], body.clone()),
        ("a sibling", vec![("origin", &app.origin), ("sec-fetch-site", "same-site")], body.clone()),
        ("an opaque origin", vec![("origin", "null")], body.clone()),
        ("another site’s referer", vec![("referer", "https://evil.example/")], body.clone()),
        ("nothing said", vec![], body.clone()),
        ("no token", vec![("origin", &app.origin)], "name=Forged&theme=dark".to_owned()),
        ("an empty token", vec![("origin", &app.origin)], "name=Forged&theme=dark&csrf=".to_owned()),
        ("a made-up token", vec![("origin", &app.origin)], format!("name=Forged&csrf={}", "A".repeat(64))),
        ("somebody else’s token", vec![("origin", &app.origin)], {
            let other = app.administrator().await.token().await;
            format!("name=Forged&csrf={other}")
        }),
        ("a visitor’s token", vec![("origin", &app.origin)], {
            let other = app.visitor().token().await;
            format!("name=Forged&csrf={other}")
        }),
    ];
    for (what, headers, body) in forgeries {
        let mut request = mara.request(Method::POST, "/account/profile").header("content-type", form).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let reply = mara.send(request).await;
        assert_eq!(reply.status, 403, "{what}: {reply}");
        reply.says("This page was open too long");
    }
    assert_eq!(mara.get("/account").await.value("name"), "Mara Lindqvist");
}

#[actix_web::test]
async fn garbled_and_oversized_forms_end_calmly() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let token = mara.token().await;
    let form = "application/x-www-form-urlencoded";
    for (mime, body, status) in [
        (form, b"name=%ff%fe&csrf=".to_vec(), 400),
        (form, b"name=\xff\xfe".to_vec(), 400),
        (form, b"name=a%00b".to_vec(), 400),
        (form, format!("name=a&name=b&csrf={token}").into_bytes(), 400),
        (form, vec![b'a'; 10 * 1024 * 1024], 413),
        ("application/json", b"{}".to_vec(), 400),
        ("multipart/form-data", b"x".to_vec(), 400),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken".to_vec(), 400),
        ("text/plain", b"name=a".to_vec(), 400),
    ] {
        let request = mara
            .request(Method::POST, "/account/profile")
            .header("origin", &app.origin)
            .header("content-type", mime)
            .body(body);
        let reply = mara.send(request).await;
        assert_eq!(reply.status, status, "{mime}: {reply}");
        assert!(reply.header("content-type").starts_with("text/html"), "{reply}");
    }
    assert_eq!(mara.get("/account").await.value("name"), "Mara Lindqvist");
}

#[actix_web::test]
async fn failed_tries_are_in_the_audit_log() {
    let app = TestApp::spawn().await;
    let scope = app.organization(ORGANIZATION).await;
    app.add(scope, "Mara", MARA, Role::Owner).await;
    try_with(&mut app.visitor(), MARA, "a wrong password").await.is(422);
    try_with(&mut app.visitor(), "nobody@fennel.example", "a wrong password").await.is(422);
    let (rows, _) = app
        .store(move |conn| {
            claviger::store::audit::page(conn, scope, &claviger::store::audit::AuditFilter::default(), 0, 10)
        })
        .await;
    let failed: Vec<_> = rows.iter().filter(|row| row.act == "session.sign_in_failed").collect();
    let mut names: Vec<_> = failed.iter().map(|row| row.target_name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, [MARA, "nobody@fennel.example"]);
    assert!(failed.iter().all(|row| row.ip == "127.0.0.1"));
}

#[actix_web::test]
async fn no_cookie_is_set_where_no_form_is() {
    let app = TestApp::spawn().await;
    app.owner().await;
    for path in ["/", "/nowhere", "/health/live"] {
        let reply = app.visitor().get(path).await;
        assert_eq!(reply.header("set-cookie"), "", "{path}");
    }
}
