//! The frame inside a host product's page: who gets in, what they can do there, and how it ends.
mod base_models;
mod connecting;
mod examples;
mod framing;
mod launches;
mod sessions;
