//! The catalogue of models: context, prices, retirement dates. Shipped in the binary, replaceable by a file that
//! is read again whenever it changes.
//!
//! Sources are named in the file row by row. Prices are defaults of the public price lists; an unknown model
//! has no price, which is not the same as a price of nothing.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::SystemTime;

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Number;
use sha2::{Digest, Sha256};

use crate::domain::model::CatalogModel;
use crate::domain::money::NanoUsd;
use crate::providers;

const BUILT_IN: &str = include_str!("catalog.json");

/// The catalogue cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The file is missing or unreadable.
    #[error("cannot read the catalogue {0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// The file is not a catalogue.
    #[error("the catalogue is not usable: {0}")]
    Malformed(String),
}

/// All known models, in the order of the file. A snapshot: ask [`Catalog::models`] anew for each request.
#[derive(Debug)]
pub struct Models {
    all: Vec<CatalogModel>,
    /// Names the content: the same in every replica that has read the same file, and after a restart.
    pub edition: u64,
}

impl Models {
    /// The models of a provider, by its slug.
    pub fn of<'a>(&'a self, provider: &'a str) -> impl Iterator<Item = &'a CatalogModel> {
        self.all.iter().filter(move |model| model.provider == provider)
    }

    /// A model of a provider.
    #[must_use]
    pub fn find(&self, provider: &str, id: &str) -> Option<&CatalogModel> {
        self.all.iter().find(|model| model.provider == provider && model.id == id)
    }
}

/// The catalogue in use. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Catalog(Arc<Source>);

#[derive(Debug)]
struct Source {
    file: Option<PathBuf>,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    models: Arc<Models>,
    modified: Option<SystemTime>,
}

impl Catalog {
    /// The catalogue of a file, or the built-in one.
    ///
    /// # Errors
    /// [`CatalogError`] if it cannot be used; the server then does not start.
    pub fn open(file: Option<PathBuf>) -> Result<Self, CatalogError> {
        let (models, modified) = match &file {
            None => (parse(BUILT_IN)?, None),
            Some(path) => load(path)?,
        };
        let current = RwLock::new(Current { models: Arc::new(models), modified });
        Ok(Self(Arc::new(Source { file, current })))
    }

    /// The models now.
    #[must_use]
    pub fn models(&self) -> Arc<Models> {
        self.0.current.read().map_or_else(|poisoned| poisoned.into_inner().models.clone(), |now| now.models.clone())
    }

    /// Reads the file again if it has changed. A file that cannot be used leaves the models as they were.
    ///
    /// # Errors
    /// [`CatalogError`], for the log.
    pub fn refresh(&self) -> Result<(), CatalogError> {
        let Some(path) = &self.0.file else { return Ok(()) };
        let modified = modified(path)?;
        let Ok(mut current) = self.0.current.write() else { return Ok(()) };
        if current.modified == Some(modified) {
            return Ok(());
        }
        // Remembered first: a broken file is complained about once, not at every look.
        current.modified = Some(modified);
        let (models, _) = load(path)?;
        current.models = Arc::new(models);
        Ok(())
    }
}

/// A row of the file. Prices are decimal numbers of US dollars for a million tokens.
#[derive(Deserialize)]
struct Row {
    provider: String,
    model: String,
    display_name: String,
    mode: String,
    context_window: Option<i64>,
    max_output_tokens: Option<i64>,
    input_usd_per_mtok: Option<Number>,
    output_usd_per_mtok: Option<Number>,
    #[serde(default)]
    supports_vision: bool,
    #[serde(default)]
    supports_json_schema: bool,
    deprecated_on: Option<NaiveDate>,
    #[serde(default)]
    in_seed_docs: bool,
}

fn load(path: &Path) -> Result<(Models, Option<SystemTime>), CatalogError> {
    let modified = modified(path)?;
    let text = std::fs::read_to_string(path).map_err(|e| CatalogError::Unreadable(path.into(), e))?;
    Ok((parse(&text)?, Some(modified)))
}

fn modified(path: &Path) -> Result<SystemTime, CatalogError> {
    std::fs::metadata(path).and_then(|data| data.modified()).map_err(|e| CatalogError::Unreadable(path.into(), e))
}

fn parse(text: &str) -> Result<Models, CatalogError> {
    let rows: Vec<Row> = serde_json::from_str(text).map_err(|e| CatalogError::Malformed(e.to_string()))?;
    let all = rows.into_iter().map(model).collect::<Result<_, _>>()?;
    Ok(Models { all, edition: edition(text) })
}

fn edition(text: &str) -> u64 {
    Sha256::digest(text).iter().take(8).fold(0, |edition, byte| edition << 8 | u64::from(*byte))
}

fn model(row: Row) -> Result<CatalogModel, CatalogError> {
    let price = |number: &Option<Number>| {
        number
            .as_ref()
            .map(|number| NanoUsd::from_decimal_usd(&number.to_string()))
            .transpose()
            .map_err(|e| CatalogError::Malformed(format!("price of {}: {e}", row.model)))
    };
    let provider = providers::by_api_name(&row.provider)
        .ok_or_else(|| CatalogError::Malformed(format!("unknown provider {:?}", row.provider)))?;
    Ok(CatalogModel {
        input_per_mtok: price(&row.input_usd_per_mtok)?,
        output_per_mtok: price(&row.output_usd_per_mtok)?,
        provider: provider.slug.to_owned(),
        id: row.model,
        display_name: row.display_name,
        is_chat: row.mode == "chat",
        context_window: row.context_window,
        max_output_tokens: row.max_output_tokens,
        supports_vision: row.supports_vision,
        supports_json_schema: row.supports_json_schema,
        retires_on: row.deprecated_on,
        in_product_docs: row.in_seed_docs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_names_every_model_of_the_product_documentation() {
        let models = Catalog::open(None).unwrap().models();
        let n_named = |slug: &str| models.of(slug).filter(|model| model.in_product_docs).count();
        assert_eq!([n_named("openai"), n_named("gemini"), n_named("vertex-ai"), n_named("anthropic")], [13, 6, 5, 3]);
    }

    #[test]
    fn a_changed_file_is_read_again_and_a_broken_one_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.json");
        let row = r#"[{"provider":"OpenAI","model":"m1","display_name":"M1","mode":"chat","input_usd_per_mtok":0.05}]"#;
        std::fs::write(&path, row).unwrap();
        let catalog = Catalog::open(Some(path.clone())).unwrap();
        assert_eq!(catalog.models().find("openai", "m1").unwrap().input_per_mtok, Some(NanoUsd(50_000_000)));

        let before = catalog.models().edition;

        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        std::fs::write(&path, row.replace("m1", "m2")).unwrap();
        std::fs::File::options().append(true).open(&path).unwrap().set_modified(later).unwrap();
        catalog.refresh().unwrap();
        assert!(catalog.models().find("openai", "m2").is_some());
        let restarted = Catalog::open(Some(path.clone())).unwrap();
        assert_eq!(restarted.models().edition, catalog.models().edition);
        assert_ne!(catalog.models().edition, before);

        std::fs::write(&path, "[{").unwrap();
        assert!(catalog.refresh().is_err());
        assert!(catalog.models().find("openai", "m2").is_some());
    }
}
