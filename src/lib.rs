//! Claviger keeps an organization's model-provider keys.
pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod providers;
pub mod store;
pub mod vault;
pub mod web;
