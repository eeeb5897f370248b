//! What another organization is told about ours: nothing.

use claviger::domain::actor::{OrgScope, Who};
use claviger::domain::audit::{Act, AuditEntry};
use claviger::domain::check::{CheckReport, OfferedModel, Verdict};
use claviger::domain::connection::Target;
use claviger::domain::egress::EgressAddress;
use claviger::domain::project::ProjectDraft;
use claviger::domain::prompt::{PromptDraft, VersionDraft};
use claviger::domain::role::Role;
use claviger::domain::theme::Theme;
use claviger::error::{Error, Result};
use claviger::store::audit::{AuditFilter, ChainKey};
use claviger::store::connections::{Checked, SealedSecretRow};
use claviger::store::data_keys::DataKeyRow;
use claviger::store::held_secrets::HeldSecretRow;
use claviger::store::listing::{Listing, Order};
use claviger::store::projects::{Kept, Which};
use claviger::store::users::UserRow;
use claviger::store::{
    Conn, audit, checks, connections, data_keys, egress, held_secrets, invitations, models, projects, prompt_versions,
    prompts, users,
};
use diesel::prelude::*;
use diesel::sql_query;
use zeroize::Zeroizing;

use super::Bench;

const SESSION: &[u8] = b"session";
const FORM: &str = "new/openai";

/// An organization with something in every table, and another one that asks for it.
struct Two {
    bench: Bench,
    foreign: OrgScope,
    connection_id: i64,
}

impl Two {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let connection_id = bench.connection().await;
        let foreign = bench.other_organization().await;
        let two = Self { bench, foreign, connection_id };
        two.fill().await;
        two
    }

    async fn fill(&self) {
        let (scope, id, now) = (self.bench.scope, self.connection_id, self.bench.clock.now());
        self.write(move |conn| {
            let user = format!(
                "INSERT INTO users (id, organization_id, email, name, role, password_hash, created_at) \
                 VALUES (1, {}, 'ada@example.com', 'Ada', 'owner', '', '{now}')",
                scope.id()
            );
            sql_query(user).execute(conn)?;
            data_keys::insert_first(conn, &DataKeyRow::new(1, Some(scope.id()), "mk".into(), vec![1], now))?;
            let invitation = format!(
                "INSERT INTO invitations (organization_id, token_hash, email, role, created_at, expires_at) \
                 VALUES ({}, {}, 'ben@example.com', 'annotator', '{now}', '{}')",
                scope.id(),
                if matches!(conn, Conn::Postgres(_)) { "'\\x01'" } else { "x'01'" },
                now + chrono::TimeDelta::days(7)
            );
            sql_query(invitation).execute(conn)?;
            connections::put_secret(conn, scope, &secret(id, now))?;
            models::record_offered(conn, scope, id, &[offered("ours")], |_| true)?;
            checks::insert(conn, scope, id, Some(1), now, &report())?;
            held_secrets::keep(conn, &held(scope, now))?;
            egress::replace(conn, scope, now, &[EgressAddress::parse("203.0.113.1", "Primary").expect("an address")])?;
            let project = projects::insert(conn, scope, &project_draft(), Kept { suits_prompts: true, at: now }, 1)?;
            let prompt = prompts::insert(conn, scope, &prompt_draft(), 1, now)?;
            prompts::set_projects(conn, scope, prompt, &[project])?;
            prompt_versions::insert(conn, scope, prompt, &version_draft(), 1, now)?;
            let key = ChainKey::new(Zeroizing::new([7; 64]));
            audit::append(conn, scope, &key, now, &AuditEntry::of(Who::Operator, None, Act::EgressChanged))
        })
        .await
        .expect("rows");
    }

    async fn write<T: Send + 'static>(&self, work: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static) -> Result<T> {
        self.bench.db.write(work).await
    }

    /// Everything that can be read of an organization, in one text.
    async fn everything(&self, scope: OrgScope) -> String {
        let (id, now) = (self.connection_id, self.bench.clock.now());
        let read = self.bench.db.read(move |conn| {
            let texts = [
                format!("{:?}", connections::list(conn, scope)?),
                format!("{:?}", connections::of_form(conn, scope, "form")?.into_iter().collect::<Vec<_>>()),
                format!("{:?}", connections::of_provider(conn, scope, "custom")?),
                format!("{:?}", connections::sealed_secrets(conn, scope, id)?),
                format!("{:?}", connections::fingerprints(conn, scope)?),
                format!("{:?}", models::of_organization(conn, scope)?),
                format!("{:?}", models::of_connection(conn, scope, id)?),
                format!("{:?}", checks::recent(conn, scope, id, 10)?),
                format!("{:?}", held_secrets::of_form(conn, scope, SESSION, FORM, now)?),
                format!("{:?}", egress::list(conn, scope)?.addresses),
                format!("{:?}", audit::page(conn, scope, &AuditFilter::default(), 0, 10)?.0),
                format!("{:?}", audit::after(conn, scope, 0, 10)?),
                format!("{:?}", data_keys::of_organization(conn, scope)?.into_iter().collect::<Vec<_>>()),
                format!("{:?}", users::name(conn, scope, 1)?.into_iter().collect::<Vec<_>>()),
                format!("{:?}", users::names(conn, scope)?),
                format!("{:?}", users::names_of_managers(conn, scope)?),
                format!("{:?}", users::list(conn, scope)?.iter().map(UserRow::is_active).collect::<Vec<_>>()),
                format!("{:?}", users::list(conn, scope)?.iter().map(UserRow::role).collect::<Vec<_>>()),
                format!("{:?}", users::of_ids(conn, scope, &[1])?.iter().map(|row| row.id).collect::<Vec<_>>()),
                format!("{:?}", projects::list(conn, scope, Which::All, &listing())?.0),
                format!("{:?}", prompts::list(conn, scope, &listing())?.0),
                format!("{:?}", prompts::projects_of(conn, scope, &[1])?),
                format!("{:?}", prompts::n_versions(conn, scope, &[1])?),
                format!("{:?}", prompt_versions::get(conn, scope, 1, 1).into_iter().collect::<Vec<_>>()),
                format!("{:?}", invitations::list(conn, scope)?.iter().map(|(row, _)| row.id).collect::<Vec<_>>()),
            ];
            Ok(texts.join("\n"))
        });
        read.await.expect("rows")
    }
}

