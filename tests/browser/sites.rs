//! Web sites on domains of their own, over TLS: what embedding is about happens between two of them.
//!
//! ```ignore
//! let stage = Stage::over_tls().await;               // Claviger at https://keys.alpha.example:PORT
//! let host = Site::open(HOST).await;                 // https://app.beta.example:PORT
//! host.answers("/", Answer::page("<iframe src=…>")); // may be changed at any time
//! window.visit(&host.url("/")).await;
//! ```

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::fake_provider::Seen;

/// Where Claviger is.
pub const KEYS: &str = "keys.alpha.example";
/// The host product: a site that may show Claviger in a frame.
pub const HOST: &str = "app.beta.example";
/// A site that may not.
pub const STRANGER: &str = "evil.gamma.example";

/// TLS before a server that speaks plain HTTP. It passes the bytes on as they are, for as long as the test lasts.
pub struct TlsFront {
    listener: TcpListener,
    port: u16,
}

impl TlsFront {
    /// Takes a free port. Who connects before [`leads_to`](Self::leads_to) is called waits for it: the server behind
    /// may have to know its public address before it starts.
    pub async fn bind() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("the port").port();
        Self { listener, port }
    }

    /// Where browsers find it under one of the names of this file.
    pub fn origin(&self, name: &str) -> String {
        format!("https://{name}:{}", self.port)
    }

    /// From now on the server at this address answers.
    pub fn leads_to(self, upstream: SocketAddr) {
        tokio::spawn(async move {
            while let Ok((stream, _)) = self.listener.accept().await {
                tokio::spawn(pass_on(stream, upstream));
            }
        });
    }
}

async fn pass_on(stream: TcpStream, upstream: SocketAddr) -> io::Result<()> {
    let mut browser = TlsAcceptor::from(Identity::get().config.clone()).accept(stream).await?;
    let mut server = TcpStream::connect(upstream).await?;
    copy_bidirectional(&mut browser, &mut server).await?;
    Ok(())
}

/// The key that the browsers of this test run trust: the SHA-256 of its SubjectPublicKeyInfo, in base64.
pub fn trusted_key() -> &'static str {
    &Identity::get().fingerprint
}

/// The certificate of all sites. Its key is made anew for each run and never leaves the process.
struct Identity {
    config: Arc<ServerConfig>,
    fingerprint: String,
}

impl Identity {
    fn get() -> &'static Self {
        static IDENTITY: OnceLock<Identity> = OnceLock::new();
        IDENTITY.get_or_init(Self::new)
    }

    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let names = [KEYS, HOST, STRANGER].map(str::to_owned);
        let certificate = CertificateParams::new(names).and_then(|params| params.self_signed(&key));
        let fingerprint = BASE64.encode(Sha256::digest(key.subject_public_key_info()));
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.expect("a certificate").der().clone()], key)
            .expect("a certificate with its key");
        Self { config: Arc::new(config), fingerprint }
    }
}

/// A small site whose answers the test gives. Whatever it was told nothing about is not found.
pub struct Site {
    origin: String,
    script: Arc<Script>,
}

type Handler = Arc<dyn Fn(&Seen) -> Answer + Send + Sync>;

#[derive(Default)]
struct Script {
    handlers: Mutex<BTreeMap<String, Handler>>,
    seen: Mutex<Vec<Seen>>,
}

impl Site {
    /// Opens it under one of the names of this file. It lives as long as the test.
    pub async fn open(name: &str) -> Self {
        let front = TlsFront::bind().await;
        let origin = front.origin(name);
        let script = Arc::new(Script::default());
        let shared = web::Data::from(script.clone());
        let server =
            HttpServer::new(move || App::new().app_data(shared.clone()).default_service(web::route().to(serve)))
                .workers(1)
                .disable_signals()
                .bind(("127.0.0.1", 0))
                .expect("a free port");
        front.leads_to(server.addrs()[0]);
        tokio::spawn(server.run());
        Self { origin, script }
    }

    /// Scheme, name and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// An address of this site.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// From now on this is the answer at this path, whatever the method and the query.
    pub fn answers(&self, path: &str, answer: Answer) {
        self.answers_by(path, move |_| answer.clone());
    }

    /// From now on the answers at this path are made of what is asked.
    pub fn answers_by(&self, path: &str, answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) {
        self.script.handlers().insert(path.to_owned(), Arc::new(answer));
    }

    /// What was asked at this path so far.
    pub fn requests_for(&self, path: &str) -> Vec<Seen> {
        self.script.seen().iter().filter(|seen| path_of(seen) == path).cloned().collect()
    }
}

impl Script {
    fn handlers(&self) -> MutexGuard<'_, BTreeMap<String, Handler>> {
        self.handlers.lock().expect("the answers")
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().expect("the requests")
    }
}

async fn serve(request: HttpRequest, body: web::Bytes, script: web::Data<Script>) -> HttpResponse {
    let seen = Seen::of(&request, &body);
    script.seen().push(seen.clone());
    let handler = script.handlers().get(path_of(&seen)).cloned();
    handler.map_or_else(|| HttpResponse::NotFound().finish(), |answer| answer(&seen).into_response())
}

fn path_of(seen: &Seen) -> &str {
    seen.path.split('?').next().unwrap_or_default()
}

/// What a site answers.
#[derive(Clone, Debug)]
pub struct Answer {
    status: StatusCode,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Answer {
    /// A body of this content type.
    pub fn of(content_type: &str, body: impl Into<String>) -> Self {
        let headers = vec![("content-type", format!("{content_type}; charset=utf-8"))];
        Self { status: StatusCode::OK, headers, body: body.into() }
    }

    /// A page with this content, in English and with a title.
    pub fn page(content: &str) -> Self {
        let head = r#"<meta charset="utf-8"><title>A page of the test</title>"#;
        Self::of("text/html", format!(r#"<!doctype html><html lang="en">{head}<main>{content}</main></html>"#))
    }

    /// A script, for pages whose policy refuses those inside them.
    pub fn script(source: &str) -> Self {
        Self::of("text/javascript", source)
    }

    /// 303 to this address.
    pub fn see_other(location: &str) -> Self {
        let headers = vec![("location", location.to_owned())];
        Self { status: StatusCode::SEE_OTHER, headers, body: String::new() }
    }

    /// The same with one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn into_response(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for header in self.headers {
            response.append_header(header);
        }
        response.body(self.body)
    }
}
