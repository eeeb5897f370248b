//! What is never dialled, seen from the server that is not dialled.

use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use claviger::domain::check::Verdict;
use claviger::providers::outbound::{Call, CallError, OutboundSettings};
use claviger::providers::policy::{Refusal, UrlProblem};

use super::peers::{Peer, closed_port};
use super::{FINE, listing, outbound, outbound_looking_up, outbound_naming};

#[tokio::test]
async fn a_private_server_hears_nothing_until_it_is_listed() {
    let peer = Peer::saying(FINE);
    let url = peer.url("http", "127.0.0.1");
    for allow in ["", "10.0.0.0/8", "127.0.0.1:1"] {
        let error = outbound(listing(allow)).call(Call::get(url.clone())).await.err();
        assert_eq!(error, Some(CallError::Refused(Refusal::Localhost)), "{allow}");
    }
    assert_eq!(peer.n_connections(), 0);
    assert!(outbound(listing(&peer.addr.to_string())).call(Call::get(url)).await.is_ok());
    assert_eq!(peer.n_connections(), 1);
}

#[tokio::test]
async fn localhost_reaches_what_is_listed_by_its_address() {
    let peer = Peer::saying(FINE);
    let client = outbound(listing(&peer.addr.to_string()));
    assert!(client.call(Call::get(peer.url("http", "localhost"))).await.is_ok());
    let closed = outbound(listing("")).call(Call::get(peer.url("https", "localhost"))).await.err();
    assert_eq!(closed, Some(CallError::Refused(Refusal::Localhost)));
}

#[tokio::test]
async fn a_name_is_dialled_at_the_address_it_was_judged_by() {
    let peer = Peer::saying(FINE);
    let client = outbound_naming(listing("127.0.0.1"), &["127.0.0.1"]);
    assert!(client.call(Call::get(peer.url("http", "llm.fennel.example"))).await.is_ok());
    assert!(peer.heads()[0].contains(&format!("host: llm.fennel.example:{}\r\n", peer.addr.port())));
}

#[tokio::test]
async fn one_closed_address_closes_the_whole_name() {
    let peer = Peer::saying(FINE);
    for others in [["127.0.0.1", "10.0.0.1"], ["169.254.169.254", "127.0.0.1"], ["127.0.0.1", "::1"]] {
        let client = outbound_naming(listing("127.0.0.1"), &others);
        let error = client.call(Call::get(peer.url("http", "llm.fennel.example"))).await.err();
        assert_eq!(error, Some(CallError::Refused(Refusal::Private)), "{others:?}");
    }
    assert_eq!(peer.n_connections(), 0);
}

/// A name server that gives an open address first and a closed one from then on. The judged answer must be the
/// only one that a call asks for, and the next call must not remember it.
#[tokio::test]
async fn a_name_that_changes_its_address_gets_no_second_lookup_within_a_call() {
    let peer = Peer::saying(FINE);
    let n_lookups = Arc::new(AtomicUsize::new(0));
    let count = n_lookups.clone();
    let client = outbound_looking_up(
        listing("127.0.0.1"),
        Arc::new(move |_| {
            let is_first = count.fetch_add(1, Ordering::SeqCst) == 0;
            let ip = IpAddr::from(if is_first { [127, 0, 0, 1] } else { [127, 0, 0, 2] });
            Box::pin(std::future::ready(Ok(vec![ip])))
        }),
    );
    let call = || Call::get(peer.url("http", "rebind.example"));
    assert!(client.call(call()).await.is_ok());
    assert_eq!((n_lookups.load(Ordering::SeqCst), peer.n_connections()), (1, 1));
    assert_eq!(client.call(call()).await.err(), Some(CallError::Refused(Refusal::Private)));
    assert_eq!((n_lookups.load(Ordering::SeqCst), peer.n_connections()), (2, 1));
}

#[tokio::test]
async fn metadata_is_refused_when_everything_is_listed() {
    let open = listing("0.0.0.0/0,::/0");
    for url in ["http://169.254.169.254/latest/", "http://[fd00:ec2::254]/", "http://metadata.google.internal/"] {
        let error = outbound(open.clone()).call(Call::get(url.parse().expect(url))).await.err();
        assert_eq!(error, Some(CallError::Refused(Refusal::Never)), "{url}");
    }
    let client = outbound_naming(open, &["169.254.169.254"]);
    let error = client.call(Call::get("http://harmless.example/".parse().expect("a URL"))).await.err();
    assert_eq!(error, Some(CallError::Refused(Refusal::Private)));
}

#[tokio::test]
async fn this_server_does_not_call_itself() {
    let peer = Peer::saying(FINE);
    let everywhere = std::net::SocketAddr::from(([0, 0, 0, 0], peer.addr.port()));
    for own in [peer.addr, everywhere] {
        let settings = OutboundSettings { own_listen: Some(own), ..listing("0.0.0.0/0") };
        let error = outbound(settings.clone()).call(Call::get(peer.url("http", "127.0.0.1"))).await.err();
        assert_eq!(error, Some(CallError::Refused(Refusal::OwnAddress)));
        let client = outbound_naming(settings, &["127.0.0.1"]);
        let error = client.call(Call::get(peer.url("http", "me.example"))).await.err();
        assert_eq!(error, Some(CallError::Refused(Refusal::Private)));
    }
    assert_eq!(peer.n_connections(), 0);
}

/// A server that listens on all addresses also has one in its network, which no setting names. (Where this machine
/// has no network at all, only the unit test of the same rule runs.)
#[tokio::test]
async fn this_server_does_not_call_itself_by_its_network_address() {
    let Some(ip) = network_address() else { return };
    let port = closed_port().port();
    let url: url::Url = format!("http://{ip}:{port}/").parse().expect("a URL");
    let on = |own: &str| OutboundSettings { own_listen: own.parse().ok(), ..listing("0.0.0.0/0") };
    let error = outbound(on(&format!("0.0.0.0:{port}"))).call(Call::get(url.clone())).await.err();
    assert_eq!(error, Some(CallError::Refused(Refusal::OwnAddress)));
    let error = outbound(on(&format!("127.0.0.1:{port}"))).call(Call::get(url)).await.err();
    assert_eq!(error, Some(CallError::ConnectionRefused));
}

/// The address from which this machine would send into its network. Nothing is sent.
fn network_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("198.51.100.77:9").ok()?;
    socket.local_addr().ok().map(|addr| addr.ip())
}

#[tokio::test]
async fn a_key_crosses_the_internet_only_with_tls() {
    let client = outbound_naming(listing("10.0.0.0/8"), &["1.1.1.1"]);
    let error = client.call(Call::get("http://llm.fennel.example/".parse().expect("a URL"))).await.err();
    assert_eq!(error, Some(CallError::Refused(Refusal::PlainHttp)));
    assert_eq!(error.map(|error| error.verdict()), Some(Verdict::PolicyBlocked));
}

#[tokio::test]
async fn a_url_is_judged_again_when_it_is_used() {
    let peer = Peer::saying(FINE);
    let client = outbound(listing("127.0.0.1"));
    let url = format!("http://user:pass@{}/", peer.addr).parse().expect("a URL");
    assert_eq!(client.call(Call::get(url)).await.err(), Some(CallError::Url(UrlProblem::Userinfo)));
    let url = "ftp://127.0.0.1/".parse().expect("a URL");
    assert_eq!(client.call(Call::get(url)).await.err(), Some(CallError::Url(UrlProblem::Scheme)));
    assert_eq!(peer.n_connections(), 0);
}
