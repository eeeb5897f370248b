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

/// The organization's list. A row that this version cannot read is passed over.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, scope: OrgScope) -> Result<EgressList> {
    let rows: Vec<(String, String)> = egress_addresses::table
        .filter(egress_addresses::organization_id.eq(scope.id()))
        .order(egress_addresses::id)
        .select((egress_addresses::address, egress_addresses::label))
        .load(conn)?;
    let changed_at = organizations::table.find(scope.id()).select(organizations::egress_changed_at).first(conn)?;
    let addresses = rows.iter().filter_map(|(address, label)| EgressAddress::parse(address, label).ok()).collect();
    Ok(EgressList { addresses, changed_at })
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
