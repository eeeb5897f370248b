//! Headers, error pages and static files as a browser gets them.

use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use actix_web::{App, HttpResponse, web};
use scraper::Html;

use super::{text, the};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::web::assets;
use crate::web::error_pages::{ErrorPage, explain};
use crate::web::headers::{Transport, secure};

/// A small server with the middleware as the product wraps it.
macro_rules! service {
    ($transport:expr) => {
        init_service(
            App::new()
                .configure(crate::web::open_routes)
                .route("/page", web::get().to(|| async { HttpResponse::Ok().body("page") }))
                .service(web::resource("/post-only").post(HttpResponse::Ok))
                .route("/plain", web::get().to(|| async { HttpResponse::BadRequest().body("serde: line 7 of /home") }))
                .route("/json", web::get().to(|| async { HttpResponse::Conflict().json(["taken"]) }))
                .route(
                    "/fault",
                    web::get().to(|| async { Err::<HttpResponse, _>(ErrorPage::from(Error::internal("disk sda1"))) }),
                )
                .route("/slow", web::get().to(|| async { Err::<HttpResponse, _>(ErrorPage::too_many_tries(90)) }))
                .app_data(app_data().await)
                .wrap(from_fn(explain))
                .wrap(from_fn(|request, next| secure(request, next, $transport))),
        )
        .await
    };
}

/// An application of its own; the middleware asks it for the time and for whom to ask.
async fn app_data() -> Data<crate::app::App> {
    let folder = tempfile::tempdir().unwrap().keep();
    let config = Config::read(|name| (name == "CLAVIGER_DATA").then(|| folder.display().to_string())).unwrap();
    Data::new(crate::app::App::open(config, Clock::default()).await.unwrap())
}

#[actix_web::test]
async fn every_answer_has_the_security_headers() {
    let service = service!(Transport::Https);
    let sheet = assets::path("app.css");
    for path in ["/page", "/nowhere", "/post-only", "/plain", "/json", "/fault", &sheet] {
        let reply = call_service(&service, TestRequest::get().uri(path).to_request()).await;
        let header = |name: &str| reply.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default();
        assert!(header("content-security-policy").starts_with("default-src 'none'; script-src 'self';"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert!(header("permissions-policy").contains("camera=()"), "{path}");
        assert!(header("strict-transport-security").starts_with("max-age=63072000"), "{path}");
        let keeping = if path == sheet { "public, max-age=31536000, immutable" } else { "no-store" };
        assert_eq!(header("cache-control"), keeping, "{path}");
    }
}

#[actix_web::test]
async fn plain_http_is_not_told_to_insist_on_https() {
    let service = service!(Transport::Http);
    let reply = call_service(&service, TestRequest::get().uri("/page").to_request()).await;
    assert!(reply.headers().get("strict-transport-security").is_none());
}

#[actix_web::test]
async fn errors_of_the_framework_get_a_page_without_its_words() {
    let service = service!(Transport::Http);
    for (path, status, title) in [
        ("/nowhere", 404, "There’s nothing at this address"),
        ("/post-only", 405, "This isn’t a page"),
        ("/plain", 400, "We couldn’t read that"),
        ("/fault", 500, "Something went wrong on our side"),
        ("/slow", 429, "Too many tries"),
    ] {
        let reply = call_service(&service, TestRequest::get().uri(path).to_request()).await;
        assert_eq!(reply.status().as_u16(), status, "{path}");
        let has_wait = reply.headers().get("retry-after").is_some_and(|value| value == "90");
        assert_eq!(has_wait, status == 429, "{path}");
        let body = String::from_utf8(read_body(reply).await.to_vec()).unwrap();
        assert!(!body.contains("serde") && !body.contains("sda1"), "{body}");
        assert_eq!(text(the(&Html::parse_document(&body), "h1")), title);
    }
}

#[actix_web::test]
async fn answers_for_programs_stay_as_they_are() {
    let service = service!(Transport::Http);
    let reply = call_service(&service, TestRequest::get().uri("/json").to_request()).await;
    assert_eq!(reply.status().as_u16(), 409);
    assert_eq!(read_body(reply).await, r#"["taken"]"#);
}

#[actix_web::test]
async fn static_files_have_their_types_and_are_found_under_their_hash_only() {
    let service = service!(Transport::Http);
    for (name, mime) in [
        ("app.css", "text/css; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("favicon.svg", "image/svg+xml"),
        ("chevron.svg", "image/svg+xml"),
    ] {
        let reply = call_service(&service, TestRequest::get().uri(&assets::path(name)).to_request()).await;
        assert_eq!(reply.status().as_u16(), 200, "{name}");
        assert_eq!(reply.headers().get("content-type").unwrap(), mime);
        assert!(reply.headers().get("set-cookie").is_none());
        assert!(!read_body(reply).await.is_empty());
    }
    let sheet = assets::path("app.css");
    for path in
        ["/static/0000000000000000/app.css", "/static/app.css", &assets::path("none.css"), &format!("{sheet}/x")]
    {
        let reply = call_service(&service, TestRequest::get().uri(path).to_request()).await;
        assert_eq!(reply.status().as_u16(), 404, "{path}");
    }
}
