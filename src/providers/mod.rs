//! The world outside: one guarded client, and what each provider's servers say and mean.
//!
//! A provider is a value. An eighth is its file, its line in [`ALL`], `tests/fixtures/<slug>/` and one test that
//! calls `contract(&PROVIDER)`. What its form asks for is [`form`], what is read from it [`provider`]; its check
//! makes calls through [`check::Check`], which keeps the steps, understands errors with [`classify`] and takes
//! secrets out with [`scrub`].

pub mod addresses;
mod allow_rule;
pub mod anthropic;
pub mod azure_ai_foundry;
pub mod azure_openai;
pub mod call_errors;
pub mod call_limits;
pub mod calls;
pub mod check;
pub mod classify;
pub mod credentials;
pub mod custom;
pub mod findings;
pub mod form;
pub mod gemini;
pub mod hygiene;
mod json_mode;
pub mod openai;
pub mod outbound;
pub mod policy;
pub mod provider;
pub mod route;
pub mod scrub;
pub mod settings;
pub mod target_uris;
pub mod vertex_ai;
mod wire;
mod words;

pub use provider::{Cardinality, Place, Provider, Submission};

/// Every provider, in the order in which pages list them.
pub static ALL: [&Provider; 7] = [
    &openai::PROVIDER,
    &gemini::PROVIDER,
    &vertex_ai::PROVIDER,
    &anthropic::PROVIDER,
    &azure_openai::PROVIDER,
    &azure_ai_foundry::PROVIDER,
    &custom::PROVIDER,
];

/// The provider that the REST API's clients mean if they name none.
pub static DEFAULT: &Provider = &openai::PROVIDER;

/// The provider with a slug, such as `azure-openai`.
#[must_use]
pub fn by_slug(slug: &str) -> Option<&'static Provider> {
    ALL.into_iter().find(|provider| provider.slug == slug)
}

/// The provider with the REST API's name, such as `AzureOpenAI`.
#[must_use]
pub fn by_api_name(name: &str) -> Option<&'static Provider> {
    ALL.into_iter().find(|provider| provider.api_name == name)
}
