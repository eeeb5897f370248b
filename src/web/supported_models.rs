//! The catalogue: what each kind of connection opens, what it costs and when it goes.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Query, ServiceConfig};
use askama::Template;
use chrono::{NaiveDate, TimeDelta};
use serde::Deserialize;

use super::page::{Page, Section};
use super::respond;
use crate::app::App;
use crate::catalog::Models;
use crate::domain::actor::Actor;
use crate::domain::model::CatalogModel;
use crate::domain::money::NanoUsd;
use crate::error::Result;
use crate::providers::{self, Provider};

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/supported-models").get(show));
}

/// From how many days before its end a model is marked.
const RETIRES_SOON: TimeDelta = TimeDelta::days(90);

/// Which models to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    Current,
    All,
    Retired,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    show: String,
}

/// A provider with its models.
struct Listed<'a> {
    provider: &'static Provider,
    models: Vec<&'a CatalogModel>,
}

#[derive(Template)]
#[template(path = "supported_models/index.html")]
struct IndexPage<'a> {
    page: Page,
    show: Show,
    listed: Vec<Listed<'a>>,
    today: NaiveDate,
}

/// `GET /supported-models`, for everybody who is signed in.
async fn show(app: Data<App>, asked: Query<Asked>, _actor: Actor, page: Page) -> Result<HttpResponse> {
    let catalog = app.catalog.models();
    let today = page.now.date();
    let show = Show::from_slug(&asked.show);
    let listed = providers::ALL.into_iter().map(|provider| Listed::of(provider, &catalog, show, today)).collect();
    respond::page(&IndexPage { page: page.at(Section::SupportedModels), show, listed, today })
}

impl Show {
    const ALL: [Show; 3] = [Self::Current, Self::All, Self::Retired];

    fn slug(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::All => "all",
            Self::Retired => "retired",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Current => "Current",
            Self::All => "All",
            Self::Retired => "Retired",
        }
    }

    fn from_slug(slug: &str) -> Self {
        Self::ALL.into_iter().find(|show| show.slug() == slug).unwrap_or(Self::Current)
    }

    /// What the product's documentation names counts as current: whoever reads it there looks for it here.
    fn shows(self, model: &CatalogModel, today: NaiveDate) -> bool {
        match self {
            Self::All => true,
            Self::Current => model.in_product_docs || !model.is_retired_on(today),
            Self::Retired => model.is_retired_on(today),
        }
    }
}

impl<'a> Listed<'a> {
    /// What is no chat model cannot be used in prompts, so it is not listed.
    fn of(provider: &'static Provider, catalog: &'a Models, show: Show, today: NaiveDate) -> Self {
        let mut models: Vec<_> = catalog
            .of(provider.slug)
            .filter(|model| model.is_chat || model.in_product_docs)
            .filter(|model| show.shows(model, today))
            .collect();
        models.sort_by_key(|model| (model.is_retired_on(today), !model.in_product_docs));
        Self { provider, models }
    }

    /// Where each deployment has a key of its own, the list is long and only a price list.
    fn starts_open(&self) -> bool {
        self.provider.is_single()
    }

    fn keys(&self) -> &'static str {
        if self.provider.is_single() { "One key for the organization" } else { "One key for each deployment or model" }
    }

    /// What to know before the list, or instead of one.
    fn remark(&self) -> Option<&'static str> {
        match self.provider.slug {
            "azure-openai" => Some(
                "The deployment’s model decides. We advise against GPT-3.5: it’s often rate limited and can’t read images.",
            ),
            "azure-ai-foundry" => {
                Some("Every model in the Foundry catalog. These are the ones whose context and price we know.")
            }
            "custom" => Some("Any server with the OpenAI format and JSON mode, such as Ollama or SGLang."),
            _ => None,
        }
    }
}

impl IndexPage<'_> {
    fn price(&self, price: &Option<NanoUsd>) -> String {
        price.map_or_else(|| "Not known".to_owned(), |price| price.to_string())
    }

    fn abilities(&self, model: &CatalogModel) -> &'static str {
        match (model.supports_json_schema, model.supports_vision) {
            (true, true) => "JSON schema, images",
            (true, false) => "JSON schema",
            (false, true) => "Images",
            (false, false) => "",
        }
    }

    fn is_retired(&self, model: &CatalogModel) -> bool {
        model.is_retired_on(self.today)
    }

    fn retires_soon(&self, day: &NaiveDate) -> bool {
        *day - self.today <= RETIRES_SOON
    }

    fn n_models(&self) -> usize {
        self.listed.iter().map(|listed| listed.models.len()).sum()
    }
}
