//! Signing in, staying signed in, signing out.
use crate::support::app::TestApp;

#[actix_web::test]
async fn a_member_signs_in_and_out() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    mara.get("/").await.leads_to("/providers");
    mara.post("/sign-out", &[]).await.leads_to("/sign-in?left");
    assert!(!mara.cookies.contains_key("__Host-session"));
    mara.get("/sign-in?left").await.is(200).says("You’re signed out.");
}
