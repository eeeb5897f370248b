//! What chromedriver can do beyond the WebDriver standard.

use fantoccini::wd::WebDriverCompatibleCommand;
use reqwest::Method;
use serde_json::{Value, json};
use tungstenite::Message;
use url::{ParseError, Url};

/// One call with a JSON body, to an address below the session.
#[derive(Debug)]
pub struct Call {
    path: &'static str,
    body: Value,
}

impl Call {
    /// A command of the Chrome DevTools Protocol, such as `Emulation.setEmulatedMedia`.
    pub fn devtools(command: &str, parameters: &Value) -> Self {
        Self { path: "goog/cdp/execute", body: json!({ "cmd": command, "params": parameters }) }
    }

    /// The browser's console since the last call.
    pub fn console() -> Self {
        Self { path: "se/log", body: json!({ "type": "browser" }) }
    }
}

impl WebDriverCompatibleCommand for Call {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        let session = session_id.unwrap_or_default();
        base_url.join(&format!("session/{session}/{}", self.path))
    }

    fn method_and_body(&self, _request_url: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// What the page in a frame has told the console since it was loaded, as entries with a level, a source and a message.
///
/// A frame of another site has a process of its own, whose console the driver does not keep. The browser itself
/// repeats it for everybody who asks.
pub fn console_of_frame(debugger: &str, target: &str) -> Vec<Value> {
    let address = format!("ws://{debugger}/devtools/page/{target}");
    let (mut socket, _) = tungstenite::connect(address).expect("the browser can be asked");
    // The answer to the last one comes after all that the others bring about.
    for (id, method) in ["Log.enable", "Runtime.enable", "Runtime.getIsolateId"].into_iter().enumerate() {
        let command = json!({ "id": id, "method": method }).to_string();
        socket.send(Message::text(command)).expect("the browser listens");
    }
    let mut entries = Vec::new();
    loop {
        let message = socket.read().expect("the browser answers");
        let event: Value = serde_json::from_str(message.to_text().expect("text")).expect("JSON");
        if event["id"] == 2 {
            return entries;
        }
        entries.extend(entry(&event));
    }
}

/// A line of the console, in the driver's words.
fn entry(event: &Value) -> Option<Value> {
    let parameters = &event["params"];
    match event["method"].as_str()? {
        "Log.entryAdded" => {
            let entry = &parameters["entry"];
            let level = if entry["level"] == "error" { "SEVERE" } else { "INFO" };
            Some(json!({ "level": level, "source": entry["source"], "message": entry["text"] }))
        }
        "Runtime.exceptionThrown" => {
            let message = &parameters["exceptionDetails"]["exception"]["description"];
            Some(json!({ "level": "SEVERE", "source": "javascript", "message": message }))
        }
        _ => None,
    }
}
