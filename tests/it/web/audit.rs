//! The audit log: what it shows, how it is searched, and how it leaves.
use std::sync::Arc;

use chrono::{Duration, TimeDelta};
use claviger::domain::actor::{OrgScope, Who};
use claviger::domain::audit::{Act, AuditEntry, AuditTarget};
use claviger::store::audit;

use crate::support::app::{ORGANIZATION, TestApp};
use crate::support::browse::Reply;

const HOSTILE: &str = "=HYPERLINK(\"https://evil.example\")<script>";

async fn write(app: &TestApp, entries: Vec<(TimeDelta, AuditEntry)>) -> OrgScope {
    let scope = app.organization(ORGANIZATION).await;
    let (keys, now) = (Arc::clone(&app.app.keys), app.clock.now());
    app.store(move |conn| {
        for (ago, entry) in entries {
            audit::append(conn, scope, &keys.audit, now - ago, &entry)?;
        }
        Ok(())
    })
    .await;
    scope
}

fn entry(act: Act, target: &str, details: &str) -> AuditEntry {
    let who = Who::Person { id: 7, name: "Priya Nair".into() };
    AuditEntry::of(who, "192.0.2.77".parse().ok(), act).on(AuditTarget::Other(target.into())).with(details)
}

/// Who, what and details of each entry.
fn entries(reply: &Reply) -> Vec<String> {
    reply
        .rows(".audit tbody tr:not(.rowgroup)")
        .iter()
        .map(|row| row.split_once(' ').expect("a time").1.to_owned())
        .collect()
}

#[actix_web::test]
async fn entries_stand_by_day_newest_first() {
    let app = TestApp::spawn().await;
    let mut tomas = app.administrator().await;
    app.advance(TimeDelta::minutes(1));
    let gone = AuditTarget::Connection { id: 99, name: "Gemini".into() };
    write(
        &app,
        vec![
            (Duration::days(40), entry(Act::MemberInvited, "lee@partner.example", "As Annotator")),
            (Duration::days(1), entry(Act::KeyReplaced, "", "Ending aP31 to ending Zt0c").on(gone)),
            (Duration::zero(), AuditEntry::of(Who::System, None, Act::HealthChanged).with("Rate limited")),
        ],
    )
    .await;
    let reply = tomas.get("/audit").await;
    let headings = reply.is(200).texts(".rowgroup");
    assert!(headings[0].starts_with("Today, ") && headings[1].starts_with("Yesterday, "), "{headings:?}");
    let shown = entries(&reply);
    assert_eq!(shown[0], "System Found a change in Rate limited —");
    assert!(shown.contains(&"Priya Nair Replaced the key of Gemini Ending aP31 to ending Zt0c 192.0.2.77".to_owned()));
    assert!(shown[2].starts_with("Priya Nair Invited lee@partner.example As Annotator"), "{shown:?}");
    assert!(!reply.has("a[href='/providers/99']"), "what is gone is no link");
}

#[actix_web::test]
async fn the_log_is_for_owners_and_administrators() {
    let app = TestApp::spawn().await;
    app.owner().await;
    let mut jonas = app.manager().await;
    for path in ["/audit", "/audit.csv"] {
        jonas.get(path).await.is(403).says("Mara Lindqvist");
    }
    app.visitor().get("/audit").await.is(303);
    let elsewhere = app.organization("Elsewhere").await;
    app.add(elsewhere, "Eve", "eve@elsewhere.example", claviger::domain::role::Role::Owner).await;
    let mut eve = app.sign_in("eve@elsewhere.example").await;
    eve.get("/audit").await.is(200).lacks("Mara");
    eve.get("/audit.csv").await.is(200).lacks("Mara");
}

#[actix_web::test]
async fn the_filter_narrows_by_words_action_days_and_connection() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let openai = || AuditTarget::Connection { id: 7, name: "OpenAI".into() };
    write(
        &app,
        vec![
            (Duration::days(10), entry(Act::ConnectionAdded, "", "").on(openai())),
            (Duration::days(5), entry(Act::ConnectionVerified, "", "Working, 100% of 12_models").on(openai())),
            (Duration::days(5), entry(Act::MemberInvited, "lee@partner.example", "As Annotator")),
        ],
    )
    .await;
    let day = |ago: i64| (app.clock.now() - Duration::days(ago)).date();
    for (query, expected) in [
        ("q=PARTNER".to_owned(), 1),
        ("q=192.0.2.77&connection=7".to_owned(), 2),
        ("q=100%25+of".to_owned(), 1),
        ("q=12_models".to_owned(), 1),
        ("q=1%25%25%25".to_owned(), 0),
        ("group=members".to_owned(), 1),
        ("group=checks".to_owned(), 1),
        (format!("q=priya&from={}", day(5)), 2),
        (format!("q=priya&from={}&to={}", day(10), day(6)), 1),
        ("connection=7".to_owned(), 2),
        ("q=%00priya%00".to_owned(), 3),
    ] {
        let reply = mara.get(&format!("/audit?{query}")).await;
        assert_eq!(entries(reply.is(200)).len(), expected, "{query} {reply}");
    }
    let reply = mara.get("/audit?q=%3Cscript%3E&group=keys&from=2026-01-02").await;
    reply.says("No entries match").lacks("<script>\"");
    assert_eq!(reply.value("q"), "<script>");
    assert_eq!(reply.attr("option[selected]", "value"), "keys");
    assert_eq!(reply.value("from"), "2026-01-02");
    mara.get("/audit?connection=7").await.says("Only entries about OpenAI.");
    for nonsense in ["page=x", "page=-1", "page=99999999999999999999", "from=never", "connection=x", "group=x"] {
        mara.get(&format!("/audit?{nonsense}")).await.is(200).says("Priya Nair");
    }
}

