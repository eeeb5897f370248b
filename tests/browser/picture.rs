//! The picture in the README.

use claviger::domain::role::Role;

use crate::browser::{Look, Theme, Width};
use crate::scenery::Scenery;
use crate::stage::Stage;

/// `cargo test --test browser picture -- --ignored` takes it anew; copy `target/screenshots/readme-1280-light.png` to
/// `docs/screenshot.png`, with its colours reduced to 256 to keep it small.
#[tokio::test]
#[ignore = "takes the README’s picture, which only changes when the page does"]
async fn the_picture_in_the_readme() {
    let Some(stage) = Stage::set().await else { return };
    Scenery::set(&stage).await;
    let window = stage.signed_in(Role::Owner, Look::of(Width::Desktop, Theme::Light)).await;
    window.sees("need attention").await;
    window.is_in_order("readme").await;
}
