//! Every setting: an environment variable each, documented here and nowhere else. `claviger config` prints
//! this table and a test compares the README's with it.

mod database_url;
mod values;

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

pub use self::database_url::DatabaseUrl;
use self::database_url::without_password;
use self::values::{Values, wrong};
use crate::providers::outbound::VendorBases;
use crate::providers::policy::AllowRule;

/// One environment variable.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What holds when it is not set, in words.
    pub default: &'static str,
    /// What it does.
    pub what: &'static str,
}

/// Every setting, in the order of the README's table.
pub const SETTINGS: &[Setting] = &[
    Setting { name: "CLAVIGER_LISTEN", default: "127.0.0.1:8080", what: "Address and port to listen on." },
    Setting {
        name: "CLAVIGER_PUBLIC_URL",
        default: "http://<CLAVIGER_LISTEN>",
        what: "The address people type, without a path. `https://` except on loopback: sign-in needs secure cookies.",
    },
    Setting {
        name: "CLAVIGER_DATA",
        default: "./data",
        what: "Data folder; holds the SQLite database and, in `keys/`, the master key. Made with mode 0700.",
    },
    Setting {
        name: "CLAVIGER_DATABASE_URL",
        default: "sqlite://<CLAVIGER_DATA>/claviger.db",
        what: "`sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME`. TLS to PostgreSQL (`sslmode=require`, `verify-full`) needs a build with the feature `pg-tls`.",
    },
    Setting { name: "CLAVIGER_DATABASE_POOL", default: "8", what: "Most database connections, 1 to 64." },
    Setting {
        name: "CLAVIGER_MASTER_KEY_FILE",
        default: "<CLAVIGER_DATA>/keys/master.key",
        what: "File with the master keys. Made at the first start, mode 0600. Back it up apart from the database.",
    },
    Setting {
        name: "CLAVIGER_EGRESS_ALLOW",
        default: "(none)",
        what: "Private or loopback targets that may be called, comma-separated: `127.0.0.1:11434, 10.0.0.0/8`. Metadata and link-local addresses are never allowed.",
    },
    Setting {
        name: "CLAVIGER_EGRESS_PROXY",
        default: "(none)",
        what: "HTTP proxy for all calls to providers, such as `http://proxy.example:3128`. `HTTP_PROXY` and its like are ignored.",
    },
    Setting {
        name: "CLAVIGER_CA_FILE",
        default: "(none)",
        what: "PEM file with certificate authorities to trust beside the system’s, for your own servers.",
    },
    Setting {
        name: "CLAVIGER_OPENAI_BASE_URL",
        default: "https://api.openai.com/v1",
        what: "OpenAI’s address; for regional endpoints such as `https://eu.api.openai.com/v1`, and for tests.",
    },
    Setting {
        name: "CLAVIGER_GEMINI_BASE_URL",
        default: "https://generativelanguage.googleapis.com",
        what: "Gemini’s address.",
    },
    Setting {
        name: "CLAVIGER_VERTEX_BASE_URL",
        default: "(by location)",
        what: "Vertex AI’s address, in place of the one that follows from the location.",
    },
    Setting {
        name: "CLAVIGER_ANTHROPIC_BASE_URL", default: "https://api.anthropic.com", what: "Anthropic’s address."
    },
    Setting {
        name: "CLAVIGER_GOOGLE_TOKEN_URL",
        default: "https://oauth2.googleapis.com/token",
        what: "Where service accounts get their access tokens. The address inside a key file is never called.",
    },
    Setting {
        name: "CLAVIGER_CATALOG_FILE",
        default: "(the one in the binary)",
        what: "JSON file with models, prices and retirement dates, in place of the built-in one. Read again when it changes.",
    },
    Setting {
        name: "CLAVIGER_CHECK_EVERY_MINUTES",
        default: "30",
        what: "How often each connection is checked; 0 switches scheduled checks off.",
    },
    Setting {
        name: "CLAVIGER_API_REQUESTS_PER_MINUTE",
        default: "1200",
        what: "How many requests one API token may send in a minute, to each server.",
    },
    Setting {
        name: "CLAVIGER_TRUSTED_PROXIES",
        default: "(none)",
        what: "Addresses or blocks of reverse proxies whose `X-Forwarded-For` is believed, comma-separated.",
    },
    Setting { name: "CLAVIGER_LOG", default: "info", what: "Log filter, such as `info` or `claviger=debug,warn`." },
    Setting { name: "CLAVIGER_LOG_FORMAT", default: "text", what: "`text` or `json`." },
];

