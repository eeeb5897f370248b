//! A scripted provider on a loopback port. It speaks the formats of all seven, with their own error bodies, checks
//! keys and Google's signed assertions for real, and writes down what it was asked.
//!
//! ```ignore
//! let fake = FakeProvider::spawn().await;
//! fake.good_key("sk-good-0123456789");
//! fake.answer_with("/models", 503, json!({ "error": { "message": "down" } }));
//! // … point a check at fake.base_url(), or at fake.vendor_bases() …
//! assert_eq!(fake.requests().len(), 1);
//! ```

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use claviger::providers::settings::{OutboundSettings, VendorBases};
use serde_json::Value;
use url::Url;

use super::fake_answers::{self, JsonDialect};
use super::google_account::GoogleAccount;

/// A provider that does as it is told.
pub struct FakeProvider {
    origin: String,
    script: Arc<Mutex<Script>>,
    stop: actix_web::dev::ServerHandle,
}

/// A request, as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

impl Seen {
    /// What this request says.
    pub fn of(request: &HttpRequest, body: &[u8]) -> Self {
        let headers = request.headers().iter();
        Self {
            method: request.method().to_string(),
            path: request.uri().to_string(),
            headers: headers.map(|(name, value)| (name.to_string(), lossy(value.as_bytes()))).collect(),
            body: lossy(body),
        }
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The key or token that came with it, whatever header it came in.
    pub fn key(&self) -> &str {
        let bearer = self.header("authorization").trim_start_matches("Bearer ");
        let headers = [self.header("x-goog-api-key"), self.header("x-api-key"), self.header("api-key"), bearer];
        headers.into_iter().find(|key| !key.is_empty()).unwrap_or_default()
    }
}

/// What to answer instead of the truth.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status, headers and a body.
    Answer { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// Nothing, for a minute.
    Hang,
    /// Bytes that are no JSON.
    Garbage,
    /// Ten million bytes.
    Huge,
    /// A redirect.
    Redirect(String),
    /// 401 with the key in its words, plain and in base64, as careless servers do.
    EchoKey,
}

/// What the provider knows and does.
#[derive(Default)]
pub struct Script {
    /// The key that it accepts; any if none is set.
    pub good_key: Option<String>,
    /// The models and deployments that it has.
    pub models: Vec<String>,
    /// How a custom server takes `response_format`.
    pub json: JsonDialect,
    /// Whose assertions its token endpoint takes.
    pub account: Option<GoogleAccount>,
    replies: Vec<Scripted>,
    seen: Vec<Seen>,
}

struct Scripted {
    in_path: String,
    reply: Reply,
    times: usize,
}

impl FakeProvider {
    /// Starts one. It stops when it is dropped.
    pub async fn spawn() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let script = Arc::new(Mutex::new(Script {
            models: vec!["fake-large".into(), "fake-small".into()],
            ..Script::default()
        }));
        let shared = web::Data::new(script.clone());
        let make_app = move || {
            let no_limit = web::PayloadConfig::new(16 << 20);
            App::new().app_data(shared.clone()).app_data(no_limit).default_service(web::route().to(serve))
        };
        let server = HttpServer::new(make_app).workers(1).disable_signals().listen(listener).expect("a listener").run();
        let stop = server.handle();
        tokio::spawn(server);
        Self { origin, script, stop }
    }

    /// `http://127.0.0.1:PORT`
    pub fn base_url(&self) -> String {
        self.origin.clone()
    }

