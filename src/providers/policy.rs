//! Which addresses this server may call, decided without any input or output.
//!
//! People in an organization type the addresses of their own model servers, and this server then sends a
//! secret there from inside its operator's network. So everything that is not the public internet is closed
//! unless the operator lists it, and some addresses stay closed even then.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use url::{Host, Url};

/// One entry of the operator's list: a block of addresses, and maybe one port of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowRule {
    net: IpNet,
    port: Option<u16>,
}

/// The text is no [`AllowRule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an address or a block with an optional port, such as 192.168.1.20:11434, 10.0.0.0/8 or [fd00::5]:8080"
)]
pub struct NoAllowRule;

/// What may be called.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    allow: Vec<AllowRule>,
    own_listen: Option<SocketAddr>,
}

/// What kind of place an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressClass {
    /// Somewhere on the internet.
    Public,
    /// Inside somebody's network, or set aside for laboratories and documentation: only if it is listed.
    Private,
    /// This machine: only if it is listed.
    Loopback,
    /// Cloud metadata, link-local, multicast and whatever else is no server of models: not even if it is listed.
    Never,
}

/// Why an address is not called. `Display` is a sentence or two for the person who typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// This machine, and not listed.
    #[error(
        "localhost here means the machine this app runs on. Use an address other servers can reach, or ask whoever runs this server to allow it with CLAVIGER_EGRESS_ALLOW."
    )]
    Localhost,
    /// Inside a network, and not listed. Also said of every *name* that leads to a closed address of any kind,
    /// so that nobody can map a network by trying names.
    #[error(
        "This address belongs to a private network. Use an address other servers can reach, or ask whoever runs this server to allow it with CLAVIGER_EGRESS_ALLOW."
    )]
    Private,
    /// Listed or not, this is never called.
    #[error(
        "This address is reserved for network or cloud machinery, so this app never calls it. Use the address of the model server itself."
    )]
    Never,
    /// The address this very server listens on.
    #[error("This is the address of this app itself. Use the address of the model server.")]
    OwnAddress,
    /// The key would cross the internet unencrypted.
    #[error(
        "Over http:// anybody on the way could read the key. Use https://, or ask whoever runs this server to allow this address with CLAVIGER_EGRESS_ALLOW."
    )]
    PlainHttp,
}

/// What is wrong with a URL that somebody typed. `Display` is a sentence or two for that person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlProblem {
    /// It does not start with `https://` or `http://`, or cannot be read at all.
    #[error("Enter the whole address, such as https://llm.example.com/v1.")]
    NotAbsolute,
    /// Another scheme than http and https.
    #[error("The address must start with https://.")]
    Scheme,
    /// A user name or password before the host.
    #[error("Leave out the user name and password before the host. Secrets have fields of their own.")]
    Userinfo,
    /// Whitespace, control characters or backslashes, which different programs read differently.
    #[error("The address has a space, a line break or a backslash in it. Paste it again without.")]
    ControlCharacters,
    /// A `#…` at the end, which would never be sent.
    #[error("Leave out the # and everything after it.")]
    Fragment,
    /// Nothing where the host should be, or no possible host.
    #[error("The address has no server name in it. Enter the whole address, such as https://llm.example.com/v1.")]
    NoHost,
    /// Port 0, at which nothing can listen.
    #[error("The port must be between 1 and 65535.")]
    Port,
    /// Longer than [`LONGEST_URL_BYTES`].
    #[error("The address is too long. Keep it under 2000 characters.")]
    TooLong,
    /// The policy forbids it.
    #[error(transparent)]
    Blocked(#[from] Refusal),
}

/// Longest URL that is read at all.
pub const LONGEST_URL_BYTES: usize = 2000;

/// Names by which clouds offer their metadata service: <https://cloud.google.com/compute/docs/metadata/querying-metadata>
/// and the like. Their addresses are refused anyway; this also covers calls through a proxy, which looks names
/// up itself.
const METADATA_NAMES: [&str; 6] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.tencentyun.com",
    "instance-data",
    "instance-data.ec2.internal",
];

impl Policy {
    /// A policy with the operator's list. `own_listen` is the address this server itself listens on.
    #[must_use]
    pub fn new(allow: Vec<AllowRule>, own_listen: Option<SocketAddr>) -> Self {
        Self { allow, own_listen }
    }