/// A setting that cannot be used. Stops the start.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem} Expected {expected}.")]
pub struct ConfigError {
    /// The variable.
    pub name: &'static str,
    /// What is wrong, a sentence. Never repeats a value that may hold a password.
    pub problem: String,
    /// What would be right.
    pub expected: &'static str,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// All settings, read and judged. `Debug` prints them as `claviger config` does, without passwords.
#[derive(Clone)]
pub struct Config {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Origin that people type: scheme, host, port.
    pub public_url: Url,
    /// Data folder.
    pub data: PathBuf,
    /// Where the rows are.
    pub database: DatabaseUrl,
    /// Most database connections.
    pub database_pool: u32,
    /// The master-key file.
    pub master_key_file: PathBuf,
    /// Private and loopback targets that may be called.
    pub egress_allow: Vec<AllowRule>,
    /// Proxy for calls to providers.
    pub egress_proxy: Option<Url>,
    /// Extra certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// Addresses of the vendors.
    pub vendor_bases: VendorBases,
    /// A catalogue in place of the built-in one.
    pub catalog_file: Option<PathBuf>,
    /// How often each connection is checked; `None` never.
    pub check_every: Option<Duration>,
    /// How many requests one API token may send in a minute.
    pub api_requests_per_minute: NonZeroU32,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Log filter.
    pub log: String,
    /// Log format.
    pub log_format: LogFormat,
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// The first variable that cannot be used, with what it expects.
    pub fn from_env() -> Result<Self, ConfigError> {
        #[expect(clippy::disallowed_methods, reason = "this is where settings are read")]
        let value_of = |name: &str| std::env::var_os(name);
        // Taking what cannot be read for unset would open another database than the one that was meant.
        let is_unreadable = |setting: &&Setting| value_of(setting.name).is_some_and(|value| value.to_str().is_none());
        if let Some(setting) = SETTINGS.iter().find(is_unreadable) {
            return Err(wrong(setting.name, "The value is not UTF-8.", "text"));
        }
        Self::read(|name| value_of(name).and_then(|value| value.into_string().ok()))
    }

    /// Reads settings from anywhere. An empty value counts as not set.
    ///
    /// # Errors
    /// The first variable that cannot be used, with what it expects.
    pub fn read(value_of: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let values = Values::new(value_of);
        let listen: SocketAddr = values.parse_or(
            "CLAVIGER_LISTEN",
            "an IP address and a port, such as 127.0.0.1:8080",
            SocketAddr::from(([127, 0, 0, 1], 8080)),
        )?;
        let data = values.path("CLAVIGER_DATA").unwrap_or_else(|| PathBuf::from("data"));
        Ok(Self {
            public_url: values.public_url(listen)?,
            database: values.database(&data)?,
            database_pool: values.number("CLAVIGER_DATABASE_POOL", "a whole number from 1 to 64", 1..=64, 8)?,
            master_key_file: values
                .path("CLAVIGER_MASTER_KEY_FILE")
                .unwrap_or_else(|| data.join("keys").join("master.key")),
            egress_allow: values.list("CLAVIGER_EGRESS_ALLOW", "addresses or blocks, each with or without a port")?,
            egress_proxy: values.egress_proxy()?,
            ca_file: values.path("CLAVIGER_CA_FILE"),
            vendor_bases: values.vendor_bases()?,
            catalog_file: values.path("CLAVIGER_CATALOG_FILE"),
            check_every: values.check_every()?,
            api_requests_per_minute: values.api_requests_per_minute()?,
            trusted_proxies: values.trusted_proxies()?,
            log: values.log()?,
            log_format: values.log_format()?,
            listen,
            data,
        })
    }

    /// Whether people reach the server by https, so that HSTS may be sent.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// The public origin as browsers send it in `Origin`.
    #[must_use]
    pub fn public_origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }

    /// Each setting with its value now, for `claviger config`. Passwords are left out.
    #[must_use]
    pub fn values(&self) -> Vec<(Setting, String)> {
        SETTINGS.iter().map(|setting| (*setting, self.value(setting.name))).collect()
    }

    fn value(&self, name: &str) -> String {
        let path = |path: &Option<PathBuf>| path.as_deref().map_or_else(String::new, show_path);
        match name {
            "CLAVIGER_LISTEN" => self.listen.to_string(),
            "CLAVIGER_PUBLIC_URL" => self.public_origin(),
            "CLAVIGER_DATA" => show_path(&self.data),
            "CLAVIGER_DATABASE_URL" => self.database.to_string(),
            "CLAVIGER_DATABASE_POOL" => self.database_pool.to_string(),
            "CLAVIGER_MASTER_KEY_FILE" => show_path(&self.master_key_file),
            "CLAVIGER_EGRESS_ALLOW" => join(&self.egress_allow),
            "CLAVIGER_EGRESS_PROXY" => {
                self.egress_proxy.as_ref().map_or_else(String::new, |url| without_password(url.as_str()))
            }
            "CLAVIGER_CA_FILE" => path(&self.ca_file),
            "CLAVIGER_OPENAI_BASE_URL" => self.vendor_bases.openai.to_string(),
            "CLAVIGER_GEMINI_BASE_URL" => self.vendor_bases.gemini.to_string(),
            "CLAVIGER_VERTEX_BASE_URL" => {
                self.vendor_bases.vertex.as_ref().map_or_else(String::new, ToString::to_string)
            }
            "CLAVIGER_ANTHROPIC_BASE_URL" => self.vendor_bases.anthropic.to_string(),
            "CLAVIGER_GOOGLE_TOKEN_URL" => self.vendor_bases.google_token.to_string(),
            "CLAVIGER_CATALOG_FILE" => path(&self.catalog_file),
            "CLAVIGER_CHECK_EVERY_MINUTES" => {
                self.check_every.map_or_else(|| "0".into(), |every| (every.as_secs() / 60).to_string())
            }
            "CLAVIGER_API_REQUESTS_PER_MINUTE" => self.api_requests_per_minute.to_string(),
            "CLAVIGER_TRUSTED_PROXIES" => join(&self.trusted_proxies),
            "CLAVIGER_LOG" => self.log.clone(),
            "CLAVIGER_LOG_FORMAT" => match self.log_format {
                LogFormat::Text => "text".into(),
                LogFormat::Json => "json".into(),
            },
            _ => String::new(),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.values().iter().map(|(setting, value)| (setting.name, value))).finish()
    }
}

fn show_path(path: &Path) -> String {
    path.display().to_string()
}

fn join<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
