//! Reading settings, one by one; whatever is wrong with a value is said with the variable's name.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::{ConfigError, DatabaseUrl, LogFormat};
use crate::providers::outbound::VendorBases;

/// The values as they were given, with readers that name the variable when something is wrong.
pub(super) struct Values<'a>(Box<Lookup<'a>>);

type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

impl<'a> Values<'a> {
    /// Values from anywhere. An empty one counts as not set.
    pub(super) fn new(value_of: impl Fn(&str) -> Option<String> + 'a) -> Self {
        Self(Box::new(move |name| value_of(name).filter(|value| !value.trim().is_empty())))
    }

    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned())
    }

    pub(super) fn path(&self, name: &'static str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    pub(super) fn parse_or<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
        default: T,
    ) -> Result<T, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(default) };
        text.parse().map_err(|_| wrong(name, format!("{text:?} can’t be read."), expected))
    }

    pub(super) fn number(
        &self,
        name: &'static str,
        expected: &'static str,
        range: std::ops::RangeInclusive<u32>,
        default: u32,
    ) -> Result<u32, ConfigError> {
        let number = self.parse_or(name, expected, default)?;
        if range.contains(&number) {
            return Ok(number);
        }
        Err(wrong(name, format!("{number} is out of range."), expected))
    }

    pub(super) fn list<T: FromStr>(&self, name: &'static str, expected: &'static str) -> Result<Vec<T>, ConfigError> {
        let text = self.text(name).unwrap_or_default();
        let items = text.split([',', ' ', '\n']).map(str::trim).filter(|item| !item.is_empty());
        items.map(|item| item.parse().map_err(|_| wrong(name, format!("{item:?} can’t be read."), expected))).collect()
    }

    fn optional_url(&self, name: &'static str) -> Result<Option<Url>, ConfigError> {
        const EXPECTED: &str = "an address that begins with http:// or https://";
        let Some(text) = self.text(name) else { return Ok(None) };
        let url = Url::parse(&text).map_err(|_| wrong(name, "The address can’t be read.", EXPECTED))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(wrong(name, "The address can’t be used.", EXPECTED));
        }
        Ok(Some(url))
    }

    pub(super) fn public_url(&self, listen: SocketAddr) -> Result<Url, ConfigError> {
        const NAME: &str = "CLAVIGER_PUBLIC_URL";
        const EXPECTED: &str =
            "an https:// address without a path, such as https://keys.example.com (http:// only for loopback)";
        let Some(url) = self.optional_url(NAME)? else {
            let host = if listen.ip().is_unspecified() { "localhost".to_owned() } else { ip_in_url(listen) };
            let url = Url::parse(&format!("http://{host}:{}", listen.port()));
            return match url {
                Ok(url) if is_loopback(&url) => Ok(url),
                _ => Err(wrong(NAME, "It isn’t set, and nobody can sign in at a plain http address.", EXPECTED)),
            };
        };
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(wrong(NAME, "There is more than scheme, host and port in it.", EXPECTED));
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(wrong(NAME, "Sign-in would not work: browsers keep secure cookies from plain http.", EXPECTED));
        }
        Ok(url)
    }

    pub(super) fn database(&self, data: &Path) -> Result<DatabaseUrl, ConfigError> {
        const NAME: &str = "CLAVIGER_DATABASE_URL";
        let Some(text) = self.text(NAME) else { return Ok(DatabaseUrl::Sqlite(data.join("claviger.db"))) };
        DatabaseUrl::parse(&text)
            .map_err(|problem| wrong(NAME, problem, "sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME"))
    }

    pub(super) fn egress_proxy(&self) -> Result<Option<Url>, ConfigError> {
        const NAME: &str = "CLAVIGER_EGRESS_PROXY";
        const EXPECTED: &str = "an address without a path, such as http://proxy.example:3128";
        let Some(url) = self.optional_url(NAME)? else { return Ok(None) };
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong(NAME, "There is more than scheme, host and port in it.", EXPECTED));
        }
        Ok(Some(url))
    }

    fn vendor_base(&self, name: &'static str) -> Result<Option<Url>, ConfigError> {
        const EXPECTED: &str = "an http:// or https:// address without user name, query or fragment";
        let Some(url) = self.optional_url(name)? else { return Ok(None) };
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong(name, "There is more than scheme, host, port and path in it.", EXPECTED));
        }
        Ok(Some(url))
    }

    pub(super) fn log(&self) -> Result<String, ConfigError> {
        const NAME: &str = "CLAVIGER_LOG";
        let text = self.text(NAME).unwrap_or_else(|| "info".into());
        match EnvFilter::try_new(&text) {
            Ok(_) => Ok(text),
            Err(_) => {
                Err(wrong(NAME, format!("{text:?} can’t be read."), "a filter such as info or claviger=debug,warn"))
            }
        }
    }

    pub(super) fn vendor_bases(&self) -> Result<VendorBases, ConfigError> {
        let mut bases = VendorBases::default();
        for (name, base) in [
            ("CLAVIGER_OPENAI_BASE_URL", &mut bases.openai),
            ("CLAVIGER_GEMINI_BASE_URL", &mut bases.gemini),
            ("CLAVIGER_ANTHROPIC_BASE_URL", &mut bases.anthropic),
            ("CLAVIGER_GOOGLE_TOKEN_URL", &mut bases.google_token),
        ] {
            if let Some(url) = self.vendor_base(name)? {
                *base = url;
            }
        }
        bases.vertex = self.vendor_base("CLAVIGER_VERTEX_BASE_URL")?;
        Ok(bases)
    }

    pub(super) fn check_every(&self) -> Result<Option<Duration>, ConfigError> {
        const MINUTES_IN_A_WEEK: u32 = 7 * 24 * 60;
        let minutes = self.number(
            "CLAVIGER_CHECK_EVERY_MINUTES",
            "a whole number of minutes from 0 to 10080",
            0..=MINUTES_IN_A_WEEK,
            30,
        )?;
        Ok((minutes > 0).then(|| Duration::from_secs(u64::from(minutes) * 60)))
    }

    pub(super) fn api_requests_per_minute(&self) -> Result<NonZeroU32, ConfigError> {
        const NAME: &str = "CLAVIGER_API_REQUESTS_PER_MINUTE";
        let number = self.number(NAME, "a whole number from 1 to 1000000", 1..=1_000_000, 1200)?;
        Ok(NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN))
    }

    pub(super) fn trusted_proxies(&self) -> Result<Vec<IpNet>, ConfigError> {
        let blocks: Vec<AddressOrBlock> =
            self.list("CLAVIGER_TRUSTED_PROXIES", "addresses or blocks, such as 10.0.0.5")?;
        Ok(blocks.into_iter().map(|block| block.0).collect())
    }

    pub(super) fn log_format(&self) -> Result<LogFormat, ConfigError> {
        match self.text("CLAVIGER_LOG_FORMAT").as_deref() {
            None | Some("text") => Ok(LogFormat::Text),
            Some("json") => Ok(LogFormat::Json),
            Some(other) => Err(wrong("CLAVIGER_LOG_FORMAT", format!("{other:?} is no format."), "text or json")),
        }
    }
}

/// An IP address or a CIDR block.
struct AddressOrBlock(IpNet);

impl FromStr for AddressOrBlock {
    type Err = ipnet::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<IpNet>()
            .or_else(|not_a_block| text.parse::<IpAddr>().map(IpNet::from).or(Err(not_a_block)))
            .map(Self)
    }
}

/// The error for a value.
pub(super) fn wrong(name: &'static str, problem: impl Into<String>, expected: &'static str) -> ConfigError {
    ConfigError { name, problem: problem.into(), expected }
}

fn ip_in_url(listen: SocketAddr) -> String {
    match listen {
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    }
}

/// Whether browsers treat the host as this machine, and so accept secure cookies over plain http.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
