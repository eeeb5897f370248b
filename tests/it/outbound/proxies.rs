//! The operator's proxy.

use claviger::domain::check::{Outcome, Verdict};
use claviger::providers::outbound::{Call, CallError, Outbound, OutboundError, OutboundSettings};
use claviger::providers::policy::Refusal;

use super::peers::{Authority, Peer, Validity, closed_port};
use super::{FINE, listing, outbound_failing, outbound_naming};

const HOST: &str = "llm.fennel.example";
const NO_SUCH_NAME: &str = "failed to lookup address information: Name or service not known";

fn through(proxy: std::net::SocketAddr, settings: OutboundSettings) -> OutboundSettings {
    let proxy = format!("http://egress:hunter2@{proxy}").parse().expect("a URL");
    OutboundSettings { proxy: Some(proxy), ..settings }
}

#[tokio::test]
async fn a_call_with_tls_goes_through_a_tunnel_that_the_proxy_looks_up() {
    let authority = Authority::new();
    let server = Peer::saying_over_tls(FINE, authority.server(HOST, Validity::Long));
    let proxy = Peer::proxy_to(server.addr);
    let settings = OutboundSettings { ca_file: Some(authority.file()), ..listing("") };
    let client = outbound_failing(through(proxy.addr, settings), NO_SUCH_NAME);

    let url = server.url("https", HOST);
    assert_eq!(client.call(Call::get(url)).await.expect("an answer").status, 200);
    let asked = &proxy.heads()[0];
    assert!(asked.starts_with(&format!("CONNECT {HOST}:{} HTTP/1.1\r\n", server.addr.port())), "{asked}");
    assert!(asked.to_ascii_lowercase().contains("proxy-authorization: basic zwdyzxnzomh1bnrlcji="), "{asked}");
    assert!(!server.heads()[0].to_ascii_lowercase().contains("proxy-"), "the server sees nothing of the proxy");
}

#[tokio::test]
async fn a_listed_server_without_tls_is_asked_through_the_proxy() {
    let server = Peer::saying(FINE);
    let proxy = Peer::proxy_to(server.addr);
    let client = outbound_naming(through(proxy.addr, listing("127.0.0.1")), &["127.0.0.1"]);
    let url = server.url("http", HOST);
    assert_eq!(client.call(Call::get(url.clone())).await.expect("an answer").status, 200);
    assert!(proxy.heads()[0].starts_with(&format!("GET {url} HTTP/1.1\r\n")), "{}", proxy.heads()[0]);
}

#[tokio::test]
async fn the_policy_holds_through_a_proxy() {
    let proxy = Peer::proxy_to(closed_port());
    let unknown = outbound_failing(through(proxy.addr, listing("0.0.0.0/0")), NO_SUCH_NAME);
    let private = outbound_naming(through(proxy.addr, listing("")), &["10.0.0.1"]);
    for (client, url, refusal) in [
        (&unknown, "https://169.254.169.254/", Refusal::Never),
        (&unknown, "https://metadata.google.internal/", Refusal::Never),
        (&unknown, "http://llm.fennel.example/", Refusal::PlainHttp),
        (&private, "https://10.0.0.1/", Refusal::Private),
        (&private, "https://llm.fennel.example/", Refusal::Private),
        (&private, "https://localhost/", Refusal::Localhost),
    ] {
        let error = client.call(Call::get(url.parse().expect(url))).await.err();
        assert_eq!(error, Some(CallError::Refused(refusal)), "{url}");
    }
    assert_eq!(proxy.n_connections(), 0);
}

#[tokio::test]
async fn a_proxy_that_does_not_connect_us_is_named_as_the_cause() {
    let refusing = Peer::saying("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    for proxy in [refusing.addr, closed_port()] {
        let client = outbound_failing(through(proxy, listing("")), NO_SUCH_NAME);
        let error = client.call(Call::get("https://llm.fennel.example/".parse().expect("a URL"))).await.err();
        assert_eq!(error, Some(CallError::ProxyFailed), "{proxy}");
        let error = error.expect("an error");
        assert_eq!(error.verdict(), Verdict::Unreachable);
        assert!(!format!("{error:?} {error} {}", error.sentence(HOST)).contains("hunter2"));
    }
}

#[tokio::test]
async fn a_check_says_that_it_went_through_the_proxy_and_hides_its_password() {
    let proxy = Peer::proxy_to(closed_port());
    let client = outbound_failing(through(proxy.addr, listing("")), NO_SUCH_NAME);
    let route = client.probe(&"https://llm.fennel.example/".parse().expect("a URL")).await;
    let outcomes: Vec<Outcome> = route.steps.iter().map(|step| step.outcome).collect();
    assert_eq!(outcomes, [Outcome::NotTried, Outcome::Passed, Outcome::Passed]);
    for step in &route.steps {
        assert!(step.detail.contains(&proxy.addr.to_string()), "{}", step.detail);
    }
    assert!(!format!("{route:?} {client:?}").contains("hunter2"));

    let client = outbound_failing(through(closed_port(), listing("")), NO_SUCH_NAME);
    let route = client.probe(&"https://llm.fennel.example/".parse().expect("a URL")).await;
    assert_eq!(route.failure, Some(CallError::ProxyFailed));
    assert_eq!(route.steps[2].outcome, Outcome::Failed);
}

#[test]
fn a_proxy_of_another_kind_is_refused() {
    let proxy = "socks5://egress:hunter2@127.0.0.1:1080".parse().expect("a URL");
    let problem = Outbound::new(OutboundSettings { proxy: Some(proxy), ..listing("") }).expect_err("a problem");
    assert!(matches!(problem, OutboundError::Proxy));
    assert!(!problem.to_string().contains("hunter2"));
}