#[tokio::test]
async fn another_organization_reads_nothing() {
    let two = Two::new().await;
    let ours = two.everything(two.bench.scope).await;
    assert_eq!(ours.lines().filter(|line| *line == "[]").count(), 1, "only the form has no row:\n{ours}");
    let theirs = two.everything(two.foreign).await;
    assert!(theirs.lines().all(|line| line == "[]"), "{theirs}");
    let (foreign, id) = (two.foreign, two.connection_id);
    let got = two.bench.db.read(move |conn| connections::get(conn, foreign, id)).await;
    assert!(matches!(got, Err(Error::NotFound)), "{got:?}");
}

#[tokio::test]
async fn another_organization_changes_nothing() {
    let two = Two::new().await;
    let (foreign, id, now) = (two.foreign, two.connection_id, two.bench.clock.now());
    let before = two.everything(two.bench.scope).await;
    let target = Target { endpoint: Some("https://evil.example.com".into()), ..Target::default() };

    assert!(!two.write(move |conn| connections::touch(conn, foreign, id, 1, 1, now)).await.expect("an answer"));
    assert!(
        !two.write(move |conn| connections::set_checked(conn, foreign, id, 1, &checked(now))).await.expect("an answer")
    );
    assert!(!two.write(move |conn| connections::delete(conn, foreign, id)).await.expect("an answer"));
    two.write(move |conn| connections::set_target(conn, foreign, id, &target, "evil")).await.expect("no row to change");
    two.write(move |conn| connections::set_key_replaced(conn, foreign, id, 1, now)).await.expect("no row to change");
    two.write(move |conn| connections::set_paused(conn, foreign, id, Some(now))).await.expect("no row to change");
    two.write(move |conn| models::switch(conn, foreign, id, &[])).await.expect("no row to change");
    two.write(move |conn| held_secrets::forget(conn, foreign, SESSION, FORM)).await.expect("no row to change");
    two.write(move |conn| egress::replace(conn, foreign, now, &[])).await.expect("its own list");

    is_not_found(&two.write(move |conn| connections::put_secret(conn, foreign, &secret(id, now))).await);
    is_not_found(&two.write(move |conn| connections::delete_secret(conn, foreign, id, "api_key")).await);
    is_not_found(&two.write(move |conn| models::record_offered(conn, foreign, id, &[offered("x")], |_| true)).await);
    is_not_found(&two.write(move |conn| checks::insert(conn, foreign, id, None, now, &report())).await);

    is_not_found(&two.write(move |conn| projects::lock(conn, foreign, 1).map(drop)).await);
    is_not_found(&two.write(move |conn| prompts::lock(conn, foreign, 1).map(drop)).await);
    is_not_found(&two.write(move |conn| connections::lock(conn, foreign, id).map(drop)).await);
    is_not_found(&two.write(move |conn| prompts::set_projects(conn, foreign, 1, &[])).await);
    is_not_found(&two.write(move |conn| prompt_versions::delete(conn, foreign, 1, 1)).await);
    let version = move |conn: &mut Conn| prompt_versions::update(conn, foreign, 1, 1, &version_draft(), now);
    is_not_found(&two.write(version).await);
    let version = move |conn: &mut Conn| prompt_versions::insert(conn, foreign, 1, &version_draft(), 1, now).map(drop);
    is_not_found(&two.write(version).await);
    is_not_found(&two.write(move |conn| prompt_versions::list(conn, foreign, 1, Order::NEWEST).map(drop)).await);
    is_not_found(&two.write(move |conn| prompt_versions::titles(conn, foreign, 1).map(drop)).await);
    let kept = Kept { suits_prompts: false, at: now };
    two.write(move |conn| projects::update(conn, foreign, 1, &project_draft(), kept)).await.expect("no row to change");
    two.write(move |conn| projects::delete(conn, foreign, 1)).await.expect("no row to delete");
    two.write(move |conn| prompts::update(conn, foreign, 1, &prompt_draft(), now)).await.expect("no row to change");
    two.write(move |conn| prompts::delete(conn, foreign, 1)).await.expect("no row to delete");
    let taken = two.write(move |conn| projects::lock_all(conn, foreign, &[1])).await;
    assert_eq!(taken.expect("an answer"), [0_i64; 0]);

    two.write(move |conn| users::set_role(conn, foreign, 1, Role::Annotator)).await.ok();
    two.write(move |conn| users::deactivate(conn, foreign, 1, now)).await.ok();
    two.write(move |conn| users::set_profile(conn, foreign, 1, "Eve", Theme::Dark)).await.ok();
    two.write(move |conn| invitations::cancel_of_email(conn, foreign, "ben@example.com", now)).await.ok();

    assert_eq!(two.everything(two.bench.scope).await, before);
}

