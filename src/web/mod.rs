//! The pages. Template structs stand beside their handlers; the first field of each is its [`page::Page`].

pub mod assets;
pub mod error_pages;
pub mod headers;
pub mod health;
pub mod icons;
pub mod looks;
pub mod page;
pub mod words;

use actix_web::web::ServiceConfig;

/// Every page and file.
pub fn routes(cfg: &mut ServiceConfig) {
    assets::routes(cfg);
    health::routes(cfg);
}

#[cfg(test)]
mod tests;
