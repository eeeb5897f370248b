//! The REST API as programs call it.

mod access;
mod connections;
mod errors;
mod openapi;
mod people;
mod projects;
mod prompts;
mod tokens;
