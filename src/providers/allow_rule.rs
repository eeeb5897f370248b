//! The operator's list of addresses that are open although they are not the public internet.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;

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

impl AllowRule {
    /// Reads a list with commas between the entries; empty entries count for nothing.
    ///
    /// # Errors
    /// The first entry that cannot be read.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, (String, NoAllowRule)> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(|entry| entry.parse().map_err(|problem| (entry.to_owned(), problem))).collect()
    }

    /// Whether an address at a port is this entry's.
    pub(super) fn covers(&self, addr: SocketAddr) -> bool {
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
        let is_one = self.net.prefix_len() == self.net.max_prefix_len();
        let prefix = if is_one { String::new() } else { format!("/{}", self.net.prefix_len()) };
        match (self.net.addr(), self.port) {
            (ip, None) => write!(f, "{ip}{prefix}"),
            (IpAddr::V4(ip), Some(port)) => write!(f, "{ip}{prefix}:{port}"),
            (IpAddr::V6(ip), Some(port)) => write!(f, "[{ip}]{prefix}:{port}"),
        }
    }
}

/// A block or a single address, in square brackets or not.
fn parse_net(text: &str) -> Option<IpNet> {
    let bare = match text.strip_prefix('[') {
        Some(rest) => {
            let (inside, after) = rest.split_once(']')?;
            inside.parse::<Ipv6Addr>().ok()?;
            if !after.is_empty() && !after.starts_with('/') {
                return None;
            }
            format!("{inside}{after}")
        }
        None => text.to_owned(),
    };
    let net = bare.parse::<IpNet>().ok().or_else(|| bare.parse::<IpAddr>().ok().map(IpNet::from))?;
    Some(net.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rules_are_read_in_every_form_and_written_back() {
        for (text, shown) in [
            ("127.0.0.1", "127.0.0.1"),
            ("192.168.1.20/32:11434", "192.168.1.20:11434"),
            ("192.168.1.20:11434", "192.168.1.20:11434"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("::1", "::1"),
            ("[::1]", "::1"),
            ("[::1]:8080", "[::1]:8080"),
            ("fd00::/8", "fd00::/8"),
            ("fd00::/8:443", "[fd00::]/8:443"),
            ("[fd00::]/8:443", "[fd00::]/8:443"),
        ] {
            let rule: AllowRule = text.parse().expect(text);
            assert_eq!(rule.to_string(), shown);
            assert_eq!(shown.parse(), Ok(rule));
        }
        for text in
            ["", "localhost", "10.0.0.0/33", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:70000", "[10.0.0.1]:80", "[::1", "*"]
        {
            assert_eq!(text.parse::<AllowRule>(), Err(NoAllowRule), "{text}");
        }
        assert_eq!(AllowRule::parse_list("10.0.0.1,, nonsense"), Err(("nonsense".to_owned(), NoAllowRule)));
        assert_eq!(AllowRule::parse_list(" , "), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn any_text_at_all_is_read_without_a_panic(raw in any::<String>()) {
            let _ = raw.parse::<AllowRule>();
        }
    }
}
