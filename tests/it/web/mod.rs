//! The pages, over real HTTP.
mod account;
mod members;
mod setup;
mod sign_in;
