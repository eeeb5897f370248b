//! The harness itself: it must see what is wrong, or its silence means nothing.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use crate::browser::{Browser, LOOKS, Look, Scripts, Theme, Width};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const GOOD: &str = r#"<!doctype html><html lang="en"><title>Good page</title><link rel="stylesheet" href="/page.css">
<link rel="icon" href="/icon.svg"><script src="/page.js" defer></script>
<main><h1>A good page</h1><p id="note">No script has run.</p>
<form method="post" action="/"><label for="name">Your name</label> <input id="name" name="name" autocomplete="name">
<label>Your role <select name="role"><option>Owner<option>Reviewer</select></label>
<label><input type="checkbox" name="memory" value="to be remembered"> Remember me</label>
<button>Say hello</button></form></main>"#;

const BAD: &str = r#"<!doctype html><html lang="en"><title>Bad page</title><link rel="stylesheet" href="/page.css">
<main><h1>A bad page</h1><p style="width: 3000px">Too wide.</p><div class="wide">Wide.</div><input name="unlabelled">
<script>document.title = "policy broken"</script></main>"#;

const STYLE: &str = ":root { color-scheme: light dark; font: 16px sans-serif } .wide { width: 2000px } \
    @media (prefers-color-scheme: dark) { :root { background: #111; color: #eee } }";

const ICON: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>"#;

const SCRIPT: &str = r#"document.getElementById("note").textContent = "The page’s script has run.";"#;

#[tokio::test]
async fn a_good_page_is_in_order_in_every_look() {
    let Some(browser) = Browser::start() else { return };
    let site = site();
    for look in LOOKS {
        let window = browser.open(look).await;
        window.visit(&site).await;
        window.sees("The page’s script has run.").await;
        let width = window.evaluate("return innerWidth").await;
        assert_eq!(width, look.width.pixels());
        let dark = window.evaluate("return matchMedia('(prefers-color-scheme: dark)').matches").await;
        assert_eq!(dark, matches!(look.theme, Theme::Dark));
        window.is_in_order("harness-good").await;
    }
}

#[tokio::test]
async fn a_bad_page_is_seen_to_be_bad() {
    let Some(browser) = Browser::start() else { return };
    let window = browser.open(Look::of(Width::Phone, Theme::Dark)).await;
    window.visit(&format!("{}bad", site())).await;
    let complaints = window.console_complaints().await.join("\n");
    assert!(complaints.contains("style-src"), "the inline style was not refused: {complaints}");
    assert!(complaints.contains("script-src"), "the inline script was not refused: {complaints}");
    let violations = window.axe_violations().await;
    assert!(violations.iter().any(|violation| violation.contains("\"label\"")), "{violations:?}");
    let width = window.evaluate("return document.documentElement.scrollWidth").await;
    assert!(width.as_u64() > Some(390), "{width}");
    let look = tokio::spawn(async move { window.has_no_sideways_scroll().await });
    assert!(look.await.is_err(), "the sideways scrolling was not seen");
}

#[tokio::test]
async fn a_form_is_filled_by_its_labels_with_scripts_and_without() {
    let Some(browser) = Browser::start() else { return };
    for scripts in [Scripts::On, Scripts::Off] {
        let window = browser.open(Look { scripts, ..Look::default() }).await;
        window.visit(&site()).await;
        let note = if scripts == Scripts::On { "The page’s script has run." } else { "No script has run." };
        window.sees(note).await;
        window.fill("Your name", "Ada \"the\" Countess").await;
        window.choose("Your role", "Reviewer").await;
        window.tick("Remember me").await;
        window.press("Say hello").await;
        window.sees("Hello Ada \"the\" Countess, the Reviewer, to be remembered").await;
        window.does_not_see("No script has run").await;
        window.has_quiet_console().await;
    }
}

#[tokio::test]
async fn a_secure_host_cookie_comes_back_over_plain_loopback() {
    let Some(browser) = Browser::start() else { return };
    let site = site();
    for site in [site.clone(), site.replace("127.0.0.1", "localhost")] {
        let window = browser.open(Look::default()).await;
        window.visit(&site).await;
        window.press("Say hello").await;
        window.follow("Whoami").await;
        window.sees("You are known by __Host-session=harness").await;
        assert!(window.url().await.starts_with(&site));
    }
}

/// The address of a small site under a strict policy, which lives as long as the test.
fn site() -> String {
    let server = HttpServer::new(|| {
        App::new()
            .route("/", web::get().to(|| async { page(GOOD) }))
            .route("/", web::post().to(hello))
            .route("/bad", web::get().to(|| async { page(BAD) }))
            .route("/whoami", web::get().to(whoami))
            .route("/icon.svg", web::get().to(|| async { HttpResponse::Ok().content_type("image/svg+xml").body(ICON) }))
            .route("/page.css", web::get().to(|| async { HttpResponse::Ok().content_type("text/css").body(STYLE) }))
            .route(
                "/page.js",
                web::get().to(|| async { HttpResponse::Ok().content_type("text/javascript").body(SCRIPT) }),
            )
    })
    .workers(1)
    .disable_signals()
    .bind(("127.0.0.1", 0))
    .expect("a free port");
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    format!("http://{address}/")
}

async fn hello(form: web::Form<Vec<(String, String)>>) -> HttpResponse {
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let (name, role) = (value("name").unwrap_or_default(), value("role").unwrap_or_default());
    let memory = value("memory").unwrap_or_default();
    let body = format!(
        "<!doctype html><html lang=en><title>Hello</title><link rel=icon href=/icon.svg>\
         <main><h1>Hello {name}, the {role}, {memory}</h1><a href=/whoami>Whoami</a></main>"
    );
    // The product's session cookie. Browsers count a loopback address as secure enough for it.
    let cookie = "__Host-session=harness; Path=/; Secure; HttpOnly; SameSite=Lax";
    HttpResponse::Ok().insert_header(("set-cookie", cookie)).content_type("text/html; charset=utf-8").body(body)
}

async fn whoami(request: HttpRequest) -> HttpResponse {
    let cookie = request.headers().get("cookie").and_then(|value| value.to_str().ok()).unwrap_or("no cookie");
    page(&format!("<!doctype html><html lang=en><title>You</title><h1>You are known by {cookie}</h1>"))
}

fn page(html: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("content-security-policy", POLICY))
        .body(html.to_owned())
}
