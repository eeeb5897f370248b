//! The real program: how it starts, what it refuses, and how it stops.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::support::place::{Place, start};

/// `sysexits.h`: the configuration cannot be used.
const EX_CONFIG: i32 = 78;
const STOP_LIMIT: Duration = Duration::from_secs(5);

#[track_caller]
fn refuses(command: &mut Command, words: &[&str]) -> Output {
    let output = command.output().expect("the program");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(EX_CONFIG), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
    output
}

#[test]
fn a_first_start_makes_everything_and_a_second_one_finds_it() {
    let place = Place::new();
    let mut server = place.start();
    assert!(place.get("/health/live").starts_with("HTTP/1.1 200"));
    assert!(place.get("/health/ready").starts_with("HTTP/1.1 200"));
    assert!(server.terminate(STOP_LIMIT).expect("an end").success());
    let key = fs::read(place.master_key()).expect("a master key");
    let keys = keys_list(&place);
    assert!(keys.contains("wraps 1 data keys, active"), "{keys}");

    let mut server = place.start();
    assert!(place.get("/health/ready").starts_with("HTTP/1.1 200"));
    assert!(server.terminate(STOP_LIMIT).expect("an end").success());
    assert_eq!(fs::read(place.master_key()).expect("a master key"), key);
    assert_eq!(keys_list(&place), keys);
    assert_eq!(place.path("data/claviger.db").exists(), !place.database.is_postgres());
}

#[test]
fn the_files_are_closed_to_others_whatever_the_umask() {
    let place = Place::new();
    let mut shell = place.command("/bin/sh");
    let _server = start(shell.args(["-c", "umask 000; exec \"$0\"", env!("CARGO_BIN_EXE_claviger")]));
    assert_eq!(mode(&place.path("data")), 0o700);
    assert_eq!(mode(&place.path("data/keys")), 0o700);
    assert_eq!(mode(&place.master_key()), 0o600);
    if !place.database.is_postgres() {
        for name in ["data/claviger.db", "data/claviger.db-wal", "data/claviger.db-shm"] {
            assert_eq!(mode(&place.path(name)), 0o600, "{name}");
        }
    }
}

#[test]
fn a_log_that_is_not_read_on_a_terminal_has_no_colours() {
    let place = Place::new();
    let output = place.program().args(["keys", "list"]).env("CLAVIGER_LOG", "info").output().expect("the program");
    let log = String::from_utf8(output.stderr).expect("text");
    assert!(log.contains("made a master key") && !log.contains('\u{1b}'), "{log:?}");
}

#[test]
fn a_request_and_an_idle_connection_do_not_hold_up_the_stop() {
    let place = Place::new();
    let mut server = place.start();
    let _idle = TcpStream::connect(("127.0.0.1", place.port)).expect("the server");
    let mut kept = TcpStream::connect(("127.0.0.1", place.port)).expect("the server");
    write!(kept, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").expect("a request");
    assert_ne!(kept.read(&mut [0; 512]).expect("a reply"), 0);
    let asked = Instant::now();
    let status = server.terminate(STOP_LIMIT).expect("an end");
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < STOP_LIMIT);
    assert!(TcpStream::connect(("127.0.0.1", place.port)).is_err(), "somebody still listens");
}

#[test]
fn a_bad_variable_ends_the_start_and_is_named() {
    let cases = [
        ("CLAVIGER_LISTEN", "nonsense", "Expected an IP address and a port"),
        ("CLAVIGER_PUBLIC_URL", "http://keys.example.com", "Expected an https:// address"),
        ("CLAVIGER_DATABASE_POOL", "0", "Expected a whole number from 1 to 64"),
        ("CLAVIGER_LOG", "claviger=loud", "Expected a filter"),
        ("CLAVIGER_CA_FILE", "missing.pem", "Expected a PEM file"),
        ("CLAVIGER_CATALOG_FILE", "missing.json", "Expected a JSON file"),
        ("CLAVIGER_DATA", "/dev/null/data", "cannot make /dev/null/data"),
        ("CLAVIGER_DATABASE_URL", "sqlite:///dev/null/claviger.db", "cannot make /dev/null/claviger.db"),
        ("CLAVIGER_DATABASE_URL", "postgres://claviger:hunter2@127.0.0.1:1/claviger", "cannot be opened"),
    ];
    for (name, value, expected) in cases {
        let place = Place::new();
        let output = refuses(place.program().env(name, value), &[&format!("{name}: "), expected]);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));
    }
}

