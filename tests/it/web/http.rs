//! How the server answers, whatever the page.

use reqwest::Method;

use crate::support::app::TestApp;

#[actix_web::test]
async fn head_is_answered_like_get_without_a_body() {
    let app = TestApp::spawn().await;
    let mut owner = app.owner().await;
    for path in ["/health/live", "/providers", "/no-such-page"] {
        let got = owner.get(path).await;
        let head = owner.send(owner.request(Method::HEAD, path)).await;
        head.is(got.status);
        assert_eq!(head.header("content-type"), got.header("content-type"), "{path}");
        assert_eq!(head.body, "", "{path}");
    }
}
