//! The world outside: one guarded client, and what each provider's servers say and mean.

pub mod addresses;
pub mod call_errors;
pub mod calls;
pub mod outbound;
pub mod policy;
pub mod route;
pub mod settings;
