//! A key that is planted in every way there is must be found nowhere: in no page, answer, header, log line or byte
//! of the database.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use chrono::TimeDelta;
use claviger::domain::role::Role;
use claviger::jobs;
use claviger::providers::ALL;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::support::app::TestApp;
use crate::support::browse::{Reply, Visitor};
use crate::support::crawl::{self, Found};
use crate::support::fake_provider::{FakeProvider, Reply as Scripted, answer};
use crate::support::google_account::GoogleAccount;
use crate::support::host::Host;
use crate::support::keys::{MODEL, add, answers_with, provider, rows};

/// Looks like no word of ours, in every window of it.
const CANARY: &str = "cnry-Qz7Jx2Wv9Kp4Lm6Tb8Rd3Hs5Gf1-Yu0E";
/// The second secret of a custom server.
const TOKEN: &str = "tokn-Pb5Xn8Vc2Zq7Mw4Ks9Jd6Hf3Lg1-Ra0T";

#[actix_web::test]
async fn no_trace_of_a_planted_key_is_anywhere() {
    let log = Log::start();
    // Nobody is known to it before the part that succeeds.
    let fake = FakeProvider::spawn().await;
    fake.offer(&["gpt-5.5", "claude-opus-4-5", "gemini-3.5-flash-lite", "gemini-3.8-flash", MODEL]);
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let mut seen = Seen::default();
    fail_in_every_way(&app, &mut mara, &fake, &mut seen).await;
    succeed(&app, &mut mara, &fake, &mut seen).await;
    refuse_queries(&mut mara, &mut seen).await;
    for role in Role::ALL {
        let mut visitor = app.member(role).await;
        for Found { reply, .. } in crawl::every_page(&mut visitor).await {
            seen.keep(&reply);
        }
        seen.keep(&visitor.get_json("/base-models").await);
        seen.keep(&visitor.get("/audit.csv").await);
    }
    embed(&app, &mut mara, &mut seen).await;
    by_api(&app, &mut seen).await;
    let needles = Needles::of_all();
    needles.check("an answer", seen.text.as_bytes());
    let lines = log.text();
    assert!(lines.contains("request"), "the log was heard");
    needles.check("the log", lines.as_bytes());
    for bytes in every_database_byte(&app).await {
        needles.check("the database", &bytes);
    }
}

#[test]
fn the_search_itself_finds_every_form_of_a_key() {
    let needles = Needles::of_all();
    let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    let forms = [
        CANARY.to_owned(),
        CANARY[5..20].to_owned(),
        CANARY.to_lowercase(),
        CANARY.chars().rev().collect(),
        STANDARD.encode(CANARY),
        STANDARD.encode(format!("x{CANARY}")),
        STANDARD.encode(format!("xy{TOKEN}")),
        hex,
        GoogleAccount::shared().private_key[100..140].to_owned(),
    ];
    for form in forms {
        assert!(needles.find(format!("before {form} after").as_bytes()).is_some(), "{form}");
    }
    assert!(needles.find(b"nothing of the kind is in this sentence, which ends in Yu0E").is_none());
}

/// The same pages inside another product's page, where a key may be typed in the frame, and is refused.
async fn embed(app: &TestApp, owner: &mut Visitor, seen: &mut Seen) {
    let host = Host::let_in(owner).await;
    let site = app.number("SELECT MAX(id) FROM embed_sites").await;
    owner.post(&format!("/settings/embedding/sites/{site}/typing"), &[("takes_keys", "yes")]).await.is(303);
    let mut frame = host.launched(app, "mara@fennel.example").await;
    let list = frame.get("/providers").await;
    seen.keep(list.is(200));
    let form = frame.get("/providers/new/custom").await;
    let (csrf, form_id) = (form.is(200).value("csrf"), form.value("form_id"));
    let fields = [("api_key", CANARY), ("auth_token", TOKEN), ("csrf", &csrf), ("form_id", &form_id), ("act", "check")];
    seen.keep(frame.post_as("iframe", "/providers/new/custom", &fields).await.is(422));
    let (mut window, opened) = frame.opens(app, "/providers/new").await;
    seen.keep(&opened);
    for to in list.attrs("button[form=opens-window]", "value") {
        seen.keep(&window.get_in_window(&to).await);
    }
    for page in ["/settings/embedding", "/settings/embedding/preview", "/audit"] {
        seen.keep(&owner.get(page).await);
    }
}

