//! Every page, in every look.

use claviger::domain::role::Role;
use claviger::providers;

use crate::browser::{LOOKS, Look};
use crate::scenery::Scenery;
use crate::stage::Stage;
use crate::window::Window;

/// A page: the name of its picture, its address, and what it must show.
type PageOf = (&'static str, String, &'static str);

#[tokio::test]
async fn every_page_is_in_order_in_every_look() {
    let Some(stage) = Stage::set().await else { return };
    for look in looks(&stage) {
        let owner = stage.signed_in(Role::Owner, look).await;
        look_at(&stage, &owner, &in_a_new_organization()).await;
    }
    let scenery = Scenery::set(&stage).await;
    for look in looks(&stage) {
        let visitor = stage.window(look).await;
        visitor.visit(&stage.url("/sign-in")).await;
        visitor.sees("Sign in").await;
        visitor.is_in_order("all-sign-in").await;
        let manager = stage.signed_in(Role::Manager, look).await;
        look_at(&stage, &manager, &for_managers()).await;
        let owner = stage.signed_in(Role::Owner, look).await;
        look_at(&stage, &owner, &for_owners(&scenery)).await;
    }
}

async fn look_at(stage: &Stage, window: &Window, pages: &[PageOf]) {
    for (name, path, shows) in pages {
        window.visit(&stage.url(path)).await;
        window.sees_in("main", shows).await;
        window.is_in_order(&format!("all-{name}")).await;
        window.fits_the_narrowest_window().await;
    }
}

/// The pages are the same on both databases, so all looks are needed on one of them only.
fn looks(stage: &Stage) -> Vec<Look> {
    if stage.app.is_postgres() { LOOKS[..1].to_vec() } else { LOOKS.to_vec() }
}

fn in_a_new_organization() -> Vec<PageOf> {
    let mut pages: Vec<PageOf> = vec![
        ("providers-empty", "/providers".into(), "Connect your first model provider"),
        ("base-models-empty", "/base-models".into(), "No models yet"),
    ];
    pages.extend(
        providers::ALL
            .map(|provider| (provider.slug, format!("/providers/new/{}", provider.slug), provider.form_title)),
    );
    pages
}

fn for_managers() -> Vec<PageOf> {
    vec![
        ("base-models-manager", "/base-models".into(), "gpt-4o"),
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
        ("base-models", "/base-models".into(), "gpt-4o"),
        ("supported-models", "/supported-models".into(), "Supported models"),
        ("supported-models-retired", "/supported-models?show=retired".into(), "Retired"),
        ("network", "/network".into(), "No addresses yet"),
        ("network-edit", "/network/addresses".into(), "Outgoing addresses"),
        ("audit", "/audit".into(), "Audit log"),
        ("account", "/account".into(), "Password"),
        ("error-404", "/nowhere".into(), "There’s nothing at this address"),
    ]
}
