//! Certificates that hold, and ones that do not. The check's own handshake and the real call must agree.

use claviger::domain::check::Verdict;
use claviger::providers::outbound::{Call, CallError, Outbound, OutboundError, OutboundSettings, TlsProblem};

use rcgen::{BasicConstraints, IsCa};

use super::peers::{Authority, Peer, Validity, self_signed_server};
use super::{FINE, listing, outbound_naming};

const HOST: &str = "llm.fennel.example";

fn trusting(authority: &Authority) -> Outbound {
    let settings = OutboundSettings { ca_file: Some(authority.file()), ..listing("127.0.0.1") };
    outbound_naming(settings, &["127.0.0.1"])
}

/// What a call and a probe say about a server; they must say the same.
async fn failure_at(client: &Outbound, peer: &Peer) -> Option<CallError> {
    let url = peer.url("https", HOST);
    let of_call = client.call(Call::get(url.clone())).await.err();
    let of_probe = client.probe(&url).await.failure;
    assert_eq!(of_call, of_probe);
    of_call
}

#[tokio::test]
async fn a_certificate_of_the_operators_own_authority_is_trusted() {
    let authority = Authority::new();
    let peer = Peer::saying_over_tls(FINE, authority.server(HOST, Validity::Long));
    assert_eq!(failure_at(&trusting(&authority), &peer).await, None);
    assert!(peer.heads()[0].starts_with("GET /v1/models HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_certificate_for_an_address_is_trusted_at_that_address() {
    let authority = Authority::new();
    let peer = Peer::saying_over_tls(FINE, authority.server("127.0.0.1", Validity::Long));
    let url = peer.url("https", "127.0.0.1");
    let client = trusting(&authority);
    assert!(client.call(Call::get(url.clone())).await.is_ok());
    assert_eq!(client.probe(&url).await.failure, None);
}

#[tokio::test]
async fn a_certificate_that_has_ended_is_named_with_its_day() {
    let authority = Authority::new();
    let peer = Peer::saying_over_tls(FINE, authority.server(HOST, Validity::EndedIn2020));
    let failure = failure_at(&trusting(&authority), &peer).await.expect("a failure");
    assert_eq!(failure.verdict(), Verdict::InsecureConnection);
    assert_eq!(
        failure.sentence(HOST),
        "llm.fennel.example’s certificate isn’t valid (it ended on 3 Nov 2020). Renew it, then check again."
    );
    assert!(peer.heads().is_empty(), "no request, and so no key, over such a connection");
}

#[tokio::test]
async fn certificates_that_do_not_fit_are_told_apart() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let client = trusting(&authority);
    let wrong_name = Peer::saying_over_tls(FINE, authority.server("other.example", Validity::Long));
    assert_eq!(failure_at(&client, &wrong_name).await, Some(CallError::Tls(TlsProblem::WrongName)));
    let unknown = Peer::saying_over_tls(FINE, stranger.server(HOST, Validity::Long));
    assert_eq!(failure_at(&client, &unknown).await, Some(CallError::Tls(TlsProblem::UnknownIssuer)));
    let early = Peer::saying_over_tls(FINE, authority.server(HOST, Validity::StartsIn4000));
    let failure = failure_at(&client, &early).await;
    assert!(matches!(failure, Some(CallError::Tls(TlsProblem::NotYetValid { starts_on: Some(_) }))), "{failure:?}");
    for peer in [wrong_name, unknown, early] {
        assert!(peer.heads().is_empty());
    }
}

#[tokio::test]
async fn a_server_that_signed_its_own_certificate_is_not_trusted() {
    let client = trusting(&Authority::new());
    let plain = Peer::saying_over_tls(FINE, self_signed_server(HOST, IsCa::NoCa));
    assert_eq!(failure_at(&client, &plain).await, Some(CallError::Tls(TlsProblem::UnknownIssuer)));
    let authority = IsCa::Ca(BasicConstraints::Unconstrained);
    let as_openssl_makes_it = Peer::saying_over_tls(FINE, self_signed_server(HOST, authority));
    assert_eq!(failure_at(&client, &as_openssl_makes_it).await, Some(CallError::Tls(TlsProblem::SelfSigned)));
}

#[tokio::test]
async fn http_2_is_spoken_where_the_server_offers_it() {
    let authority = Authority::new();
    let peer = Peer::fine_in_http2(&authority.server(HOST, Validity::Long));
    let answer = trusting(&authority).call(Call::get(peer.url("https", HOST))).await;
    assert_eq!(answer.map(|answer| answer.status).ok(), Some(200));
}

#[tokio::test]
async fn a_server_without_tls_is_said_to_have_none() {
    let speaks_first = Peer::saying_at_once("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    let client = trusting(&Authority::new());
    assert_eq!(failure_at(&client, &speaks_first).await, Some(CallError::Tls(TlsProblem::NoTls)));
}

#[test]
fn an_authority_file_without_a_certificate_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    for content in
        [None, Some(""), Some("not PEM"), Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    {
        if let Some(content) = content {
            std::fs::write(&file, content).expect("a file");
        }
        let settings = OutboundSettings { ca_file: Some(file.clone()), ..OutboundSettings::default() };
        let problem = Outbound::new(settings).expect_err("a problem");
        assert!(matches!(problem, OutboundError::CaFile(_) | OutboundError::Tls(_)), "{problem}");
    }
}
