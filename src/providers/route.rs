//! The first three steps of every check: the way to a server, without a key and without a request.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::call_errors::{CallError, TlsProblem, day_words, today};
use super::outbound::{CONNECT_TIMEOUT, Outbound, host_and_port};
use crate::domain::check::{Outcome, Step, StepKind};

/// How long looking up a name may take.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// From how many days before its end a certificate is worth a warning.
const CERTIFICATE_WARNING_DAYS: i64 = 14;

/// What was found on the way.
#[derive(Clone, Debug)]
pub struct Route {
    /// Address, network policy and secure connection: always all three, in that order.
    pub steps: Vec<Step>,
    /// Why the way ends before the server, if it does.
    pub failure: Option<CallError>,
}

impl Outbound {
    /// Looks up the host of a URL, judges its addresses, connects and shakes hands. Sends no key and no request.
    /// Behind a proxy it goes as far as the proxy: what lies beyond is the proxy's to reach, and shows with the
    /// first request.
    pub async fn probe(&self, url: &Url) -> Route {
        let mut trail = Trail::new(url);
        let failure = self.walk(url, &mut trail).await.err();
        let mut route = trail.into_route(failure);
        if url.scheme() == "http" {
            route.steps.iter_mut().for_each(mark_plain_http);
        }
        route
    }

    async fn walk(&self, url: &Url, trail: &mut Trail) -> Result<(), CallError> {
        trail.begin(StepKind::NetworkPolicy);
        self.policy().judge_url(url)?;

        trail.begin(StepKind::Address);
        let found = within(LOOKUP_TIMEOUT, self.find(url)).await;
        if let Some(proxy) = self.proxy() {
            return self.walk_to_proxy(url, proxy, found.ok(), trail).await;
        }
        let addrs = found?;
        trail.pass("");

        trail.begin(StepKind::NetworkPolicy);
        self.judge_all(url, &addrs)?;
        trail.pass("This server may call it");
        // Only now, so that nobody learns the addresses of closed names.
        trail.describe(StepKind::Address, addresses_in_words(url, &addrs));

        trail.begin(StepKind::SecureConnection);
        let stream = within(CONNECT_TIMEOUT, dial(&addrs)).await?;
        if url.scheme() == "http" {
            trail.pass("Without encryption, which whoever runs this server allows for this address");
            return Ok(());
        }
        let time_left = CONNECT_TIMEOUT.saturating_sub(trail.began.elapsed());
        let stream = within(time_left, self.shake_hands(url, stream)).await?;
        let Some(end) = certificate_end(&stream) else {
            trail.pass("");
            return Ok(());
        };
        if is_near(end) {
            trail.warn(format!("The certificate ends on {}. Renew it soon.", day_words(end)));
        } else {
            trail.pass(format!("Certificate is valid until {}", day_words(end)));
        }
        Ok(())
    }

    async fn walk_to_proxy(
        &self,
        url: &Url,
        proxy: &Url,
        found: Option<Vec<SocketAddr>>,
        trail: &mut Trail,
    ) -> Result<(), CallError> {
        let proxy_words = host_and_port(proxy);
        match &found {
            Some(_) => trail.pass(format!("Also looked up by the proxy {proxy_words}")),
            None => trail.skip(format!("The proxy {proxy_words} looks it up")),
        }
        trail.begin(StepKind::NetworkPolicy);
        let judged = within(LOOKUP_TIMEOUT, self.way_to(url)).await?;
        trail.pass(format!("This server may call it, through the proxy {proxy_words}"));

        trail.begin(StepKind::SecureConnection);
        within(CONNECT_TIMEOUT, dial(judged.addrs())).await.map_err(|_| CallError::ProxyFailed)?;
        trail.pass(format!("Reached the proxy {proxy_words}, which makes the connection from there"));
        Ok(())
    }

    async fn shake_hands(&self, url: &Url, stream: TcpStream) -> Result<TlsStream<TcpStream>, CallError> {
        let name = server_name(url).ok_or(CallError::Tls(TlsProblem::WrongName))?;
        let connector = TlsConnector::from(self.tls());
        let shaken = connector.connect(name, stream).await;
        shaken.map_err(|error| CallError::from_chain(&error).unwrap_or(CallError::Tls(TlsProblem::NoTls)))
    }
}

