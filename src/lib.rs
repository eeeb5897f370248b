//! Claviger keeps an organization's model-provider keys: it proves that they work, seals them, and offers their
//! models to everybody in the organization. This page is the map of the code; `README.md` says how to run it.
//!
//! # The way of a request
//!
//! ```text
//! request ─▶ auth: who is asking (Actor, OrgScope) ─▶ web: the handler reads what was sent
//!              ├▶ to read:   store ─────────────────────────────────────────▶ template or JSON
//!              └▶ to change: actions ─▶ may they? ─▶ row and audit entry in one transaction
//!                              └▶ providers (calls out) · vault (seals, opens)
//! ```
//!
//! # Layers
//!
//! Each layer names only those below it. `tests/it/layers.rs` holds the text of the code to this list.
//!
//! - [`web`], [`api`], [`jobs`] and [`cli`] are the front doors: pages, the REST API, the clock, the command line. They
//!   never name each other. [`server`] binds the first two to a socket.
//! - [`actions`] is every change that somebody can make, once: may they, the rule, the rows, the audit entry.
//! - [`auth`] knows who is asking. [`base_models`] makes the answer of the base-model dropdown.
//! - [`app`] is what all of these work with, opened once by [`App::open`](app::App::open).
//! - [`store`] keeps rows, with the same code on SQLite and PostgreSQL. [`vault`] seals and opens.
//!   [`providers`] knows the vendors and calls them. [`catalog`] knows models and prices.
//! - [`domain`] is what things are, without input or output.
//! - [`config`], [`clock`] and [`error`] may be used by all above `domain`.
//!
//! # What always holds
//!
//! - **A handler writes nothing.** It reads from the [`store`], or calls one of the [`actions`]; and no action knows
//!   about HTTP.
//! - **An organization's rows are asked for with an [`OrgScope`](domain::actor::OrgScope)**, which is made only where
//!   somebody was authenticated, an organization was founded, or nobody asks but the clock or the operator. Rows of
//!   another organization are not found.
//! - **A secret is a [`Secret`](domain::secret::Secret)**, which cannot be printed, serialized or cloned. What is
//!   stored of it is sealed for its organization, connection, field and
//!   [`Destination`](domain::destination::Destination), and is opened in one place,
//!   [`open_secrets`](actions::connections::open_secrets), for one call. A moved endpoint does not open it.
//! - **Every call out goes through [`Outbound`](providers::outbound::Outbound)**, which judges each address that a
//!   name leads to and dials no other. There is no second HTTP client.
//! - **A change and its [`audit`](store::audit) entry are stored together or not at all.** Entries form a chain that
//!   shows tampering.
//! - **Who races, loses nothing**: a check and the change that follows from it are one conditional statement, whose
//!   row count is the answer; see [`Db::write`](store::Db::write).
//! - **A change shows in the next answer of every replica**: what is kept in memory is kept under a version that each
//!   change raises in its own transaction.
//! - **Nothing is shown in another site's frame** but what [`links`](web::links) lists, and that only by the sites that an
//!   Owner has listed. Pages below `/embed` are the same pages: they link through
//!   [`Page::step`](web::page::Page::step), which knows what opens in a window there.
//! - **What somebody can mend is [`Error::Invalid`](error::Error::Invalid)**, field by field, and everything they
//!   typed stays. Everything else is a calm page, and the whole cause is in the log.
//!
//! # How to add a provider
//!
//! A provider is a value, not a type. Write `src/providers/<slug>.rs` with a
//! [`Provider`](providers::Provider): its name, the fields of its form, how many an organization may have, and its
//! check, which calls through [`Check`](providers::check::Check). Put it into [`ALL`](providers::ALL), its models into
//! `catalog.json`, its servers' own answers into `tests/fixtures/<slug>/`, and one test that calls `contract(…)` into
//! `tests/it/providers/<slug>.rs`. The chooser, the form, the list, the checks and the dropdown walk
//! [`ALL`](providers::ALL) and need nothing more; the database keeps the slug as text.
//!
//! # How to add a page
//!
//! Write `src/web/<noun>.rs` with a `routes` function, called in [`web::routes`]; a template struct beside its
//! handler, whose first field is the [`Page`](web::page::Page); and `templates/<noun>/`. The handler takes an
//! [`Actor`](domain::actor::Actor), which says that somebody is signed in, and passes it to the action, which asks
//! whether they may by [`require`](actions::require). A form is read by [`Form`](web::forms::Form), which has checked
//! its token; fields are drawn by the macros of `templates/ui/form.html`. A new act of a person gets an
//! [`Act`](domain::audit::Act).
//!
//! # How to add to the REST API
//!
//! Write `src/api/<noun>.rs` with a `routes` function, called in [`api`], whose paths are made by `resource`, which adds
//! the slash at the end. A handler asks first whether the actor may, reads a [`Body`](api::body::Body) whose members are
//! a [`Change`](api::body::Change) where left out is not null, and answers a struct of its own. Its `utoipa::path` goes
//! into [`openapi`](api::openapi), and what it takes into the table of `tests/it/api/access.rs`; tests fail until they
//! agree.
//!
//! # How to add a setting
//!
//! Put it into [`SETTINGS`](config::SETTINGS) and [`Config`](config::Config), with a reader that says what it expects,
//! into the README's table, and into the tables of `tests/it/config.rs`, which fail until all of these agree.

pub mod actions;
pub mod api;
pub mod app;
pub mod auth;
pub mod base_models;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connection;
pub mod domain;
pub mod error;
pub mod files;
pub mod jobs;
pub mod process;
pub mod providers;
pub mod server;
pub mod store;
pub mod trace;
pub mod vault;
pub mod web;
