//! What the journeys happen on: the application with people in it, a stand-in for the vendors, and browsers.

use claviger::config::Config;
use claviger::domain::role::Role;

use crate::browser::{Browser, Look};
use crate::sites::{KEYS, TlsFront};
use crate::support::app::{ORGANIZATION, PASSWORD, TestApp, person};
use crate::support::fake_provider::FakeProvider;
use crate::window::Window;

/// A key that the stand-in accepts, ending `x4Qa`.
pub const GOOD_KEY: &str = "sk-proj-good-0123456789abcdefx4Qa";

/// The application in [`ORGANIZATION`], with browsers to look at it.
pub struct Stage {
    // Dropped in this order: who looks, what is looked at, what that calls.
    browser: Browser,
    origin: String,
    /// The application.
    pub app: TestApp,
    /// Stands in for all vendors.
    pub fake: FakeProvider,
}

impl Stage {
    /// A new installation: no organization, nobody in it. `None` where there is no browser and need not be one.
    #[track_caller]
    pub fn set() -> impl Future<Output = Option<Self>> {
        let browser = Browser::start();
        async {
            let browser = browser?;
            Some(Self::with(browser, |_| {}).await)
        }
    }

    /// The same at an address for the public, `https://keys.alpha.example:PORT`: a frame on another site needs one.
    #[track_caller]
    pub fn over_tls() -> impl Future<Output = Option<Self>> {
        let browser = Browser::start();
        async {
            let browser = browser?;
            let front = TlsFront::bind().await;
            let origin = front.origin(KEYS);
            let public_url = origin.parse().expect("an origin");
            let stage = Self::with(browser, |config| config.public_url = public_url).await;
            front.leads_to(stage.app.app.config.listen);
            Some(Self { origin, ..stage })
        }
    }

    async fn with(browser: Browser, change: impl FnOnce(&mut Config)) -> Self {
        let fake = FakeProvider::spawn().await;
        fake.good_key(GOOD_KEY);
        fake.offer(&["gpt-4o", "gpt-4o-mini", "gpt-5"]);
        let bases = fake.vendor_bases();
        let app = TestApp::with(|config| {
            config.vendor_bases = bases;
            config.egress_allow = vec!["127.0.0.1".parse().expect("an address")];
            change(config);
        })
        .await;
        Self { browser, origin: app.origin.clone(), app, fake }
    }

    /// Scheme, name and port of the application, as browsers see it.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// An address of the application.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// An address of the vendors' stand-in.
    pub fn url_of_fake(&self, path: &str) -> String {
        format!("{}{path}", self.fake.base_url())
    }

    /// Somebody's window who isn't signed in.
    pub async fn window(&self, look: Look) -> Window {
        self.browser.open(look).await
    }

    /// The window of the member with this role, who has just signed in.
    pub async fn signed_in(&self, role: Role, look: Look) -> Window {
        let scope = self.app.organization(ORGANIZATION).await;
        let (name, email) = person(role);
        self.app.add(scope, name, email, role).await;
        let window = self.window(look).await;
        window.visit(&self.url("/sign-in")).await;
        self.sign_in(&window, email).await;
        window
    }

    /// Fills in the sign-in form that the window shows.
    pub async fn sign_in(&self, window: &Window, email: &str) {
        window.fill("Email", email).await;
        window.fill("Password", PASSWORD).await;
        window.press("Sign in").await;
        window.leaves("/sign-in").await;
    }
}
