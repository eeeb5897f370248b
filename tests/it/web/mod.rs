//! The pages, over real HTTP.
mod account;
mod http;
mod members;
mod setup;
mod sign_in;
