//! The commands of the real program, and what can be done over HTTP with what they made.

use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use claviger::domain::actor::OrgScope;
use claviger::store::{audit, organizations};
use diesel::connection::SimpleConnection;

use crate::support::browse::{Reply, Visitor};
use crate::support::child::ChildProgram;
use crate::support::fake_provider::FakeProvider;
use crate::support::place::{Place, start};

const PASSWORD: &str = "copper lantern drizzle";
const OTHER_PASSWORD: &str = "maple anchor whistle";
const BOOTSTRAP: [&str; 6] =
    ["bootstrap", "--organization", "Fennel Labs", "--email", "Mara@Fennel.example", "--password-stdin"];
const KEY: &str = "k3y-Tq7Zr1Vw5Xy9Bc2Df6Gh-x4Qa";
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// More than a check takes on a busy machine.
const CHECK_LIMIT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn bootstrap_makes_an_owner_who_can_sign_in_and_does_so_once() {
    let place = Place::new();
    succeeds(&run(&place, &BOOTSTRAP, "copper lantern drizzle\nnot read\n"), "mara@fennel.example can sign in");
    succeeds(&run(&place, &BOOTSTRAP, PASSWORD), "mara@fennel.example is an Owner already");
    let mut other = BOOTSTRAP;
    other[4] = "tomas@fennel.example";
    fails(&run(&place, &other, PASSWORD), "already has an organization. Add people with `claviger user add`");
    let _server = start(&mut claviger(&place));
    let mut mara = sign_in(place.port, "mara@fennel.example", PASSWORD).await;
    mara.get("/members").await.is(200).says("mara@fennel.example").lacks("tomas@fennel.example");
    visitor(place.port).get("/setup").await.is(404);
    let entries = audit_log(&place);
    assert_eq!(entries[0], "operator organization.created Fennel Labs ", "{entries:#?}");
    assert_eq!(entries[1], "operator member.added mara As Owner", "{entries:#?}");
}

#[tokio::test]
async fn people_are_added_in_every_role_and_each_address_once() {
    let place = Place::new();
    fails(&add_user(&place, "ana@fennel.example", "owner", &[], PASSWORD), "no such organization yet");
    succeeds(&run(&place, &BOOTSTRAP, PASSWORD), "");
    let people = [
        ("tomas@fennel.example", "administrator", 200),
        ("jonas@fennel.example", "manager", 403),
        ("ana@fennel.example", "Reviewer", 403),
        ("sam@fennel.example", "annotator", 403),
    ];
    for (email, role, _) in people {
        let words = format!("Added {email} as a");
        succeeds(&add_user(&place, email, role, &["--name", "Some Body"], OTHER_PASSWORD), &words);
    }
    fails(&add_user(&place, "SAM@fennel.example", "owner", &[], OTHER_PASSWORD), "signs in with this address already");
    let _server = start(&mut claviger(&place));
    for (email, role, status) in people {
        let mut visitor = sign_in(place.port, email, OTHER_PASSWORD).await;
        assert_eq!(visitor.get("/members").await.status, status, "{role}");
    }
    let entries = audit_log(&place);
    assert!(entries.contains(&"operator member.added Some Body As Annotator".to_owned()), "{entries:#?}");
}

#[tokio::test]
async fn the_operator_gives_a_new_password_and_ends_the_sessions_of_the_old_one() {
    let place = Place::new();
    succeeds(&run(&place, &BOOTSTRAP, PASSWORD), "");
    let _server = start(&mut claviger(&place));
    let mut mara = sign_in(place.port, "mara@fennel.example", PASSWORD).await;
    fails(&set_password(&place, "nobody@fennel.example", OTHER_PASSWORD), "Nobody signs in with this address");
    fails(&set_password(&place, "mara@fennel.example", "short"), "Use at least 12 characters");
    mara.get("/account").await.is(200);
    succeeds(&set_password(&place, "Mara@Fennel.example", OTHER_PASSWORD), "mara@fennel.example has a new password");
    mara.get("/account").await.is(303);
    let answers = [("email", "mara@fennel.example"), ("password", PASSWORD)];
    visitor(place.port).post("/sign-in", &answers).await.is(422);
    let mut mara = sign_in(place.port, "mara@fennel.example", OTHER_PASSWORD).await;
    let entries = audit_log(&place);
    assert!(entries.contains(&"operator user.password_changed mara Sessions ended: 1".to_owned()), "{entries:#?}");

    succeeds(&add_user(&place, "sam@fennel.example", "annotator", &[], PASSWORD), "");
    mara.post("/members/2/deactivate", &[]).await.is(303);
    fails(&set_password(&place, "sam@fennel.example", OTHER_PASSWORD), "This person is deactivated");
}

