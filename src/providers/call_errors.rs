//! Why a call gave no answer, in a word for the program and in words for people.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate};
use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use super::policy::{Refusal, UrlProblem};
use crate::domain::check::Verdict;

/// Why a call gave no answer. Holds neither an address nor a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The URL is none that is ever called.
    #[error("the URL is not one to call")]
    Url(UrlProblem),
    /// The network policy forbids the address.
    #[error("the network policy forbids the address")]
    Refused(Refusal),
    /// The name has no address.
    #[error("no server of that name")]
    UnknownHost,
    /// The name could not be looked up, because the name service gave no answer.
    #[error("the name service gave no answer")]
    NoNameService,
    /// Nobody listens there.
    #[error("connection refused")]
    ConnectionRefused,
    /// No way there.
    #[error("no route to the server")]
    NoRoute,
    /// The time was up.
    #[error("no answer in {after_s} seconds")]
    TimedOut {
        /// The time that had passed, in whole seconds, at least 1.
        after_s: u32,
    },
    /// The operator's proxy did not connect us.
    #[error("the proxy did not connect us")]
    ProxyFailed,
    /// The connection cannot be secured.
    #[error("the connection cannot be secured")]
    Tls(TlsProblem),
    /// It hung up before the answer was complete.
    #[error("the connection was closed early")]
    HungUp,
    /// The answer, or its headers, are longer than the call allows.
    #[error("the answer is too long")]
    TooLarge,
    /// It sends us elsewhere, where a secret must not follow.
    #[error("the answer is a redirect")]
    Redirected,
    /// What came back is not HTTP, or breaks off.
    #[error("the answer is not HTTP, or breaks off")]
    BrokenAnswer,
    /// No header can carry the secret.
    #[error("a header cannot carry the secret")]
    UnsendableSecret,
}

/// What is wrong with a server's TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsProblem {
    /// Its certificate has ended.
    Expired {
        /// The last day, if we know.
        ended_on: Option<NaiveDate>,
    },
    /// Its certificate does not hold yet.
    NotYetValid {
        /// The first day, if we know.
        starts_on: Option<NaiveDate>,
    },
    /// Its certificate is for another name.
    WrongName,
    /// Nobody this server trusts has signed its certificate.
    UnknownIssuer,
    /// It has signed its certificate itself, and made itself an authority by that, as `openssl req -x509` does.
    SelfSigned,
    /// Its certificate has been revoked, or is broken in another way.
    BadCertificate,
    /// It does not speak TLS, or none that we speak.
    NoTls,
}

impl CallError {
    /// The verdict that a check comes to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Url(_) => Verdict::WrongEndpoint,
            Self::Refused(_) => Verdict::PolicyBlocked,
            Self::UnknownHost => Verdict::UnknownHost,
            Self::NoNameService
            | Self::ConnectionRefused
            | Self::NoRoute
            | Self::TimedOut { .. }
            | Self::ProxyFailed
            | Self::HungUp => Verdict::Unreachable,
            Self::Tls(_) => Verdict::InsecureConnection,
            Self::TooLarge | Self::Redirected | Self::BrokenAnswer => Verdict::StrangeAnswer,
            Self::UnsendableSecret => Verdict::BadKey,
        }
    }

    /// What to tell the person: what happened, why, and what to do.
    #[must_use]
    pub fn sentence(&self, host: &str) -> String {
        match self {
            Self::Url(problem) => problem.to_string(),
            Self::Refused(refusal) => refusal.to_string(),
            Self::UnknownHost => {
                format!("There’s no server called {host}. Check the spelling of the endpoint.")
            }
            Self::NoNameService => format!(
                "We couldn’t look up {host} (the name service didn’t answer). Check again later, or ask whoever runs this server to look at its DNS."
            ),
            Self::ConnectionRefused => unreached(host, "it refused the connection"),
            Self::NoRoute => unreached(host, "there’s no way to its network"),
            Self::TimedOut { after_s: 1 } => unreached(host, "no answer in 1 second"),
            Self::TimedOut { after_s } => unreached(host, &format!("no answer in {after_s} seconds")),
            Self::HungUp => unreached(host, "it closed the connection without answering"),
            Self::ProxyFailed => format!(
                "We couldn’t reach {host}: the proxy that this server calls out through didn’t connect us. Check the spelling of the endpoint, or ask whoever runs this server to open the proxy for it."
            ),
            Self::Tls(problem) => problem.sentence(host),
            Self::TooLarge => format!(
                "{host} answered with much more than a model server would. Check that the endpoint is the model server’s own address."
            ),
            Self::Redirected => format!(
                "{host} sent us to another address, and we don’t take a key along. Enter the address that answers directly."
            ),
            Self::BrokenAnswer => format!(
                "{host} broke off its answer, or doesn’t speak HTTP. Check the port, and whether the address starts with https://."
            ),
            Self::UnsendableSecret => {
                "The key has a character in it that no request can carry. Paste it again.".to_owned()
            }
        }
    }

    /// The time was up after that long.
    #[must_use]
    pub fn timed_out(after: Duration) -> Self {
        let after_s = u32::try_from((after.as_millis() + 500) / 1000).unwrap_or(u32::MAX);
        Self::TimedOut { after_s: after_s.max(1) }
    }

    /// What lies at the bottom of an error of a connection, as far as its chain tells.
    pub(super) fn from_chain(error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut next = Some(error);
        let mut found = None;
        while let Some(error) = next {
            if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                return Some(Self::Tls(TlsProblem::from(tls)));
            }
            if let Some(io) = error.downcast_ref::<io::Error>() {
                found = found.or(Self::from_io_kind(io.kind()));
                // `source` of an I/O error skips the very error that it wraps.
                if let Some(inner) = io.get_ref() {
                    next = Some(inner);
                    continue;
                }
            }
            next = error.source();
        }
        found
    }

    fn from_io_kind(kind: io::ErrorKind) -> Option<Self> {
        match kind {
            io::ErrorKind::ConnectionRefused => Some(Self::ConnectionRefused),
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::PermissionDenied => Some(Self::NoRoute),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => Some(Self::HungUp),
            _ => None,
        }
    }
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<UrlProblem> for CallError {
    fn from(problem: UrlProblem) -> Self {
        match problem {
            UrlProblem::Blocked(refusal) => Self::Refused(refusal),
            problem => Self::Url(problem),
        }
    }
}