    /// A URL at this server.
    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("{}{path}", self.origin)).expect("a URL")
    }

    /// Addresses that make this server stand in for all vendors.
    pub fn vendor_bases(&self) -> VendorBases {
        VendorBases {
            openai: self.url("/v1"),
            gemini: self.url(""),
            anthropic: self.url(""),
            vertex: Some(self.url("")),
            google_token: self.url("/token"),
        }
    }

    /// Settings with which a client may call this server and takes it for all vendors.
    pub fn outbound_settings(&self) -> OutboundSettings {
        let allow = vec!["127.0.0.1".parse().expect("an address")];
        OutboundSettings { allow, bases: self.vendor_bases(), ..OutboundSettings::default() }
    }

    /// From now on only this key is accepted.
    pub fn good_key(&self, key: &str) {
        self.script().good_key = Some(key.to_owned());
    }

    /// From now on these are its models and deployments.
    pub fn offer(&self, models: &[&str]) {
        self.script().models = models.iter().map(|model| (*model).to_owned()).collect();
    }

    /// From now on a custom server takes `response_format` so.
    pub fn speak_json(&self, dialect: JsonDialect) {
        self.script().json = dialect;
    }

    /// From now on its token endpoint knows this service account.
    pub fn know(&self, account: &GoogleAccount) {
        self.script().account = Some(account.clone());
    }

    /// From now on whatever has `in_path` in its path gets this answer: a JSON value, or a text as it is.
    pub fn answer_with(&self, in_path: &str, status: u16, body: Value) {
        self.reply_with(in_path, answer(status, &[], body));
    }

    /// From now on whatever has `in_path` in its path gets this reply.
    pub fn reply_with(&self, in_path: &str, reply: Reply) {
        self.script().replies.push(Scripted { in_path: in_path.to_owned(), reply, times: usize::MAX });
    }

    /// Only the next request that has `in_path` in its path gets this reply.
    pub fn reply_once_with(&self, in_path: &str, reply: Reply) {
        self.script().replies.push(Scripted { in_path: in_path.to_owned(), reply, times: 1 });
    }

    /// Forgets all scripted answers and requests.
    pub fn recover(&self) {
        let mut script = self.script();
        script.replies.clear();
        script.seen.clear();
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<Seen> {
        self.script().seen.clone()
    }

    /// The paths of what it was asked, without queries.
    pub fn paths(&self) -> Vec<String> {
        self.requests().iter().map(|seen| seen.path.split('?').next().unwrap_or_default().to_owned()).collect()
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("the script")
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        // The message is sent when `stop` is called; nobody has to wait for what comes of it.
        drop(self.stop.stop(false));
    }
}

/// A scripted answer: a JSON value, or a text as it is.
pub fn answer(status: u16, headers: &[(&'static str, &str)], body: Value) -> Reply {
    let body = match body {
        Value::String(text) => text.into_bytes(),
        value => value.to_string().into_bytes(),
    };
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Reply::Answer { status, headers, body }
}

async fn serve(request: HttpRequest, body: web::Bytes, script: web::Data<Arc<Mutex<Script>>>) -> HttpResponse {
    let seen = Seen::of(&request, &body);
    let reply = {
        let mut script = script.lock().expect("the script");
        script.seen.push(seen.clone());
        script.scripted(&seen).unwrap_or_else(|| {
            let (status, body) = fake_answers::truth(&script, &seen);
            answer(status, &[], body)
        })
    };
    respond(reply, &seen).await
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Script {
    /// The latest scripted reply that fits.
    fn scripted(&mut self, seen: &Seen) -> Option<Reply> {
        let fits = |scripted: &&mut Scripted| scripted.times > 0 && seen.path.contains(&scripted.in_path);
        let scripted = self.replies.iter_mut().rev().find(fits)?;
        scripted.times -= 1;
        Some(scripted.reply.clone())
    }
}

async fn respond(reply: Reply, seen: &Seen) -> HttpResponse {
    match reply {
        Reply::Answer { status, headers, body } => {
            let mut response = HttpResponse::build(StatusCode::from_u16(status).expect("a status"));
            response.insert_header(("content-type", "application/json"));
            headers.into_iter().for_each(|header| _ = response.insert_header(header));
            response.body(body)
        }
        Reply::Hang => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            HttpResponse::Ok().finish()
        }
        Reply::Garbage => HttpResponse::Ok().body(vec![0xfe, 0x00, 0x7b, 0xff, b'<', b'?']),
        Reply::Huge => HttpResponse::Ok().content_type("application/json").body(vec![b' '; 10_000_000]),
        Reply::Redirect(to) => HttpResponse::TemporaryRedirect().insert_header(("location", to)).finish(),
        Reply::EchoKey => HttpResponse::Unauthorized().json(fake_answers::echo(seen)),
    }
}
