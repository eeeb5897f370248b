//! Every page, in every look.

use claviger::domain::role::Role;
use claviger::providers;

use crate::browser::{Look, Theme, Width};
use crate::scenery::Scenery;
use crate::stage::Stage;
use crate::window::Window;

/// A page: the name of its picture, its address, and what it must show.
type PageOf = (&'static str, String, &'static str);

#[tokio::test]
async fn every_page_is_in_order_in_every_look() {
    let Some(stage) = Stage::set().await else { return };
    for theme in themes(&stage) {
        let owner = stage.signed_in(Role::Owner, Look::of(Width::Desktop, *theme)).await;
        look_at(&stage, owner, &in_a_new_organization()).await;
    }
    let scenery = Scenery::set(&stage).await;
    for theme in themes(&stage) {
        let look = Look::of(Width::Desktop, *theme);
        look_at(&stage, stage.window(look).await, &for_visitors()).await;
        look_at(&stage, stage.signed_in(Role::Manager, look).await, &for_managers()).await;
        look_at(&stage, stage.signed_in(Role::Owner, look).await, &for_owners(&scenery)).await;
    }
}

/// Each page is opened once and then looked at in both widths: the server sends the same to both.
async fn look_at(stage: &Stage, mut window: Window, pages: &[PageOf]) {
    for (name, path, shows) in pages {
        window.visit(&stage.url(path)).await;
        window.sees_in("main", shows).await;
        for width in [Width::Desktop, Width::Phone] {
            window.becomes(width).await;
            window.is_in_order(&format!("all-{name}")).await;
        }
        window.fits_the_narrowest_window().await;
        window.becomes(Width::Desktop).await;
    }
}

/// The pages are the same on both databases, so both themes are needed on one of them only.
fn themes(stage: &Stage) -> &'static [Theme] {
    if stage.app.is_postgres() { &[Theme::Light] } else { &[Theme::Light, Theme::Dark] }
}

fn in_a_new_organization() -> Vec<PageOf> {
    let mut pages: Vec<PageOf> = vec![
        ("providers-empty", "/providers".into(), "Connect your first model provider"),
        ("base-models-empty", "/base-models".into(), "No models yet"),
        ("tokens-empty", "/tokens".into(), "None yet."),
    ];
    pages.extend(
        providers::ALL
            .map(|provider| (provider.slug, format!("/providers/new/{}", provider.slug), provider.form_title)),
    );
    pages
}

fn for_visitors() -> Vec<PageOf> {
    vec![("sign-in", "/sign-in".into(), "Sign in"), ("error-404-outside", "/nowhere".into(), "There’s nothing")]
}

fn for_managers() -> Vec<PageOf> {
    vec![
        ("base-models-manager", "/base-models".into(), "gpt-6-sol"),
        ("tokens-manager", "/tokens".into(), "dashboards"),
        ("api-reference", "/docs/api".into(), "POST /api/model-provider-connections/"),
        ("error-403", "/providers".into(), "You don’t have access to this page"),
    ]
}

fn for_owners(scenery: &Scenery) -> Vec<PageOf> {
    vec![
        ("providers", "/providers".into(), "need attention"),
        ("chooser", "/providers/new".into(), "Add provider"),
        ("connection-working", format!("/providers/{}", scenery.working), "Working"),
        ("connection-unreachable", format!("/providers/{}", scenery.unreachable), "Can’t connect"),
        ("connection-rejected", format!("/providers/{}", scenery.rejected), "Key rejected"),
        ("connection-paused", format!("/providers/{}", scenery.paused), "Paused"),
        ("connection-unchecked", format!("/providers/{}", scenery.unchecked), "Not checked"),
        ("replace-key", format!("/providers/{}/replace-key", scenery.working), "Replace the key of OpenAI"),
        ("edit", format!("/providers/{}/edit", scenery.unreachable), "Edit gpt-4o-labeling"),
        ("remove", format!("/providers/{}/remove", scenery.working), "Remove OpenAI?"),
        ("base-models", "/base-models".into(), "gpt-6-sol"),
        ("supported-models", "/supported-models".into(), "Supported models"),
        ("supported-models-retired", "/supported-models?show=retired".into(), "Retired"),
        ("network", "/network".into(), "No addresses yet"),
        ("network-edit", "/network/addresses".into(), "Outgoing addresses"),
        ("audit", "/audit".into(), "Audit log"),
        ("tokens", "/tokens".into(), "nightly-export"),
        ("members", "/members".into(), "What each role can do"),
        ("embedding", "/settings/embedding?theme=light&accent=%2312503c".into(), "Only these may show the frame"),
        ("member-role", format!("/members/{}/role", scenery.reviewer), "Change role of Ana Prates"),
        ("member-deactivate", format!("/members/{}/deactivate", scenery.reviewer), "Deactivate Ana Prates?"),
        ("account", "/account".into(), "Password"),
        ("error-404", "/nowhere".into(), "There’s nothing at this address"),
    ]
}
