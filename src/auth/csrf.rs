//! Requests that change something must come from our own pages: the browser says so, and the form proves it with
//! a token that is bound to the session, or, before anybody is signed in, to a cookie of its own.

use actix_web::http::header::{self, HeaderMap, HeaderName};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::Url;

use crate::app::InstallationKeys;
use crate::error::{Error, Result};

/// The name of the field in every form.
pub const FIELD: &str = "csrf";

const MASK_BYTES: usize = 16;

/// A token for the forms of one page. Each is different, so that a compressed page does not betray it bit by bit.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn token(keys: &InstallationKeys, bound_to: &str) -> Result<String> {
    let mask = super::random::<MASK_BYTES>()?;
    let mac = mac(keys, bound_to, &mask)?.finalize().into_bytes();
    Ok(URL_SAFE_NO_PAD.encode([mask.as_slice(), mac.as_slice()].concat()))
}

/// Whether a token is ours, for that session. Takes the same time for every wrong one.
#[must_use]
pub fn is_ours(keys: &InstallationKeys, bound_to: &str, token: &str) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else { return false };
    let Some((mask, tag)) = bytes.split_at_checked(MASK_BYTES) else { return false };
    mac(keys, bound_to, mask).is_ok_and(|mac| mac.verify_slice(tag).is_ok())
}

/// Whether a request comes from a page at one of our own origins, as far as the browser says. A request that
/// says nothing at all is refused: every browser of the last ten years sends one of the three headers.
#[must_use]
pub fn comes_from(origins: &[String], headers: &HeaderMap) -> bool {
    let all = |name: HeaderName| -> Vec<&str> {
        headers.get_all(name).map(|value| value.to_str().unwrap_or("unreadable")).collect()
    };
    let is_ours = |origin: &str| origins.iter().any(|ours| ours == origin);
    let sites = all(HeaderName::from_static("sec-fetch-site"));
    if sites.iter().any(|site| *site != "same-origin") {
        return false;
    }
    let named = all(header::ORIGIN);
    if named.iter().any(|origin| !is_ours(origin)) {
        return false;
    }
    if !sites.is_empty() || !named.is_empty() {
        return true;
    }
    let pages = all(header::REFERER);
    let origin_of = |page: &str| Url::parse(page).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    !pages.is_empty() && pages.iter().all(|page| is_ours(&origin_of(page)))
}

/// The origins that our own pages can have: the public one, and on the machine itself all names for it.
#[must_use]
pub fn own_origins(public_url: &Url) -> Vec<String> {
    const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
    let mut origins = vec![public_url.origin().ascii_serialization()];
    let is_loopback = public_url.host_str().is_some_and(|host| LOOPBACK.contains(&host));
    if let (true, Some(port)) = (is_loopback, public_url.port_or_known_default()) {
        let names =
            LOOPBACK.iter().filter_map(|name| Url::parse(&format!("{}://{name}:{port}", public_url.scheme())).ok());
        origins.extend(names.map(|url| url.origin().ascii_serialization()));
    }
    origins
}

fn mac(keys: &InstallationKeys, bound_to: &str, mask: &[u8]) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(keys.csrf.as_slice()).map_err(Error::internal)?;
    mac.update(b"form\0");
    mac.update(mask);
    mac.update(bound_to.as_bytes());
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn judge(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        comes_from(&own_origins(&Url::parse("https://keys.example.com").unwrap()), &headers)
    }

    #[test]
    fn only_requests_of_our_own_pages_pass() {
        for good in [
            vec![("sec-fetch-site", "same-origin"), ("origin", "https://keys.example.com")],
            vec![("sec-fetch-site", "same-origin")],
            vec![("origin", "https://keys.example.com")],
            vec![("referer", "https://keys.example.com/providers?x=1")],
        ] {
            assert!(judge(&good), "{good:?}");
        }
        for bad in [
            vec![],
            vec![("sec-fetch-site", "cross-site"), ("origin", "https://keys.example.com")],
            vec![("sec-fetch-site", "same-site")],
            vec![("sec-fetch-site", "none")],
            vec![("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
            vec![("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
            vec![("origin", "null")],
            vec![("origin", "http://keys.example.com")],
            vec![("origin", "https://keys.example.com:8443")],
            vec![("origin", "https://keys.example.com.evil.example")],
            vec![("origin", "https://keys.example.com"), ("origin", "https://evil.example")],
            vec![("referer", "https://evil.example/https://keys.example.com/")],
            vec![("referer", "https://keys.example.com@evil.example/")],
            vec![("referer", "")],
        ] {
            assert!(!judge(&bad), "{bad:?}");
        }
    }

    #[test]
    fn the_machine_itself_goes_by_three_names() {
        let origins = own_origins(&Url::parse("http://127.0.0.1:8080").unwrap());
        for name in ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"] {
            assert!(origins.iter().any(|origin| origin == name), "{name} in {origins:?}");
        }
        assert_eq!(own_origins(&Url::parse("https://keys.example.com").unwrap()).len(), 1);
    }
}
