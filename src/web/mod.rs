//! The pages. Template structs stand beside their handlers; the first field of each is its [`page::Page`].

pub mod assets;
pub mod error_pages;
pub mod headers;
pub mod icons;
pub mod looks;
pub mod page;
pub mod words;

use actix_web::web::ServiceConfig;

/// Every route of the pages.
pub fn routes(cfg: &mut ServiceConfig) {
    assets::routes(cfg);
}

#[cfg(test)]
mod tests;
