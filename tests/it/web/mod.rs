//! The pages, over real HTTP.
mod account;
mod api_tokens;
mod audit;
mod base_models;
mod call_limits;
mod embed;
mod embedding;
mod http;
mod members;
mod network;
mod new_password;
mod outage;
mod providers;
mod setup;
mod sign_in;
mod supported_models;
