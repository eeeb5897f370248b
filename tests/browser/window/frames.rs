//! Frames inside the page, and windows that the page opens.

use std::time::{Duration, Instant};

use fantoccini::Locator;
use serde_json::{Value, json};

use crate::devtools::console_of_frame;

use super::{PATIENCE, Window};

/// What Chromium shows in place of a page that it may not or cannot show.
const REFUSED: &str = "chrome-error://chromewebdata/";

impl Window {
    /// Looks only at the frame of this CSS selector from now on: what is seen, filled, pressed and judged is in it.
    /// Addresses and pictures are still the whole window's.
    pub async fn enters_frame(&self, selector: &str) {
        let frame = self.element(Locator::Css(selector), selector).await;
        frame.enter_frame().await.unwrap_or_else(|error| panic!("{selector} is not a frame: {error}"));
    }

    /// Looks at the page around the frame again.
    pub async fn leaves_frame(&self) {
        self.client.enter_parent_frame().await.expect("there is a page around the frame");
    }

    /// The address of the page in the frame that was entered.
    pub async fn address_in_frame(&self) -> String {
        self.evaluate("return location.href").await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the browser has refused to show another site's page in the frame of this CSS selector.
    ///
    /// A server that cannot be reached would leave the same empty frame, so the console must say why. What it says is
    /// read then: [`has_quiet_console`](Self::has_quiet_console) no longer finds it.
    pub async fn frame_is_refused(&self, selector: &str) {
        let refused = move || async move {
            self.enters_frame(selector).await;
            let address = self.address_in_frame().await;
            self.leaves_frame().await;
            (address == REFUSED).then_some(())
        };
        patiently(refused).await.unwrap_or_else(|| panic!("{selector} shows a page"));
        let complaints = self.console_complaints().await;
        let names_policy = complaints.iter().any(|complaint| complaint.contains("frame-ancestors"));
        assert!(names_policy, "{selector} is empty for another reason: {complaints:?}");
    }

    /// Asserts that no part of the frame's page is wider than the frame.
    pub async fn frame_has_no_sideways_scroll(&self) {
        let widths = self.evaluate("return [document.documentElement.scrollWidth, innerWidth]").await;
        let address = self.address_in_frame().await;
        assert!(widths[0].as_u64() <= widths[1].as_u64(), "{address} is wider than its frame: {widths}");
    }

    /// Waits for the window that the page opens, and looks at that from now on.
    pub async fn goes_to_new_window(&self) {
        let opened = move || async move {
            let windows = self.client.windows().await.expect("the driver lists windows");
            windows.into_iter().find(|window| *window != self.first)
        };
        let window = patiently(opened).await.expect("the page opens a window");
        self.client.switch_to_window(window).await.expect("the window is open");
        self.gets_its_look().await;
    }

    /// Looks at the first window again, where the other stays open.
    pub async fn returns(&self) {
        self.client.switch_to_window(self.first.clone()).await.expect("the first window is open");
    }

    /// Waits until the window that the page opened is gone, and looks at the first one.
    pub async fn has_closed(&self) {
        let closed = move || async move {
            let windows = self.client.windows().await.expect("the driver lists windows");
            (windows.len() == 1).then_some(())
        };
        patiently(closed).await.expect("the window closes itself");
        self.returns().await;
    }

    /// What the frames of other sites tell the console.
    pub(super) async fn console_of_frames(&self) -> Vec<Value> {
        let capabilities = self.client.capabilities().expect("the driver says what it has started");
        let debugger = capabilities["goog:chromeOptions"]["debuggerAddress"].as_str().expect("an address").to_owned();
        let targets = self.devtools("Target.getTargets", &json!({})).await;
        let targets = targets["targetInfos"].as_array().cloned().unwrap_or_default();
        let ask = move || {
            let frames = targets.iter().filter(|target| target["type"] == "iframe");
            let ids = frames.filter_map(|frame| frame["targetId"].as_str());
            ids.flat_map(|id| console_of_frame(&debugger, id)).collect()
        };
        tokio::task::spawn_blocking(ask).await.expect("the browser can be asked")
    }

    /// Presses the mouse at this point of the window, in CSS pixels, whatever lies there, frame or not.
    pub async fn clicks_at(&self, x: f64, y: f64) {
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
            self.devtools("Input.dispatchMouseEvent", &event).await;
        }
    }
}

impl Window {
    /// The middle of the element of this CSS selector, in the frame that was entered; where the frame begins at the
    /// window's corner, that is also where to click.
    pub async fn place_of(&self, selector: &str) -> (f64, f64) {
        let script = format!(
            "const box = document.querySelector({selector:?}).getBoundingClientRect();
             return [box.x + box.width / 2, box.y + box.height / 2]"
        );
        let place = self.evaluate(&script).await;
        (place[0].as_f64().expect("a place"), place[1].as_f64().expect("a place"))
    }
}

/// Asks until there is an answer, but not for ever.
async fn patiently<T, F: Future<Output = Option<T>>>(ask: impl Fn() -> F) -> Option<T> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(answer) = ask().await {
            return Some(answer);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    None
}
