//! Base models: what the catalogue knows about them and how the dropdown lists them.

use chrono::NaiveDate;
use serde::Serialize;

use super::money::NanoUsd;

/// A model as the catalogue knows it.
#[derive(Clone, Debug)]
pub struct CatalogModel {
    /// The provider's slug.
    pub provider: String,
    /// The id that requests use.
    pub id: String,
    /// The name for people.
    pub display_name: String,
    /// Whether it answers chat requests; others (embeddings, `responses`) are not offered in prompts.
    pub is_chat: bool,
    /// Most input tokens.
    pub context_window: Option<i64>,
    /// Most output tokens.
    pub max_output_tokens: Option<i64>,
    /// Price of a million input tokens.
    pub input_per_mtok: Option<NanoUsd>,
    /// Price of a million output tokens.
    pub output_per_mtok: Option<NanoUsd>,
    /// Whether it takes images.
    pub supports_vision: bool,
    /// Whether it keeps to a JSON schema.
    pub supports_json_schema: bool,
    /// The day the provider retires or has retired it.
    pub retires_on: Option<NaiveDate>,
    /// Whether Label Studio's product documentation names it.
    pub in_product_docs: bool,
}

impl CatalogModel {
    /// Whether the provider has shut it down by a day.
    #[must_use]
    pub fn is_retired_on(&self, day: NaiveDate) -> bool {
        self.retires_on.is_some_and(|retired| retired <= day)
    }
}

/// The base models of one connection, as the dropdown shows them.
#[derive(Clone, Debug, Serialize)]
pub struct BaseModelGroup {
    /// The connection.
    pub connection_id: i64,
    /// The provider's slug.
    pub provider: String,
    /// The group's heading: the provider's name, for a model key with the connection's.
    pub label: String,
    /// Why none of the group can be used now, in a few words; `None` if they can.
    pub reason: Option<String>,
    /// What to know of the group although it can be used, in a few words: "rate limited".
    pub note: Option<String>,
    /// Its models: first those that can be used, by name.
    pub models: Vec<BaseModel>,
}

impl BaseModelGroup {
    /// What stands beside the heading: why the group cannot be used, or what to know of it.
    #[must_use]
    pub fn aside(&self) -> Option<&str> {
        self.reason.as_deref().or(self.note.as_deref())
    }
}

/// One entry of the dropdown.
#[derive(Clone, Debug, Serialize)]
pub struct BaseModel {
    /// A stable value for a form: `<connection id>:<model id>`.
    pub value: String,
    /// The id that requests use.
    pub model: String,
    /// Whether it can be chosen now.
    pub usable: bool,
    /// Why not, in a few words.
    pub reason: Option<String>,
    /// Most input tokens, if known.
    pub context_window: Option<i64>,
    /// Price of a million input tokens in nano-dollars, if known.
    pub input_nano_usd_per_mtok: Option<i64>,
    /// Price of a million output tokens in nano-dollars, if known.
    pub output_nano_usd_per_mtok: Option<i64>,
    /// The day it retires, if known.
    pub retires_on: Option<NaiveDate>,
}
