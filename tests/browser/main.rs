//! Journeys through the pages in a real browser: Chromium, driven through chromedriver.
//!
//! A journey reads like sentences:
//!
//! ```ignore
//! let Some(browser) = Browser::start() else { return };
//! let window = browser.open(Look { width: Width::Desktop, theme: Theme::Dark, ..Look::default() }).await;
//! window.visit(&app.url("/sign-in")).await;
//! window.fill("E-mail", "owner@example.com").await;
//! window.press("Sign in").await;
//! window.sees("Providers").await;
//! window.is_in_order("providers").await; // axe, no sideways scrolling, a quiet console, a screenshot
//! ```
mod browser;
mod devtools;
mod harness;
mod journeys;
mod picture;
mod scenery;
mod sites;
mod sites_harness;
mod stage;
#[path = "../it/support"]
#[expect(dead_code, reason = "shared with the tests without a browser, which use more of it")]
mod support {
    pub mod app;
    pub mod browse;
    pub mod child;
    pub mod db;
    pub mod fake_answers;
    pub mod fake_provider;
    pub mod google_account;
    pub mod host;
    pub mod llama;
    pub mod parts;
}
mod sweep;
mod window;
