//! Which addresses this server may call, decided without any input or output.
//!
//! People in an organization type the addresses of their own model servers, and this server then sends a
//! secret there from inside its operator's network. So everything that is not the public internet is closed
//! unless the operator lists it, and some addresses stay closed even then.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

use super::addresses::innermost;
pub use super::addresses::{AddressClass, classify};
pub use super::allow_rule::{AllowRule, NoAllowRule};

/// What may be called.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    allow: Vec<AllowRule>,
    own_listen: Option<SocketAddr>,
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

    /// The operator's list, to be shown to people whose address is refused.
    #[must_use]
    pub fn allow_rules(&self) -> &[AllowRule] {
        &self.allow
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
        if is_localhost(&name) {
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

/// Whether a name means this machine (RFC 6761, section 6.3). The name is in lower case, as URLs keep it.
pub(super) fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use proptest::prelude::*;

    fn policy(allow: &str) -> Policy {
        Policy::new(AllowRule::parse_list(allow).expect(allow), None)
    }

    fn judged(raw: &str, allow: &str) -> Result<String, UrlProblem> {
        parse_url(raw, &policy(allow)).map(String::from)
    }

    #[test]
    fn hostile_urls_are_refused_with_an_empty_list() {
        use Refusal::{Localhost, Never, PlainHttp, Private};
        use UrlProblem::{Blocked, ControlCharacters, Fragment, NoHost, NotAbsolute, Port, Scheme, Userinfo};
        let cases = [
            ("", NotAbsolute),
            ("llm.example.com", NotAbsolute),
            ("//llm.example.com/v1", NotAbsolute),
            ("https:llm.example.com", NotAbsolute),
            ("https:/llm.example.com", NotAbsolute),
            ("javascript:alert(1)", NotAbsolute),
            ("data:text/plain,x", NotAbsolute),
            ("ftp://llm.example.com", Scheme),
            ("file:///etc/passwd", Scheme),
            ("gopher://127.0.0.1:6379/_x", Scheme),
            ("ws://llm.example.com", Scheme),
            ("unix:///var/run/docker.sock", Scheme),
            ("https://", NoHost),
            ("https:///v1", NoHost),
            ("https:///127.0.0.1/", NoHost),
            ("https://?x", NoHost),
            ("https://.", NoHost),
            ("https://:443", NoHost),
            ("https://exa%00mple.com", NoHost),
            ("https://[::1", NoHost),
            ("https://1.2.3.4.5.6.7", NoHost),
            ("https://256.256.256.256", NoHost),
            ("https://llm.example.com:0/", Port),
            ("https://llm.example.com:99999/", Port),
            ("https://llm.example.com#frag", Fragment),
            ("https://user@llm.example.com", Userinfo),
            ("https://user:pass@llm.example.com", Userinfo),
            ("https://@llm.example.com", Userinfo),
            ("https://llm.example.com:443@127.0.0.1/", Userinfo),
            ("https://api.openai.com%2f@127.0.0.1/", Userinfo),
            ("https://llm.example.com\\@127.0.0.1/", ControlCharacters),
            ("https:\\\\llm.example.com", ControlCharacters),
            ("https://llm.exa\tmple.com", ControlCharacters),
            ("https://llm.example.com/v1\r\nX-Evil: 1", ControlCharacters),
            ("https://llm.example.com/v 1", ControlCharacters),
            ("https://127.0.0.1\0.example.com", ControlCharacters),
            ("https://llm.example.com\u{a0}/", ControlCharacters),
            ("https://llm.example.com/\u{2028}v1", ControlCharacters),
            ("http://llm.example.com/v1", Blocked(PlainHttp)),
            ("http://1.1.1.1/v1", Blocked(PlainHttp)),
            ("https://localhost", Blocked(Localhost)),
            ("https://LOCALHOST:8443", Blocked(Localhost)),
            ("https://localhost./", Blocked(Localhost)),
            ("https://x.localhost/", Blocked(Localhost)),
            ("http://localhost:11434/v1", Blocked(Localhost)),
            ("https://127.0.0.1", Blocked(Localhost)),
            ("https://127.1", Blocked(Localhost)),
            ("https://127.0.1", Blocked(Localhost)),
            ("https://2130706433", Blocked(Localhost)),
            ("https://0x7f000001", Blocked(Localhost)),
            ("https://0x7f.1", Blocked(Localhost)),
            ("https://0177.0.0.1", Blocked(Localhost)),
            ("https://017700000001", Blocked(Localhost)),
            ("https://127.0.0.1.", Blocked(Localhost)),
            ("https://１２７.０.０.１", Blocked(Localhost)),
            ("https://①②⑦.0.0.1", Blocked(Localhost)),
            ("https://127。0。0。1", Blocked(Localhost)),
            ("https://%31%32%37.0.0.1", Blocked(Localhost)),
            ("https://[::1]", Blocked(Localhost)),
            ("https://[0:0:0:0:0:0:0:1]:8443", Blocked(Localhost)),
            ("https://[::ffff:127.0.0.1]", Blocked(Localhost)),
            ("https://[::ffff:7f00:1]", Blocked(Localhost)),
            ("https://[64:ff9b::7f00:1]", Blocked(Localhost)),
            ("https://[2002:7f00:1::]", Blocked(Localhost)),
            ("https://10.0.0.1", Blocked(Private)),
            ("https://192.168.0.1:8443", Blocked(Private)),
            ("https://172.16.0.1", Blocked(Private)),
            ("https://100.64.0.1", Blocked(Private)),
            ("https://[fd12::1]", Blocked(Private)),
            ("https://[::ffff:10.0.0.1]", Blocked(Private)),
            ("https://0", Blocked(Never)),
            ("https://0.0.0.0", Blocked(Never)),
            ("https://[::]", Blocked(Never)),
            ("https://169.254.169.254/latest/meta-data/", Blocked(Never)),
            ("https://2852039166", Blocked(Never)),
            ("https://0xa9fea9fe", Blocked(Never)),
            ("https://[::ffff:169.254.169.254]", Blocked(Never)),
            ("https://[fe80::1]", Blocked(Never)),
            ("https://[fd00:ec2::254]", Blocked(Never)),
            ("https://168.63.129.16", Blocked(Never)),
            ("https://100.100.100.200", Blocked(Never)),
            ("https://metadata.google.internal/computeMetadata/v1/", Blocked(Never)),
            ("https://METADATA.google.internal./", Blocked(Never)),
            ("https://metadata/", Blocked(Never)),
            ("https://255.255.255.255", Blocked(Never)),
        ];
        for (raw, problem) in cases {
            assert_eq!(judged(raw, ""), Err(problem), "{raw:?}");
        }
    }

    #[test]
    fn addresses_of_model_servers_pass() {
        for (raw, read) in [
            ("https://llm.example.com/v1", "https://llm.example.com/v1"),
            ("  https://llm.example.com/v1\n", "https://llm.example.com/v1"),
            ("HTTPS://LLM.Example.COM", "https://llm.example.com/"),
            (
                "https://llm.example.com:8443/a/v1?api-version=2024-10-21",
                "https://llm.example.com:8443/a/v1?api-version=2024-10-21",
            ),
            ("https://llm.example.com/models/claude@20240620", "https://llm.example.com/models/claude@20240620"),
            ("https://1.1.1.1/v1", "https://1.1.1.1/v1"),
            ("https://bücher.example/v1", "https://xn--bcher-kva.example/v1"),
        ] {
            assert_eq!(judged(raw, ""), Ok(read.to_owned()), "{raw:?}");
        }
    }

    #[test]
    fn a_listed_address_is_open_at_its_port_with_and_without_tls() {
        let allow = "127.0.0.1:11434, 10.0.0.0/8";
        assert!(judged("http://127.0.0.1:11434/v1", allow).is_ok());
        assert!(judged("http://localhost:11434/v1", allow).is_ok());
        assert!(judged("http://[::ffff:127.0.0.1]:11434/v1", allow).is_ok());
        assert!(judged("http://10.20.30.40/v1", allow).is_ok());
        assert!(judged("https://10.20.30.40:8443/v1", allow).is_ok());
        assert_eq!(judged("http://127.0.0.1:11435/v1", allow), Err(Refusal::Localhost.into()));
        assert_eq!(judged("http://[::1]:11434/v1", allow), Err(Refusal::Localhost.into()));
        assert_eq!(judged("http://192.168.0.1/v1", allow), Err(Refusal::Private.into()));
        assert_eq!(judged("http://1.1.1.1/v1", allow), Err(Refusal::PlainHttp.into()));
    }

    #[test]
    fn machinery_stays_closed_when_everything_is_listed() {
        for raw in
            ["https://169.254.169.254/", "https://[fd00:ec2::254]/", "https://168.63.129.16/", "https://0.0.0.0/"]
        {
            assert_eq!(judged(raw, "0.0.0.0/0,::/0"), Err(Refusal::Never.into()), "{raw}");
        }
    }

    #[test]
    fn this_servers_own_address_stays_closed_when_it_is_listed() {
        let allow = AllowRule::parse_list("127.0.0.0/8,::1,192.168.1.5").expect("a list");
        let on = |listen: &str| Policy::new(allow.clone(), Some(listen.parse().expect(listen)));
        let judge = |listen: &str, addr: &str| on(listen).judge(addr.parse().expect(addr));
        assert_eq!(judge("127.0.0.1:8080", "127.0.0.1:8080"), Err(Refusal::OwnAddress));
        assert_eq!(judge("127.0.0.1:8080", "[::ffff:127.0.0.1]:8080"), Err(Refusal::OwnAddress));
        assert_eq!(judge("0.0.0.0:8080", "127.0.0.3:8080"), Err(Refusal::OwnAddress));
        assert_eq!(judge("[::]:8080", "[::1]:8080"), Err(Refusal::OwnAddress));
        assert_eq!(judge("192.168.1.5:8080", "192.168.1.5:8080"), Err(Refusal::OwnAddress));
        assert_eq!(judge("192.168.1.5:8080", "127.0.0.1:8080"), Ok(()));
        assert_eq!(judge("127.0.0.1:8080", "127.0.0.1:11434"), Ok(()));
    }

    proptest! {
        #[test]
        fn whatever_is_typed_nothing_passes_that_leads_to_a_closed_address(raw in "(https?://)?[a-z0-9.:@/\\\\\\[\\]%x-]{0,40}") {
            if let Ok(url) = parse_url(&raw, &policy("")) {
                prop_assert_eq!(url.scheme(), "https");
                prop_assert!(url.username().is_empty() && url.password().is_none());
                let ip = match url.host() {
                    Some(Host::Ipv4(ip)) => Some(IpAddr::from(ip)),
                    Some(Host::Ipv6(ip)) => Some(IpAddr::from(ip)),
                    _ => None,
                };
                prop_assert!(ip.is_none_or(|ip| classify(ip) == AddressClass::Public));
            }
        }

        #[test]
        fn any_text_at_all_is_read_without_a_panic(raw in any::<String>()) {
            let _ = parse_url(&raw, &policy("0.0.0.0/0"));
        }

        #[test]
        fn a_passing_url_passes_again_in_its_canonical_form(raw in "https://[a-zA-Z0-9.-]{1,30}(:[0-9]{1,5})?(/[ -~]{0,20})?") {
            if let Ok(url) = parse_url(&raw, &policy("")) {
                prop_assert_eq!(parse_url(url.as_str(), &policy("")), Ok(url));
            }
        }
    }
}
