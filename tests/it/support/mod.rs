//! What the tests stand on.
pub mod child;
pub mod llama;
pub mod parts;