/// Every provider, every way to fail, through the forms for a new key.
async fn fail_in_every_way(app: &TestApp, visitor: &mut Visitor, fake: &FakeProvider, seen: &mut Seen) {
    let down = answer(503, &[], json!({ "error": { "message": "down" } }));
    let ways = [Scripted::EchoKey, Scripted::Garbage, Scripted::Redirect(fake.base_url()), Scripted::Huge, down];
    for provider in ALL {
        app.advance(TimeDelta::minutes(1));
        let answers = planted(provider.slug, fake);
        // The provider does not know the key, and says so in its own words.
        fake.recover();
        fake.good_key("another-key-altogether");
        let refused = add(visitor, provider, &answers).await;
        seen.keep(refused.is(422));
        for way in &ways {
            fake.recover();
            fake.reply_with("", way.clone());
            let reply = add(visitor, provider, &answers).await;
            assert_eq!(reply.status, 422, "{} {way:?}", provider.slug);
            seen.keep(&reply);
            // Held, then used again, then forgotten.
            let again = visitor.submit(&reply.form()).await;
            seen.keep(&again);
            seen.keep(&visitor.submit(&again.form().with("forget", "api_key")).await);
        }
        fake.recover();
        for spoilt in [format!("{CANARY} {CANARY}"), format!("\"{CANARY}\""), format!("{{{CANARY}"), CANARY.repeat(200)]
        {
            let mut answers = answers.clone();
            let secret = answers.iter_mut().find(|(name, _)| *name == "api_key" || name.ends_with("_text"));
            secret.expect("a secret").1 = spoilt;
            seen.keep(&add(visitor, provider, &answers).await);
        }
    }
}

/// Every provider connected, checked, replaced, edited, and half of them removed.
async fn succeed(app: &TestApp, visitor: &mut Visitor, fake: &FakeProvider, seen: &mut Seen) {
    fake.recover();
    fake.know(&GoogleAccount::shared());
    fake.good_key(CANARY);
    app.advance(TimeDelta::minutes(1));
    for provider in ALL {
        let reply = add(visitor, provider, &planted(provider.slug, fake)).await;
        reply.is(303);
        seen.keep(&reply);
    }
    for row in rows(app).await {
        app.advance(TimeDelta::minutes(1));
        let path = format!("/providers/{}", row.id);
        seen.keep(&visitor.post(&format!("{path}/verify"), &[]).await);
        let form = visitor.get(&format!("{path}/replace-key")).await.form();
        seen.keep(&visitor.submit(&form.with_all(&planted(&row.provider, fake))).await);
        fake.reply_with("", Scripted::EchoKey);
        seen.keep(&visitor.post(&format!("{path}/verify"), &[]).await);
        seen.keep(&visitor.get(&path).await);
        fake.recover();
    }
    jobs::tick(&app.app, "the tests").await;
}

/// Keys in addresses, as a wrong script would send them.
/// Sends the keys through the REST API, rightly and wrongly, and reads everything there.
async fn by_api(app: &TestApp, seen: &mut Seen) {
    const LIST: &str = "/api/model-provider-connections/";
    let mut program = app.program_of(Role::Owner).await;
    let connections = program.get(LIST).await.is(200).json();
    let ids: Vec<i64> = connections.as_array().expect("a list").iter().filter_map(|one| one["id"].as_i64()).collect();
    assert!(ids.len() >= 7, "{connections}");
    let wrong = [
        json!({ "provider": "Custom", "api_key": CANARY, "endpoint": "no address" }),
        json!({ "provider": CANARY, "api_key": CANARY }),
        json!({ "provider": "OpenAI", "api_key": [CANARY] }),
        json!({ "provider": "VertexAI", "google_application_credentials": { "private_key": CANARY } }),
        json!({ "provider": "VertexAI", "google_application_credentials": format!("{{{CANARY}") }),
        json!({ "provider": "Custom", "budget_limit": CANARY, "auth_token": TOKEN }),
        json!([CANARY]),
    ];
    for body in wrong {
        seen.keep(program.post(&format!("{LIST}?verify=true"), body).await.is(400));
    }
    for id in ids {
        app.advance(TimeDelta::minutes(1));
        let mut program = app.program_of(Role::Owner).await;
        let changed = json!({ "api_key": CANARY, "auth_token": TOKEN });
        seen.keep(&program.patch(&format!("{LIST}{id}/"), changed.clone()).await);
        seen.keep(&program.post(&format!("{LIST}{id}/replace-key"), changed).await);
        for part in ["", "checks", "models"] {
            seen.keep(program.get(&format!("{LIST}{id}/{part}")).await.is(200));
        }
        seen.keep(program.post_nothing(&format!("{LIST}{id}/verify")).await.is(200));
    }
    let mut program = app.program_of(Role::Owner).await;
    seen.keep(program.get(&format!("{LIST}?api_key={CANARY}")).await.is(400));
    for path in [LIST, "/api/current-user/whoami", "/api/token/", "/api/openapi.json"] {
        seen.keep(program.get(path).await.is(200));
    }
}

