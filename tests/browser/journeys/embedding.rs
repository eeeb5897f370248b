//! Claviger inside another product's page: two sites on domains of their own, over TLS, with third-party cookies
//! blocked.

use claviger::domain::role::Role;

use crate::browser::{Cookies, LOOKS, Look, Width};
use crate::sites::{Answer, HOST, STRANGER, Site};
use crate::stage::{GOOD_KEY, Stage};
use crate::support::app::{ORGANIZATION, person};
use crate::support::host::Host;
use crate::window::Window;

const FRAME: &str = "claviger-keys iframe";

/// The host product, let in by an Owner in a window of Claviger's.
struct Product {
    site: Site,
    host: Host,
    /// The Owner's window.
    owner: Window,
}

impl Product {
    /// Has the Owner put the product on the list and make a key, and the product show the frame to the Owner.
    async fn let_in(stage: &Stage) -> Self {
        let site = Site::open(HOST).await;
        let owner = stage.signed_in(Role::Owner, Look::default()).await;
        owner.visit(&stage.url("/settings/embedding")).await;
        owner.fill("Add a site", site.origin()).await;
        owner.press("Add site").await;
        owner.sees("may show the frame.").await;
        owner.press("Make a shared key").await;
        owner.sees("Copy this key to the server that signs launches.").await;
        let facts =
            owner.evaluate("return [...document.querySelectorAll('dl.facts code')].map(e => e.innerText)").await;
        let fact = |at: usize| facts[at].as_str().expect("a fact").to_owned();
        let key = owner.text_of("#new-key").await;
        let host = Host { audience: fact(0), embed_id: fact(1), kid: fact(2), key, site: site.origin().to_owned() };
        assert_eq!(host.audience, stage.origin());
        let product = Self { site, host, owner };
        product.shows(&product.page_with(r#"launch="/claviger/token" theme="auto""#));
        product.launches_as(stage, person(Role::Owner).1);
        product
    }

    /// A page with the kit.
    fn page_with(&self, attributes: &str) -> String {
        let Host { audience, embed_id, .. } = &self.host;
        format!(
            r#"<h1>Settings</h1><p>This page belongs to another product.</p>
               <claviger-keys embed="{embed_id}" {attributes}></claviger-keys><p>After the frame.</p>
               <button id="out" type="button">Leave</button>
               <script src="{audience}/embed/claviger.js" async></script><script src="/page.js"></script>"#
        )
    }

    /// From now on the product's page is this, under a policy that lets in Claviger and nothing else.
    fn shows(&self, content: &str) {
        let claviger = &self.host.audience;
        let policy = format!(
            "default-src 'none'; script-src 'self' {claviger}; style-src 'self'; connect-src 'self'; \
             frame-src {claviger}; form-action {claviger}; img-src data:; base-uri 'none'"
        );
        let page = format!(
            r#"<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Fennel Annotate</title>
               <meta name="viewport" content="width=device-width, initial-scale=1">
               <link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css"></head>
               <body><main>{content}</main></body></html>"#
        );
        self.site.answers("/", Answer::of("text/html", page).with("content-security-policy", policy));
        self.site.answers("/page.css", Answer::of("text/css", PAGE_CSS));
        self.site.answers("/page.js", Answer::script(PAGE_JS));
    }

    /// From now on the product's server signs launches for this person.
    fn launches_as(&self, stage: &Stage, email: &'static str) {
        let (host, clock) = (self.host.clone(), stage.app.clock.clone());
        self.site.answers_by("/claviger/token", move |_| {
            Answer::of("text/plain", host.sign(&host.claims_at(&clock, email)))
        });
    }

    /// Opens the product's page.
    async fn visited(&self, stage: &Stage, look: Look) -> Window {
        let window = stage.window(look).await;
        window.visit(&self.site.url("/")).await;
        window
    }
}

const PAGE_CSS: &str = ":root { color-scheme: light dark; font: 16px/1.5 serif } \
    body { margin: 0 auto; max-width: 1080px; padding: 1rem; background: light-dark(#f3f6f4, #10201b); \
    color: light-dark(#16231d, #dfeae4) }";

const PAGE_JS: &str =
    "document.getElementById('out').onclick = () => document.querySelector('claviger-keys').logOut();";

#[tokio::test]
async fn a_key_is_added_verified_and_removed_from_another_products_page() {
    let Some(stage) = Stage::over_tls().await else { return };
    let product = Product::let_in(&stage).await;
    let window = product.visited(&stage, Look::default()).await;
    window.enters_frame(FRAME).await;
    window.sees("Connect your first model provider").await;
    window.has_no_axe_violation().await;

    // The key is typed in a window of Claviger's own, which closes into the frame.
    window.press("Add provider").await;
    window.goes_to_new_window().await;
    window.sees("Opened from https://app.beta.example").await;
    assert!(window.url().await.starts_with(stage.origin()));
    window.is_in_order("embed-window-chooser").await;
    window.follow("OpenAI").await;
    window.fill("API key", "sk-proj-bad-0123456789abcdefgk9Tz").await;
    window.press("Check and save").await;
    window.sees_at("api_key", "OpenAI didn’t accept this key.").await;
    window.is_in_order("embed-window-rejected").await;
    window.fill("API key", GOOD_KEY).await;
    window.press("Check again and save").await;
    window.has_closed().await;
    window.enters_frame(FRAME).await;
    window.sees("OpenAI is connected.").await;
    window.sees_in("tr.is-news", "OpenAI").await;
    window.has_no_axe_violation().await;
    window.frame_has_no_sideways_scroll().await;

    window.press("Verify").await;
    window.sees("OpenAI works.").await;

    window.press("More for OpenAI").await;
    window.press("Remove…").await;
    window.goes_to_new_window().await;
    window.sees("Remove OpenAI?").await;
    window.is_in_order("embed-window-remove").await;
    window.fill("Type OpenAI to confirm", "OpenAI").await;
    window.press("Remove OpenAI").await;
    window.has_closed().await;
    window.enters_frame(FRAME).await;
    window.sees("OpenAI was removed.").await;

    window.leaves_frame().await;
    window.press("Leave").await;
    window.enters_frame(FRAME).await;
    window.sees("You’ve left Claviger here").await;
    window.has_no_axe_violation().await;

    product.owner.visit(&stage.url("/settings/embedding")).await;
    product.owner.sees("As an Owner at most; there they are person-17").await;
    product.owner.sees(product.site.origin()).await;
}

#[tokio::test]
async fn the_frame_looks_like_a_part_of_the_page_in_every_look() {
    let Some(stage) = Stage::over_tls().await else { return };
    let product = Product::let_in(&stage).await;
    product.owner.visit(&stage.url("/providers/new/openai")).await;
    product.owner.fill("API key", GOOD_KEY).await;
    product.owner.press("Check and save").await;
    product.owner.sees("OpenAI is connected.").await;
    product.owner.visit(&stage.url("/providers/new/custom")).await;
    product.owner.fill("Name", "gpt-4o").await;
    product.owner.fill("Endpoint", &stage.url_of_fake("/v1")).await;
    product.owner.fill("API key", GOOD_KEY).await;
    product.owner.press("Check and save").await;
    product.owner.sees("gpt-4o is connected.").await;
    for look in LOOKS {
        let mut window = product.visited(&stage, look).await;
        window.enters_frame(FRAME).await;
        window.sees("key ending x4Qa").await;
        window.has_no_axe_violation().await;
        window.frame_has_no_sideways_scroll().await;
        let ground = window.evaluate("return getComputedStyle(document.body).backgroundColor").await;
        assert_eq!(ground, "rgba(0, 0, 0, 0)", "the host's own ground shows");
        let dark = window.evaluate("return matchMedia('(prefers-color-scheme: dark)').matches").await;
        let heights = "return [document.documentElement.scrollHeight, innerHeight]";
        let at_first = window.evaluate(heights).await;
        window.press("More for gpt-4o").await;
        window.evaluate("return new Promise(done => setTimeout(done, 300))").await;
        let with_menu = window.evaluate(heights).await;
        for heights in [at_first, with_menu] {
            assert!(heights[0].as_u64() <= heights[1].as_u64(), "the frame scrolls: {heights}");
        }
        window.leaves_frame().await;
        assert_eq!(dark, window.evaluate("return matchMedia('(prefers-color-scheme: dark)').matches").await);
        window.screenshot("embed-host").await;
        window.has_no_sideways_scroll().await;
        // The narrowest that a page may be: 400 % zoom of 1280 px.
        if matches!(look.width, Width::Phone) {
            window.becomes(Width::Narrowest).await;
            window.enters_frame(FRAME).await;
            window.frame_has_no_sideways_scroll().await;
        }
        let owner = stage.signed_in(Role::Owner, look).await;
        owner.visit(&stage.url("/settings/embedding")).await;
        owner.is_in_order("embedding-filled").await;
    }
}

#[tokio::test]
async fn a_site_that_is_not_listed_shows_nothing_and_its_launches_open_nothing() {
    let Some(stage) = Stage::over_tls().await else { return };
    let product = Product::let_in(&stage).await;
    let stranger = Site::open(STRANGER).await;
    let base = format!("{}/embed/{}", stage.origin(), product.host.embed_id);
    let token = product.host.sign(&product.host.claims_at(&stage.app.clock, person(Role::Owner).1));
    stranger.answers("/", Answer::page(&format!(r#"<iframe name="keys" src="{base}"></iframe>"#)));
    stranger.answers(
        "/launch",
        Answer::page(&format!(
            r#"<iframe name="keys"></iframe><form method="post" target="keys" action="{base}/launch">
               <input type="hidden" name="token" value="{token}"><button>Launch</button></form>"#
        )),
    );
    let window = stage.window(Look::default()).await;
    window.visit(&stranger.url("/")).await;
    window.frame_is_refused("iframe").await;
    window.visit(&stranger.url("/launch")).await;
    window.press("Launch").await;
    window.frame_is_refused("iframe").await;
    assert_eq!(stage.app.number("SELECT COUNT(*) FROM sessions WHERE embedded_in IS NOT NULL").await, 0);
    product.owner.visit(&stage.url("/settings/embedding")).await;
    product.owner.sees(stranger.origin()).await;
    product.owner.sees("Refused").await;
}

#[tokio::test]
async fn no_page_but_the_frame_is_shown_by_anybody_not_even_a_listed_site() {
    let Some(stage) = Stage::over_tls().await else { return };
    let product = Product::let_in(&stage).await;
    let embed = format!("/embed/{}", product.host.embed_id);
    for path in ["/", "/sign-in", "/providers", "/settings/embedding", "/settings/embedding/preview", "/embed-consent"]
    {
        product.site.answers("/any", Answer::page(&format!(r#"<iframe src="{}"></iframe>"#, stage.url(path))));
        let window = stage.window(Look::default()).await;
        window.visit(&product.site.url("/any")).await;
        window.frame_is_refused("iframe").await;
    }
    for path in ["/providers/new", "/providers/1", "/done"] {
        let address = stage.url(&format!("{embed}{path}"));
        product.site.answers("/any", Answer::page(&format!(r#"<iframe src="{address}"></iframe>"#)));
        let window = stage.window(Look::default()).await;
        window.visit(&product.site.url("/any")).await;
        window.frame_is_refused("iframe").await;
    }
}

#[tokio::test]
async fn a_page_that_hides_the_frame_below_a_lure_cannot_make_it_remove_a_key() {
    let Some(stage) = Stage::over_tls().await else { return };
    let product = Product::let_in(&stage).await;
    product.owner.visit(&stage.url("/providers/new/openai")).await;
    product.owner.fill("API key", GOOD_KEY).await;
    product.owner.press("Check and save").await;
    product.owner.sees("OpenAI is connected.").await;
    // The frame lies, invisible, over a lure of the page's own, which knows where everything in it is.
    product.shows(&product.page_with(r#"launch="/claviger/token" class="lure""#));
    product.site.answers("/page.css", Answer::of("text/css", "iframe { opacity: .01; position: absolute; inset: 0 }"));
    let window = product.visited(&stage, Look::default()).await;
    for targets in
        [vec!["summary.btn-icon", "button[value$='/remove']"], vec!["button.name"], vec!["[action$='/verify'] button"]]
    {
        for target in targets {
            window.enters_frame(FRAME).await;
            window.sees("OpenAI").await;
            let place = window.place_of(target).await;
            window.leaves_frame().await;
            window.clicks_at(place.0, place.1).await;
        }
        window.enters_frame(FRAME).await;
        window.sees("OpenAI").await;
        window.leaves_frame().await;
    }
    // All that it got are windows of Claviger's own, in which somebody would have to type the name.
    window.goes_to_new_window().await;
    assert!(window.url().await.starts_with(stage.origin()), "{}", window.url().await);
    let kept = "SELECT COUNT(*) FROM connections WHERE paused_at IS NULL";
    assert_eq!(stage.app.number(kept).await, 1, "the key is gone or paused");
    assert_eq!(stage.app.number("SELECT COUNT(*) FROM connection_models WHERE NOT enabled").await, 0);
}

#[tokio::test]
async fn a_browser_that_blocks_all_our_cookies_there_gets_a_window() {
    let Some(stage) = Stage::over_tls().await else { return };
    let product = Product::let_in(&stage).await;
    let look = Look { cookies: Cookies::NoneInHost, ..Look::default() };
    let window = product.visited(&stage, look).await;
    window.enters_frame(FRAME).await;
    window.sees("Open your providers in a window").await;
    window.has_no_axe_violation().await;
    window.press("Open a window").await;
    window.goes_to_new_window().await;
    window.sees("Connect your first model provider").await;
    window.is_in_order("embed-window-list").await;
    window.follow("Add provider").await;
    window.follow("OpenAI").await;
    window.fill("API key", GOOD_KEY).await;
    window.press("Check and save").await;
    // Nobody waits for this window, so it shows by itself what has changed.
    window.sees("OpenAI is connected.").await;
}

#[tokio::test]
async fn somebody_who_is_signed_in_connects_the_frame_from_a_window_of_ours() {
    let Some(stage) = Stage::over_tls().await else { return };
    let product = Product::let_in(&stage).await;
    product.shows(&product.page_with(""));
    let scope = stage.app.organization(ORGANIZATION).await;
    let (name, email) = person(Role::Administrator);
    stage.app.add(scope, name, email, Role::Administrator).await;
    let window = product.visited(&stage, Look::default()).await;
    window.enters_frame(FRAME).await;
    window.sees("Connect to Claviger").await;
    window.has_no_axe_violation().await;
    window.press("Connect").await;
    window.goes_to_new_window().await;
    // Signing in on the way must not cut the window off from the frame.
    stage.sign_in(&window, email).await;
    window.sees("Show your providers on another site?").await;
    window.is_in_order("embed-consent").await;
    window.press("Show them there").await;
    window.has_closed().await;
    window.enters_frame(FRAME).await;
    window.sees("Connect your first model provider").await;
    product.owner.visit(&stage.url("/settings/embedding")).await;
    product.owner.sees("Tomás Rey").await;
}

#[tokio::test]
async fn a_key_typed_in_the_frame_is_taken_only_while_nothing_covers_the_form() {
    let Some(stage) = Stage::over_tls().await else { return };
    let product = Product::let_in(&stage).await;
    product.owner.visit(&stage.url("/settings/embedding")).await;
    product.owner.press("More for https://app.beta.example").await;
    product.owner.press("Let keys be typed in the frame").await;
    product.owner.sees("Keys may be typed inside the frame there.").await;

    let window = product.visited(&stage, Look::default()).await;
    window.enters_frame(FRAME).await;
    window.follow("Add provider").await;
    window.follow("OpenAI").await;
    window.has_no_axe_violation().await;
    window.fill("API key", GOOD_KEY).await;
    // The page lays something over the frame.
    window.leaves_frame().await;
    window
        .evaluate(
            "const cover = document.body.appendChild(document.createElement('div'));
             Object.assign(cover.style, { position: 'fixed', inset: '0', background: '#123', pointerEvents: 'none' });
             cover.id = 'cover'; return new Promise(done => setTimeout(done, 500))",
        )
        .await;
    window.enters_frame(FRAME).await;
    window.evaluate("document.querySelector('.btn-go[name=act]').click()").await;
    window.sees("We couldn’t make sure that nothing covers this form").await;
    assert_eq!(stage.app.number("SELECT COUNT(*) FROM connections").await, 0);
    window.leaves_frame().await;
    window
        .evaluate("document.getElementById('cover').remove(); return new Promise(done => setTimeout(done, 500))")
        .await;
    window.enters_frame(FRAME).await;
    window.fill_if_asked("API key", GOOD_KEY).await;
    window.evaluate("return new Promise(done => setTimeout(done, 500))").await;
    window.press("Check and save").await;
    window.sees("OpenAI is connected.").await;
}
