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
#[path = "../it/support"]
mod support {
    pub mod child;
    pub mod parts;
}
mod window;