#[tokio::test]
async fn one_time_links_and_tokens_are_in_no_line_of_the_log_however_much_it_tells() {
    let place = Place::new();
    succeeds(&run(&place, &BOOTSTRAP, PASSWORD), "");
    succeeds(&add_user(&place, "sam@fennel.example", "annotator", &[], PASSWORD), "");
    let log = File::create(place.path("log")).expect("a file");
    let mut server = start(claviger(&place).env("CLAVIGER_LOG", "trace").stderr(log));
    let mut mara = sign_in(place.port, "mara@fennel.example", PASSWORD).await;
    mara.post("/members/2/password-link", &[]).await.leads_to("/members");
    let link = mara.get("/members").await.text("#password-link");
    let (_, code) = link.split_once("code=").expect("a code");
    let mut sam = visitor(place.port);
    sam.get(&format!("/new-password?code={code}")).await.is(200);
    sam.post("/new-password", &[("code", code), ("password", "short")]).await.is(422);
    sam.post("/new-password", &[("code", code), ("password", OTHER_PASSWORD)]).await.is(303);
    sam.get(&format!("/new-password?code={code}")).await.is(410);
    let rules = [("personal", "on"), ("legacy", "on"), ("api_token_ttl_days", "365")];
    mara.post("/tokens/policy", &rules).await.leads_to("/tokens");
    let mut tokens = Vec::new();
    for kind in ["personal", "legacy"] {
        mara.post("/tokens", &[("name", kind), ("kind", kind), ("scopes", "read")]).await.leads_to("/tokens");
        tokens.push(mara.get("/tokens").await.text("#new-token"));
    }
    whoami(place.port, &tokens[1]).await.is(200);
    assert!(server.terminate(STOP_LIMIT).expect("an end").success());
    let log = std::fs::read_to_string(place.path("log")).expect("the log");
    assert!(log.contains("/new-password"), "{log}");
    for secret in [code, OTHER_PASSWORD, &tokens[0], &tokens[1]] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn a_second_organization_has_its_own_people_and_must_be_named() {
    let place = Place::new();
    succeeds(&run(&place, &BOOTSTRAP, PASSWORD), "");
    let add = ["organization", "add", "--name", "Borage", "--email", "kim@borage.example", "--password-stdin"];
    succeeds(&run(&place, &add, OTHER_PASSWORD), "kim@borage.example can sign in");
    fails(&run(&place, &add, OTHER_PASSWORD), "an organization of this name already");
    let mut taken = add;
    (taken[3], taken[5]) = ("Tansy", "mara@fennel.example");
    fails(&run(&place, &taken, OTHER_PASSWORD), "signs in with this address already");
    fails(&add_user(&place, "lee@borage.example", "manager", &[], PASSWORD), "Name one with `--organization`");
    let named = ["--organization", "Borage"];
    succeeds(&add_user(&place, "lee@borage.example", "manager", &named, PASSWORD), "as a Manager");
    let verified = run(&place, &["audit", "verify"], "");
    succeeds(&verified, "Fennel Labs: every entry fits.");
    succeeds(&verified, "Borage: every entry fits.");
    let _server = start(&mut claviger(&place));
    let mut kim = sign_in(place.port, "kim@borage.example", OTHER_PASSWORD).await;
    kim.get("/members").await.is(200).says("lee@borage.example").lacks("mara@fennel.example");
}

#[tokio::test]
async fn a_token_is_printed_alone_works_and_is_listed_and_revoked() {
    let place = Place::new();
    succeeds(&run(&place, &BOOTSTRAP, PASSWORD), "");
    let _server = start(&mut claviger(&place));
    let legacy = ["--kind", "legacy", "--expires", "30", "--scope", "read", "--scope", "models", "--name", "nightly"];
    fails(&create_token(&place, "mara@fennel.example", &legacy), "An Owner or Administrator can switch them on");
    let mut mara = sign_in(place.port, "mara@fennel.example", PASSWORD).await;
    let rules = [("personal", "on"), ("legacy", "on"), ("api_token_ttl_days", "365")];
    mara.post("/tokens/policy", &rules).await.leads_to("/tokens");
    let legacy = printed(&create_token(&place, "Mara@Fennel.example", &legacy));
    assert!(legacy.starts_with("clv_"), "{legacy}");
    whoami(place.port, &legacy).await.is(200).says("mara@fennel.example");
    let personal = printed(&create_token(&place, "mara@fennel.example", &[]));
    assert_eq!(personal.matches('.').count(), 2, "{personal}");

    let list = run(&place, &["token", "list", "--email", "mara@fennel.example"], "");
    succeeds(&list, "2\tpersonal\tread,connections,models\texpires ");
    succeeds(&list, "1\tlegacy\tread,models\texpires ");
    succeeds(&list, "\tnightly\n");
    mara.get("/tokens").await.says("nightly").says("By command line").lacks(&legacy).lacks(&personal);
    succeeds(&run(&place, &["token", "revoke", "1"], ""), "Revoked nightly.");
    whoami(place.port, &legacy).await.is(401);
    fails(&run(&place, &["token", "revoke", "1"], ""), "There is no token 1.");
    let entries = audit_log(&place);
    assert!(
        entries.iter().any(|entry| entry.starts_with("operator api_token.created nightly for mara")),
        "{entries:#?}"
    );
    assert!(entries.iter().any(|entry| entry.starts_with("operator api_token.revoked nightly")), "{entries:#?}");
}

#[test]
fn a_token_that_cannot_be_made_is_refused_in_a_sentence() {
    let place = Place::new();
    succeeds(&run(&place, &BOOTSTRAP, PASSWORD), "");
    let mara = "mara@fennel.example";
    fails(&create_token(&place, "nobody@fennel.example", &[]), "Nobody who may sign in has the address");
    fails(&create_token(&place, mara, &["--expires", "366"]), "Enter 1 to 365 days.");
    fails(&create_token(&place, mara, &["--name", " "]), "Enter a name.");
    refused_usage(&create_token(&place, mara, &["--kind", "king"]), "expected personal or legacy");
    refused_usage(&create_token(&place, mara, &["--scope", "all"]), "expected read, connections or models");
    let list = ["token", "list", "--email", "nobody@fennel.example"];
    fails(&run(&place, &list, ""), "Nobody signs in with the address nobody@fennel.example.");
    let none = run(&place, &["token", "list", "--email", mara], "");
    assert!(none.status.success() && none.stdout.is_empty(), "{none:?}");
}

#[test]
fn what_cannot_be_used_is_refused_in_a_sentence_and_makes_nothing() {
    let place = Place::new();
    fails(&run(&place, &BOOTSTRAP, ""), "no password on the first line of standard input");
    fails(&run(&place, &BOOTSTRAP, "\ncopper lantern drizzle\n"), "no password on the first line of standard input");
    fails(&run(&place, &BOOTSTRAP, "short"), "Use at least 12 characters");
    let without_stdin = &BOOTSTRAP[..5];
    refused_usage(&run(&place, without_stdin, PASSWORD), "--password-stdin");
    refused_usage(&run(&place, &with(4, "mara"), PASSWORD), "It should look like name@company.com");
    fails(&run(&place, &with(2, " "), PASSWORD), "Enter the organization’s name.");
    refused_usage(&add_user(&place, "ana@fennel.example", "king", &[], PASSWORD), "expected owner, administrator");
    succeeds(&run(&place, &BOOTSTRAP, PASSWORD), "mara@fennel.example can sign in");
}

#[test]
fn a_changed_audit_log_is_found_out_and_named() {
    let place = Place::new();
    succeeds(&run(&place, &BOOTSTRAP, PASSWORD), "");
    let drop_guards: &[&str] = if place.database.is_postgres() {
        &["DROP TRIGGER audit_log_no_update ON audit_log"]
    } else {
        &["DROP TRIGGER audit_log_no_update"]
    };
    let mut conn = place.database.connect();
    for sql in drop_guards.iter().chain(&["UPDATE audit_log SET details = 'As Annotator' WHERE seq = 2"]) {
        conn.batch_execute(sql).expect("the log can be changed past us");
    }
    fails(&run(&place, &["audit", "verify"], ""), "Fennel Labs: entry 2 was changed, dropped or inserted.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_master_key_changes_under_running_checks_and_none_of_them_fails() {
    let fake = FakeProvider::spawn().await;
    fake.good_key(KEY);
    let place = Place::new();
    succeeds(&run(&place, &BOOTSTRAP, PASSWORD), "");
    let mut first = serve(&place, &fake, place.port);
    let mut owner = sign_in(place.port, "mara@fennel.example", PASSWORD).await;
    let connection = add_connection(&mut owner, &fake).await;
    let old = only_id(&keys(&place));
    let checks = Checks::begin(owner, connection, place.port);
    checks.go_on().await;

    succeeds(&run(&place, &["keys", "add-master"], ""), "Restart every replica");
    let [(new, 0), (_, 2)] = &keys(&place)[..] else { panic!("{:?}", keys(&place)) };
    fails(&run(&place, &["keys", "retire", &old], ""), "still");
    checks.go_on().await;

    let port = free_port();
    let mut second = serve(&place, &fake, port);
    checks.move_to(port).await;
    assert!(first.terminate(STOP_LIMIT).expect("an end").success());
    succeeds(&run(&place, &["keys", "rewrap"], ""), "Rewrapped 2 data keys");
    assert_eq!(keys(&place), [(new.clone(), 2), (old.clone(), 0)]);
    checks.go_on().await;
    succeeds(&run(&place, &["keys", "rewrap"], ""), "Rewrapped 0 data keys");
    succeeds(&run(&place, &["keys", "retire", &old], ""), "Retired");
    checks.go_on().await;

    let port = free_port();
    let mut third = serve(&place, &fake, port);
    checks.move_to(port).await;
    assert!(second.terminate(STOP_LIMIT).expect("an end").success());
    checks.end().await;
    assert!(third.terminate(STOP_LIMIT).expect("an end").success());
    assert_eq!(only_id(&keys(&place)), *new);
    succeeds(&run(&place, &["audit", "verify"], ""), "every entry fits");
}

/// Somebody who has a connection verified over and over, on whichever server is to answer.
struct Checks {
    port: Arc<AtomicU16>,
    n_passed: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Checks {
    fn begin(owner: Visitor, connection: String, port: u16) -> Self {
        let (port, n_passed) = (Arc::new(AtomicU16::new(port)), Arc::new(AtomicUsize::new(0)));
        let task = tokio::spawn(verify_on_and_on(owner, connection, port.clone(), n_passed.clone()));
        Self { port, n_passed, task }
    }

    /// Waits until two more have passed: at least one of them has begun after this call.
    async fn go_on(&self) {
        let enough = self.n_passed.load(Ordering::SeqCst) + 2;
        let wait = async {
            while self.n_passed.load(Ordering::SeqCst) < enough {
                assert!(!self.task.is_finished(), "a check has failed");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(CHECK_LIMIT, wait).await.expect("checks go on");
    }

    /// From now on another server answers.
    async fn move_to(&self, port: u16) {
        self.port.store(port, Ordering::SeqCst);
        self.go_on().await;
    }

    async fn end(self) {
        self.go_on().await;
        self.task.abort();
    }
}

async fn verify_on_and_on(owner: Visitor, connection: String, port: Arc<AtomicU16>, n_passed: Arc<AtomicUsize>) {
    loop {
        let mut here = visitor(port.load(Ordering::SeqCst));
        here.cookies = owner.cookies.clone();
        let reply = here.post(&format!("{connection}/verify"), &[]).await;
        if reply.status == 429 {
            // The limit of checks a minute, which is none of this test's business.
            tokio::time::sleep(Duration::from_secs(3)).await;
            continue;
        }
        reply.leads_to(&connection);
        here.get(&connection).await.is(200).says("Working").lacks("Needs its key");
        n_passed.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Connects a server of the organization's own, and answers the address of its page.
async fn add_connection(owner: &mut Visitor, fake: &FakeProvider) -> String {
    let endpoint = format!("{}/v1", fake.base_url());
    let form = [("form_id", "rotation"), ("deployment_name", "fake-large"), ("endpoint", &endpoint), ("api_key", KEY)];
    owner.post("/providers/new/custom", &form).await.is(303);
    let first = "/providers/1";
    owner.get(first).await.is(200).says("fake-large");
    first.to_owned()
}

fn serve(place: &Place, fake: &FakeProvider, port: u16) -> ChildProgram {
    let allowed = fake.base_url().replace("http://", "");
    let mut command = claviger(place);
    start(command.env("CLAVIGER_LISTEN", format!("127.0.0.1:{port}")).env("CLAVIGER_EGRESS_ALLOW", allowed))
}

/// The ids of the master keys, the active one first, and how many data keys each wraps.
fn keys(place: &Place) -> Vec<(String, usize)> {
    let output = run(place, &["keys", "list"], "");
    succeeds(&output, "wraps");
    let lines = String::from_utf8(output.stdout).expect("text");
    lines
        .lines()
        .map(|line| {
            let (id, rest) = line.split_once(": wraps ").expect("an id");
            let n_wrapped = rest.split(' ').next().and_then(|n| n.parse().ok());
            (id.to_owned(), n_wrapped.expect("a number"))
        })
        .collect()
}

#[track_caller]
fn only_id(keys: &[(String, usize)]) -> String {
    let [(id, 2)] = keys else { panic!("{keys:?}") };
    id.clone()
}

/// The program on the place's own database, also where that is a file.
fn claviger(place: &Place) -> Command {
    let mut command = place.program();
    command.env("CLAVIGER_DATABASE_URL", &place.database.address);
    command
}

fn run(place: &Place, arguments: &[&str], input: &str) -> Output {
    let mut command = claviger(place);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    // It may end before it reads.
    child.stdin.take().expect("standard input").write_all(input.as_bytes()).ok();
    child.wait_with_output().expect("the program ends")
}

fn add_user(place: &Place, email: &str, role: &str, more: &[&str], password: &str) -> Output {
    let mut arguments = vec!["user", "add", "--email", email, "--role", role, "--password-stdin"];
    arguments.extend(more);
    run(place, &arguments, password)
}

fn set_password(place: &Place, email: &str, password: &str) -> Output {
    run(place, &["user", "set-password", "--email", email, "--password-stdin"], password)
}

fn create_token(place: &Place, email: &str, more: &[&str]) -> Output {
    let mut arguments = vec!["token", "create", "--email", email];
    arguments.extend(more);
    run(place, &arguments, "")
}

/// The one line that a command printed.
#[track_caller]
fn printed(output: &Output) -> String {
    succeeds(output, "");
    let said = String::from_utf8(output.stdout.clone()).expect("text");
    let line = said.strip_suffix('\n').expect("a line");
    assert!(!line.contains(char::is_whitespace), "{said:?}");
    line.to_owned()
}

/// Asks the API whose a legacy token is.
async fn whoami(port: u16, token: &str) -> Reply {
    let mut visitor = visitor(port);
    let request = visitor.request(reqwest::Method::GET, "/api/current-user/whoami");
    visitor.send(request.header("authorization", format!("Token {token}"))).await
}

/// The arguments of [`BOOTSTRAP`] with another one in this place.
fn with(position: usize, argument: &'static str) -> [&'static str; 6] {
    let mut arguments = BOOTSTRAP;
    arguments[position] = argument;
    arguments
}

#[track_caller]
fn succeeds(output: &Output, words: &str) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains(words), "{words:?} is not in {output:?}");
}

#[track_caller]
fn fails(output: &Output, words: &str) {
    ends_with(output, 1, words);
}

/// What `clap` refuses.
#[track_caller]
fn refused_usage(output: &Output, words: &str) {
    ends_with(output, 2, words);
}

#[track_caller]
fn ends_with(output: &Output, code: i32, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(code) && said.contains(words), "{words:?} is not in {output:?}");
    let all = format!("{}{said}", String::from_utf8_lossy(&output.stdout));
    assert!(![PASSWORD, OTHER_PASSWORD].iter().any(|password| all.contains(password)), "{all}");
}

fn visitor(port: u16) -> Visitor {
    Visitor::new(&format!("http://127.0.0.1:{port}"))
}

async fn sign_in(port: u16, email: &str, password: &str) -> Visitor {
    let mut visitor = visitor(port);
    visitor.post("/sign-in", &[("email", email), ("password", password)]).await.is(303);
    visitor
}

/// Who did what to whom, of the oldest organization, oldest first.
fn audit_log(place: &Place) -> Vec<String> {
    let mut conn = place.database.connect();
    let id = organizations::ids(&mut conn).expect("organizations")[0];
    let rows = audit::after(&mut conn, OrgScope::granted(id), 0, 100).expect("the log");
    let words = |row: &audit::AuditRow| format!("{} {} {} {}", row.who_kind, row.act, row.target_name, row.details);
    rows.iter().map(words).collect()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}