    /// Whether an address may be called with TLS.
    ///
    /// # Errors
    /// Why not.
    pub fn judge(&self, addr: SocketAddr) -> Result<(), Refusal> {
        if self.is_own(addr) {
            return Err(Refusal::OwnAddress);
        }
        let closed = match classify(addr.ip()) {
            AddressClass::Public => return Ok(()),
            AddressClass::Never => return Err(Refusal::Never),
            AddressClass::Private => Refusal::Private,
            AddressClass::Loopback => Refusal::Localhost,
        };
        if self.lists(addr) { Ok(()) } else { Err(closed) }
    }

    /// Whether an address may be called without TLS: only if the operator lists it.
    ///
    /// # Errors
    /// Why not.
    pub fn judge_plain_http(&self, addr: SocketAddr) -> Result<(), Refusal> {
        self.judge(addr)?;
        if self.lists(addr) { Ok(()) } else { Err(Refusal::PlainHttp) }
    }

    /// Whether an address may be called for a URL of this scheme.
    ///
    /// # Errors
    /// Why not.
    pub fn judge_for(&self, url: &Url, addr: SocketAddr) -> Result<(), Refusal> {
        if url.scheme() == "https" { self.judge(addr) } else { self.judge_plain_http(addr) }
    }

    /// Everything that a URL itself tells: its scheme, and its host if that is an address or a name with a fixed
    /// meaning. Other names are judged when they are looked up.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn judge_url(&self, url: &Url) -> Result<(), UrlProblem> {
        if !matches!(url.scheme(), "https" | "http") {
            return Err(UrlProblem::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlProblem::Userinfo);
        }
        if url.fragment().is_some() {
            return Err(UrlProblem::Fragment);
        }
        let port = url.port_or_known_default().filter(|port| *port != 0).ok_or(UrlProblem::Port)?;
        match url.host().ok_or(UrlProblem::NoHost)? {
            Host::Ipv4(ip) => Ok(self.judge_for(url, SocketAddr::new(ip.into(), port))?),
            Host::Ipv6(ip) => Ok(self.judge_for(url, SocketAddr::new(ip.into(), port))?),
            Host::Domain(name) => self.judge_name(url, name, port),
        }
    }

    fn judge_name(&self, url: &Url, name: &str, port: u16) -> Result<(), UrlProblem> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if name.is_empty() {
            return Err(UrlProblem::NoHost);
        }
        if METADATA_NAMES.contains(&name.as_str()) {
            return Err(Refusal::Never.into());
        }
        if name == "localhost" || name.ends_with(".localhost") {
            return Ok(self.judge_localhost(url, port)?);
        }
        // No address of the internet is open to plain http, so with an empty list no name can be.
        if url.scheme() == "http" && self.allow.is_empty() {
            return Err(Refusal::PlainHttp.into());
        }
        Ok(())
    }

    fn judge_localhost(&self, url: &Url, port: u16) -> Result<(), Refusal> {
        let v4 = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        let v6 = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port);
        self.judge_for(url, v4).or_else(|refusal| self.judge_for(url, v6).map_err(|_| refusal))
    }

    fn lists(&self, addr: SocketAddr) -> bool {
        let inner = SocketAddr::new(innermost(addr.ip()), addr.port());
        self.allow.iter().any(|rule| rule.covers(inner))
    }

    fn is_own(&self, addr: SocketAddr) -> bool {
        let Some(own) = self.own_listen else { return false };
        if own.port() != addr.port() {
            return false;
        }
        let (own_ip, ip) = (innermost(own.ip()), innermost(addr.ip()));
        // A server that listens everywhere answers on every loopback address.
        own_ip == ip || (own_ip.is_unspecified() && (ip.is_loopback() || ip.is_unspecified()))
    }
}

impl AllowRule {
    /// Reads a list with commas between the entries; empty entries count for nothing.
    ///
    /// # Errors
    /// The first entry that cannot be read.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, (String, NoAllowRule)> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(|entry| entry.parse().map_err(|problem| (entry.to_owned(), problem))).collect()
    }

    fn covers(&self, addr: SocketAddr) -> bool {
        self.net.contains(&addr.ip()) && self.port.is_none_or(|port| port == addr.port())
    }
}

impl FromStr for AllowRule {
    type Err = NoAllowRule;

    /// Reads `192.168.1.20`, `10.0.0.0/8`, `192.168.1.20/32:11434`, `[::1]:8080`, `fd00::/8`, `[fd00::]/8:443`.
    fn from_str(text: &str) -> Result<Self, NoAllowRule> {
        let text = text.trim();
        if let Some(net) = parse_net(text) {
            return Ok(Self { net, port: None });
        }
        let (net, port) = text.rsplit_once(':').ok_or(NoAllowRule)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(NoAllowRule)?;
        Ok(Self { net: parse_net(net).ok_or(NoAllowRule)?, port: Some(port) })
    }
}

