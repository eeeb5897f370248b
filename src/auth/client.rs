//! From where a request comes, and with which browser.

use std::net::IpAddr;

use actix_web::http::header::{self, HeaderMap, HeaderName};
use ipnet::IpNet;

/// Longest browser name that is kept, in characters.
const LONGEST_USER_AGENT: usize = 200;

/// The client's address: the peer's, or, if the peer is one of our proxies, the nearest address in
/// `X-Forwarded-For` that is not. What stands further left in there can be written by anybody.
#[must_use]
pub fn ip(peer: Option<IpAddr>, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> Option<IpAddr> {
    let is_ours = |ip: IpAddr| trusted_proxies.iter().any(|net| net.contains(&ip));
    let mut client = peer?.to_canonical();
    let forwarded: Vec<&str> = headers
        .get_all(HeaderName::from_static("x-forwarded-for"))
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for hop in forwarded.iter().rev() {
        if !is_ours(client) {
            break;
        }
        let Ok(ip) = hop.trim().parse::<IpAddr>() else { break };
        client = ip.to_canonical();
    }
    Some(client)
}

/// The browser as it names itself, cut to a sensible length.
#[must_use]
pub fn user_agent(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.chars().filter(|c| !c.is_control()).take(LONGEST_USER_AGENT).collect()
}

/// What a person calls that browser: "Firefox on macOS".
#[must_use]
pub fn browser_name(user_agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    // The order matters: Edge and Opera also call themselves Chrome, and everybody calls themselves Safari.
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => "Another program".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn from(peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_static(value));
        }
        let ours = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        ip(Some(peer.parse().unwrap()), &headers, &ours).unwrap().to_string()
    }

    #[test]
    fn only_our_own_proxies_are_believed() {
        assert_eq!(from("198.51.100.7", &["203.0.113.9"]), "198.51.100.7");
        assert_eq!(from("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(from("10.0.0.1", &["1.2.3.4, 203.0.113.9, 10.9.9.9"]), "203.0.113.9");
        assert_eq!(from("::1", &["1.2.3.4", "203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn a_garbled_hop_ends_the_search() {
        assert_eq!(from("10.0.0.1", &["203.0.113.9, unknown"]), "10.0.0.1");
        assert_eq!(from("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(from("::ffff:198.51.100.7", &["203.0.113.9"]), "198.51.100.7");
    }

    #[test]
    fn browsers_are_called_what_people_call_them() {
        for (user_agent, name) in [
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.1; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox on macOS"),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0",
                "Edge on Windows",
            ),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Safari/604.1", "Safari on iPhone"),
            ("curl/8.5.0", "curl"),
            ("", "Another program"),
        ] {
            assert_eq!(browser_name(user_agent), name);
        }
    }
}
