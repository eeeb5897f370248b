//! Somebody who may not, and whom to ask.

use claviger::domain::role::Role;

use crate::browser::{Look, Theme, Width};
use crate::stage::Stage;
use crate::support::app::ORGANIZATION;

#[tokio::test]
async fn a_manager_is_told_who_can_help() {
    let Some(stage) = Stage::set().await else { return };
    let scope = stage.app.organization(ORGANIZATION).await;
    stage.app.add(scope, "Mara Lindqvist", "mara@fennel.example", Role::Owner).await;
    stage.app.add(scope, "Tomás Rey", "tomas@fennel.example", Role::Administrator).await;
    let window = stage.signed_in(Role::Manager, Look::of(Width::Desktop, Theme::Light)).await;
    window.sees("No models yet").await;
    window.does_not_see("Audit log").await;
    window.is_in_order("base-models-empty").await;
    for path in ["/providers", "/providers/new/openai", "/network", "/audit"] {
        window.visit(&stage.url(path)).await;
        window.sees("You don’t have access to this page").await;
        window.sees("You’re signed in as Jonas Weber, a Manager").await;
        window.sees("Mara Lindqvist").await;
        window.sees("Tomás Rey").await;
    }
    window.is_in_order("error-403").await;
    window.visit(&stage.url("/providers/4711")).await;
    window.is_in_order("error-404").await;
}
