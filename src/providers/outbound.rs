//! The one client for every call that leaves this server.
//!
//! A call looks the host up itself, judges every address, and then gives the HTTP client exactly those addresses
//! to dial, so that nothing can answer differently between the judgement and the connection. An address that is
//! written in the URL never reaches a resolver, so it is judged from the URL. Redirects are never followed, the
//! environment's proxy variables are ignored, and time and size are limited.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use reqwest::{Client, Proxy, Response, redirect};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use url::{Host, Url};

pub use super::call_errors::{CallError, TlsProblem};
pub use super::calls::{Answer, Body, Call};
use super::policy::{Policy, Refusal, is_localhost};
pub use super::route::Route;
pub use super::settings::{OutboundSettings, VendorBases, host_and_port};

/// How long a TCP connection and its TLS handshake may take together.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Most headers of an answer, in number and in bytes.
const MAX_HEADERS: usize = 100;
const MAX_HEADER_BYTES: u32 = 32 * 1024;
const USER_AGENT: &str = concat!("Claviger/", env!("CARGO_PKG_VERSION"));

/// Looks a host name up.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The guarded client. Cheap to clone.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The file with certificate authorities cannot be read, or holds none.
    #[error("CLAVIGER_CA_FILE: {} can’t be used. Expected a PEM file with at least one certificate.", .0.display())]
    CaFile(PathBuf),
    /// The proxy is none that can be used.
    #[error("CLAVIGER_EGRESS_PROXY: Expected an address like http://proxy.example.com:3128.")]
    Proxy,
    /// TLS cannot be set up, for example because the system has no certificate authorities.
    #[error("TLS could not be set up ({0}); install the system's ca-certificates, or set CLAVIGER_CA_FILE")]
    Tls(#[from] rustls::Error),
}

struct Inner {
    policy: Policy,
    bases: VendorBases,
    proxy: Option<Url>,
    port_on_all_addresses: Option<u16>,
    tls: Arc<ClientConfig>,
    lookup: Lookup,
}

/// The way that a call takes. All addresses in it have been judged.
pub(super) enum Way {
    /// To one of these addresses.
    Direct(Vec<SocketAddr>),
    /// To one of these addresses of the operator's proxy, which goes on from there.
    Proxied(Vec<SocketAddr>),
}

impl Outbound {
    /// A client that looks names up as the system does.
    ///
    /// # Errors
    /// If a setting cannot be used.
    pub fn new(settings: OutboundSettings) -> Result<Self, OutboundError> {
        Self::with_lookup(settings, Arc::new(|name| Box::pin(look_up_in_system(name))))
    }

    /// A client that looks names up in its own way.
    ///
    /// # Errors
    /// If a setting cannot be used.
    pub fn with_lookup(settings: OutboundSettings, lookup: Lookup) -> Result<Self, OutboundError> {
        if settings.proxy.as_ref().is_some_and(|proxy| !can_be_proxy(proxy)) {
            return Err(OutboundError::Proxy);
        }
        let tls = Arc::new(tls_config(settings.ca_file)?);
        Ok(Self(Arc::new(Inner {
            policy: Policy::new(settings.allow, settings.own_listen),
            bases: settings.bases,
            proxy: settings.proxy,
            port_on_all_addresses: settings.own_listen.filter(|own| own.ip().is_unspecified()).map(|own| own.port()),
            tls,
            lookup,
        })))
    }

    /// Where the vendors are.
    #[must_use]
    pub fn bases(&self) -> &VendorBases {
        &self.0.bases
    }

    /// What may be called.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// Makes a call, unless the policy forbids it.
    ///
    /// # Errors
    /// Why there is no answer. An answer with a status of 400 or more is an answer.
    pub async fn call(&self, call: Call) -> Result<Answer, CallError> {
        let started = Instant::now();
        let timeout = call.timeout;
        let answer = tokio::time::timeout(timeout, self.call_without_limit(call, started)).await;
        answer.unwrap_or_else(|_| Err(CallError::timed_out(timeout)))
    }

