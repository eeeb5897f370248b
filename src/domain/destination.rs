//! Where a secret may go.

use std::fmt;

use url::Url;

/// The place that a secret was entered for, in a canonical form that is sealed together with it. A secret
/// sealed for one destination does not open for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination(String);

impl Destination {
    /// A provider with a fixed address of its own (which only the operator can override).
    #[must_use]
    pub fn provider(slug: &str) -> Self {
        Self(format!("provider:{slug}"))
    }

    /// The origin of an endpoint: scheme, host in lower case and port, always with the port. `None` for an
    /// address without a host.
    #[must_use]
    pub fn origin(url: &Url) -> Option<Self> {
        let host = url.host_str()?.to_ascii_lowercase();
        Some(Self(format!("{}://{host}:{}", url.scheme(), url.port_or_known_default()?)))
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
