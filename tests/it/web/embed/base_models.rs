//! The dropdown for a host's own editor, across origins.

use reqwest::Method;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::browse::Reply;
use crate::support::host::{Host, SITE};
use crate::support::keys::{connect, provider, ready_fake};

const PATH: &str = "/embed/base-models";
const SAM: &str = "sam@fennel.example";

async fn ask(app: &TestApp, origin: &str, headers: &[(&str, &str)]) -> Reply {
    let mut visitor = app.visitor();
    let mut request =
        visitor.request(Method::GET, PATH).header("origin", origin).header("sec-fetch-site", "cross-site");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    visitor.send(request).await
}

#[actix_web::test]
async fn a_listed_page_gets_the_list_with_a_launch_of_anybody_who_may_use_models() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    connect(&app, &mut mara, provider("openai"), &fake).await;
    let host = Host::let_in(&mut mara).await;
    app.annotator().await;
    let bearer = format!("Bearer {}", host.token(&app, SAM));

    let options = ask(&app, SITE, &[("authorization", &bearer)]).await;
    assert_eq!(options.is(200).attr("optgroup", "label"), "OpenAI");
    assert_eq!(options.header("access-control-allow-origin"), SITE);
    assert_eq!(options.header("access-control-allow-credentials"), "", "no cookie is wanted");
    assert!(options.header("access-control-expose-headers").contains("etag"));
    let varies: Vec<_> = options.headers.get_all("vary").iter().filter_map(|value| value.to_str().ok()).collect();
    assert!(varies.iter().any(|value| value.contains("Origin")), "{varies:?}");
    // The same launch again, until it has expired: an editor asks whether anything has changed.
    let etag = options.header("etag").to_owned();
    ask(&app, SITE, &[("authorization", &bearer), ("if-none-match", &etag)]).await.is(304);
    let list = ask(&app, SITE, &[("authorization", &bearer), ("accept", "application/json")]).await;
    assert_eq!(list.is(200).json()["groups"][0]["label"], "OpenAI");
    // A reading uses nothing up, and opens nothing.
    assert_eq!(app.number("SELECT COUNT(*) FROM used_nonces").await, 0);
    assert_eq!(app.number("SELECT COUNT(*) FROM sessions WHERE embedded_in IS NOT NULL").await, 0);
}

#[actix_web::test]
async fn nobody_else_gets_it() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    app.annotator().await;
    let good = format!("Bearer {}", host.token(&app, SAM));
    let mut expired = host.claims(&app, SAM);
    expired["exp"] = json!(app.clock.now().and_utc().timestamp() - 10);
    let expired = format!("Bearer {}", host.sign(&expired));
    for (origin, authorization, reason) in [
        ("https://evil.gamma.example", &*good, "other_site"),
        (SITE, "", "unreadable"),
        (SITE, "Bearer x", "unreadable"),
        (SITE, &*good.replace("Bearer", "Token"), "unreadable"),
        (SITE, &*expired, "expired"),
    ] {
        let reply = ask(&app, origin, &[("authorization", authorization)]).await;
        assert_eq!(reply.is(403).json()["reason"], reason, "{reply}");
        let allowed = if origin == SITE { SITE } else { "" };
        assert_eq!(reply.header("access-control-allow-origin"), allowed);
    }
    // Cookies count for nothing here.
    let request = mara.request(Method::GET, PATH).header("origin", SITE);
    mara.clone().send(request).await.is(403);
}

#[actix_web::test]
async fn a_browser_may_ask_whether_it_may_ask() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    Host::let_in(&mut mara).await;
    for (origin, allowed) in [(SITE, SITE), ("https://evil.gamma.example", ""), ("null", "")] {
        let mut visitor = app.visitor();
        let request = visitor.request(Method::OPTIONS, PATH).header("origin", origin);
        let reply = visitor.send(request.header("access-control-request-headers", "authorization")).await;
        assert_eq!(reply.is(204).header("access-control-allow-origin"), allowed, "{origin}");
        assert_eq!(reply.header("access-control-allow-headers").contains("authorization"), !allowed.is_empty());
    }
}