#[actix_web::test]
async fn ten_thousand_entries_are_turned_page_by_page() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let many = (0..10_000).map(|n| (Duration::zero(), entry(Act::MemberInvited, &format!("no-{n}"), ""))).collect();
    write(&app, many).await;
    let first = mara.get("/audit?q=no-").await;
    assert_eq!(entries(&first).len(), 50);
    first.says("1–50 of 10,000, times in UTC").says("no-9999");
    assert!(!first.has("[rel=prev]"));
    let second = mara.get(&first.attr("[rel=next]", "href")).await;
    second.says("51–100 of 10,000").says("no-9949").lacks("no-9950");
    assert_eq!(second.attr("[rel=prev]", "href"), "/audit?q=no-");
    let last = mara.get("/audit?q=no-&page=200").await;
    last.says("9,951–10,000 of 10,000");
    assert!(!last.has("[rel=next]"));
    mara.get("/audit?q=no-&page=201").await.is(200).says("Nothing this far back");

    let started = std::time::Instant::now();
    let table = mara.get("/audit.csv?q=no-").await;
    // Its heading, and its own entry, which names what was searched for.
    assert_eq!(table.is(200).body.lines().count(), 2 + 10_000);
    assert!(started.elapsed() < std::time::Duration::from_secs(20));
    assert!(table.body.lines().nth(2).unwrap().contains("no-9999") && table.body.ends_with("192.0.2.77\n"));
}

#[actix_web::test]
async fn an_export_holds_what_matches_and_is_itself_kept_in_the_log() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    write(&app, vec![(Duration::zero(), entry(Act::MemberInvited, "lee, \"Lee\"", "As\nAnnotator"))]).await;
    let reply = mara.get("/audit.csv?group=members").await;
    assert_eq!(reply.is(200).header("content-type"), "text/csv; charset=utf-8");
    let name = format!("attachment; filename=\"audit-log-{}.csv\"", app.clock.now().date());
    assert_eq!(reply.header("content-disposition"), name);
    let mut lines = csv::Reader::from_reader(reply.body.trim_start_matches('\u{feff}').as_bytes());
    let rows: Vec<_> = lines.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1);
    let cells: Vec<_> = rows[0].iter().skip(2).collect();
    let expected = ["Priya Nair", "member.invited", "Invited", "other", "lee, \"Lee\"", "As\nAnnotator", "192.0.2.77"];
    assert_eq!(cells, expected);
    let log = entries(&mara.get("/audit").await);
    assert!(log[0].starts_with("Mara Lindqvist Exported the audit log Members"), "{log:?}");
}

#[actix_web::test]
async fn what_people_type_is_neither_markup_nor_a_formula() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    write(&app, vec![(Duration::zero(), entry(Act::SignInFailed, HOSTILE, "@SUM(A1)"))]).await;
    mara.get("/audit").await.lacks("<script>").says(HOSTILE);
    let reply = mara.get("/audit.csv").await;
    reply.lacks(",=").lacks(",\"=").lacks(",@");
    assert!(reply.body.contains("'@SUM(A1)") && reply.body.contains("\"'=HYPERLINK("));
}

#[actix_web::test]
async fn acts_of_another_version_are_shown_by_their_slug() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let scope = write(&app, Vec::new()).await;
    app.store(move |conn| {
        use diesel::RunQueryDsl;
        diesel::sql_query(format!(
            "INSERT INTO audit_log (organization_id, seq, at, who_kind, who_name, ip, act, target_kind, target_name, \
             details, folded, mac) SELECT organization_id, 1000, at, who_kind, who_name, ip, 'budget.changed', \
             target_kind, target_name, details, folded, mac FROM audit_log WHERE organization_id = {} AND seq = 1",
            scope.id()
        ))
        .execute(conn)?;
        Ok(())
    })
    .await;
    mara.get("/audit").await.is(200).says("budget.changed");
}
