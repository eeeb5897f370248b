//! The audit log: who did what, when, from where.

mod asked;
mod export;

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Query, ServiceConfig};
use askama::Template;
use chrono::NaiveDate;

use self::asked::Asked;
use super::page::{Page, Section};
use super::{respond, words};
use crate::actions::require;
use crate::app::App;
use crate::clock::Timestamp;
use crate::connection;
use crate::domain::actor::Actor;
use crate::domain::audit::{Act, ActGroup};
use crate::domain::role::Permission;
use crate::error::Result;
use crate::store::audit::{self, AuditRow};
use crate::store::connections;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/audit").get(show)).service(web::resource("/audit.csv").get(export::download));
}

/// Entries on a page.
const A_PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "audit/index.html")]
struct IndexPage {
    page: Page,
    asked: Asked,
    groups: Vec<(&'static str, &'static str)>,
    /// The connection that the entries are limited to, by name.
    only: Option<String>,
    days: Vec<Day>,
    total: i64,
    shown: String,
    newer: Option<String>,
    older: Option<String>,
}

/// The entries of one day.
struct Day {
    heading: String,
    entries: Vec<Entry>,
}

/// An entry as it is drawn.
struct Entry {
    at: Timestamp,
    who: String,
    what: String,
    target: String,
    /// The target's page, if it is still there.
    link: Option<String>,
    details: String,
    address: String,
}

/// `GET /audit`, for Owners and Administrators.
async fn show(app: Data<App>, actor: Actor, page: Page, asked: Query<Asked>) -> Result<HttpResponse> {
    require(&actor, Permission::ReadAudit)?;
    let (asked, scope) = (asked.into_inner().tidy(), actor.scope);
    let (filter, offset) = (asked.filter(), (asked.page_number() - 1).saturating_mul(A_PAGE));
    let ((rows, total), known) = app
        .db
        .read(move |conn| Ok((audit::page(conn, scope, &filter, offset, A_PAGE)?, connections::list(conn, scope)?)))
        .await?;
    let existing: BTreeSet<i64> = known.iter().map(|row| row.id).collect();
    let only = asked.connection_id().map(|id| {
        let now = known.iter().find(|row| row.id == id).map(connection::name);
        now.or_else(|| rows.first().map(|row| row.target_name.clone())).unwrap_or_else(|| format!("connection {id}"))
    });
    let n_shown = i64::try_from(rows.len()).unwrap_or(A_PAGE);
    respond::page(&IndexPage {
        days: by_day(rows, &existing, page.now.date()),
        shown: format!("{}–{} of {}, times in UTC", grouped(offset + 1), grouped(offset + n_shown), grouped(total)),
        newer: (offset > 0).then(|| asked.address("/audit", asked.page_number() - 1)),
        older: (offset + n_shown < total).then(|| asked.address("/audit", asked.page_number() + 1)),
        groups: groups(),
        only,
        total,
        asked,
        page: page.at(Section::Audit),
    })
}

fn groups() -> Vec<(&'static str, &'static str)> {
    let all = [("", "All actions")];
    all.into_iter().chain(ActGroup::ALL.map(|group| (group.slug(), group.label()))).collect()
}

/// Rows come newest first, so the rows of a day stand together.
fn by_day(rows: Vec<AuditRow>, existing: &BTreeSet<i64>, today: NaiveDate) -> Vec<Day> {
    let mut days: Vec<(NaiveDate, Day)> = Vec::new();
    for row in rows {
        let date = row.at.date();
        let entry = Entry::from(row, existing);
        match days.last_mut().filter(|(of, _)| *of == date) {
            Some((_, day)) => day.entries.push(entry),
            None => days.push((date, Day { heading: words::heading(&date, &today), entries: vec![entry] })),
        }
    }
    days.into_iter().map(|(_, day)| day).collect()
}

impl Entry {
    fn from(row: AuditRow, existing: &BTreeSet<i64>) -> Self {
        let connection_id = row.target_id.filter(|id| row.target_kind == "connection" && existing.contains(id));
        Self {
            at: row.at,
            what: what(&row).to_owned(),
            link: connection_id.map(|id| format!("/providers/{id}")),
            who: row.who_name,
            target: row.target_name,
            details: row.details,
            address: row.ip,
        }
    }

    fn time(&self) -> String {
        self.at.format("%H:%M").to_string()
    }
}

/// The act in words; one that another version wrote goes by its slug.
fn what(row: &AuditRow) -> &str {
    match Act::from_slug(&row.act) {
        Some(act) => act.words(),
        None => &row.act,
    }
}

fn grouped(n: i64) -> String {
    words::grouped(usize::try_from(n).unwrap_or_default())
}

impl IndexPage {
    fn everything(&self) -> String {
        Asked { connection: String::new(), ..self.asked.clone() }.address("/audit", 1)
    }

    fn csv(&self) -> String {
        self.asked.address("/audit.csv", 1)
    }
}
