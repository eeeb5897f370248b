//! The rows: one file per noun, on SQLite and on PostgreSQL with the same code.
//!
//! [`Db::read`] and [`Db::write`] are the only doors; `write` opens a transaction that takes SQLite's write
//! lock at once. Check-then-change is one conditional statement whose row count is the answer. The schema is
//! private here, and whoever asks for an organization's rows shows an [`OrgScope`](crate::domain::actor::OrgScope).

pub mod api_tokens;
pub mod audit;
pub mod checks;
pub mod connections;
pub mod data_keys;
pub mod egress;
pub mod embedding;
pub mod held_secrets;
pub mod invitations;
pub mod launch_keys;
pub mod leases;
pub mod listing;
pub mod models;
pub mod nonces;
pub mod organizations;
pub mod password_links;
pub mod projects;
pub mod prompt_versions;
pub mod prompts;
pub mod sessions;
pub mod sign_in_failures;
pub mod users;

mod db;
mod schema;

pub use db::{Conn, Db, OpenError, is_taken};
