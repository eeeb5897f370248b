//! The REST API as programs call it.

mod connections;
mod errors;
mod tokens;
