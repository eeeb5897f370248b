//! A window of the browser, in the words of a person who uses it.

mod frames;

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use crate::browser::{Look, Scripts, Width, axe_path};
use crate::devtools::Call;
use crate::support::parts::project;

/// How long a page may take to show what is looked for.
const PATIENCE: Duration = Duration::from_secs(10);

/// One window with its own cookies.
pub struct Window {
    client: Client,
    look: Look,
    /// The one that was open first; pages may open more.
    first: WindowHandle,
}

impl Window {
    /// Gives the new window its width and theme.
    pub async fn new(client: Client, look: Look) -> Self {
        let first = client.window().await.expect("the driver knows the window");
        let window = Self { client, look, first };
        window.gets_its_look().await;
        window
    }

    /// Looks at the same page in another width.
    pub async fn becomes(&mut self, width: Width) {
        self.look.width = width;
        self.is_as_wide_as(width.pixels()).await;
    }

    /// Opens an address.
    pub async fn visit(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url} did not open: {error}"));
    }

    /// Types into the field of this label, instead of what is in it.
    pub async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.clear().await.expect("the field can be emptied");
        field.send_keys(text).await.expect("the field takes text");
    }

    /// Chooses the option of this text in the list of this label.
    pub async fn choose(&self, label: &str, option: &str) {
        let list = self.field(label).await;
        list.select_by_label(option).await.unwrap_or_else(|error| panic!("no “{option}” in “{label}”: {error}"));
    }

    /// Ticks, unticks or picks the box of this label.
    pub async fn tick(&self, label: &str) {
        self.field(label).await.click().await.expect("the box can be clicked");
    }

    /// Types into the field of this label if the page has one: a secret that is held is not asked for again.
    pub async fn fill_if_asked(&self, label: &str, text: &str) {
        let labels = format!("//label[{}]", has_text(label));
        if self.shown(&labels).await.is_some() {
            self.fill(label, text).await;
        }
    }

    /// Chooses a file of this computer in the field of this label.
    pub async fn upload(&self, label: &str, file: &Path) {
        let field = self.field(label).await;
        field.send_keys(&file.display().to_string()).await.expect("the field takes a file");
    }

    /// Pastes what was copied into the field of this label.
    pub async fn paste(&self, label: &str) {
        let control_v = format!("{}v{}", char::from(Key::Control), char::from(Key::Control));
        self.field(label).await.send_keys(&control_v).await.expect("the field takes what is pasted");
    }

    /// Presses the button of this text.
    pub async fn press(&self, text: &str) {
        let path = format!("//button[not(@aria-hidden)][{has}] | //summary[{has}]", has = has_text(text));
        let button = self.find_shown(&path, &format!("a button “{text}”")).await;
        button.click().await.expect("the button can be pressed");
    }

    /// Presses Enter in the field of this label.
    pub async fn press_enter_in(&self, label: &str) {
        let enter = char::from(Key::Enter).to_string();
        self.field(label).await.send_keys(&enter).await.expect("the field takes keys");
    }

    /// Follows the link of this text.
    pub async fn follow(&self, text: &str) {
        let path = format!("//a[@href][{}]", has_text(text));
        let link = self.find_shown(&path, &format!("a link “{text}”")).await;
        link.click().await.expect("the link can be followed");
    }

    /// Waits until this text can be read on the page.
    pub async fn sees(&self, text: &str) {
        // Innermost first: the outermost, the body, is shown even where the text in it is not.
        let has = has_text(text);
        let path = format!("//body//*[{has}][not(*[{has}])]");
        self.find_shown(&path, &format!("“{text}”")).await;
    }

    /// Asserts that this text cannot be read on the page as it is now.
    pub async fn does_not_see(&self, text: &str) {
        let shown = self.text().await;
        assert!(!shown.contains(text), "“{text}” is on the page, which reads:\n{shown}");
    }

    /// Waits for an error of this text at the field of this name.
    pub async fn sees_at(&self, field: &str, text: &str) {
        self.sees_in(&format!("#{field}-error"), text).await;
    }

    /// Waits until this text can be read in the element of this CSS selector.
    pub async fn sees_in(&self, selector: &str, text: &str) {
        let started = std::time::Instant::now();
        let mut shown = None;
        while started.elapsed() < PATIENCE {
            shown = self.text_in(selector).await;
            if shown.as_ref().is_some_and(|shown| shown.contains(text)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("“{text}” is not in {selector}, which reads {shown:?}; the page:\n{}", self.text().await);
    }

    /// Asserts that the keyboard is where this CSS selector says.
    pub async fn has_focus_on(&self, selector: &str) {
        let script = format!("return document.activeElement?.matches({selector:?})");
        let focused = self.evaluate("return document.activeElement?.outerHTML").await;
        assert_eq!(self.evaluate(&script).await, true, "the focus is on {focused}, not on {selector}");
    }

    /// What stands in the field of this label.
    pub async fn value_of(&self, label: &str) -> String {
        self.field(label).await.prop("value").await.expect("the field can be read").unwrap_or_default()
    }

    /// Asserts that the field of this label holds this text.
    pub async fn holds(&self, label: &str, text: &str) {
        assert_eq!(self.value_of(label).await, text, "in “{label}”");
    }

    /// Where the link of this text leads.
    pub async fn href_of(&self, text: &str) -> String {
        let path = format!("//a[@href][{}]", has_text(text));
        let link = self.find_shown(&path, &format!("a link “{text}”")).await;
        link.prop("href").await.expect("the link can be read").unwrap_or_default()
    }

    /// Lets the pages of this origin copy, as a person who is asked would.
    pub async fn may_use_the_clipboard(&self, origin: &str) {
        let permissions = json!({ "origin": origin, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        self.devtools("Browser.grantPermissions", &permissions).await;
    }

    /// The text of the page as a person reads it.
    pub async fn text(&self) -> String {
        self.element(Locator::Css("body"), "a body").await.text().await.expect("the page has text")
    }

    /// The text of the element of this CSS selector.
    pub async fn text_of(&self, selector: &str) -> String {
        self.element(Locator::Css(selector), selector).await.text().await.expect("the element has text")
    }

    /// The page's source.
    pub async fn html(&self) -> String {
        self.client.source().await.expect("the page has a source")
    }

    /// The address shown.
    pub async fn url(&self) -> String {
        self.client.current_url().await.expect("the window has an address").to_string()
    }

    /// Waits until the window shows another page than this one.
    pub async fn leaves(&self, path: &str) {
        let started = std::time::Instant::now();
        while self.url().await.contains(path) {
            assert!(started.elapsed() < PATIENCE, "the window stays on {path}, which reads:\n{}", self.text().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The element of this CSS selector, for what no sentence covers.
    pub async fn element(&self, locator: Locator<'_>, what: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(locator).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("{what} is not on the page: {error}\n{}", self.html().await),
        }
    }

    /// All that we ask of every page: axe finds nothing, nothing scrolls sideways, the console is quiet.
    /// Leaves a picture in `target/screenshots`.
    pub async fn is_in_order(&self, name: &str) {
        self.screenshot(name).await;
        self.has_no_axe_violation().await;
        self.has_no_sideways_scroll().await;
        self.has_quiet_console().await;
    }

    /// Saves the whole page as `target/screenshots/NAME-1280-dark.png`.
    pub async fn screenshot(&self, name: &str) {
        let sizes = self.devtools("Page.getLayoutMetrics", &json!({})).await;
        let content = &sizes["cssContentSize"];
        let clip = json!({
            "x": 0, "y": 0, "scale": 1,
            "width": self.look.width.pixels(), "height": content["height"],
        });
        let picture = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.devtools("Page.captureScreenshot", &picture).await;
        let png = BASE64.decode(picture["data"].as_str().expect("a picture")).expect("base64");
        let folder = project().join("target/screenshots");
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        std::fs::write(folder.join(self.file_name(name)), png).expect("the picture can be saved");
    }

    /// Asserts that axe-core finds nothing on this page.
    ///
    /// Not without scripts: axe waits for timers, and a page without scripts has none. Its markup is the same.
    pub async fn has_no_axe_violation(&self) {
        if self.look.scripts == Scripts::Off {
            return;
        }
        let violations = self.axe_violations().await;
        assert!(violations.is_empty(), "axe on {}:\n{}", self.url().await, violations.join("\n"));
    }

    /// What axe-core finds on this page: rule, sentence and the elements concerned.
    ///
    /// The driver evaluates axe's source, so the page's content security policy does not stand in its way.
    pub async fn axe_violations(&self) -> Vec<String> {
        if self.evaluate("return typeof axe").await == "undefined" {
            let axe = std::fs::read_to_string(axe_path()).expect("axe is installed");
            self.evaluate(&axe).await;
        }
        let run = "const done = arguments[arguments.length - 1];
             axe.run().then(found => done(found.violations), error => done([{ id: String(error), nodes: [] }]));";
        let found = self.client.execute_async(run, vec![]).await.expect("axe runs");
        let violations = found.as_array().expect("axe answers with a list");
        violations.iter().map(described).collect()
    }

    /// Asserts that no part of the page is wider than the window.
    pub async fn has_no_sideways_scroll(&self) {
        self.fits(self.look.width.pixels()).await;
    }

    /// Asserts that the page fits the narrowest window that we care for, 320 px: what 400 % zoom makes of 1280 px.
    pub async fn fits_the_narrowest_window(&self) {
        self.is_as_wide_as(Width::Narrowest.pixels()).await;
        self.fits(Width::Narrowest.pixels()).await;
        self.is_as_wide_as(self.look.width.pixels()).await;
    }

    /// Asserts that since the last call neither the content security policy nor a script complained.
    pub async fn has_quiet_console(&self) {
        let complaints = self.console_complaints().await;
        assert!(complaints.is_empty(), "the console of {}:\n{}", self.url().await, complaints.join("\n"));
    }

    /// Policy violations and script errors since the last call, and those of the pages that frames show now. A page
    /// that answers 4xx on purpose is none.
    pub async fn console_complaints(&self) -> Vec<String> {
        let log = self.client.issue_cmd(Call::console()).await.expect("the driver keeps the console");
        let mut entries = log.as_array().cloned().unwrap_or_default();
        entries.extend(self.console_of_frames().await);
        let complaints = entries.iter().filter(|entry| entry["level"] == "SEVERE" && entry["source"] != "network");
        complaints.map(|entry| format!("{}: {}", entry["source"], entry["message"])).collect()
    }

    /// Runs a function body in the page and returns its value.
    pub async fn evaluate(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.expect("the script runs")
    }

    async fn gets_its_look(&self) {
        let features = json!([{ "name": "prefers-color-scheme", "value": self.look.theme.name() }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features })).await;
        self.is_as_wide_as(self.look.width.pixels()).await;
    }

    async fn is_as_wide_as(&self, width_px: u32) {
        let size = json!({ "width": width_px, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size).await;
    }

    async fn fits(&self, window_px: u32) {
        let sizes = self.devtools("Page.getLayoutMetrics", &json!({})).await;
        let content_px = sizes["cssContentSize"]["width"].as_f64().expect("a width");
        let url = self.url().await;
        assert!(content_px <= f64::from(window_px), "{url} is {content_px} px wide in a window of {window_px} px");
    }

    /// The text of the first element of this CSS selector, if there is one on the page as it is now.
    async fn text_in(&self, selector: &str) -> Option<String> {
        self.client.find(Locator::Css(selector)).await.ok()?.text().await.ok()
    }

    async fn field(&self, label: &str) -> Element {
        let has = has_text(label);
        let named = format!("//*[@aria-label = {}]", literal(label));
        let path = format!("//*[@id = //label[{has}]/@for] | //label[{has}]//*[self::input or self::select] | {named}");
        self.element(Locator::XPath(&path), &format!("a field “{label}”")).await
    }

    async fn find_shown(&self, path: &str, what: &str) -> Element {
        let started = std::time::Instant::now();
        loop {
            if let Some(element) = self.shown(path).await {
                return element;
            }
            if started.elapsed() > PATIENCE {
                panic!("{what} is not on the page, which reads:\n{}", self.text().await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The first element of this path that can be seen now.
    async fn shown(&self, path: &str) -> Option<Element> {
        for element in self.client.find_all(Locator::XPath(path)).await.ok()? {
            // A page that changes under the question has gone on: ask again.
            if element.is_displayed().await.unwrap_or(false) {
                return Some(element);
            }
        }
        None
    }

    async fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let answer: Result<Value, CmdError> = self.client.issue_cmd(Call::devtools(command, parameters)).await;
        answer.unwrap_or_else(|error| panic!("{command} failed: {error}"))
    }

    fn file_name(&self, name: &str) -> String {
        let scripts = if self.look.scripts == Scripts::Off { "-no-scripts" } else { "" };
        format!("{name}-{}-{}{scripts}.png", self.look.width.pixels(), self.look.theme.name())
    }
}

/// An XPath condition: the element's text, blanks joined, contains this one.
fn has_text(text: &str) -> String {
    format!("contains(normalize-space(.), {})", literal(text))
}

/// A text as XPath 1.0 writes it: it knows no escapes, so one with both kinds of quotes is put together.
fn literal(text: &str) -> String {
    let parts: Vec<String> = text.split('"').map(|part| format!("\"{part}\"")).collect();
    match parts.as_slice() {
        [only] => only.clone(),
        _ => format!("concat({})", parts.join(", '\"', ")),
    }
}

fn described(violation: &Value) -> String {
    let nodes = violation["nodes"].as_array().into_iter().flatten();
    let places: Vec<String> = nodes.map(|node| format!("    {} {}", node["target"], node["html"])).collect();
    format!("{}: {}\n{}", violation["id"], violation["help"], places.join("\n"))
}