#[track_caller]
fn is_not_found(answer: &Result<()>) {
    assert!(matches!(answer, Err(Error::NotFound)), "{answer:?}");
}

fn project_draft() -> ProjectDraft {
    ProjectDraft { title: "Reviews".into(), description: None, label_config: "<View/>".into() }
}

fn prompt_draft() -> PromptDraft {
    PromptDraft { title: "Mood".into(), ..PromptDraft::default() }
}

fn version_draft() -> VersionDraft {
    VersionDraft { title: "v".into(), provider: "openai".into(), ..VersionDraft::default() }
}

fn listing() -> Listing {
    Listing { words: Vec::new(), title: None, ids: None, order: Order::NEWEST, offset: 0, limit: 10 }
}

fn offered(id: &str) -> OfferedModel {
    OfferedModel { id: id.into(), context_window: Some(8192), retires_on: None }
}

fn secret(connection_id: i64, now: claviger::clock::Timestamp) -> SealedSecretRow {
    SealedSecretRow {
        connection_id,
        field: "api_key".into(),
        version: 1,
        data_key_id: 1,
        sealed: vec![1, 2, 3],
        tail: Some("abcd".into()),
        created_at: now,
    }
}

fn held(scope: OrgScope, now: claviger::clock::Timestamp) -> HeldSecretRow {
    HeldSecretRow {
        id: "held".into(),
        organization_id: scope.id(),
        session_hash: SESSION.to_vec(),
        form: FORM.into(),
        field: "api_key".into(),
        destination: "openai".into(),
        data_key_id: 1,
        sealed: vec![1],
        tail: None,
        expires_at: now + chrono::TimeDelta::minutes(10),
    }
}

fn checked(now: claviger::clock::Timestamp) -> Checked {
    Checked {
        health: "working".into(),
        health_detail: String::new(),
        health_since: now,
        checked_at: Some(now),
        next_check_at: None,
        chat_url: Some("https://evil.example.com".into()),
        underlying_model: None,
        json_mode: None,
    }
}

fn report() -> CheckReport {
    CheckReport {
        verdict: Verdict::Ok,
        message: "Works.".into(),
        field: None,
        suggestion: None,
        steps: Vec::new(),
        models: Vec::new(),
        chat_url: None,
        underlying_model: None,
        json_mode: None,
        retry_after_s: None,
        took_ms: 12,
    }
}
