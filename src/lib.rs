//! Claviger keeps an organization's model-provider keys.
pub mod clock;
pub mod domain;
pub mod providers;
