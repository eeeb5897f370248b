//! Where an organization's provider settings may be shown inside other products' pages.

use diesel::prelude::*;

use super::schema::{embed_sites, organizations};
use super::{Conn, is_taken};
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::domain::embedding::{EmbedId, SiteOrigin, TakesKeys};
use crate::error::Result;

/// A site that may show the frame.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = embed_sites)]
pub struct SiteRow {
    /// The id.
    pub id: i64,
    /// Its origin, as browsers write it.
    pub origin: String,
    takes_keys: bool,
    /// When it was added.
    pub created_at: Timestamp,
}

impl SiteRow {
    /// Where keys are typed there.
    #[must_use]
    pub fn takes_keys(&self) -> TakesKeys {
        if self.takes_keys { TakesKeys::InFrames } else { TakesKeys::InWindows }
    }
}

/// What anybody may know who has the address of a frame: no right to the organization's rows comes with it.
#[derive(Clone, Debug)]
pub struct Embedding {
    /// The organization.
    pub organization_id: i64,
    /// Its id in addresses.
    pub embed_id: EmbedId,
    /// The sites that may show it.
    pub sites: Vec<SiteRow>,
}

impl Embedding {
    /// The site of that origin, if it is listed.
    #[must_use]
    pub fn site(&self, origin: &str) -> Option<&SiteRow> {
        self.sites.iter().find(|site| site.origin == origin)
    }

    /// Where keys are typed in the frame of that origin.
    #[must_use]
    pub fn takes_keys(&self, origin: &str) -> TakesKeys {
        self.site(origin).map_or(TakesKeys::InWindows, SiteRow::takes_keys)
    }

    /// The origins of all sites.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        self.sites.iter().map(|site| site.origin.clone()).collect()
    }
}

/// What stands behind the address of a frame.
///
/// # Errors
/// The database's.
pub fn by_embed_id(conn: &mut Conn, embed_id: &EmbedId) -> Result<Option<Embedding>> {
    let found: Option<i64> = organizations::table
        .filter(organizations::embed_id.eq(embed_id.as_str()))
        .select(organizations::id)
        .first(conn)
        .optional()?;
    let Some(organization_id) = found else { return Ok(None) };
    Ok(Some(Embedding { organization_id, embed_id: embed_id.clone(), sites: sites_of(conn, organization_id)? }))
}

/// The organization's id in the addresses of its frame; `None` if it has never embedded anything.
///
/// # Errors
/// The database's.
pub fn embed_id(conn: &mut Conn, scope: OrgScope) -> Result<Option<EmbedId>> {
    let text: Option<String> = organizations::table.find(scope.id()).select(organizations::embed_id).first(conn)?;
    Ok(text.as_deref().and_then(EmbedId::parse))
}

/// Gives the organization an id, unless it has one.
///
/// # Errors
/// The database's.
pub fn set_embed_id(conn: &mut Conn, scope: OrgScope, embed_id: &EmbedId) -> Result<()> {
    diesel::update(organizations::table.find(scope.id()).filter(organizations::embed_id.is_null()))
        .set(organizations::embed_id.eq(embed_id.as_str()))
        .execute(conn)?;
    Ok(())
}

/// The organization's sites, in the order in which they were added.
///
/// # Errors
/// The database's.
pub fn sites(conn: &mut Conn, scope: OrgScope) -> Result<Vec<SiteRow>> {
    sites_of(conn, scope.id())
}

/// Adds a site; false if it is listed already.
///
/// # Errors
/// The database's.
pub fn add_site(conn: &mut Conn, scope: OrgScope, origin: &SiteOrigin, now: Timestamp) -> Result<bool> {
    let values = (
        embed_sites::organization_id.eq(scope.id()),
        embed_sites::origin.eq(origin.as_str()),
        embed_sites::takes_keys.eq(false),
        embed_sites::created_at.eq(now),
    );
    // PostgreSQL spoils the whole transaction at an error, so the insert gets a savepoint.
    match conn.transaction(|conn| diesel::insert_into(embed_sites::table).values(values).execute(conn)) {
        Ok(_) => Ok(true),
        Err(error) if is_taken(&error, "embed_sites", &["organization_id", "origin"]) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Takes a site off the list and answers its origin.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound); the database's.
pub fn remove_site(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<String> {
    Ok(diesel::delete(site(scope, id)).returning(embed_sites::origin).get_result(conn)?)
}

/// Says whether keys may be typed inside the frame of a site, and answers its origin.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound); the database's.
pub fn set_takes_keys(conn: &mut Conn, scope: OrgScope, id: i64, takes_keys: TakesKeys) -> Result<String> {
    Ok(diesel::update(site(scope, id))
        .set(embed_sites::takes_keys.eq(takes_keys == TakesKeys::InFrames))
        .returning(embed_sites::origin)
        .get_result(conn)?)
}

/// Whether any organization lists an origin. For a browser's question before it may ask the real one, which names
/// no organization.
///
/// # Errors
/// The database's.
pub fn is_listed_anywhere(conn: &mut Conn, origin: &str) -> Result<bool> {
    let listed = embed_sites::table.filter(embed_sites::origin.eq(origin));
    Ok(diesel::select(diesel::dsl::exists(listed)).get_result(conn)?)
}

fn sites_of(conn: &mut Conn, organization_id: i64) -> Result<Vec<SiteRow>> {
    Ok(embed_sites::table
        .filter(embed_sites::organization_id.eq(organization_id))
        .order(embed_sites::id)
        .select(SiteRow::as_select())
        .load(conn)?)
}

#[diesel::dsl::auto_type]
fn site(scope: OrgScope, id: i64) -> _ {
    let organization_id: i64 = scope.id();
    embed_sites::table.filter(embed_sites::organization_id.eq(organization_id).and(embed_sites::id.eq(id)))
}
