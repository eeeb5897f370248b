//! One's own account.
use crate::support::app::{PASSWORD, TestApp};

const NEW: &str = "walnut ladder parade";

#[actix_web::test]
async fn name_and_appearance_are_saved() {
    let app = TestApp::spawn().await;
    let mut sam = app.annotator().await;
    assert!(!sam.get("/account").await.has("html[data-theme]"));
    sam.post("/account/profile", &[("name", "  Samuel   Okafor "), ("theme", "dark")]).await.leads_to("/account");
    let page = sam.get("/account").await;
    assert_eq!(page.value("name"), "Samuel Okafor");
    assert_eq!(page.attr("html", "data-theme"), "dark");
    page.says("Your profile is saved.");
    sam.get("/account").await.lacks("Your profile is saved.");
}

#[actix_web::test]
async fn a_name_that_cannot_be_shown_is_refused_and_kept() {
    let app = TestApp::spawn().await;
    let mut sam = app.annotator().await;
    let reply = sam.post("/account/profile", &[("name", "Sam\u{202e}mas"), ("theme", "light")]).await;
    assert!(reply.is(422).text("#name-error").contains("can’t be shown"));
    assert!(reply.has("input[name=theme][value=light][checked]"));
    let reply = sam.post("/account/profile", &[("name", "<script>alert(1)</script>")]).await;
    reply.is(303);
    sam.get("/account").await.lacks("<script>alert");
}

#[actix_web::test]
async fn a_new_password_ends_the_other_sessions() {
    let app = TestApp::spawn().await;
    let mut here = app.annotator().await;
    let mut there = app.annotator().await;
    let before = here.cookies["__Host-session"].clone();
    here.post("/account/password", &[("current", PASSWORD), ("new", NEW)]).await.leads_to("/account");
    assert_ne!(here.cookies["__Host-session"], before);
    here.get("/account").await.is(200).says("Your password is changed.");
    there.get("/account").await.is(303);
    let mut again = app.visitor();
    again.post("/sign-in", &[("email", "sam@fennel.example"), ("password", PASSWORD)]).await.is(422);
    again.post("/sign-in", &[("email", "sam@fennel.example"), ("password", NEW)]).await.is(303);
}

#[actix_web::test]
async fn the_present_password_is_asked_for_and_guessing_it_pauses() {
    let app = TestApp::spawn().await;
    let mut sam = app.annotator().await;
    for (current, new, field) in [
        ("", NEW, "current"),
        (PASSWORD, "short", "new"),
        (PASSWORD, PASSWORD, "new"),
        (PASSWORD, "sam.sam.sam.", "new"),
    ] {
        let reply = sam.post("/account/password", &[("current", current), ("new", new)]).await;
        reply.is(422).lacks(NEW);
        assert!(reply.has(&format!("#{field}-error")), "{reply}");
    }
    for _ in 0..5 {
        let reply = sam.post("/account/password", &[("current", "a wrong password"), ("new", NEW)]).await;
        assert!(reply.is(422).text("#current-error").contains("isn’t your current password"));
    }
    sam.post("/account/password", &[("current", PASSWORD), ("new", NEW)]).await.is(429);
}

#[actix_web::test]
async fn sessions_are_listed_and_ended_one_by_one_and_all_together() {
    let app = TestApp::spawn().await;
    let mut here = app.annotator().await;
    let mut there = app.annotator().await;
    let mut elsewhere = app.annotator().await;
    let mut of_another = app.reviewer().await;
    let page = here.get("/account").await;
    assert_eq!(page.texts("td.muted").iter().filter(|text| *text == "This session").count(), 1);
    assert_eq!(page.texts("form[action='/account/sessions/end']").len(), 2);
    let theirs = page.attr("form[action='/account/sessions/end'] input[name=session]", "value");
    of_another.post("/account/sessions/end", &[("session", &theirs)]).await.is(404);
    of_another.post("/account/sessions/end", &[("session", "%%%")]).await.is(404);
    here.post("/account/sessions/end", &[("session", &theirs)]).await.leads_to("/account");
    let still_in = [there.get("/account").await.status, elsewhere.get("/account").await.status];
    assert_eq!(still_in.iter().filter(|status| **status == 200).count(), 1, "{still_in:?}");
    here.post("/account/sessions/end-others", &[]).await.leads_to("/account");
    here.get("/account").await.is(200).says("1 other session is signed out.");
    there.get("/account").await.is(303);
    elsewhere.get("/account").await.is(303);
    here.post("/account/sessions/end-all", &[]).await.leads_to("/sign-in?left");
    here.get("/account").await.is(303);
    of_another.get("/account").await.is(200);
}
