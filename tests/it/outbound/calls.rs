//! What comes back, and what does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use claviger::domain::check::Verdict;
use claviger::domain::secret::Secret;
use claviger::providers::outbound::{Answer, Call, CallError, Outbound};
use serde_json::json;

use super::peers::{Peer, closed_port, hang};
use super::{FINE, listing, outbound, outbound_failing, outbound_naming};

fn open_loopback() -> Outbound {
    outbound(listing("127.0.0.0/8"))
}

async fn get(peer: &Peer) -> Result<Answer, CallError> {
    open_loopback().call(Call::get(peer.url("http", "127.0.0.1")).within(Duration::from_secs(1))).await
}

fn error_of(answer: Result<Answer, CallError>) -> CallError {
    answer.err().expect("an error")
}

#[tokio::test]
async fn a_call_reaches_its_server() {
    let peer = Peer::saying(FINE);
    let answer = get(&peer).await.expect("an answer");
    assert_eq!((answer.status, answer.json()), (200, Some(json!({"ok": true}))));
    assert_eq!(peer.n_connections(), 1);
}

/// The child's environment names a proxy at which nobody listens, so the test above can only pass in it if the
/// client takes no notice.
#[test]
fn proxies_in_the_environment_are_ignored() {
    let proxy = format!("http://{}", closed_port());
    let mut child = std::process::Command::new(std::env::current_exe().expect("this binary"));
    child.args(["--exact", "outbound::calls::a_call_reaches_its_server"]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, &proxy);
    }
    let output = child.env("NO_PROXY", "").env("no_proxy", "").output().expect("a child");
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && words.contains("1 passed"), "{words}");
}

#[tokio::test]
async fn only_the_headers_of_the_call_are_sent_and_secrets_stand_where_they_should() {
    let peer = Peer::saying(FINE);
    let key = Secret::new("sk-canary-1234567890".to_owned());
    let call = Call::post_json(peer.url("http", "127.0.0.1"), json!({"model": "m"}))
        .header("anthropic-version", "2023-06-01")
        .secret_header("authorization", "Bearer ", &key);
    open_loopback().call(call).await.expect("an answer");

    let heads = peer.heads();
    let mut names: Vec<&str> =
        heads[0].lines().skip(1).filter_map(|line| line.split_once(": ")).map(|(name, _)| name).collect();
    names.sort_unstable();
    let expected =
        ["accept", "anthropic-version", "authorization", "content-length", "content-type", "host", "user-agent"];
    assert_eq!(names, expected);
    assert!(heads[0].starts_with("POST /v1/models HTTP/1.1\r\n"));
    assert!(heads[0].contains("authorization: Bearer sk-canary-1234567890\r\n"));
}

#[tokio::test]
async fn cookies_are_not_kept() {
    let peer = Peer::saying("HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n");
    let client = open_loopback();
    for _ in 0..2 {
        client.call(Call::get(peer.url("http", "127.0.0.1"))).await.expect("an answer");
    }
    assert_eq!(peer.heads().len(), 2);
    assert!(!peer.heads()[1].contains("cookie"));
}

#[tokio::test]
async fn a_key_that_no_header_can_carry_is_not_sent() {
    let peer = Peer::saying(FINE);
    let key = Secret::new("line\nbreak".to_owned());
    let call = Call::get(peer.url("http", "127.0.0.1")).secret_header("api-key", "", &key);
    assert_eq!(error_of(open_loopback().call(call).await), CallError::UnsendableSecret);
    assert_eq!(peer.n_connections(), 0);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Peer::saying(FINE);
    let to = target.addr;
    for status in [301, 302, 303, 307, 308] {
        let peer = Peer::start(move |_, wire| {
            let _ = write!(wire, "HTTP/1.1 {status} Moved\r\nlocation: http://{to}/\r\ncontent-length: 0\r\n\r\n");
        });
        let error = error_of(get(&peer).await);
        assert_eq!((error, error.verdict()), (CallError::Redirected, Verdict::StrangeAnswer));
    }
    assert_eq!(target.n_connections(), 0);
}

#[tokio::test]
async fn an_error_status_is_an_answer() {
    let peer = Peer::saying("HTTP/1.1 429 Too Many Requests\r\nretry-after: 20\r\ncontent-length: 2\r\n\r\n{}");
    let answer = get(&peer).await.expect("an answer");
    assert_eq!((answer.status, answer.retry_after_s(), answer.is_success()), (429, Some(20), false));
}

#[tokio::test]
async fn ten_megabytes_are_refused_when_they_are_announced() {
    let peer = Peer::start(|_, wire| {
        let _ = wire.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10485760\r\n\r\n");
        hang();
    });
    assert_eq!(error_of(get(&peer).await), CallError::TooLarge);
}

