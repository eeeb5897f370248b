//! Every setting: what it refuses, what it says then, and where it is documented.

use std::collections::BTreeSet;
use std::fs;

use claviger::config::{Config, ConfigError, SETTINGS};

use crate::support::parts::project;

/// A variable with values that must stop the start.
type Refused = (&'static str, &'static [&'static str]);

const URLS: &[&str] =
    &["api.example.com", "ftp://api.example.com", "https://", "http://user:hunter2@x/", "http://x/?a=b"];

const REFUSED: &[Refused] = &[
    ("CLAVIGER_LISTEN", &["8080", "localhost:8080", "127.0.0.1", "127.0.0.1:65536", "256.0.0.1:80"]),
    (
        "CLAVIGER_PUBLIC_URL",
        &[
            "keys.example.com",
            "http://keys.example.com",
            "https://keys.example.com/path",
            "https://a:b@keys.example.com",
            "https://keys.example.com/?a=b",
            "ftp://keys.example.com",
        ],
    ),
    (
        "CLAVIGER_DATABASE_URL",
        &[
            "sqlite://",
            "claviger.db",
            "mysql://db/claviger",
            "postgres//db/claviger",
            "sqlite:claviger.db",
            "postgres://user:hunter2@db:port/claviger",
        ],
    ),
    ("CLAVIGER_DATABASE_POOL", &["0", "65", "-1", "many", "8.0"]),
    ("CLAVIGER_EGRESS_ALLOW", &["example.com", "10.0.0.0/33", "127.0.0.1:99999", "10.0.0.1, nonsense"]),
    (
        "CLAVIGER_EGRESS_PROXY",
        &["proxy.example:3128", "socks5://proxy.example", "http://proxy:99999", "http://proxy/path"],
    ),
    ("CLAVIGER_OPENAI_BASE_URL", URLS),
    ("CLAVIGER_GEMINI_BASE_URL", URLS),
    ("CLAVIGER_VERTEX_BASE_URL", URLS),
    ("CLAVIGER_ANTHROPIC_BASE_URL", URLS),
    ("CLAVIGER_GOOGLE_TOKEN_URL", URLS),
    ("CLAVIGER_CHECK_EVERY_MINUTES", &["-1", "10081", "1h", "0.5"]),
    ("CLAVIGER_API_REQUESTS_PER_MINUTE", &["0", "-1", "1000001", "many"]),
    ("CLAVIGER_TRUSTED_PROXIES", &["proxy.example", "10.0.0.0/33", "10.0.0.1;10.0.0.2"]),
    ("CLAVIGER_LOG", &["claviger=loud", "=", "info,%%%"]),
    ("CLAVIGER_LOG_FORMAT", &["xml", "JSON"]),
];

/// Paths are judged when they are opened; `tests/it/start.rs` sees to these.
const PATHS: [&str; 4] = ["CLAVIGER_DATA", "CLAVIGER_MASTER_KEY_FILE", "CLAVIGER_CA_FILE", "CLAVIGER_CATALOG_FILE"];

#[test]
fn a_wrong_value_names_the_variable_and_what_it_expects() {
    for (name, values) in REFUSED {
        for value in *values {
            let Err(error) = read(&[(name, value)]) else { panic!("{name} took {value:?}") };
            let sentence = error.to_string();
            assert_eq!(error.name, *name, "{value:?}: {sentence}");
            assert!(sentence.starts_with(&format!("{name}: ")) && sentence.contains(". Expected "), "{sentence}");
            assert!(!sentence.contains("hunter2"), "{sentence}");
        }
    }
}

#[test]
fn every_setting_refuses_something_or_is_a_path() {
    let judged: BTreeSet<&str> = REFUSED.iter().map(|(name, _)| *name).chain(PATHS).collect();
    let all: BTreeSet<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
    assert_eq!(judged, all);
}

#[test]
fn right_values_are_taken_as_they_are_given() {
    let given = [
        ("CLAVIGER_LISTEN", "[::1]:9000"),
        ("CLAVIGER_PUBLIC_URL", "https://keys.example.com"),
        ("CLAVIGER_DATA", "/srv/claviger"),
        ("CLAVIGER_DATABASE_URL", "postgres://claviger@db.example.com/claviger?sslmode=verify-full"),
        ("CLAVIGER_DATABASE_POOL", "64"),
        ("CLAVIGER_MASTER_KEY_FILE", "/etc/claviger/master.key"),
        ("CLAVIGER_EGRESS_ALLOW", "127.0.0.1:11434, 10.0.0.0/8"),
        ("CLAVIGER_EGRESS_PROXY", "http://proxy.example.com:3128/"),
        ("CLAVIGER_CA_FILE", "/etc/claviger/ca.pem"),
        ("CLAVIGER_OPENAI_BASE_URL", "https://eu.api.openai.com/v1"),
        ("CLAVIGER_GEMINI_BASE_URL", "http://127.0.0.1:4000/"),
        ("CLAVIGER_VERTEX_BASE_URL", "http://127.0.0.1:4001/"),
        ("CLAVIGER_ANTHROPIC_BASE_URL", "http://127.0.0.1:4002/"),
        ("CLAVIGER_GOOGLE_TOKEN_URL", "http://127.0.0.1:4003/token"),
        ("CLAVIGER_CATALOG_FILE", "/etc/claviger/catalog.json"),
        ("CLAVIGER_CHECK_EVERY_MINUTES", "0"),
        ("CLAVIGER_API_REQUESTS_PER_MINUTE", "60"),
        ("CLAVIGER_TRUSTED_PROXIES", "10.0.0.5/32, 2001:db8::/32"),
        ("CLAVIGER_LOG", "claviger=debug,warn"),
        ("CLAVIGER_LOG_FORMAT", "json"),
    ];
    let config = read(&given).expect("a configuration");
    let names: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
    assert_eq!(given.map(|(name, _)| name).to_vec(), names, "a setting is missing here");
    for ((name, given), (setting, value)) in given.iter().zip(config.values()) {
        assert_eq!((setting.name, value.as_str()), (*name, *given));
    }
}

#[test]
fn what_is_empty_or_blank_counts_as_not_set() {
    let blank: Vec<(&str, &str)> = SETTINGS.iter().map(|setting| (setting.name, " \t")).collect();
    let with_blank = read(&blank).expect("a configuration");
    let without = read(&[]).expect("a configuration");
    assert_eq!(format!("{with_blank:?}"), format!("{without:?}"));
}

#[test]
fn the_defaults_are_those_that_are_documented() {
    let config = read(&[]).expect("a configuration");
    let same_form = |text: &str| text.trim_start_matches("./").trim_end_matches('/').to_owned();
    for (setting, value) in config.values() {
        let documented = match setting.default {
            words if words.starts_with('(') => String::new(),
            text => text.replace("<CLAVIGER_LISTEN>", "127.0.0.1:8080").replace("<CLAVIGER_DATA>", "data"),
        };
        assert_eq!(same_form(&value), same_form(&documented), "{}", setting.name);
    }
}

#[test]
fn no_password_is_ever_shown() {
    let config = read(&[
        ("CLAVIGER_DATABASE_URL", "postgres://claviger:hunter2@db/claviger?sslpassword=hunter2&password=hunter2"),
        ("CLAVIGER_EGRESS_PROXY", "http://claviger:hunter2@proxy.example.com:3128"),
    ])
    .expect("a configuration");
    let shown = format!("{config:?}{:?}{:?}{}", config.values(), config.database, config.database);
    assert!(shown.contains("db/claviger") && shown.contains("proxy.example.com"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn the_readme_documents_every_setting() {
    let readme = fs::read_to_string(project().join("README.md")).expect("the README");
    let rows = SETTINGS
        .iter()
        .map(|setting| format!("| `{}` | {} | {} |", setting.name, default(setting.default), setting.what));
    let table =
        ["| Variable | Default | What it does |".to_owned(), "|---|---|---|".to_owned()].into_iter().chain(rows);
    let table = table.collect::<Vec<_>>().join("\n");
    assert!(readme.contains(&table), "README.md must hold this table:\n\n{table}\n");
}

#[test]
fn the_papers_name_no_setting_that_is_not_there() {
    for paper in
        ["README.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", "docs/operations.md", "docs/decisions.md"]
    {
        let text = fs::read_to_string(project().join(paper)).expect(paper);
        for rest in text.split("CLAVIGER_").skip(1) {
            let word: String =
                rest.chars().take_while(|letter| letter.is_ascii_uppercase() || *letter == '_').collect();
            let name = format!("CLAVIGER_{word}");
            assert!(SETTINGS.iter().any(|setting| setting.name == name), "{paper} names {name}");
        }
    }
}

#[test]
fn the_papers_lead_to_files_that_are_there() {
    for paper in
        ["README.md", "SECURITY.md", "CONTRIBUTING.md", "docs/operations.md", "docs/decisions.md", "docs/sealing.md"]
    {
        let path = project().join(paper);
        let text = fs::read_to_string(&path).expect(paper);
        let folder = path.parent().expect("a folder");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://") && !target.ends_with(".png")) {
            assert!(folder.join(target).exists(), "{paper} leads to {target}");
        }
    }
}

/// Words stand as they are, values as code.
fn default(text: &str) -> String {
    if text.starts_with('(') { text.to_owned() } else { format!("`{text}`") }
}

fn read(values: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::read(|name| values.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned()))
}

#[test]
fn a_server_that_others_reach_needs_a_public_address() {
    let listening_on = |address: &'static str| {
        Config::read(move |name| (name == "CLAVIGER_LISTEN").then(|| address.to_owned())).map(|c| c.public_origin())
    };
    assert_eq!(listening_on("[::1]:8080").unwrap(), "http://[::1]:8080");
    assert_eq!(listening_on("0.0.0.0:8080").unwrap(), "http://localhost:8080");
    assert_eq!(listening_on("192.0.2.7:8080").unwrap_err().name, "CLAVIGER_PUBLIC_URL");
}
