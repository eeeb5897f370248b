//! The provider settings inside other products' pages: where they may be shown, and who opens them there.

mod launch;
mod settings;

pub use launch::{Entry, Opened, for_reading, launch, leave, listed_site, redeem, shown, tear};
pub use settings::{add_public_key, add_shared_key, add_site, remove_key, remove_site, set_takes_keys};
