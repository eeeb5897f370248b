//! The pages, over real HTTP.
mod setup;
mod sign_in;
