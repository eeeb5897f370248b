//! Tests of the whole: real HTTP, real databases, real peers.
mod llama;
mod outbound;
mod support;
