//! The audit log: one chain for each organization. Every row carries a MAC over itself and the row before, so
//! that whoever can write the database but has not the master key cannot change, drop or insert one unseen.

use chrono::NaiveDate;
use diesel::prelude::*;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Conn;
use super::listing::contains;
use super::schema::{audit_log, organizations};
use crate::clock::Timestamp;
use crate::domain::actor::{OrgScope, Who};
use crate::domain::audit::{Act, ActGroup, AuditEntry, AuditTarget};
use crate::error::Result;

/// The key of the chain, derived from the installation's data key.
pub struct ChainKey(Zeroizing<[u8; 64]>);

impl ChainKey {
    /// Takes the derived key into custody.
    #[must_use]
    pub fn new(key: Zeroizing<[u8; 64]>) -> Self {
        Self(key)
    }
}

/// The first link of every chain hangs on this.
pub const FIRST_MAC: [u8; 32] = [0; 32];

/// One line of the log.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_log)]
pub struct AuditRow {
    /// The organization whose log it is.
    pub organization_id: i64,
    /// Its place, from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// `person`, `system`, `operator` or `unknown`.
    pub who_kind: String,
    /// The person's id.
    pub who_id: Option<i64>,
    /// The name at the time.
    pub who_name: String,
    /// From where; empty if not over the network.
    pub ip: String,
    /// The act's slug.
    pub act: String,
    /// `connection`, `user`, `other` or empty.
    pub target_kind: String,
    /// The target's id.
    pub target_id: Option<i64>,
    /// The target's name at the time.
    pub target_name: String,
    /// A few words more.
    pub details: String,
    folded: String,
    mac: Vec<u8>,
}

/// What a reader of the log wants to see.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Words that a name, an address, a target or the details hold; empty for all.
    pub text: String,
    /// A family of acts.
    pub group: Option<ActGroup>,
    /// Only these acts; empty for all.
    pub acts: Vec<Act>,
    /// First day, UTC.
    pub from: Option<NaiveDate>,
    /// Last day, UTC, included.
    pub to: Option<NaiveDate>,
    /// Only acts on this connection.
    pub connection_id: Option<i64>,
}

/// Appends an entry to an organization's log. Call it in the same transaction as the change it tells of.
///
/// # Errors
/// The database's; the change must then fail too.
pub fn append(conn: &mut Conn, scope: OrgScope, key: &ChainKey, now: Timestamp, entry: &AuditEntry) -> Result<()> {
    // Taking the next number locks the organization's row, so that two writers cannot fork the chain.
    let (seq, previous_mac): (i64, Vec<u8>) = diesel::update(organizations::table.find(scope.id()))
        .set(organizations::audit_seq.eq(organizations::audit_seq + 1))
        .returning((organizations::audit_seq, organizations::audit_mac))
        .get_result(conn)?;
    let mut row = AuditRow::of(scope, seq, now, entry);
    row.mac = row.compute_mac(key, &previous_mac);
    diesel::insert_into(audit_log::table).values(&row).execute(conn)?;
    diesel::update(organizations::table.find(scope.id())).set(organizations::audit_mac.eq(&row.mac)).execute(conn)?;
    Ok(())
}

/// A page of the log, newest first, and the number of all rows that match.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    scope: OrgScope,
    filter: &AuditFilter,
    offset: i64,
    limit: i64,
) -> Result<(Vec<AuditRow>, i64)> {
    let total = filtered(scope, filter).count().get_result(conn)?;
    let rows = filtered(scope, filter)
        .order(audit_log::seq.desc())
        .offset(offset)
        .limit(limit)
        .select(AuditRow::as_select())
        .load(conn)?;
    Ok((rows, total))
}

/// Rows that match and come before a number, newest first, for the export: what is written meanwhile moves
/// nothing.
///
/// # Errors
/// The database's.
pub fn before(conn: &mut Conn, scope: OrgScope, filter: &AuditFilter, seq: i64, limit: i64) -> Result<Vec<AuditRow>> {
    Ok(filtered(scope, filter)
        .filter(audit_log::seq.lt(seq))
        .order(audit_log::seq.desc())
        .limit(limit)
        .select(AuditRow::as_select())
        .load(conn)?)
}

/// Rows in the order of the chain, after a number, for export and verification.
///
/// # Errors
/// The database's.
pub fn after(conn: &mut Conn, scope: OrgScope, seq: i64, limit: i64) -> Result<Vec<AuditRow>> {
    Ok(audit_log::table
        .filter(audit_log::organization_id.eq(scope.id()).and(audit_log::seq.gt(seq)))
        .order(audit_log::seq.asc())
        .limit(limit)
        .select(AuditRow::as_select())
        .load(conn)?)
}

