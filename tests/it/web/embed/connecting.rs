//! The way without a launch: somebody who is signed in to Claviger says so in a window of ours.

use chrono::TimeDelta;
use reqwest::Method;

use crate::support::app::TestApp;
use crate::support::browse::Visitor;
use crate::support::host::{Frame, Host, SITE};

async fn consent(mara: &mut Visitor, host: &Host) -> String {
    let page = mara.post("/embed-consent", &[("embed", &host.embed_id), ("site", SITE)]).await;
    page.is(200).attr("[data-consented]", "data-consented")
}

#[actix_web::test]
async fn the_frame_asks_and_a_window_of_ours_answers() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let mut frame = Frame::new(&app, &host);
    let request = frame.visitor.request(Method::GET, &host.path("")).header("sec-fetch-dest", "iframe");
    let page = frame.visitor.send(request.header("referer", "https://app.beta.example/settings")).await;
    page.is(200).says("Connect to Claviger");
    assert_eq!((page.value("site").as_str(), page.value("embed").as_str()), (SITE, host.embed_id.as_str()));

    let address = format!("/embed-consent?embed={}&site=https%3A%2F%2Fapp.beta.example", host.embed_id);
    // Signing in on the way must not cut the window off from the frame.
    let mut visitor = app.visitor();
    let to_sign_in = visitor.get(&address).await;
    let sign_in = visitor.get(to_sign_in.is(303).header("location")).await;
    for reply in [&to_sign_in, &sign_in] {
        assert_eq!(reply.header("cross-origin-opener-policy"), "unsafe-none", "{reply}");
    }
    assert_eq!(visitor.get("/sign-in").await.header("cross-origin-opener-policy"), "same-origin");
    let next = sign_in.value("next");
    let fields = [("email", "mara@fennel.example"), ("password", crate::support::app::PASSWORD), ("next", &*next)];
    let signed_in = visitor.post("/sign-in", &fields).await;
    assert_eq!(signed_in.leads_to(&address).header("cross-origin-opener-policy"), "unsafe-none");
    let question = mara.get(&address).await;
    question.is(200).says("Show your providers on another site?").says(SITE).says("Mara Lindqvist");
    assert_eq!(question.header("cross-origin-opener-policy"), "unsafe-none", "it has to reach the frame");
    assert_eq!(question.header("x-frame-options"), "DENY");

    let ticket = consent(&mut mara, &host).await;
    frame.post_as("iframe", "/redeem", &[("ticket", &ticket)]).await.leads_to(&host.path("/providers"));
    frame.get("/providers").await.is(200).says("Add provider");
    frame.get("").await.leads_to(&host.path("/providers"));
    Frame::new(&app, &host).post_as("iframe", "/redeem", &[("ticket", &ticket)]).await.is(410);
    mara.get("/settings/embedding").await.says("With their consent, or in a window for want of cookies");
}

#[actix_web::test]
async fn the_answer_can_also_be_left_in_a_cookie_for_browsers_that_let_frames_ask_for_it() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let reply = mara.post("/embed-consent", &[("embed", &host.embed_id), ("site", SITE)]).await;
    let cookie = reply.header("set-cookie");
    for attribute in ["__Host-embed-consent=", "Secure", "HttpOnly", "SameSite=None", "Max-Age=300", "Path=/"] {
        assert!(cookie.contains(attribute), "{attribute} is not in {cookie}");
    }
    let mut frame = Frame::new(&app, &host);
    frame.post_as("iframe", "/redeem", &[]).await.is(410);
    frame.visitor.cookies.insert("__Host-embed-consent".into(), mara.cookies["__Host-embed-consent"].clone());
    // Another site's form carries it too, where third-party cookies are let through, and gets nothing for it.
    frame.post_from("https://evil.gamma.example", "/redeem", &[]).await.is(403);
    frame.post_as("iframe", "/redeem", &[]).await.leads_to(&host.path("/providers"));
}

#[actix_web::test]
async fn a_consent_is_for_one_site_of_ones_own_organization_and_for_five_minutes() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    let other = app.organization("Other Ltd").await;
    app.add(other, "Eve", "eve@other.example", claviger::domain::role::Role::Owner).await;
    let mut eve = app.sign_in("eve@other.example").await;
    let theirs = Host::let_in(&mut eve).await;
    for (embed, site) in [
        (&*host.embed_id, "https://evil.gamma.example"),
        (&*theirs.embed_id, SITE),
        ("abcdefghijklmnopqrstuv", SITE),
        ("", ""),
    ] {
        mara.get(&format!("/embed-consent?embed={embed}&site={site}")).await.is(404);
        mara.post("/embed-consent", &[("embed", embed), ("site", site)]).await.is(404);
    }
    let ticket = consent(&mut mara, &host).await;
    Frame::new(&app, &theirs).post_as("iframe", "/redeem", &[("ticket", &ticket)]).await.is(410);
    app.advance(TimeDelta::minutes(6));
    Frame::new(&app, &host).post_as("iframe", "/redeem", &[("ticket", &ticket)]).await.is(410);
    // A window's ticket is none for this, and this none for a window of the frame's session.
    let mut frame = host.launched(&app, "mara@fennel.example").await;
    let ticket = frame.get("/providers").await.attr("#opens-window [name=ticket]", "value");
    Frame::new(&app, &host).post_as("iframe", "/redeem", &[("ticket", &ticket)]).await.is(410);
}