#[test]
fn a_value_that_is_not_text_is_not_taken_for_unset() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let value = OsStr::from_bytes(b"postgres://\xff/claviger");
    refuses(place.program().env("CLAVIGER_DATABASE_URL", value), &["CLAVIGER_DATABASE_URL: The value is not UTF-8."]);
    assert!(!place.path("data").exists());
}

#[test]
fn a_start_that_would_be_half_safe_is_refused_and_changes_nothing() {
    let place = Place::new();
    assert!(place.start().terminate(STOP_LIMIT).expect("an end").success());
    let file = place.master_key();
    let key = fs::read_to_string(&file).expect("a master key");
    let id = key.lines().find_map(|line| line.strip_prefix("mk1:")?.split(':').next()).expect("a key’s id");

    fs::remove_file(&file).expect("a removal");
    refuses(&mut place.program(), &["no master key file", "sealed with master key", id]);
    assert!(!file.exists(), "a new key was put beside sealed rows");

    write_key(&file, &key, 0o644);
    refuses(&mut place.program(), &["open to other users", "chmod 600"]);

    let zero = format!("mk1:{id}:{}\n", "A".repeat(43));
    write_key(&file, &zero, 0o600);
    refuses(&mut place.program(), &["the same byte over and over"]);

    write_key(&file, key.trim_end().trim_end_matches(|letter: char| letter.is_alphanumeric()), 0o600);
    refuses(&mut place.program(), &["master key file"]);
    let short = format!("mk1:{id}:{}\n", "AbCd".repeat(5));
    write_key(&file, &short, 0o600);
    refuses(&mut place.program(), &["does not have 32 bytes"]);
    assert_eq!(fs::read_to_string(&file).expect("a file"), short);

    let other = Place::new();
    assert!(other.start().terminate(STOP_LIMIT).expect("an end").success());
    fs::copy(other.master_key(), &file).expect("a copy");
    refuses(&mut place.program(), &["does not hold master key", id]);

    write_key(&file, &key, 0o600);
    assert!(place.start().terminate(STOP_LIMIT).expect("an end").success());
}

/// As docs/operations.md tells it.
#[test]
fn the_master_key_is_rotated_by_four_commands() {
    let place = Place::new();
    assert!(place.start().terminate(STOP_LIMIT).expect("an end").success());
    let old = keys_list(&place).split(':').next().expect("an id").to_owned();
    let keys = |arguments: &[&str]| place.program().arg("keys").args(arguments).output().expect("the program");

    assert!(keys(&["add-master"]).status.success());
    assert!(keys_list(&place).contains(&format!("{old}: wraps 1 data keys")));
    let refused = keys(&["retire", &old]);
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stderr));
    assert!(keys(&["rewrap"]).status.success());
    assert!(keys_list(&place).contains(&format!("{old}: wraps 0 data keys")));
    assert!(keys(&["retire", &old]).status.success());
    let after = keys_list(&place);
    assert!(!after.contains(&old) && after.contains("wraps 1 data keys, active"), "{after}");
    assert_eq!(mode(&place.master_key()), 0o600);
    assert!(place.start().terminate(STOP_LIMIT).expect("an end").success());
}

#[test]
fn an_address_that_is_taken_is_named() {
    let place = Place::new();
    let _taken = TcpListener::bind(("127.0.0.1", place.port)).expect("the port");
    let output = place.program().output().expect("the program");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains(&format!("cannot listen on 127.0.0.1:{}", place.port)), "{said}");
}

#[test]
fn the_configuration_is_printed_without_passwords_and_without_a_start() {
    let place = Place::new();
    let output = place
        .program()
        .arg("config")
        .env("CLAVIGER_DATABASE_URL", "postgres://claviger:hunter2@db.example.com/claviger?password=hunter2")
        .env("CLAVIGER_EGRESS_PROXY", "http://claviger:hunter2@proxy.example.com:3128")
        .output()
        .expect("the program");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("db.example.com") && said.contains("proxy.example.com"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    for setting in claviger::config::SETTINGS {
        assert!(said.contains(&format!("{} = ", setting.name)) && said.contains(setting.what), "{}", setting.name);
    }
    assert!(!place.path("data").exists());
}

#[cfg(not(feature = "pg-tls"))]
#[test]
fn a_build_without_tls_says_what_it_lacks() {
    let place = Place::new();
    let url = "postgres://claviger@127.0.0.1:1/claviger?sslmode=verify-full";
    refuses(place.program().env("CLAVIGER_DATABASE_URL", url), &["sslmode=verify-full", "--features pg-tls"]);
}

#[track_caller]
fn keys_list(place: &Place) -> String {
    let output = place.program().args(["keys", "list"]).output().expect("the program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn write_key(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

#[track_caller]
fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    metadata.permissions().mode() & 0o777
}
