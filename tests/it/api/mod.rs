//! The REST API as programs call it.

mod errors;
mod tokens;
