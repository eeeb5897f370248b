//! Two sites in a real browser: what embedding builds on, proven without the product.

use claviger::domain::role::Role;

use crate::browser::{Browser, Cookies, Look, Theme, Width};
use crate::sites::{Answer, HOST, KEYS, STRANGER, Site, TlsFront};
use crate::stage::Stage;
use crate::support::fake_provider::Seen;
use crate::window::Window;

/// As strict as the product's policy, but for the sites that may show the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; form-action 'self'; base-uri 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

const PLAIN: &str = "plain=yes; Path=/; Secure; HttpOnly; SameSite=None";
const PARTITIONED: &str = "__Host-partitioned=yes; Path=/; Secure; HttpOnly; SameSite=None; Partitioned";

/// Only says what it was told, and only if one of its own pages told it.
const LISTEN: &str = r#"addEventListener("message", event => {
    if (event.origin !== location.origin) return;
    document.getElementById("heard").textContent = `The frame has heard “${event.data}”.`;
});"#;

const SAY_WHETHER_THERE_IS_AN_OPENER: &str =
    r#"document.getElementById("opener").textContent = opener ? "There is an opener." : "There is no opener.";"#;

const TELL_AND_CLOSE: &str = r#"opener?.postMessage("connected", location.origin); close();"#;

#[tokio::test]
async fn a_frame_gets_back_only_its_partitioned_cookie() {
    let Some(sites) = Sites::open().await else { return };
    let window = sites.at_host(Cookies::NoThirdParty).await;
    window.enters_frame("iframe").await;
    window.follow("Who am I?").await;
    window.sees("Known by __Host-partitioned=yes, in a GET.").await;
    window.press("Who am I?").await;
    window.sees("Known by __Host-partitioned=yes, in a POST.").await;
    assert_eq!(sites.last_at_keys("/whoami").header("sec-fetch-site"), "same-origin");
    assert_eq!(sites.last_at_keys("/whoami").header("origin"), sites.keys.origin());
}

#[tokio::test]
async fn a_frame_gets_both_cookies_back_where_third_parties_may_keep_them() {
    let Some(sites) = Sites::open().await else { return };
    let window = sites.at_host(Cookies::All).await;
    window.enters_frame("iframe").await;
    window.follow("Who am I?").await;
    window.sees("plain=yes").await;
    window.sees("__Host-partitioned=yes").await;
}

#[tokio::test]
async fn a_frame_gets_no_cookie_back_where_the_host_may_have_none_of_it() {
    let Some(sites) = Sites::open().await else { return };
    let window = sites.at_host(Cookies::NoneInHost).await;
    window.enters_frame("iframe").await;
    window.follow("Who am I?").await;
    window.sees("Known by no cookie, in a GET.").await;
    window.leaves_frame().await;
    // In a window of its own the site keeps its cookies: that is the way out for such a person.
    window.visit(&sites.keys.url("/frame")).await;
    window.follow("Who am I?").await;
    window.sees("plain=yes").await;
}

