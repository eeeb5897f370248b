//! What a session in a frame may do, how its windows share it, and what ends it.

use chrono::TimeDelta;
use claviger::domain::role::Role;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::host::{Frame, Host, SITE};
use crate::support::keys::{GOOD_KEY, connect, provider, ready_fake};

const MARA: &str = "mara@fennel.example";

#[actix_web::test]
async fn the_frame_has_the_lesser_of_two_roles() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    for role in Role::ALL {
        app.member(role).await;
    }
    for (email, ceiling, may) in [
        (MARA, "owner", true),
        (MARA, "administrator", true),
        (MARA, "manager", false),
        ("tomas@fennel.example", "owner", true),
        ("jonas@fennel.example", "owner", false),
        ("sam@fennel.example", "annotator", false),
    ] {
        let mut claims = host.claims(&app, email);
        claims["role"] = json!(ceiling);
        let mut frame = Frame::new(&app, &host);
        frame.launch(&host.sign(&claims)).await.is(303);
        let page = frame.get("/providers").await;
        if may {
            page.is(200).says("Add provider");
        } else {
            page.is(403).says("You don’t have access to this page").says("Mara Lindqvist").lacks("You’re signed in as");
            assert!(!page.has(".btns a"), "there is no way on");
            assert!(!page.has("a[href='/base-models'], a[href='/']"), "a frame links to what it can’t show");
        }
    }
}

#[actix_web::test]
async fn the_frames_session_is_none_for_our_own_pages_and_theirs_none_for_frames() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let frame = host.launched(&app, MARA).await;
    let embedded = frame.visitor.cookies["__Host-embed"].clone();
    let own = mara.cookies["__Host-session"].clone();
    let mut thief = app.visitor();
    thief.cookies.insert("__Host-session".into(), embedded);
    for page in ["/providers", "/members", "/account", "/settings/embedding"] {
        thief.get(page).await.is(303);
    }
    let mut other = Frame::new(&app, &host);
    other.visitor.cookies.insert("__Host-embed".into(), own);
    other.get("/providers").await.is(401);
    // And our own cookie opens no frame.
    let mut other = Frame::new(&app, &host);
    other.visitor.cookies = mara.cookies.clone();
    other.get("/providers").await.is(401).says("You’re not connected");
}

#[actix_web::test]
async fn only_the_provider_pages_are_there() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let mut frame = host.launched(&app, MARA).await;
    for path in
        ["/members", "/audit", "/account", "/network", "/settings/embedding", "/sign-out", "/base-models", "/setup"]
    {
        frame.get_in_window(path).await.is(404);
    }
    assert_eq!(frame.get_in_window("/providers").await.status, 200);
}

#[actix_web::test]
async fn a_check_in_the_frame_leads_back_to_the_list_and_marks_the_row() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let id = connect(&app, &mut mara, provider("openai"), &fake).await;
    let host = Host::let_in(&mut mara).await;
    let mut frame = host.launched(&app, MARA).await;
    let list = frame.get("/providers").await;
    assert_eq!(list.attr("form[action$='/verify']", "action"), host.path(&format!("/providers/{id}/verify")));
    let reply = frame.post(&format!("/providers/{id}/verify"), &[]).await;
    reply.leads_to(&host.path(&format!("/providers#connection-{id}")));
    let list = frame.get("/providers").await;
    list.says("OpenAI works.");
    assert!(list.has(&format!("#connection-{id}.is-news")));
    // Without the form's own token, or from the page around it, nothing happens.
    frame.post_as("iframe", &format!("/providers/{id}/verify"), &[]).await.is(403);
    frame.post_from(SITE, &format!("/providers/{id}/verify"), &[]).await.is(403);
}

#[actix_web::test]
async fn what_takes_a_decision_opens_in_a_window_and_no_frame_gets_it() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let id = connect(&app, &mut mara, provider("openai"), &fake).await;
    let host = Host::let_in(&mut mara).await;
    let mut frame = host.launched(&app, MARA).await;
    let list = frame.get("/providers").await;
    let windows = list.attrs("button[form=opens-window]", "value");
    for to in ["/providers/new", "/providers/1", "/providers/1/replace-key", "/providers/1/remove"] {
        assert!(windows.iter().any(|known| known == to), "{to} is not among {windows:?}");
    }
    assert!(!list.has("form[action$='/pause']") && !list.has("a[href*='/providers/']"), "{list}");
    let token = list.value("csrf");
    for (path, fields) in [
        ("/remove", vec![("confirm", "OpenAI")]),
        ("/pause", vec![]),
        ("/models", vec![]),
        ("/replace-key", vec![("api_key", GOOD_KEY), ("version", "1")]),
    ] {
        frame.get(&format!("/providers/{id}{path}")).await.is(400);
        let fields = [&fields[..], &[("csrf", &*token)]].concat();
        frame.post_as("iframe", &format!("/providers/{id}{path}"), &fields).await.is(400);
    }
    frame.get("/providers/new").await.is(400);
    assert_eq!(app.number("SELECT COUNT(*) FROM connections WHERE paused_at IS NULL").await, 1);
}

