//! The pages. Template structs stand beside their handlers; the first field of each is its [`page::Page`].

pub mod assets;
pub mod error_pages;
pub mod headers;
pub mod icons;
pub mod looks;
pub mod page;
pub mod words;

#[cfg(test)]
mod tests;
