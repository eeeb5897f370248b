//! Who may frame what: the headers, and keys that are typed in a frame.

use claviger::domain::role::Role;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::browse::Reply;
use crate::support::crawl::every_page;
use crate::support::host::{Frame, Host, SITE};
use crate::support::keys::{GOOD_KEY, connect, provider, ready_fake};

const MARA: &str = "mara@fennel.example";

fn ancestors(reply: &Reply) -> &str {
    let policy = reply.header("content-security-policy");
    policy.split("frame-ancestors ").nth(1).unwrap_or_else(|| panic!("no frame-ancestors in {reply}"))
}

#[actix_web::test]
async fn the_frame_may_be_shown_by_listed_sites_and_once_launched_by_its_own_only() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let id = connect(&app, &mut mara, provider("openai"), &fake).await;
    mara.post("/settings/embedding/sites", &[("origin", "https://staging.beta.example")]).await.is(303);
    let host = Host::let_in(&mut mara).await;
    let both = format!("https://staging.beta.example {SITE}");
    let mut frame = Frame::new(&app, &host);
    for path in ["", "/providers"] {
        assert_eq!(ancestors(&frame.get(path).await), both);
    }
    assert_eq!(ancestors(&frame.launch("no token").await), both, "an error is for the frame as well");
    let launch = frame.launch(&host.token(&app, MARA)).await;
    // For hosts that isolate their pages, every answer on the way has to agree.
    for reply in [&launch, &frame.get("/providers").await] {
        assert_eq!(reply.header("cross-origin-embedder-policy"), "require-corp");
        assert_eq!(reply.header("cross-origin-resource-policy"), "cross-origin");
        assert_eq!(reply.header("x-frame-options"), "", "it cannot name a site");
    }
    assert_eq!(ancestors(&frame.get("/providers").await), SITE);
    assert_eq!(ancestors(&frame.post(&format!("/providers/{id}/verify"), &[]).await), SITE);
    for path in ["/providers/new", "/providers/new/openai", "/providers/1", "/providers/1/remove", "/done", "/nowhere"]
    {
        let page = frame.get_in_window(path).await;
        assert_eq!((ancestors(&page), page.header("x-frame-options")), ("'none'", "DENY"), "{path}");
    }
}

#[actix_web::test]
async fn nothing_else_can_be_framed_ever() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    connect(&app, &mut mara, provider("openai"), &fake).await;
    Host::let_in(&mut mara).await;
    for role in [Role::Owner, Role::Annotator] {
        let mut visitor = app.member(role).await;
        for found in every_page(&mut visitor).await {
            assert_eq!(ancestors(&found.reply), "'none'", "{}", found.address);
            assert_eq!(found.reply.header("x-frame-options"), "DENY", "{}", found.address);
            assert_eq!(found.reply.header("cross-origin-opener-policy"), "same-origin", "{}", found.address);
        }
    }
    for path in ["/sign-in", "/nowhere", "/embed/claviger.js", "/embed/nobody/providers", "/embed-consent", "/health"] {
        assert_eq!(ancestors(&app.visitor().get(path).await), "'none'", "{path}");
    }
}

#[actix_web::test]
async fn the_kit_may_be_loaded_by_other_sites_and_is_small() {
    let app = TestApp::spawn().await;
    let kit = app.visitor().get("/embed/claviger.js").await;
    assert_eq!(kit.is(200).header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(kit.header("cross-origin-resource-policy"), "cross-origin");
    assert!(kit.body.len() <= 4096, "{} bytes", kit.body.len());
    assert!(kit.header("cache-control").contains("max-age"));
}

#[actix_web::test]
async fn the_host_decides_how_the_frame_looks() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let mut claims = host.claims(&app, MARA);
    claims["theme"] = "dark".into();
    claims["accent"] = "#12503C".into();
    let mut frame = Frame::new(&app, &host);
    frame.launch(&host.sign(&claims)).await.is(303);
    let page = frame.get("/providers").await;
    assert!(page.has("html[data-theme=dark]") && page.has("link[href='/embed/accent/12503c.css']"));
    assert_eq!(page.attr("html", "data-listeners"), SITE);
    assert!(!page.has("nav") && !page.has(".skip") && !page.has("form[action='/sign-out']"), "the frame has chrome");
    // Whatever the person has chosen for our own pages.
    mara.post("/account/profile", &[("name", "Mara"), ("theme", "dark")]).await.is(303);
    let mut plain = host.launched(&app, MARA).await;
    assert!(!plain.get("/providers").await.has("html[data-theme]"));
}