#[actix_web::test]
async fn a_window_shares_the_frames_session_and_what_it_did_shows_in_the_frame() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let mut frame = host.launched(&app, MARA).await;
    let (mut window, reply) = frame.opens(&app, "/providers/new").await;
    reply.leads_to(&host.path("/providers/new"));
    let chooser = window.get_in_window("/providers/new").await;
    chooser.is(200).says("Opened from https://app.beta.example");
    assert_eq!(chooser.header("cross-origin-opener-policy"), "unsafe-none");
    assert!(chooser.has(&format!("a[href='{}']", host.path("/providers/new/openai"))), "{chooser}");
    let fields = [("api_key", GOOD_KEY), ("act", "check"), ("form_id", "11111111-1111-4111-8111-111111111111")];
    window.post_in_window("/providers/new/openai", &fields).await.leads_to(&host.path("/done"));
    let done = window.get_in_window("/done").await;
    done.is(200).says("You can close this window.").lacks("is connected");
    let list = frame.get("/providers").await;
    list.says("OpenAI is connected.");
    assert!(list.has("tr.is-news"));
    frame.get("/providers").await.lacks("is-news");

    // Removing it likewise.
    let id = app.number("SELECT MAX(id) FROM connections").await;
    let (mut window, _) = frame.opens(&app, &format!("/providers/{id}/remove")).await;
    let reply = window.post_in_window(&format!("/providers/{id}/remove"), &[("confirm", "OpenAI")]).await;
    reply.leads_to(&host.path("/done"));
    frame.get("/providers").await.says("OpenAI was removed.");
}

#[actix_web::test]
async fn a_ticket_opens_one_window_and_only_inside() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let mut frame = host.launched(&app, MARA).await;
    let ticket = frame.get("/providers").await.attr("#opens-window [name=ticket]", "value");
    let with = |to: &'static str| vec![("ticket", ticket.clone()), ("to", to.to_owned())];
    for to in [
        "",
        "/",
        "/members",
        "//evil.example",
        "/providers/..//evil.example",
        "https://evil.example",
        "/providers?x",
        "/providersX",
    ] {
        let fields = with(to);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Frame::new(&app, &host).post_as("document", "/window", &fields).await.is(404);
    }
    let fields = with("/providers/new");
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    // Another site cannot use it, even if it knew it.
    Frame::new(&app, &host).post_from(SITE, "/window", &fields).await.is(400);
    let mut window = Frame::new(&app, &host);
    window.post_as("document", "/window", &fields).await.is(303);
    // The same window may press the same button again; another one gets in no more.
    window.post_as("document", "/window", &fields).await.is(303);
    Frame::new(&app, &host).post_as("document", "/window", &fields).await.is(410);
    let forged = [("ticket", "eyJhbGciOiJub25lIn0.e30."), ("to", "/providers/new")];
    Frame::new(&app, &host).post_as("document", "/window", &forged).await.is(410);
}

#[actix_web::test]
async fn a_browser_that_keeps_no_cookies_for_frames_gets_a_window() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let mut frame = Frame::new(&app, &host);
    let reply = frame.launch(&host.token(&app, MARA)).await;
    let next = reply.header("location").strip_prefix(&host.path("")).expect("an address below").to_owned();
    frame.visitor.cookies.clear();
    // At the top of a window it would let somebody in as somebody else.
    frame.get_in_window(&next).await.is(401).lacks("Open a window");
    frame.get("/arrived?ticket=nonsense").await.is(401).says("You’re not connected").lacks("Open a window");
    let page = frame.get(&next).await;
    page.is(401).says("Open your providers in a window");
    assert!(!page.has("[data-ended]"), "the kit would launch again and again");
    let ticket = page.attr("form[target=_blank] [name=ticket]", "value");
    let mut window = Frame::new(&app, &host);
    let fields = [("ticket", &*ticket), ("to", "/providers")];
    window.post_as("document", "/window", &fields).await.leads_to(&host.path("/providers"));
    window.get_in_window("/providers").await.is(200).says("Connect your first model provider");
    // It works once.
    let again = Frame::new(&app, &host).post_as("document", "/window", &fields).await;
    again.is(410).says("reload that, and press the button again");
    // In a window of its own everything is a plain link.
    assert!(!window.get_in_window("/providers").await.has("#opens-window"));
}