    async fn call_without_limit(&self, call: Call, started: Instant) -> Result<Answer, CallError> {
        let headers = call.headers?;
        let way = self.way_to(&call.url).await?;
        let request = self.client(&way)?.request(call.method, call.url).headers(headers);
        let request = match call.body {
            Body::None => request,
            Body::Json(value) => request.json(&value),
            Body::Form(fields) => request.form(&fields),
        };
        let response = request.send().await.map_err(|error| way.explain(&error, started))?;
        way.confirm(&response)?;
        if response.status().is_redirection() {
            return Err(CallError::Redirected);
        }
        if header_bytes(response.headers()) > MAX_HEADER_BYTES as usize {
            return Err(CallError::TooLarge);
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = read_body(response, call.max_bytes).await.map_err(|error| match error {
            BodyError::TooLarge => CallError::TooLarge,
            BodyError::Broken(error) => way.explain(&error, started),
        })?;
        let took_ms = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
        Ok(Answer { status, headers, body, took_ms })
    }

    /// Judges a URL and all addresses of its host.
    pub(super) async fn way_to(&self, url: &Url) -> Result<Way, CallError> {
        self.policy().judge_url(url)?;
        let found = self.find(url).await;
        let Some(proxy) = self.proxy() else {
            let addrs = found?;
            self.judge_all(url, &addrs)?;
            return Ok(Way::Direct(addrs));
        };
        // Behind a proxy this server may have no name service for the world outside: what it cannot look up, the
        // proxy judges. Plain http is only for listed addresses, and an unknown one is not listed.
        match found {
            Ok(addrs) => self.judge_all(url, &addrs)?,
            Err(_) if url.scheme() == "http" => return Err(Refusal::PlainHttp.into()),
            Err(_) => {}
        }
        let proxy_addrs = self.find(proxy).await.map_err(|_| CallError::ProxyFailed)?;
        Ok(Way::Proxied(proxy_addrs))
    }

    /// The addresses of a URL's host, not judged. Never empty.
    pub(super) async fn find(&self, url: &Url) -> Result<Vec<SocketAddr>, CallError> {
        let port = url.port_or_known_default().unwrap_or_default();
        let ips = match url.host() {
            Some(Host::Ipv4(ip)) => vec![ip.into()],
            Some(Host::Ipv6(ip)) => vec![ip.into()],
            Some(Host::Domain(name)) if is_localhost(name) => self.localhost(url, port),
            Some(Host::Domain(name)) => {
                (self.0.lookup)(name.to_owned()).await.map_err(|error| explain_lookup(&error))?
            }
            None => Vec::new(),
        };
        if ips.is_empty() {
            return Err(CallError::UnknownHost);
        }
        Ok(ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }

    /// `localhost` is this machine without asking anybody (RFC 6761, section 6.3). Of its two addresses those that
    /// are listed, since a server that is listed by one of them is meant.
    fn localhost(&self, url: &Url, port: u16) -> Vec<IpAddr> {
        let both = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        let is_open = |ip: &IpAddr| self.policy().judge_for(url, SocketAddr::new(*ip, port)).is_ok();
        both.into_iter().filter(is_open).collect()
    }

    /// One bad address closes the whole name: a name that leads both outside and inside is a trick.
    pub(super) fn judge_all(&self, url: &Url, addrs: &[SocketAddr]) -> Result<(), CallError> {
        for addr in addrs {
            if let Err(refusal) = self.judge(url, *addr) {
                tracing::warn!(host = url.host_str(), ip = %addr.ip(), port = addr.port(), %refusal, "call refused");
                return Err(CallError::Refused(seen_through_name(url, refusal)));
            }
        }
        Ok(())
    }

    fn judge(&self, url: &Url, addr: SocketAddr) -> Result<(), Refusal> {
        self.policy().judge_for(url, addr)?;
        if self.0.port_on_all_addresses == Some(addr.port()) && is_of_this_machine(addr.ip()) {
            return Err(Refusal::OwnAddress);
        }
        Ok(())
    }

    pub(super) fn proxy(&self) -> Option<&Url> {
        self.0.proxy.as_ref()
    }

    pub(super) fn tls(&self) -> Arc<ClientConfig> {
        self.0.tls.clone()
    }

    /// A client for one call. One for all calls would have to judge addresses without knowing the port, and to
    /// keep connections open that belong to whichever runtime made them. What is dear about a client, the trusted
    /// certificates and the TLS sessions, is shared.
    #[expect(clippy::disallowed_methods, reason = "this is the one place where clients are made")]
    fn client(&self, way: &Way) -> Result<Client, CallError> {
        let builder = Client::builder()
            .tls_backend_preconfigured(ClientConfig::clone(&self.0.tls))
            .dns_resolver(Pinned(way.addrs().to_vec()))
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(0)
            .http1_max_headers(MAX_HEADERS)
            .http2_max_header_list_size(MAX_HEADER_BYTES)
            .tcp_nodelay(true)
            .user_agent(USER_AGENT);
        let builder = match self.proxy() {
            Some(proxy) => builder.proxy(Proxy::all(proxy.clone()).map_err(|_| CallError::ProxyFailed)?),
            None => builder,
        };
        builder.build().map_err(|_| CallError::Tls(TlsProblem::NoTls))
    }
}

impl Way {
    pub(super) fn addrs(&self) -> &[SocketAddr] {
        match self {
            Self::Direct(addrs) | Self::Proxied(addrs) => addrs,
        }
    }

    /// Whether the answer came from where the call was sent. It always does; this is the belt to the braces.
    fn confirm(&self, response: &Response) -> Result<(), CallError> {
        match response.remote_addr() {
            Some(addr) if self.addrs().contains(&addr) => Ok(()),
            _ => Err(CallError::Refused(Refusal::Private)),
        }
    }

    fn explain(&self, error: &reqwest::Error, started: Instant) -> CallError {
        if error.is_timeout() {
            return CallError::timed_out(started.elapsed());
        }
        let cause = CallError::from_chain(error);
        match self {
            Self::Proxied(_) if error.is_connect() && !matches!(cause, Some(CallError::Tls(_))) => {
                CallError::ProxyFailed
            }
            _ if error.is_connect() => cause.unwrap_or(CallError::NoRoute),
            _ => cause.unwrap_or(CallError::BrokenAnswer),
        }
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("policy", self.policy()).finish_non_exhaustive()
    }
}

/// Gives the addresses that were judged, whatever is asked: a client makes one call to one host.
struct Pinned(Vec<SocketAddr>);

impl Resolve for Pinned {
    fn resolve(&self, _name: Name) -> Resolving {
        let addrs: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(std::future::ready(Ok(addrs)))
    }
}

enum BodyError {
    TooLarge,
    Broken(reqwest::Error),
}

async fn read_body(mut response: Response, max_bytes: usize) -> Result<Vec<u8>, BodyError> {
    if response.content_length().is_some_and(|n_bytes| n_bytes > max_bytes as u64) {
        return Err(BodyError::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + chunk.len() > max_bytes {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// With the provider named, nothing depends on a process-wide choice that some other crate may make.
fn tls_config(ca_file: Option<PathBuf>) -> Result<ClientConfig, OutboundError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = ca_file.map(read_roots).transpose()?.unwrap_or_default();
    let verifier = Verifier::new_with_extra_roots(roots, provider.clone())?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous() // rustls calls every verifier but its own so; this one asks the system's authorities
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn read_roots(path: PathBuf) -> Result<Vec<CertificateDer<'static>>, OutboundError> {
    let certificates = CertificateDer::pem_file_iter(&path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(OutboundError::CaFile(path)),
    }
}

async fn look_up_in_system(name: String) -> io::Result<Vec<IpAddr>> {
    let found = tokio::net::lookup_host((name, 0)).await?;
    Ok(found.map(|addr| addr.ip()).collect())
}

/// The standard library tells "no such name" and "no name server answers" apart only in its words.
fn explain_lookup(error: &io::Error) -> CallError {
    let is_temporary = error.to_string().contains("Temporary failure");
    if is_temporary { CallError::NoNameService } else { CallError::UnknownHost }
}

/// For a name, one answer for all closed addresses, so that trying names tells nothing about a network.
fn seen_through_name(url: &Url, refusal: Refusal) -> Refusal {
    match (url.host(), refusal) {
        (Some(Host::Domain(_)), Refusal::Localhost | Refusal::Never | Refusal::OwnAddress) => Refusal::Private,
        _ => refusal,
    }
}

/// Only an address of this machine can be bound to.
fn is_of_this_machine(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

fn can_be_proxy(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.host().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_its_own() {
        assert!(is_of_this_machine(Ipv4Addr::LOCALHOST.into()));
        assert!(!is_of_this_machine(Ipv4Addr::new(198, 51, 100, 77).into()));
    }
}