/// A connection without TLS is no step that passed, though the operator allows it.
fn mark_plain_http(step: &mut Step) {
    if step.kind == StepKind::SecureConnection && step.outcome == Outcome::Passed {
        step.outcome = Outcome::NotTried;
        step.took_ms = None;
        step.title = "Not encrypted (plain http)".to_owned();
    }
}

/// The steps as they come about.
struct Trail {
    host: String,
    kind: StepKind,
    began: Instant,
    steps: Vec<Step>,
}

impl Trail {
    const KINDS: [StepKind; 3] = [StepKind::Address, StepKind::NetworkPolicy, StepKind::SecureConnection];

    fn new(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default().to_owned();
        Self { host, kind: StepKind::Address, began: Instant::now(), steps: Vec::new() }
    }

    fn begin(&mut self, kind: StepKind) {
        self.kind = kind;
        self.began = Instant::now();
    }

    fn pass(&mut self, detail: impl Into<String>) {
        self.end(Outcome::Passed, detail.into());
    }

    fn warn(&mut self, detail: impl Into<String>) {
        self.end(Outcome::Warning, detail.into());
    }

    fn skip(&mut self, detail: impl Into<String>) {
        self.steps.push(Step { detail: detail.into(), ..untried(self.kind) });
    }

    fn end(&mut self, outcome: Outcome, detail: String) {
        let took_ms = u32::try_from(self.began.elapsed().as_millis()).ok();
        self.steps.push(Step { outcome, detail, took_ms, ..untried(self.kind) });
    }

    fn describe(&mut self, kind: StepKind, detail: String) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.kind == kind) {
            step.detail = detail;
        }
    }

    fn into_route(mut self, failure: Option<CallError>) -> Route {
        if let Some(failure) = failure {
            self.end(Outcome::Failed, failure.sentence(&self.host));
        }
        let step_of = |kind| self.steps.iter().find(|step| step.kind == kind).cloned().unwrap_or(untried(kind));
        Route { steps: Self::KINDS.map(step_of).into(), failure }
    }
}

fn untried(kind: StepKind) -> Step {
    let title = match kind {
        StepKind::NetworkPolicy => "Network policy",
        StepKind::SecureConnection => "Secure connection",
        _ => "Address",
    };
    Step {
        kind,
        outcome: Outcome::NotTried,
        title: title.to_owned(),
        detail: String::new(),
        took_ms: None,
        exchange: None,
    }
}

/// Connects to the first address that answers. Each gets its share of the time, so that one dead address does not
/// use up all of it.
async fn dial(addrs: &[SocketAddr]) -> Result<TcpStream, CallError> {
    let share = CONNECT_TIMEOUT / u32::try_from(addrs.len()).unwrap_or(u32::MAX).max(1);
    let mut failure = CallError::NoRoute;
    for addr in addrs {
        match timeout(share, TcpStream::connect(addr)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = CallError::from_chain(&error).unwrap_or(CallError::NoRoute),
            Err(_) => failure = CallError::timed_out(share),
        }
    }
    Err(failure)
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, CallError>>) -> Result<T, CallError> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(CallError::timed_out(limit)))
}

fn server_name(url: &Url) -> Option<ServerName<'static>> {
    match url.host()? {
        Host::Domain(name) => ServerName::try_from(name.to_owned()).ok(),
        Host::Ipv4(ip) => Some(ServerName::from(std::net::IpAddr::from(ip))),
        Host::Ipv6(ip) => Some(ServerName::from(std::net::IpAddr::from(ip))),
    }
}

fn certificate_end(stream: &TlsStream<TcpStream>) -> Option<NaiveDate> {
    let (_, session) = stream.get_ref();
    let (_, certificate) = X509Certificate::from_der(session.peer_certificates()?.first()?).ok()?;
    Some(DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0)?.date_naive())
}

fn is_near(end: NaiveDate) -> bool {
    today().is_some_and(|today| (end - today).num_days() <= CERTIFICATE_WARNING_DAYS)
}

fn addresses_in_words(url: &Url, addrs: &[SocketAddr]) -> String {
    let Some(Host::Domain(name)) = url.host() else { return String::new() };
    let Some(first) = addrs.first() else { return String::new() };
    match addrs.len() - 1 {
        0 => format!("{name} is {}", first.ip()),
        n_more => format!("{name} is {} and {n_more} more", first.ip()),
    }
}
