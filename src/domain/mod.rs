//! What Claviger is about, without any input or output: no database, no HTTP, no clock.

pub mod accent;
pub mod actor;
pub mod api_token;
pub mod audit;
pub mod check;
pub mod connection;
pub mod destination;
pub mod egress;
pub mod embedding;
pub mod field_errors;
pub mod label_config;
pub mod language;
pub mod model;
pub mod money;
pub mod person;
pub mod project;
pub mod prompt;
pub mod role;
pub mod secret;
pub mod theme;