#[tokio::test]
async fn what_a_form_of_the_host_starts_in_the_frame_goes_on_there() {
    let Some(sites) = Sites::open().await else { return };
    sites.host.answers("/", Answer::page(&format!(r#"<iframe name="keys"></iframe>{}"#, launching(&sites.keys))));
    let window = sites.at_host(Cookies::NoThirdParty).await;
    window.press("Launch").await;
    window.enters_frame("iframe").await;
    window.sees("Known by __Host-launched=yes, in a GET.").await;
    let launch = sites.last_at_keys("/launch");
    assert_eq!(launch.body, "token=one-use");
    assert_eq!(launch.header("origin"), sites.host.origin());
    assert_eq!(launch.header("sec-fetch-site"), "cross-site");
    assert_eq!(launch.header("sec-fetch-dest"), "iframe");
    assert_eq!(window.address_in_frame().await, sites.keys.url("/whoami"));
}

#[tokio::test]
async fn a_site_that_is_not_listed_cannot_show_the_frame() {
    let Some(sites) = Sites::open().await else { return };
    let stranger = Site::open(STRANGER).await;
    stranger.answers("/", Answer::page(&framing(&sites.keys)));
    let window = sites.browser.open(Look::default()).await;
    window.visit(&stranger.url("/")).await;
    window.frame_is_refused("iframe").await;
    window.visit(&sites.host.url("/")).await;
    window.enters_frame("iframe").await;
    window.sees("Who am I?").await;
    window.has_quiet_console().await;
}

#[tokio::test]
async fn a_frame_that_is_empty_for_another_reason_does_not_count_as_refused() {
    let Some(sites) = Sites::open().await else { return };
    let nobody = TlsFront::bind().await.origin(KEYS);
    sites.host.answers("/", Answer::page(&format!(r#"<iframe src="{nobody}"></iframe>"#)));
    let window = sites.at_host(Cookies::NoThirdParty).await;
    let look = tokio::spawn(async move { window.frame_is_refused("iframe").await });
    let panic = look.await.expect_err("the frame was taken for a refused one").into_panic();
    let words = panic.downcast_ref::<String>().expect("words");
    assert!(words.contains("for another reason"), "{words}");
}

#[tokio::test]
async fn a_window_that_the_frame_opens_can_tell_it_something_and_close() {
    let Some(sites) = Sites::open().await else { return };
    let window = sites.at_host(Cookies::NoThirdParty).await;
    window.enters_frame("iframe").await;
    window.press("Connect").await;
    window.goes_to_new_window().await;
    window.sees("There is an opener.").await;
    window.press("Allow").await;
    window.has_closed().await;
    window.enters_frame("iframe").await;
    window.sees("The frame has heard “connected”.").await;
}

#[tokio::test]
async fn a_window_with_an_opener_policy_of_its_own_can_tell_the_frame_nothing_but_can_close() {
    let Some(sites) = Sites::open().await else { return };
    for policy in ["same-origin", "same-origin-allow-popups"] {
        sites.keys.answers("/connect", Answer::see_other("/consent").with("cross-origin-opener-policy", policy));
        sites.keys.answers("/consent", consent().with("cross-origin-opener-policy", policy));
        let window = sites.at_host(Cookies::NoThirdParty).await;
        window.enters_frame("iframe").await;
        window.press("Connect").await;
        window.goes_to_new_window().await;
        window.sees("There is no opener.").await;
        window.press("Allow").await;
        window.has_closed().await;
        window.enters_frame("iframe").await;
        window.sees("The frame has heard nothing.").await;
    }
}

#[tokio::test]
async fn nothing_opens_a_window_without_a_click() {
    let Some(sites) = Sites::open().await else { return };
    let frame = framed_by(sites.host.origin(), r#"<p id="note"></p><script src="/open.js"></script>"#);
    sites.keys.answers("/frame", frame);
    sites.keys.answers("/open.js", Answer::script(r#"note.textContent = `Opened: ${open("/consent")}.`;"#));
    let window = sites.at_host(Cookies::NoThirdParty).await;
    window.enters_frame("iframe").await;
    window.sees("Opened: null.").await;
    assert!(sites.keys.requests_for("/consent").is_empty());
}

#[tokio::test]
async fn a_host_with_a_strict_opener_policy_keeps_the_window_from_telling_the_frame() {
    let Some(sites) = Sites::open().await else { return };
    let strict = Answer::page(&framing(&sites.keys)).with("cross-origin-opener-policy", "same-origin");
    sites.host.answers("/", strict);
    let window = sites.at_host(Cookies::NoThirdParty).await;
    window.enters_frame("iframe").await;
    window.press("Connect").await;
    window.goes_to_new_window().await;
    window.sees("There is no opener.").await;
    window.press("Allow").await;
    window.has_closed().await;
}

#[tokio::test]
async fn claviger_works_at_its_public_address() {
    let Some(stage) = Stage::over_tls().await else { return };
    let window = stage.signed_in(Role::Owner, Look::default()).await;
    window.sees("Connect your first model provider").await;
    let origin = format!("https://{KEYS}:");
    assert!(stage.origin().starts_with(&origin), "{}", stage.origin());
    assert!(window.url().await.starts_with(stage.origin()), "{}", window.url().await);
    window.has_quiet_console().await;
}

#[tokio::test]
async fn a_frame_is_judged_like_a_page() {
    let Some(sites) = Sites::open().await else { return };
    let bad = r#"<h1>Bad</h1><input name="unlabelled"><script>"refused"</script>
        <script src="/broken.js"></script>"#;
    sites.keys.answers("/broken.js", Answer::script(r#"throw new Error("the script is broken")"#));
    sites.keys.answers("/bad", framed_by(sites.host.origin(), bad));
    let window = sites.at_host(Cookies::NoThirdParty).await;
    window.enters_frame("iframe").await;
    window.is_in_order("harness-frame").await;
    window.frame_has_no_sideways_scroll().await;
    window.leaves_frame().await;
    window.evaluate(&format!("document.querySelector('iframe').src = '{}'", sites.keys.url("/bad"))).await;
    window.enters_frame("iframe").await;
    window.sees("Bad").await;
    let violations = window.axe_violations().await;
    assert!(violations.iter().any(|violation| violation.contains("unlabelled")), "{violations:?}");
    let complaints = window.console_complaints().await.join("\n");
    assert!(complaints.contains("script-src"), "the inline script was not refused: {complaints}");
    assert!(complaints.contains("the script is broken"), "the error was not seen: {complaints}");
}

#[tokio::test]
async fn a_frame_follows_the_windows_theme_unless_the_host_gives_it_another() {
    let Some(sites) = Sites::open().await else { return };
    for (theme, given, is_dark) in [
        (Theme::Light, "normal", false),
        (Theme::Dark, "normal", true),
        (Theme::Light, "dark", true),
        (Theme::Dark, "light", false),
    ] {
        let window = sites.browser.open(Look::of(Width::Phone, theme)).await;
        window.visit(&sites.host.url("/")).await;
        window.evaluate(&format!("document.querySelector('iframe').style.colorScheme = '{given}'")).await;
        window.enters_frame("iframe").await;
        window.sees("The frame has heard nothing.").await;
        let dark = window.evaluate("return matchMedia('(prefers-color-scheme: dark)').matches").await;
        assert_eq!(dark, is_dark, "in a {} window, with color-scheme: {given}", theme.name());
        let still = window.evaluate("return matchMedia('(prefers-reduced-motion: reduce)').matches").await;
        assert_eq!(still, true);
    }
}

#[tokio::test]
async fn a_click_at_a_point_reaches_what_lies_there() {
    let Some(sites) = Sites::open().await else { return };
    let window = sites.at_host(Cookies::NoThirdParty).await;
    let button = "document.querySelector('button').getBoundingClientRect()";
    let outside = centre(&window, button).await;
    let frame = window
        .evaluate("const { x, y } = document.querySelector('iframe').getBoundingClientRect(); return [x, y]")
        .await;
    window.enters_frame("iframe").await;
    let inside = centre(&window, button).await;
    let border = 2.0;
    let offset = [frame[0].as_f64().expect("x") + border, frame[1].as_f64().expect("y") + border];
    window.clicks_at(offset[0] + inside[0], offset[1] + inside[1]).await;
    window.sees("Known by __Host-partitioned=yes, in a POST.").await;
    window.leaves_frame().await;
    window.clicks_at(outside[0], outside[1]).await;
    window.enters_frame("iframe").await;
    window.sees("__Host-launched=yes").await;
}

/// The middle of a rectangle that a script finds.
async fn centre(window: &Window, rectangle: &str) -> [f64; 2] {
    let script = format!("const {{ x, y, width, height }} = {rectangle}; return [x + width / 2, y + height / 2]");
    let point = window.evaluate(&script).await;
    [0, 1].map(|i| point[i].as_f64().expect("a number"))
}

/// A site with a frame for others, and the one that may show it.
struct Sites {
    browser: Browser,
    keys: Site,
    host: Site,
}

impl Sites {
    async fn open() -> Option<Self> {
        let browser = Browser::start()?;
        let (keys, host) = (Site::open(KEYS).await, Site::open(HOST).await);
        host.answers("/", Answer::page(&framing(&keys)));
        let sites = Self { browser, keys, host };
        sites.fill();
        Some(sites)
    }

    fn fill(&self) {
        let listed = self.host.origin().to_owned();
        let page = move |content: &str| framed_by(&listed, content);
        let frame = page(
            r#"<h1>Keys</h1><p><a href="/whoami">Who am I?</a></p>
            <form method="post" action="/whoami"><button>Who am I?</button></form>
            <form method="post" action="/connect" target="_blank" rel="opener"><button>Connect</button></form>
            <p id="heard">The frame has heard nothing.</p><script src="/listen.js"></script>"#,
        );
        self.keys.answers("/frame", frame.with("set-cookie", PLAIN).with("set-cookie", PARTITIONED));
        self.keys.answers_by("/whoami", move |seen| page(&known_by(seen)));
        let launched = "__Host-launched=yes; Path=/; Secure; HttpOnly; SameSite=None; Partitioned";
        self.keys.answers("/launch", Answer::see_other("/whoami").with("set-cookie", launched));
        self.keys.answers("/connect", Answer::see_other("/consent"));
        self.keys.answers("/consent", consent());
        self.keys.answers("/allow", Answer::see_other("/done"));
        self.keys.answers("/done", framed_by("'none'", r#"<h1>Done</h1><script src="/done.js"></script>"#));
        self.keys.answers("/listen.js", Answer::script(LISTEN));
        self.keys.answers("/opener.js", Answer::script(SAY_WHETHER_THERE_IS_AN_OPENER));
        self.keys.answers("/done.js", Answer::script(TELL_AND_CLOSE));
    }

    /// A window that shows the host's page.
    async fn at_host(&self, cookies: Cookies) -> Window {
        let window = self.browser.open(Look { cookies, ..Look::of(Width::Desktop, Theme::Light) }).await;
        window.visit(&self.host.url("/")).await;
        window
    }

    fn last_at_keys(&self, path: &str) -> Seen {
        self.keys.requests_for(path).pop().unwrap_or_else(|| panic!("nobody asked for {path}"))
    }
}

/// The content of a page that shows the other site's frame and can launch something in it.
fn framing(keys: &Site) -> String {
    let (frame, launch) = (keys.url("/frame"), launching(keys));
    format!(r#"<h1>Settings</h1><iframe title="Keys" name="keys" src="{frame}" height="400"></iframe>{launch}"#)
}

/// A form whose answer is shown in the frame.
fn launching(keys: &Site) -> String {
    let launch = keys.url("/launch");
    format!(
        r#"<form method="post" action="{launch}" target="keys"><input type="hidden" name="token" value="one-use">
        <button>Launch</button></form>"#
    )
}

/// The page of the window that the frame opens.
fn consent() -> Answer {
    let content = r#"<h1>Connect?</h1><p id="opener"></p>
        <form method="post" action="/allow"><button>Allow</button></form><script src="/opener.js"></script>"#;
    framed_by("'none'", content)
}

/// A page that these sites may show in a frame.
fn framed_by(ancestors: &str, content: &str) -> Answer {
    Answer::page(content).with("content-security-policy", format!("{POLICY}; frame-ancestors {ancestors}"))
}

fn known_by(seen: &Seen) -> String {
    let cookies = if seen.header("cookie").is_empty() { "no cookie" } else { seen.header("cookie") };
    let method = &seen.method;
    format!(
        r#"<h1>Known by {cookies}, in a {method}.</h1>
        <form method="post" action="/whoami"><button>Who am I?</button></form>"#
    )
}
