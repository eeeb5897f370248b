//! Chromium and its driver.

use std::path::PathBuf;
use std::process::Command;

use fantoccini::ClientBuilder;
use fantoccini::wd::Capabilities;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::sites::{HOST, KEYS, STRANGER, trusted_key};
use crate::support::child::ChildProgram;
use crate::support::parts::{skip_without, venv};
use crate::window::Window;

/// The width of a window, in CSS pixels.
#[derive(Clone, Copy, Debug, Default)]
pub enum Width {
    /// 1280.
    #[default]
    Desktop,
    /// 390.
    Phone,
    /// 320: what 400 % zoom makes of 1280.
    Narrowest,
}

/// What the operating system prefers, as the page sees it.
#[derive(Clone, Copy, Debug, Default)]
pub enum Theme {
    /// `prefers-color-scheme: light`
    #[default]
    Light,
    /// `prefers-color-scheme: dark`
    Dark,
}

/// Whether the pages' own scripts run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scripts {
    /// As almost everyone has it.
    #[default]
    On,
    /// As the site must also work.
    Off,
}

/// Which cookies the browser keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cookies {
    /// In a frame on another site only partitioned ones, as browsers have it that protect people from being followed.
    #[default]
    NoThirdParty,
    /// All, as other browsers still have it.
    All,
    /// None at all of Claviger's in pages of the host product, as people can have it; elsewhere as by default.
    NoneInHost,
}

/// How a window looks at the pages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// How wide it is.
    pub width: Width,
    /// Light or dark.
    pub theme: Theme,
    /// With scripts or without.
    pub scripts: Scripts,
    /// With which cookies.
    pub cookies: Cookies,
}

/// The four looks that every page has to pass.
pub const LOOKS: [Look; 4] = [
    Look::of(Width::Desktop, Theme::Light),
    Look::of(Width::Desktop, Theme::Dark),
    Look::of(Width::Phone, Theme::Light),
    Look::of(Width::Phone, Theme::Dark),
];

impl Look {
    /// A look with scripts on.
    pub const fn of(width: Width, theme: Theme) -> Self {
        Self { width, theme, scripts: Scripts::On, cookies: Cookies::NoThirdParty }
    }
}

impl Width {
    /// In CSS pixels.
    pub fn pixels(self) -> u32 {
        match self {
            Self::Desktop => 1280,
            Self::Phone => 390,
            Self::Narrowest => 320,
        }
    }
}

impl Theme {
    /// The value of `prefers-color-scheme`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A driver of its own for each test; it and its browsers end when this value is dropped.
pub struct Browser {
    driver_url: String,
    _driver: ChildProgram,
    profiles: TempDir,
}

impl Browser {
    /// Starts the driver. `None` where the browser is not installed and need not be.
    #[track_caller]
    pub fn start() -> Option<Self> {
        if !is_installed("chromium") || !is_installed("chromedriver") || !axe_path().exists() {
            skip_without("Chromium, its driver or axe");
            return None;
        }
        let (driver, port) = ChildProgram::start(Command::new("chromedriver").arg("--port=0"), port);
        let profiles = tempfile::tempdir().expect("a folder for the browser");
        Some(Self { driver_url: format!("http://127.0.0.1:{port}"), _driver: driver, profiles })
    }

    /// Opens a browser with a fresh profile: two windows share no cookies.
    pub async fn open(&self, look: Look) -> Window {
        let profile = tempfile::tempdir_in(self.profiles.path()).expect("a folder for the profile").keep();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(&profile.display().to_string(), look))
            .connect(&self.driver_url)
            .await
            .expect("the driver opens a window");
        Window::new(client, look).await
    }
}

/// axe-core's source, where `scripts/test` put it.
pub fn axe_path() -> PathBuf {
    let versions = std::fs::read_dir(venv().join("lib")).into_iter().flatten().flatten();
    versions
        .map(|version| version.path().join("site-packages/axe_playwright_python/axe.min.js"))
        .find(|path| path.exists())
        .unwrap_or_default()
}

fn port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("started successfully on port ")?;
    rest.trim_end_matches('.').parse().ok()
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

fn capabilities(profile: &str, look: Look) -> Capabilities {
    let sites = [KEYS, HOST, STRANGER].map(|name| format!("MAP {name} 127.0.0.1")).join(", ");
    let wanted = json!({
        "browserName": "chrome",
        "goog:loggingPrefs": { "browser": "ALL" },
        "goog:chromeOptions": {
            "prefs": preferences(look),
            "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--hide-scrollbars",
                // A picture taken while one page fades into the next shows neither. The protocol's own switch for it
                // does not reach the frames of other sites.
                "--force-prefers-reduced-motion",
                format!("--user-data-dir={profile}"),
                format!("--host-resolver-rules={sites}"),
                // Only counts together with a profile's folder.
                format!("--ignore-certificate-errors-spki-list={}", trusted_key()),
            ],
            // The driver lets pages open windows by themselves. People's browsers want a click for it.
            "excludeSwitches": ["disable-popup-blocking"],
        },
    });
    match wanted {
        Value::Object(map) => map,
        _ => unreachable!("it is written as an object above"),
    }
}

/// Content settings, as people make them: 1 allows, 2 blocks.
fn preferences(look: Look) -> Value {
    let javascript = if look.scripts == Scripts::Off { 2 } else { 1 };
    let blocks_third_parties = look.cookies != Cookies::All;
    let mut cookies = json!({});
    if look.cookies == Cookies::NoneInHost {
        cookies[format!("https://{KEYS}:*,https://{HOST}:*")] = json!({ "setting": 2 });
    }
    json!({
        "profile.managed_default_content_settings.javascript": javascript,
        "profile.block_third_party_cookies": blocks_third_parties,
        "profile.cookie_controls_mode": i32::from(blocks_third_parties),
        "profile.content_settings.exceptions.cookies": cookies,
    })
}
