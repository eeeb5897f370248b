//! What a reader of a list asks for.

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Words that a row’s title or description holds, each of them.
    pub words: Vec<String>,
    /// What a row’s title holds; anything, if `None`.
    pub title: Option<String>,
    /// Only these rows; all, if `None`.
    pub ids: Option<Vec<i64>>,
    /// In which order.
    pub order: Order,
    /// How many rows to pass over.
    pub offset: i64,
    /// How many rows at most.
    pub limit: i64,
}

/// An order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub by: OrderBy,
    /// Which way.
    pub direction: Direction,
}

/// What rows can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderBy {
    /// The id.
    Id,
    /// The title.
    Title,
    /// When it was made.
    CreatedAt,
    /// When it was changed last.
    UpdatedAt,
}

/// Which way an order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

impl Order {
    /// The newest first.
    pub const NEWEST: Order = Order { by: OrderBy::Id, direction: Direction::Descending };

    /// The order that is called so: `title`, or `-title` for the other way; `None` for a name that is unknown.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (name, direction) = match name.strip_prefix('-') {
            Some(name) => (name, Direction::Descending),
            None => (name, Direction::Ascending),
        };
        let by = match name {
            "id" => OrderBy::Id,
            "title" => OrderBy::Title,
            "created_at" => OrderBy::CreatedAt,
            "updated_at" => OrderBy::UpdatedAt,
            _ => return None,
        };
        Some(Self { by, direction })
    }
}

/// A boxed query over a table with the usual columns, in an order. Rows that are equal in it go by their ids, so that
/// no page shows what another one showed.
macro_rules! ordered {
    ($query:expr, $table:ident, $order:expr) => {{
        use $crate::store::listing::{
            Direction::{Ascending, Descending},
            OrderBy,
        };
        let (query, order) = ($query, $order);
        match (order.by, order.direction) {
            (OrderBy::Id, Ascending) => query.order($table::id.asc()),
            (OrderBy::Id, Descending) => query.order($table::id.desc()),
            (OrderBy::Title, Ascending) => query.order(($table::title.asc(), $table::id.asc())),
            (OrderBy::Title, Descending) => query.order(($table::title.desc(), $table::id.desc())),
            (OrderBy::CreatedAt, Ascending) => query.order(($table::created_at.asc(), $table::id.asc())),
            (OrderBy::CreatedAt, Descending) => query.order(($table::created_at.desc(), $table::id.desc())),
            (OrderBy::UpdatedAt, Ascending) => query.order(($table::updated_at.asc(), $table::id.asc())),
            (OrderBy::UpdatedAt, Descending) => query.order(($table::updated_at.desc(), $table::id.desc())),
        }
    }};
}

pub(super) use ordered;

diesel::define_sql_function! {
    /// In small letters. On SQLite only those of ASCII, so there a title is found as it is written or in that respect.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// Title and description as the search reads them.
pub(super) fn folded(title: &str, description: Option<&str>) -> String {
    format!("{title}\n{}", description.unwrap_or_default()).to_lowercase()
}

/// A LIKE pattern, escaped with a backslash, for a text that holds the words, in lower case as such columns are.
pub(super) fn contains(words: &str) -> String {
    let escaped = words.trim().to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}