#[actix_web::test]
async fn keys_are_typed_in_a_frame_only_where_an_owner_allows_it_and_the_script_has_seen_the_form() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let site = app.number("SELECT MAX(id) FROM embed_sites").await;
    let mut frame = host.launched(&app, MARA).await;
    frame.get("/providers/new/openai").await.is(400);
    mara.post(&format!("/settings/embedding/sites/{site}/typing"), &[("takes_keys", "yes")]).await.is(303);

    let list = frame.get("/providers").await;
    assert!(list.has(&format!("a[href='{}']", host.path("/providers/new"))));
    let form = frame.get("/providers/new/openai").await;
    assert_eq!((form.is(200).value("seen").as_str(), ancestors(&form)), ("", SITE));
    let (csrf, form_id) = (form.value("csrf"), form.value("form_id"));
    let fields = [("api_key", GOOD_KEY), ("act", "check"), ("form_id", &*form_id), ("csrf", &*csrf)];
    let refused = frame.post_as("iframe", "/providers/new/openai", &fields).await;
    refused.is(422).says("We couldn’t make sure that nothing covers this form").lacks(GOOD_KEY);
    assert!(fake.requests().is_empty(), "the key was sent");
    assert_eq!(app.number("SELECT COUNT(*) FROM connections").await, 0);
    let seen = [&fields[..], &[("seen", "yes")]].concat();
    frame.post_as("iframe", "/providers/new/openai", &seen).await.leads_to(&host.path("/providers"));
    frame.get("/providers").await.says("OpenAI is connected.");
    // No link leads to what the frame may not show.
    frame.get("/providers/new/openai").await.leads_to(&host.path("/providers"));
    for path in ["/providers/new", "/providers/new/gemini", "/providers/1/replace-key"] {
        let page = frame.get(path).await;
        for href in page.is(200).attrs("main a[href^='/embed/']", "href") {
            frame.get(href.strip_prefix(&host.path("")).expect("an address below")).await.is(200);
        }
    }
    assert!(form.has("button[form=opens-window][value='/providers/new/openai']"), "there is a way into a window");

    // Removing stays with the window.
    let id = app.number("SELECT MAX(id) FROM connections").await;
    frame.get(&format!("/providers/{id}/remove")).await.is(400);
    // And in a window nobody asks whether something covers it.
    let (mut window, _) = frame.opens(&app, &format!("/providers/{id}/replace-key")).await;
    let page = window.get_in_window(&format!("/providers/{id}/replace-key")).await;
    assert!(!page.has("[name=seen]"));
}

#[actix_web::test]
async fn the_frame_speaks_the_hosts_language_and_its_windows_speak_ours() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let id = connect(&app, &mut mara, provider("openai"), &fake).await;
    let host = Host::let_in(&mut mara).await;
    let mut frame = Frame::new(&app, &host);
    let mut claims = host.claims(&app, MARA);
    claims["locale"] = json!("de-AT");
    let token = host.sign(&claims);
    frame.launch(&token).await.is(303);
    let page = frame.get("/providers").await;
    assert!(page.has("html[lang=de]"));
    page.says("Anbieter hinzufügen").says("Geprüft").lacks("Add provider").lacks("Working");

    frame.post(&format!("/providers/{id}/verify"), &[]).await.is(303);
    frame.get("/providers").await.says("OpenAI funktioniert.");
    let missing = frame.post("/providers/99/verify", &[]).await;
    missing.is(404).says("Zurück zur Liste").lacks("nothing at this address");

    let (mut window, _) = frame.opens(&app, "/providers/new").await;
    let page = window.get_in_window("/providers/new").await;
    assert!(page.has("html[lang=en]"));
    page.says("OpenAI");
    // What a window leaves for the frame is in the frame's language.
    let removed = window.post_in_window(&format!("/providers/{id}/remove"), &[("confirm", "OpenAI")]).await;
    removed.leads_to(&host.path("/done"));
    frame.get("/providers").await.says("OpenAI wurde entfernt.");
}
