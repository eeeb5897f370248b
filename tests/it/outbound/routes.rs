//! The first three steps of a check.

use claviger::domain::check::{Outcome, StepKind};
use claviger::providers::outbound::{Call, CallError, Outbound, OutboundSettings, Route};
use claviger::providers::policy::Refusal;

use super::peers::{Authority, Peer, Validity, closed_port};
use super::{FINE, listing, outbound_failing, outbound_naming};

const HOST: &str = "llm.fennel.example";

async fn probe(client: &Outbound, url: &str) -> Route {
    client.probe(&url.parse().expect(url)).await
}

/// The outcomes of all steps, after a look at what holds of every route.
fn outcomes(route: &Route) -> Vec<Outcome> {
    let kinds: Vec<StepKind> = route.steps.iter().map(|step| step.kind).collect();
    assert_eq!(kinds, [StepKind::Address, StepKind::NetworkPolicy, StepKind::SecureConnection]);
    for step in &route.steps {
        assert_eq!(step.took_ms.is_none(), step.outcome == Outcome::NotTried, "{step:?}");
    }
    assert_eq!(route.failure.is_some(), route.steps.iter().any(|step| step.outcome == Outcome::Failed));
    route.steps.iter().map(|step| step.outcome).collect()
}

#[tokio::test]
async fn a_way_that_is_open_passes_in_three_steps_and_sends_no_request() {
    let authority = Authority::new();
    let peer = Peer::saying_over_tls(FINE, authority.server(HOST, Validity::Long));
    let settings = OutboundSettings { ca_file: Some(authority.file()), ..listing("127.0.0.1") };
    let client = outbound_naming(settings, &["127.0.0.1"]);
    let route = client.probe(&peer.url("https", HOST)).await;
    assert_eq!(outcomes(&route), [Outcome::Passed; 3]);
    assert_eq!(route.steps[0].detail, "llm.fennel.example is 127.0.0.1");
    assert_eq!(route.steps[2].detail, "Certificate is valid until 1 Jan 4000");
    assert_eq!((peer.n_connections(), peer.heads().len()), (1, 0));
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_a_warning() {
    let authority = Authority::new();
    let peer = Peer::saying_over_tls(FINE, authority.server(HOST, Validity::EndsTomorrow));
    let settings = OutboundSettings { ca_file: Some(authority.file()), ..listing("127.0.0.1") };
    let route = outbound_naming(settings, &["127.0.0.1"]).probe(&peer.url("https", HOST)).await;
    assert_eq!(outcomes(&route), [Outcome::Passed, Outcome::Passed, Outcome::Warning]);
    assert!(route.steps[2].detail.starts_with("The certificate ends on "), "{}", route.steps[2].detail);
}

#[tokio::test]
async fn a_listed_server_without_tls_passes_and_says_so() {
    let peer = Peer::saying(FINE);
    let route = outbound_naming(listing("127.0.0.1"), &[]).probe(&peer.url("http", "127.0.0.1")).await;
    assert_eq!(outcomes(&route), [Outcome::Passed, Outcome::Passed, Outcome::NotTried]);
    assert_eq!(route.steps[2].title, "Not encrypted (plain http)");
    assert!(route.steps[2].detail.starts_with("Without encryption"));
}

#[tokio::test]
async fn a_closed_name_stops_at_the_policy_and_its_address_is_not_told() {
    let client = outbound_naming(listing(""), &["10.11.12.13"]);
    let route = probe(&client, "https://llm.fennel.example/").await;
    assert_eq!(outcomes(&route), [Outcome::Passed, Outcome::Failed, Outcome::NotTried]);
    assert_eq!(route.failure, Some(CallError::Refused(Refusal::Private)));
    assert!(!format!("{route:?}").contains("10.11.12.13"));
}

#[tokio::test]
async fn a_closed_address_stops_at_the_policy_without_a_lookup() {
    let client = outbound_failing(listing(""), "nobody may ask");
    let route = probe(&client, "https://127.0.0.1/").await;
    assert_eq!(outcomes(&route), [Outcome::NotTried, Outcome::Failed, Outcome::NotTried]);
    assert_eq!(
        route.steps[1].detail,
        "localhost here means the machine this app runs on. Use an address other servers can reach, or ask whoever runs this server to allow it with CLAVIGER_EGRESS_ALLOW."
    );
}

#[tokio::test]
async fn an_unknown_name_stops_at_the_address() {
    let client = outbound_failing(listing(""), "failed to lookup address information: Name or service not known");
    let route = probe(&client, "https://llm.fennel.example/").await;
    assert_eq!(outcomes(&route), [Outcome::Failed, Outcome::NotTried, Outcome::NotTried]);
    assert_eq!(route.failure, Some(CallError::UnknownHost));
}

#[tokio::test]
async fn a_closed_port_stops_at_the_connection() {
    let client = outbound_naming(listing("127.0.0.1"), &[]);
    let route = probe(&client, &format!("https://{}/", closed_port())).await;
    assert_eq!(outcomes(&route), [Outcome::Passed, Outcome::Passed, Outcome::Failed]);
    assert_eq!(route.failure, Some(CallError::ConnectionRefused));
}

#[tokio::test]
async fn a_server_that_never_shakes_hands_is_given_up_before_the_whole_time_is_up() {
    let peer = Peer::silent();
    let client = outbound_naming(listing("127.0.0.1"), &[]);
    let url = peer.url("https", "127.0.0.1");
    let (route, answer) = tokio::join!(client.probe(&url), client.call(Call::get(url.clone())));
    assert_eq!(route.failure, Some(CallError::TimedOut { after_s: 5 }));
    assert_eq!(answer.err(), Some(CallError::TimedOut { after_s: 5 }));
}