#[actix_web::test]
async fn a_session_ends_with_idleness_and_after_eight_hours() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let mut frame = host.launched(&app, MARA).await;
    app.advance(TimeDelta::minutes(14));
    frame.get("/providers").await.is(200);
    app.advance(TimeDelta::minutes(16));
    let page = frame.get("/providers").await;
    page.is(401).says("You’re not connected");
    assert!(page.has("[data-ended]"));

    let mut frame = host.launched(&app, MARA).await;
    for _ in 0..47 {
        app.advance(TimeDelta::minutes(10));
        frame.get("/providers").await.is(200);
    }
    app.advance(TimeDelta::minutes(10));
    frame.get("/providers").await.is(401);
}

#[actix_web::test]
async fn a_session_ends_with_the_role_the_site_and_the_hosts_word_and_takes_its_windows_along() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    app.administrator().await;
    let tomas = app.number("SELECT id FROM users WHERE email = 'tomas@fennel.example'").await;

    let mut frame = host.launched(&app, "tomas@fennel.example").await;
    let (mut window, _) = frame.opens(&app, "/providers/new").await;
    window.get_in_window("/providers/new").await.is(200);
    mara.post(&format!("/members/{tomas}/role"), &[("role", "owner")]).await.is(303);
    frame.get("/providers").await.is(401);
    window.get_in_window("/providers/new").await.is(401);

    // The page around it says that somebody has left; pages of others cannot.
    let mut frame = host.launched(&app, MARA).await;
    let (mut window, _) = frame.opens(&app, "/providers/new").await;
    frame.post_from("https://evil.gamma.example", "/log-out", &[]).await.is(403);
    frame.get("/providers").await.is(200);
    frame.post_from(SITE, "/log-out", &[]).await.leads_to(&host.path("?left"));
    frame.get("?left").await.is(200).says("You’ve left Claviger here");
    window.get_in_window("/providers/new").await.is(401);
    mara.get("/audit").await.says("Left the embedded settings on");

    // Whoever signs out everywhere, does so in frames as well.
    let mut frame = host.launched(&app, MARA).await;
    mara.post("/account/sessions/end-others", &[]).await.is(303);
    frame.get("/providers").await.is(401);

    // Removing a site ends what is open there, also if it comes back before anybody asks.
    let mut frame = host.launched(&app, MARA).await;
    let (mut window, _) = frame.opens(&app, "/providers/new").await;
    let site = app.number("SELECT MAX(id) FROM embed_sites").await;
    mara.post(&format!("/settings/embedding/sites/{site}/remove"), &[]).await.is(303);
    mara.post("/settings/embedding/sites", &[("origin", SITE)]).await.is(303);
    frame.get("/providers").await.is(401);
    window.get_in_window("/providers/new").await.is(401).says("Close it, go back to the page");
    mara.get("/providers").await.is(200);
}

#[actix_web::test]
async fn a_second_tab_of_the_same_page_goes_on_with_the_first_ones_session() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    app.administrator().await;
    let mut first = host.launched(&app, MARA).await;
    let (mut window, _) = first.opens(&app, "/providers/new").await;
    // Tabs of one site share a jar.
    let mut second = first.clone();
    let mut claims = host.claims(&app, MARA);
    claims["theme"] = json!("dark");
    let token = host.sign(&claims);
    second.launch(&token).await.is(303);
    assert!(second.get("/providers").await.has("html[data-theme=dark]"));
    first.get("/providers").await.is(200);
    window.get_in_window("/providers/new").await.is(200);
    assert_eq!(app.number("SELECT COUNT(*) FROM sessions WHERE embedded_in IS NOT NULL AND alias_of IS NULL").await, 1);

    // Other rights, or another person, are another session.
    let mut claims = host.claims(&app, MARA);
    claims["role"] = json!("manager");
    let token = host.sign(&claims);
    second.launch(&token).await.is(303);
    second.get("/providers").await.is(403);
    let token = host.token(&app, "tomas@fennel.example");
    second.launch(&token).await.is(303);
    mara.get("/account").await.lacks("In https://app.beta.example");
}

#[actix_web::test]
async fn frames_do_not_push_people_out_of_our_own_pages() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let mut first = host.launched(&app, MARA).await;
    for _ in 0..10 {
        app.advance(TimeDelta::seconds(61));
        host.launched(&app, MARA).await;
    }
    mara.get("/providers").await.is(200);
    first.get("/providers").await.is(401);
}

#[actix_web::test]
async fn a_session_works_on_every_replica() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let mut frame = host.launched(&app, MARA).await;
    let replica = app.replica().await;
    let mut there = frame.clone();
    there.visitor = frame.visitor.at(&replica.origin);
    there.get("/providers").await.is(200);
    frame.post_from(SITE, "/log-out", &[]).await.is(303);
    there.get("/providers").await.is(401);
}