async fn refuse_queries(visitor: &mut Visitor, seen: &mut Seen) {
    for path in
        ["/providers/new/openai", "/providers", "/base-models", "/audit", "/nowhere", "/sign-in", "/health/ready"]
    {
        seen.keep(&visitor.get(&format!("{path}?api_key={CANARY}")).await);
        seen.keep(&visitor.get_json(&format!("{path}?token={TOKEN}")).await);
    }
}

fn planted(slug: &str, fake: &FakeProvider) -> Vec<(&'static str, String)> {
    let mut answers = answers_with(provider(slug), fake, CANARY);
    if slug == "custom" {
        answers.push(("auth_token", TOKEN.to_owned()));
    }
    answers
}

/// Everything that a browser got.
#[derive(Default)]
struct Seen {
    text: String,
}

impl Seen {
    fn keep(&mut self, reply: &Reply) {
        self.text.push_str(&format!("{} {:?}\n{}\n", reply.status, reply.headers, reply.body));
    }
}

/// What must not be found: every twelve characters of every form of every planted secret.
struct Needles {
    windows: BTreeSet<Vec<u8>>,
}

const WINDOW: usize = 12;

impl Needles {
    fn of_all() -> Self {
        let mut needles = Self { windows: BTreeSet::new() };
        [CANARY, TOKEN].into_iter().for_each(|secret| needles.learn(secret));
        let pem = GoogleAccount::shared().private_key;
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        // The first characters are the same for every key of this kind.
        needles.learn(&body[40..]);
        pem.lines().filter(|line| !line.starts_with("-----")).skip(1).for_each(|line| needles.learn(line));
        needles
    }

    fn learn(&mut self, secret: &str) {
        let hex = |upper: bool| -> String {
            secret.bytes().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect()
        };
        let mut forms = vec![
            secret.to_owned(),
            secret.to_lowercase(),
            secret.to_uppercase(),
            secret.chars().rev().collect(),
            percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string(),
            hex(true),
            hex(false),
        ];
        for skipped in 0..3 {
            let part = &secret.as_bytes()[skipped..];
            let whole = &part[..part.len() - part.len() % 3];
            forms.extend([STANDARD.encode(whole), URL_SAFE.encode(whole)]);
        }
        for form in forms {
            self.windows.extend(form.as_bytes().windows(WINDOW).map(<[u8]>::to_vec));
        }
    }

    fn find<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.windows(WINDOW).find(|window| self.windows.contains(*window))
    }

    #[track_caller]
    fn check(&self, place: &str, bytes: &[u8]) {
        let found = self.find(bytes).map(String::from_utf8_lossy);
        assert!(found.is_none(), "{place} holds {found:?}");
    }
}

/// Everything, but not what the tests' own reader of HTML has to say.
const FILTER: &str = "trace,html5ever=off,selectors=off,scraper=off,cssparser=off";

/// The log of this process, at its most talkative.
#[derive(Clone)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Hears everything from now on, also from the server's own threads.
    fn start() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self(Arc::default());
            let filter = claviger::trace::filter(FILTER).expect("a filter");
            let lines = fmt::layer().with_writer(log.clone()).with_filter(filter);
            tracing_subscriber::registry().with(lines).try_init().expect("the first log");
            log
        })
        .clone()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("the log")).into_owned()
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// SQLite's files, before and after its log is written into them; PostgreSQL's rows as text, with its bytes in hex
/// and as they are.
async fn every_database_byte(app: &TestApp) -> Vec<Vec<u8>> {
    if !app.is_postgres() {
        let mut files = app.database_files();
        app.checkpoint().await;
        files.extend(app.database_files());
        assert!(files.iter().map(Vec::len).sum::<usize>() > 100_000, "the files were read");
        return files;
    }
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }
    let tables = "SELECT table_name::text AS line FROM information_schema.tables WHERE table_schema = current_schema()";
    let tables: Vec<Line> = app.store(move |conn| Ok(sql_query(tables).load(conn)?)).await;
    assert!(tables.len() > 10, "the tables were read");
    let mut all = Vec::new();
    for Line { line: table } in tables {
        let rows = format!("SELECT t::text AS line FROM {table} AS t");
        let rows: Vec<Line> = app.store(move |conn| Ok(sql_query(rows).load(conn)?)).await;
        for Line { line } in rows {
            all.extend(line.split("\\x").map(unhex));
            all.push(line.into_bytes());
        }
    }
    all
}

/// The bytes at the beginning of a text that are written in hex.
fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.bytes().map_while(|byte| char::from(byte).to_digit(16).map(|digit| digit as u8)).collect();
    digits.chunks_exact(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}
