//! The outgoing addresses that an Owner maintains.

use diesel::prelude::*;

use super::Conn;
use super::schema::{egress_addresses, organizations};
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::domain::egress::EgressAddress;
use crate::error::Result;

/// The list and when it was last changed.
#[derive(Clone, Debug, Default)]
pub struct EgressList {
    /// In the order in which they were entered.
    pub addresses: Vec<EgressAddress>,
    /// `None` if nobody has entered any yet.
    pub changed_at: Option<Timestamp>,
}

impl EgressList {
    /// Changes with the list, so that a form can tell which one it was made from.
    #[must_use]
    pub fn version(&self) -> String {
        self.changed_at.map_or_else(String::new, |at| at.and_utc().timestamp_micros().to_string())
    }
}

/// The organization's list. A row that this version cannot read is passed over.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, scope: OrgScope) -> Result<EgressList> {
    list_of(conn, scope.id())
}

/// The list of the one organization, for people who are not signed in; `None` where there are several, because
/// one organization's addresses are not another's business.
///
/// # Errors
/// The database's.
pub fn list_of_only_organization(conn: &mut Conn) -> Result<Option<EgressList>> {
    let ids: Vec<i64> = organizations::table.select(organizations::id).limit(2).load(conn)?;
    match ids[..] {
        [id] => list_of(conn, id).map(Some),
        _ => Ok(None),
    }
}
/// Puts a new list in the old one's place.
///
/// # Errors
/// The database's.
pub fn replace(conn: &mut Conn, scope: OrgScope, now: Timestamp, addresses: &[EgressAddress]) -> Result<()> {
    diesel::delete(egress_addresses::table.filter(egress_addresses::organization_id.eq(scope.id()))).execute(conn)?;
    for address in addresses {
        diesel::insert_into(egress_addresses::table)
            .values((
                egress_addresses::organization_id.eq(scope.id()),
                egress_addresses::address.eq(address.text()),
                egress_addresses::label.eq(&address.label),
            ))
            .execute(conn)?;
    }
    diesel::update(organizations::table.find(scope.id()))
        .set(organizations::egress_changed_at.eq(now))
        .execute(conn)?;
    Ok(())
}

fn list_of(conn: &mut Conn, organization_id: i64) -> Result<EgressList> {
    let rows: Vec<(String, String)> = egress_addresses::table
        .filter(egress_addresses::organization_id.eq(organization_id))
        .order(egress_addresses::id)
        .select((egress_addresses::address, egress_addresses::label))
        .load(conn)?;
    let changed_at = organizations::table.find(organization_id).select(organizations::egress_changed_at).first(conn)?;
    let addresses = rows.iter().filter_map(|(address, label)| EgressAddress::parse(address, label).ok()).collect();
    Ok(EgressList { addresses, changed_at })
}
