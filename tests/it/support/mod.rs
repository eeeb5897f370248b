//! What the tests stand on.
pub mod app;
pub mod browse;
pub mod child;
pub mod crawl;
pub mod db;
pub mod fake_answers;
pub mod fake_provider;
pub mod forms;
pub mod google_account;
pub mod host;
pub mod keys;
pub mod llama;
pub mod parts;
pub mod place;
pub mod program;
pub mod sources;
pub mod stop;
