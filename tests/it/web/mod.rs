//! The pages, over real HTTP.
mod account;
mod call_limits;
mod http;
mod members;
mod setup;
mod sign_in;