#[tokio::test]
async fn an_endless_answer_is_cut_where_the_call_says() {
    const CHUNK: [u8; 4096] = [b'x'; 4096];
    let n_bytes = Arc::new(AtomicUsize::new(0));
    let count = n_bytes.clone();
    let peer = Peer::start(move |_, wire| {
        let _ = wire.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while wire.write_all(&CHUNK).is_ok() {
            count.fetch_add(CHUNK.len(), Ordering::SeqCst);
        }
    });
    let error = error_of(get(&peer).await);
    assert_eq!((error, error.verdict()), (CallError::TooLarge, Verdict::StrangeAnswer));
    // What the sockets of both sides hold has been sent as well, but nothing like what a second's reading takes.
    assert!(n_bytes.load(Ordering::SeqCst) < 32 * 1024 * 1024);
}

#[tokio::test]
async fn an_answer_of_just_the_allowed_length_is_read() {
    let peer = Peer::saying(FINE);
    let call = |max_bytes| Call::get(peer.url("http", "127.0.0.1")).at_most(max_bytes);
    assert!(open_loopback().call(call(11)).await.is_ok());
    assert_eq!(error_of(open_loopback().call(call(10)).await), CallError::TooLarge);
}

#[tokio::test]
async fn headers_are_limited_in_number_and_length() {
    let many = Peer::start(|_, wire| {
        let headers: String = (0..500).map(|n| format!("x-{n}: y\r\n")).collect();
        let _ = write!(wire, "HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n");
    });
    assert_eq!(error_of(get(&many).await).verdict(), Verdict::StrangeAnswer);
    let long = Peer::start(|_, wire| {
        let _ = write!(wire, "HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 0\r\n\r\n", "y".repeat(100_000));
    });
    assert_eq!(error_of(get(&long).await), CallError::TooLarge);
}

#[tokio::test]
async fn a_server_that_hangs_uses_up_the_time_and_no_more() {
    let peer = Peer::start(|_, _| hang());
    let began = Instant::now();
    let error = error_of(get(&peer).await);
    assert_eq!((error, error.verdict()), (CallError::TimedOut { after_s: 1 }, Verdict::Unreachable));
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_server_that_stalls_or_drips_uses_up_the_time_too() {
    let stalls = Peer::start(|_, wire| {
        let _ = wire.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
        let _ = wire.flush();
        hang();
    });
    assert_eq!(error_of(get(&stalls).await), CallError::TimedOut { after_s: 1 });
    let drips = Peer::start(|_, wire| {
        let _ = wire.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
        while wire.write_all(b"x").and_then(|()| wire.flush()).is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    assert_eq!(error_of(get(&drips).await), CallError::TimedOut { after_s: 1 });
}

#[tokio::test]
async fn garbage_and_broken_answers_are_strange() {
    for answer in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\u{1}\u{2}\u{3}\u{4}",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "",
    ] {
        let error = error_of(get(&Peer::saying(answer)).await);
        assert!(matches!(error, CallError::BrokenAnswer | CallError::HungUp), "{answer:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_closed_port_is_said_to_be_closed() {
    let url = format!("http://{}/", closed_port()).parse().expect("a URL");
    let error = error_of(open_loopback().call(Call::get(url)).await);
    assert_eq!((error, error.verdict()), (CallError::ConnectionRefused, Verdict::Unreachable));
    assert_eq!(
        error.sentence("llm.fennel.example"),
        "We couldn’t reach llm.fennel.example (it refused the connection). If it’s behind a firewall, allow our addresses, then check again."
    );
}

#[tokio::test]
async fn an_unknown_name_is_told_from_a_silent_name_service() {
    let url: url::Url = "https://llm.fennel.example/v1".parse().expect("a URL");
    let call = || Call::get(url.clone());
    let unknown = outbound_failing(listing(""), "failed to lookup address information: Name or service not known");
    let error = error_of(unknown.call(call()).await);
    assert_eq!((error, error.verdict()), (CallError::UnknownHost, Verdict::UnknownHost));
    assert_eq!(
        error.sentence("llm.fennel.example"),
        "There’s no server called llm.fennel.example. Check the spelling of the endpoint."
    );
    let without_addresses = outbound_naming(listing(""), &[]);
    assert_eq!(error_of(without_addresses.call(call()).await), CallError::UnknownHost);
    let silent =
        outbound_failing(listing(""), "failed to lookup address information: Temporary failure in name resolution");
    assert_eq!(error_of(silent.call(call()).await), CallError::NoNameService);
}

/// Names under `.invalid` never exist (RFC 2606); a machine without a name service says so in its own way.
#[tokio::test]
async fn the_systems_own_lookup_finds_no_name_that_cannot_exist() {
    let url = "https://claviger.invalid/".parse().expect("a URL");
    let error = error_of(outbound(listing("")).call(Call::get(url)).await);
    assert!(matches!(error, CallError::UnknownHost | CallError::NoNameService), "{error:?}");
}