impl fmt::Display for AllowRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.net, self.port) {
            (net, None) => write!(f, "{net}"),
            (IpNet::V4(net), Some(port)) => write!(f, "{net}:{port}"),
            (IpNet::V6(net), Some(port)) => write!(f, "[{}]/{}:{port}", net.addr(), net.prefix_len()),
        }
    }
}

/// The URL gate, at every save and at every use.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_url(raw: &str, policy: &Policy) -> Result<Url, UrlProblem> {
    let raw = raw.trim();
    if raw.len() > LONGEST_URL_BYTES {
        return Err(UrlProblem::TooLong);
    }
    // The URL standard drops tabs and line breaks and turns backslashes into slashes. What people see and what
    // is called must be the same, so such a text is refused instead of being repaired.
    if raw.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(UrlProblem::ControlCharacters);
    }
    let (scheme, rest) = raw.split_once("://").ok_or(UrlProblem::NotAbsolute)?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return Err(UrlProblem::Scheme);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err(UrlProblem::NoHost);
    }
    if authority.contains('@') {
        return Err(UrlProblem::Userinfo);
    }
    let url = Url::parse(raw).map_err(|problem| match problem {
        url::ParseError::InvalidPort => UrlProblem::Port,
        _ => UrlProblem::NoHost,
    })?;
    policy.judge_url(&url)?;
    Ok(url)
}

/// What kind of place an address is. IPv4 addresses that are wrapped in IPv6 ones count as what they wrap.
#[must_use]
pub fn classify(ip: IpAddr) -> AddressClass {
    match innermost(ip) {
        IpAddr::V4(ip) => classify_v4(ip),
        IpAddr::V6(ip) => classify_v6(ip),
    }
}

/// The special blocks of <https://www.iana.org/assignments/iana-ipv4-special-registry>, and metadata services.
fn classify_v4(ip: Ipv4Addr) -> AddressClass {
    /// The wire server of Azure's virtual machines, and the metadata service of Alibaba Cloud.
    const METADATA: [Ipv4Addr; 2] = [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200)];
    if METADATA.contains(&ip) {
        return AddressClass::Never;
    }
    match ip.octets() {
        [127, ..] => AddressClass::Loopback,
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => AddressClass::Private,
        // Benchmarks and documentation: not on the internet, but laboratories do use them.
        [198, 18 | 19, ..] | [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressClass::Private,
        // This network, link-local (with most clouds' metadata), protocol assignments (with Oracle's metadata
        // service), the old 6to4 relay, multicast, reserved, broadcast.
        [0, ..] | [169, 254, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [224..=255, ..] => AddressClass::Never,
        _ => AddressClass::Public,
    }
}

/// The special blocks of <https://www.iana.org/assignments/iana-ipv6-special-registry>, and metadata services.
fn classify_v6(ip: Ipv6Addr) -> AddressClass {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressClass::Loopback,
        // Services of the instance itself at Amazon (fd00:ec2::254) and Google (fd20:ce::254).
        [0xfd00, 0x0ec2, ..] | [0xfd20, 0x00ce, ..] => AddressClass::Never,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => AddressClass::Private,
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => AddressClass::Private,
        // Protocol assignments with Teredo, which wraps an IPv4 address of its own.
        [0x2001, 0..=0x01ff, ..] => AddressClass::Never,
        [0x2000..=0x3fff, ..] => AddressClass::Public,
        // Unspecified, link-local, multicast, local NAT64, discard-only, and all that is not assigned.
        _ => AddressClass::Never,
    }
}

/// The IPv4 address inside an IPv6 one (mapped, compatible, SIIT, NAT64, 6to4), or the address itself.
fn innermost(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let from_halves = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        // `::` and `::1` look like compatible addresses and are none.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => ip,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => from_halves(high, low),
        [0, 0, 0, 0, 0xffff, 0, high, low] => from_halves(high, low),
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => from_halves(high, low),
        [0x2002, high, low, ..] => from_halves(high, low),
        _ => ip,
    }
}

/// A block or a single address, in square brackets or not.
fn parse_net(text: &str) -> Option<IpNet> {
    let bare = match text.strip_prefix('[') {
        Some(rest) => {
            let (inside, after) = rest.split_once(']')?;
            inside.parse::<Ipv6Addr>().ok()?;
            format!("{inside}{after}")
        }
        None => text.to_owned(),
    };
    let net = bare.parse::<IpNet>().ok().or_else(|| bare.parse::<IpAddr>().ok().map(IpNet::from))?;
    Some(net.trunc())
}