impl TlsProblem {
    fn sentence(self, host: &str) -> String {
        match self {
            Self::Expired { ended_on } => {
                let when = ended_on.map_or("it has ended".to_owned(), |day| format!("it ended on {}", day_words(day)));
                format!("{host}’s certificate isn’t valid ({when}). Renew it, then check again.")
            }
            Self::NotYetValid { starts_on } => {
                let when = starts_on
                    .map_or("it hasn’t started".to_owned(), |day| format!("it starts on {}", day_words(day)));
                format!("{host}’s certificate isn’t valid yet ({when}). Check the clocks of both servers.")
            }
            Self::WrongName => format!(
                "{host}’s certificate isn’t valid (it’s for another name). Use the name that it’s for, or give the server a certificate for this one."
            ),
            Self::UnknownIssuer => format!(
                "{host}’s certificate isn’t valid (we don’t know who signed it). Use one from a public authority, or ask whoever runs this server to add yours with CLAVIGER_CA_FILE."
            ),
            Self::SelfSigned => format!(
                "{host}’s certificate isn’t valid (the server signed it itself). Use one from a public authority, or one signed by an authority of your own, and ask whoever runs this server to add that with CLAVIGER_CA_FILE."
            ),
            Self::BadCertificate => {
                format!("{host}’s certificate isn’t valid. Replace it, then check again.")
            }
            Self::NoTls => format!(
                "{host} doesn’t offer a secure connection at this port. Check the port, and that the server offers TLS 1.2 or newer."
            ),
        }
    }
}

impl From<&rustls::Error> for TlsProblem {
    fn from(error: &rustls::Error) -> Self {
        let rustls::Error::InvalidCertificate(problem) = error else { return Self::NoTls };
        match problem {
            CertificateError::Expired => Self::Expired { ended_on: None },
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired { ended_on: day(*not_after) },
            CertificateError::NotValidYet => Self::NotYetValid { starts_on: None },
            CertificateError::NotValidYetContext { not_before, .. } => {
                Self::NotYetValid { starts_on: day(*not_before) }
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::WrongName,
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            // The verifier's own error type is not public; its name is.
            CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => Self::SelfSigned,
            _ => Self::BadCertificate,
        }
    }
}

/// A day as people write it: `3 Nov`, with the year if it is not this one.
pub(super) fn day_words(day: NaiveDate) -> String {
    let format = if today().is_some_and(|today| today.year() == day.year()) { "%-d %b" } else { "%-d %b %Y" };
    day.format(format).to_string()
}

/// Today, as TLS knows it: certificates are judged by the system's real time, whatever the app's clock is set to.
pub(super) fn today() -> Option<NaiveDate> {
    day(UnixTime::now())
}

fn unreached(host: &str, why: &str) -> String {
    format!("We couldn’t reach {host} ({why}). If it’s behind a firewall, allow our addresses, then check again.")
}

fn day(time: UnixTime) -> Option<NaiveDate> {
    let seconds = i64::try_from(time.as_secs()).ok()?;
    Some(DateTime::from_timestamp(seconds, 0)?.date_naive())
}
