//! Small servers that answer byte for byte what a test tells them, and certificates for them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

/// Something that can be read and written: TCP, with or without TLS.
pub trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

/// A server on loopback. It lives as long as the test process.
pub struct Peer {
    pub addr: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    n_connections: Arc<AtomicUsize>,
}

impl Peer {
    /// Answers each request (its head, up to the empty line, is given) in its own way.
    pub fn start(answer: impl Fn(&str, &mut dyn Wire) + Send + Sync + 'static) -> Self {
        Self::listen(move |stream, note| converse(stream, note, &answer))
    }

    /// Answers each request with the same bytes.
    pub fn saying(answer: &'static str) -> Self {
        Self::start(move |_, wire| {
            let _ = wire.write_all(answer.as_bytes());
        })
    }

    /// The same behind TLS.
    pub fn saying_over_tls(answer: &'static str, config: Arc<ServerConfig>) -> Self {
        Self::listen(move |stream, note| {
            let session = ServerConnection::new(config.clone()).expect("a TLS session");
            let say = |_: &str, wire: &mut dyn Wire| {
                let _ = wire.write_all(answer.as_bytes());
            };
            let mut stream = StreamOwned::new(session, stream);
            converse(&mut stream, note, &say);
            stream.conn.send_close_notify();
            let _ = stream.flush();
        })
    }

    /// Answers in HTTP/2 behind TLS.
    pub fn fine_in_http2(config: &ServerConfig) -> Self {
        let mut config = config.clone();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let config = Arc::new(config);
        Self::listen(move |stream, _| {
            let session = ServerConnection::new(config.clone()).expect("a TLS session");
            let mut stream = StreamOwned::new(session, stream);
            let _ = say_fine_in_http2(&mut stream);
            let _ = stream.read(&mut [0; 1024]);
        })
    }

    /// Says the same bytes to everybody who connects, without waiting for a request.
    pub fn saying_at_once(words: &'static str) -> Self {
        Self::listen(move |mut stream, _| {
            let _ = stream.write_all(words.as_bytes());
            let _ = stream.read(&mut [0; 1024]);
        })
    }

    /// Says nothing to anybody.
    pub fn silent() -> Self {
        Self::listen(|_stream, _| hang())
    }

    /// A proxy that connects everybody to `target`, whatever they ask for.
    pub fn proxy_to(target: SocketAddr) -> Self {
        Self::listen(move |mut client, note| {
            let head = read_head(&mut client);
            note(&head);
            let mut server = TcpStream::connect(target).expect("the target listens");
            if head.starts_with("CONNECT ") {
                client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").expect("the client listens");
            } else {
                server.write_all(head.as_bytes()).expect("the target listens");
            }
            let (mut from_client, mut to_server) =
                (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
            thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
            let _ = std::io::copy(&mut server, &mut client);
        })
    }

    /// The heads of all requests so far.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no test panics here").clone()
    }

    /// How often somebody has connected.
    pub fn n_connections(&self) -> usize {
        self.n_connections.load(Ordering::SeqCst)
    }

    pub fn url(&self, scheme: &str, host: &str) -> url::Url {
        format!("{scheme}://{host}:{}/v1/models", self.addr.port()).parse().expect("a URL")
    }

    fn listen(serve: impl Fn(TcpStream, &dyn Fn(&str)) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let (heads, n_connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let peer = Self { addr, heads: heads.clone(), n_connections: n_connections.clone() };
        let serve = Arc::new(serve);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                n_connections.fetch_add(1, Ordering::SeqCst);
                let (serve, heads) = (serve.clone(), heads.clone());
                thread::spawn(move || serve(stream, &|head| heads.lock().expect("no panic").push(head.to_owned())));
            }
        });
        peer
    }
}

/// A port at which nobody listens.
pub fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address")
}

/// Keeps a connection open for longer than any test waits.
pub fn hang() {
    thread::sleep(Duration::from_secs(60));
}

/// A certificate authority of the test's own, in a file as operators give it.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

/// From when until when a certificate holds.
#[derive(Clone, Copy)]
pub enum Validity {
    Long,
    EndsTomorrow,
    EndedIn2020,
    StartsIn4000,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Two authorities of one name would be told apart by their signatures only.
        static N_AUTHORITIES: AtomicUsize = AtomicUsize::new(0);
        let name = format!("Claviger's test authority {}", N_AUTHORITIES.fetch_add(1, Ordering::SeqCst));
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let certificate = params.self_signed(&key).expect("a certificate");
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).expect("a file");
        Self { issuer: Issuer::new(params, key), folder }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What a server needs to present a certificate for `name`.
    pub fn server(&self, name: &str, validity: Validity) -> Arc<ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        (params.not_before, params.not_after) = match validity {
            Validity::Long => (date_time_ymd(2020, 1, 1), date_time_ymd(4000, 1, 1)),
            Validity::EndsTomorrow => {
                (date_time_ymd(2020, 1, 1), (SystemTime::now() + Duration::from_secs(86_400)).into())
            }
            Validity::EndedIn2020 => (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 11, 3)),
            Validity::StartsIn4000 => (date_time_ymd(4000, 1, 1), date_time_ymd(4001, 1, 1)),
        };
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        server_config(&certificate, &key)
    }
}

/// What a server needs that has signed its own certificate, as `openssl req -x509` makes one.
pub fn self_signed_server(name: &str, is_ca: IsCa) -> Arc<ServerConfig> {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.is_ca = is_ca;
    server_config(&params.self_signed(&key).expect("a certificate"), &key)
}

fn server_config(certificate: &Certificate, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a certificate with its key");
    Arc::new(config)
}

/// The server's side of one HTTP/2 exchange (RFC 9113): settings, and status 200 without a body for stream 1.
fn say_fine_in_http2(wire: &mut impl Wire) -> std::io::Result<()> {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const SETTINGS_ACK: [u8; 9] = [0, 0, 0, 4, 1, 0, 0, 0, 0];
    const HEADERS: u8 = 1;
    const STATUS_200_AND_END: [u8; 10] = [0, 0, 1, HEADERS, 5, 0, 0, 0, 1, 0x88];
    wire.read_exact(&mut [0; 24])?; // the client's preface
    wire.write_all(&SETTINGS)?;
    wire.write_all(&SETTINGS_ACK)?;
    wire.flush()?;
    loop {
        let mut frame_head = [0; 9];
        wire.read_exact(&mut frame_head)?;
        let n_bytes = u32::from_be_bytes([0, frame_head[0], frame_head[1], frame_head[2]]);
        wire.read_exact(&mut vec![0; n_bytes as usize])?;
        if frame_head[3] == HEADERS {
            wire.write_all(&STATUS_200_AND_END)?;
            return wire.flush();
        }
    }
}

fn converse(mut wire: impl Wire, note: &dyn Fn(&str), answer: &dyn Fn(&str, &mut dyn Wire)) {
    let head = read_head(&mut wire);
    if head.is_empty() {
        return;
    }
    note(&head);
    answer(&head, &mut wire);
    let _ = wire.flush();
}

fn read_head(wire: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(wire.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}