/// The number of the first row that does not fit the chain; `None` if all do, down to the end that the
/// organization's row remembers.
///
/// # Errors
/// The database's.
pub fn first_broken(conn: &mut Conn, scope: OrgScope, key: &ChainKey) -> Result<Option<i64>> {
    const BATCH: i64 = 1000;
    let (mut seq, mut mac) = (0, FIRST_MAC.to_vec());
    loop {
        let rows = after(conn, scope, seq, BATCH)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            if row.seq != seq + 1 || row.mac != row.compute_mac(key, &mac) {
                return Ok(Some(seq + 1));
            }
            (seq, mac) = (row.seq, row.mac);
        }
    }
    let end: (i64, Vec<u8>) = organizations::table
        .find(scope.id())
        .select((organizations::audit_seq, organizations::audit_mac))
        .first(conn)?;
    Ok((end != (seq, mac)).then_some(seq + 1))
}

impl AuditRow {
    fn of(scope: OrgScope, seq: i64, at: Timestamp, entry: &AuditEntry) -> Self {
        let (who_kind, who_id, who_name) = match &entry.who {
            Who::Person { id, name } => ("person", Some(*id), name.as_str()),
            Who::System => ("system", None, "System"),
            Who::Operator => ("operator", None, "Operator"),
            Who::Unknown => ("unknown", None, "Unknown"),
        };
        let target = entry.target.as_ref();
        let target_name = target.map_or("", AuditTarget::name);
        let ip = entry.ip.map_or_else(String::new, |ip| ip.to_string());
        Self {
            organization_id: scope.id(),
            seq,
            at,
            who_kind: who_kind.into(),
            who_id,
            who_name: who_name.into(),
            act: entry.act.slug().into(),
            target_kind: target.map_or("", AuditTarget::kind).into(),
            target_id: target.and_then(AuditTarget::id),
            target_name: target_name.into(),
            folded: format!("{who_name}\n{target_name}\n{}\n{ip}", entry.told()).to_lowercase(),
            details: entry.told(),
            ip,
            mac: Vec::new(),
        }
    }

    /// HMAC-SHA-256 over the previous MAC and every field, each with its length before it, so that no two
    /// different rows give the same bytes.
    fn compute_mac(&self, key: &ChainKey, previous: &[u8]) -> Vec<u8> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.0.as_slice()).unwrap_or_else(|_| unreachable!());
        let numbers = [
            self.organization_id,
            self.seq,
            self.at.and_utc().timestamp_micros(),
            self.who_id.unwrap_or(-1),
            self.target_id.unwrap_or(-1),
        ];
        let texts =
            [&self.who_kind, &self.who_name, &self.ip, &self.act, &self.target_kind, &self.target_name, &self.details];
        mac.update(previous);
        for number in numbers {
            mac.update(&number.to_be_bytes());
        }
        for text in texts {
            mac.update(&(text.len() as u64).to_be_bytes());
            mac.update(text.as_bytes());
        }
        mac.finalize().into_bytes().to_vec()
    }
}

fn filtered(scope: OrgScope, filter: &AuditFilter) -> audit_log::BoxedQuery<'static, super::db::MultiBackend> {
    let mut query = audit_log::table.filter(audit_log::organization_id.eq(scope.id())).into_boxed();
    if !filter.text.is_empty() {
        query = query.filter(audit_log::folded.like(contains(&filter.text)).escape('\\'));
    }
    if let Some(group) = filter.group {
        query = query.filter(audit_log::act.eq_any(group.acts().map(Act::slug).collect::<Vec<_>>()));
    }
    if !filter.acts.is_empty() {
        query = query.filter(audit_log::act.eq_any(filter.acts.iter().map(|act| act.slug()).collect::<Vec<_>>()));
    }
    if let Some(from) = filter.from {
        query = query.filter(audit_log::at.ge(from.and_time(chrono::NaiveTime::MIN)));
    }
    if let Some(day_after) = filter.to.and_then(|to| to.succ_opt()) {
        query = query.filter(audit_log::at.lt(day_after.and_time(chrono::NaiveTime::MIN)));
    }
    if let Some(id) = filter.connection_id {
        query = query.filter(audit_log::target_kind.eq("connection").and(audit_log::target_id.eq(id)));
    }
    query
}
