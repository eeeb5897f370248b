//! A token for a script, from the form to its end.

use claviger::domain::role::Role;

use crate::browser::{LOOKS, Look, Scripts, Theme, Width};
use crate::stage::Stage;

#[tokio::test]
async fn a_token_is_made_copied_rotated_and_revoked() {
    let Some(stage) = Stage::set().await else { return };
    for look in LOOKS {
        let owner = stage.signed_in(Role::Owner, look).await;
        owner.visit(&stage.url("/tokens")).await;
        owner.sees("None yet.").await;
        owner.is_in_order("tokens-empty").await;
        owner.press("Create token").await;
        owner.sees_at("name", "Enter a name.").await;
        owner.is_in_order("tokens-errors").await;
        owner.fill("Name", "nightly-export").await;
        owner.tick("Manage connections").await;
        owner.press("Create token").await;
        owner.sees("Copy your new token now: nightly-export").await;
        owner.has_focus_on(".note-ok").await;
        owner.is_in_order("tokens-new").await;
        owner.may_use_the_clipboard(stage.origin()).await;
        let first = owner.text_of("#new-token").await;
        owner.press("Copy New token").await;
        owner.sees("Copied").await;
        owner.paste("Name").await;
        owner.holds("Name", &first).await;

        owner.visit(&stage.url("/tokens")).await;
        owner.does_not_see("Copy your new token now").await;
        owner.sees_in(".tokens", "Read, use models").await;
        owner.press("Rotate nightly-export").await;
        owner.sees("The one that it replaces works no more.").await;
        assert_ne!(owner.text_of("#new-token").await, first);
        owner.press("Revoke nightly-export").await;
        owner.sees("“nightly-export” is revoked.").await;
        owner.is_in_order("tokens-revoked").await;
    }
}

#[tokio::test]
async fn the_rules_are_changed_without_scripts_and_hold_at_once() {
    let Some(stage) = Stage::set().await else { return };
    let look = Look { scripts: Scripts::Off, ..Look::of(Width::Phone, Theme::Dark) };
    let owner = stage.signed_in(Role::Owner, look).await;
    owner.visit(&stage.url("/tokens")).await;
    owner.sees("Legacy tokens are switched off. You can switch them on below.").await;
    owner.tick("Legacy tokens").await;
    owner.press("Save rules").await;
    owner.sees("The rules for API tokens are saved.").await;
    owner.fill("Name", "terraform").await;
    owner.tick("Legacy token").await;
    owner.press("Create token").await;
    owner.sees("Copy your new token now: terraform").await;
    owner.does_not_see("Copy New token").await;
    owner.is_in_order("tokens-legacy").await;
    let sam = stage.signed_in(Role::Annotator, Look::of(Width::Desktop, Theme::Light)).await;
    sam.follow("API tokens").await;
    sam.sees("None yet.").await;
    sam.does_not_see("Rules for everybody").await;
    sam.is_in_order("tokens-annotator").await;
}
