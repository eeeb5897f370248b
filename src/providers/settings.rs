//! What the operator sets about calls out.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

use super::policy::AllowRule;

/// What the operator sets.
#[derive(Clone, Default)]
pub struct OutboundSettings {
    /// The closed addresses that are open all the same.
    pub allow: Vec<AllowRule>,
    /// The proxy for all calls, `http://` or `https://`, with its user name and password if it wants them.
    pub proxy: Option<Url>,
    /// More certificate authorities to trust, as PEM.
    pub ca_file: Option<PathBuf>,
    /// The address this server listens on, which it never calls.
    pub own_listen: Option<SocketAddr>,
    /// Where the vendors are.
    pub bases: VendorBases,
}

/// The addresses of the vendors with fixed addresses. Operators change them for regional endpoints and for tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorBases {
    /// With `/v1`: <https://platform.openai.com/docs/api-reference/introduction>.
    pub openai: Url,
    /// Without a version: <https://ai.google.dev/api>.
    pub gemini: Url,
    /// Without a version: <https://docs.anthropic.com/en/api/overview>.
    pub anthropic: Url,
    /// `None`: the host follows from the location.
    pub vertex: Option<Url>,
    /// Where a signed assertion becomes a token: <https://developers.google.com/identity/protocols/oauth2/service-account>.
    pub google_token: Url,
}

/// `proxy.example.com:3128`: what may be shown of an address that may hold a password.
#[must_use]
pub fn host_and_port(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

impl Default for VendorBases {
    fn default() -> Self {
        Self {
            openai: fixed_url("https://api.openai.com/v1"),
            gemini: fixed_url("https://generativelanguage.googleapis.com"),
            anthropic: fixed_url("https://api.anthropic.com"),
            vertex: None,
            google_token: fixed_url("https://oauth2.googleapis.com/token"),
        }
    }
}

/// Without the user name and password of the proxy.
impl fmt::Debug for OutboundSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundSettings")
            .field("allow", &self.allow)
            .field("proxy", &self.proxy.as_ref().map(host_and_port))
            .field("ca_file", &self.ca_file)
            .field("own_listen", &self.own_listen)
            .field("bases", &self.bases)
            .finish()
    }
}

/// A URL that stands in this file; a test reads them all.
fn fixed_url(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|_| unreachable!("a URL of our own"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_own_addresses_can_be_read() {
        assert_eq!(VendorBases::default().openai.as_str(), "https://api.openai.com/v1");
    }

    #[test]
    fn the_password_of_a_proxy_is_not_printed() {
        let proxy = Url::parse("http://egress:hunter2@proxy.example.com:3128").expect("a URL");
        let printed = format!("{:?}", OutboundSettings { proxy: Some(proxy), ..OutboundSettings::default() });
        assert!(printed.contains("proxy.example.com:3128"), "{printed}");
        assert!(!printed.contains("hunter2") && !printed.contains("egress"), "{printed}");
    }
}
