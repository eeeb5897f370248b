//! The first minutes: set-up, sign-in, sign-out.

use claviger::actions::organizations;
use claviger::domain::role::Role;

use crate::browser::{Look, Theme, Width};
use crate::stage::Stage;
use crate::support::app::{ORGANIZATION, PASSWORD, person};

#[tokio::test]
async fn the_one_time_link_makes_an_organization_and_leads_to_its_first_provider() {
    let Some(stage) = Stage::set().await else { return };
    let link = organizations::setup_link(&stage.app.app).await.expect("a link").expect("the installation is new");
    let window = stage.window(Look::default()).await;
    window.visit(&link).await;
    window.sees("Set up your organization").await;
    window.is_in_order("setup").await;

    window.fill("Organization name", "Fennel Labs").await;
    window.fill("Your name", "Mara Lindqvist").await;
    window.fill("Email", "mara@fennel.example").await;
    window.fill("Password", "short").await;
    window.press("Create organization").await;
    window.sees("There is a problem").await;
    window.sees_at("password", "too short").await;
    window.has_focus_on(".errors").await;
    window.holds("Organization name", "Fennel Labs").await;
    window.holds("Password", "").await;
    window.is_in_order("setup-errors").await;

    window.fill("Password", PASSWORD).await;
    window.press("Create organization").await;
    window.sees("Connect your first model provider").await;
    window.sees("Mara Lindqvist").await;
    window.is_in_order("providers-empty").await;

    // The link was for once.
    let another = stage.window(Look::default()).await;
    another.visit(&link).await;
    another.does_not_see("Set up your organization").await;
    another.is_in_order("setup-over").await;
}

#[tokio::test]
async fn signing_in_takes_the_right_password_and_signing_out_ends_it() {
    let Some(stage) = Stage::set().await else { return };
    let (_, email) = person(Role::Owner);
    let scope = stage.app.organization(ORGANIZATION).await;
    stage.app.add(scope, "Mara Lindqvist", email, Role::Owner).await;
    let window = stage.window(Look::of(Width::Phone, Theme::Dark)).await;
    window.visit(&stage.url("/providers")).await;
    window.sees("Forgot your password?").await;
    window.is_in_order("sign-in").await;

    window.fill("Email", email).await;
    window.fill("Password", "copper lantern drizzl").await;
    window.press("Sign in").await;
    window.sees("The email and password don’t match an account.").await;
    window.has_focus_on(".errors").await;
    window.holds("Email", email).await;
    window.is_in_order("sign-in-error").await;

    window.fill("Password", PASSWORD).await;
    window.press_enter_in("Password").await;
    window.sees("Connect your first model provider").await;
    assert_eq!(window.url().await, stage.url("/providers"));

    window.press("Menu").await;
    window.sees("Mara Lindqvist").await;
    window.screenshot("menu").await;
    window.press("Sign out").await;
    window.sees("You’re signed out.").await;
    window.is_in_order("signed-out").await;
    window.visit(&stage.url("/providers")).await;
    window.sees("Forgot your password?").await;
}
