//! Tests of the whole: real HTTP, real databases, real peers.
mod access;
mod api;
mod canary;
mod cli;
mod config;
mod crawl;
mod layers;
mod llama;
mod migrations;
mod outbound;
mod postgres_tls;
mod providers;
mod races;
mod start;
mod store;
mod support;
mod web;
