//! Somebody joins, gets another role, and leaves.

use claviger::domain::role::Role;

use crate::browser::{LOOKS, Look, Theme, Width};
use crate::stage::Stage;
use crate::support::app::{ORGANIZATION, PASSWORD, person};

#[tokio::test]
async fn somebody_is_invited_joins_gets_another_role_and_is_deactivated() {
    let Some(stage) = Stage::set().await else { return };
    let owner = stage.signed_in(Role::Owner, Look::of(Width::Desktop, Theme::Dark)).await;
    owner.follow("Members").await;
    owner.sees("Only Owner").await;
    owner.fill("Invite by email", "priya").await;
    owner.press("Make invitation link").await;
    owner.sees_at("email", "isn’t an email address").await;
    owner.is_in_order("members-errors").await;
    owner.fill("Invite by email", "priya@fennel.example").await;
    owner.choose("Role", "Reviewer").await;
    owner.press("Make invitation link").await;
    owner.sees("Pass this link on to priya@fennel.example.").await;
    owner.is_in_order("members-invited").await;
    let link = owner.text_of("#invitation-link").await;
    owner.visit(&stage.url("/members")).await;
    owner.does_not_see(&link).await;

    let priya = stage.window(Look::of(Width::Phone, Theme::Light)).await;
    priya.visit(&link).await;
    priya.sees("Join Fennel Labs").await;
    priya.sees("You’ll be a Reviewer, and sign in as priya@fennel.example.").await;
    priya.is_in_order("invitation").await;
    priya.fill("Your name", "Priya Nair").await;
    priya.fill("Password", "password1234").await;
    priya.press("Join").await;
    priya.sees("There is a problem").await;
    priya.is_in_order("invitation-errors").await;
    priya.holds("Your name", "Priya Nair").await;
    priya.fill("Password", PASSWORD).await;
    priya.press("Join").await;
    priya.sees("Base models").await;
    priya.visit(&stage.url("/account")).await;
    priya.sees("You sign in as priya@fennel.example.").await;
    priya.is_in_order("account").await;

    owner.visit(&stage.url("/members")).await;
    owner.press("More for Priya Nair").await;
    owner.follow("Change role").await;
    owner.sees("Change role of Priya Nair").await;
    owner.is_in_order("member-role").await;
    owner.choose("Role", "Administrator").await;
    owner.press("Change role").await;
    owner.sees("Priya Nair").await;
    owner.is_in_order("members").await;
    // It counts at once, in the window that is open.
    priya.visit(&stage.url("/providers")).await;
    priya.sees("Connect your first model provider").await;

    owner.press("More for Priya Nair").await;
    owner.follow("Deactivate…").await;
    owner.sees("They’re signed out everywhere at once").await;
    owner.is_in_order("member-deactivate").await;
    owner.press("Deactivate Priya Nair").await;
    owner.sees("Deactivated").await;
    priya.visit(&stage.url("/providers")).await;
    priya.sees("Forgot your password?").await;
    priya.visit(&link).await;
    priya.does_not_see("Join Fennel Labs").await;
    priya.is_in_order("invitation-used").await;
}

#[tokio::test]
async fn somebody_who_forgot_their_password_chooses_a_new_one_with_a_link() {
    let Some(stage) = Stage::set().await else { return };
    let (name, email) = person(Role::Annotator);
    let scope = stage.app.organization(ORGANIZATION).await;
    stage.app.add(scope, name, email, Role::Annotator).await;
    for (owners, sams) in [(LOOKS[0], LOOKS[3]), (LOOKS[1], LOOKS[2]), (LOOKS[2], LOOKS[1]), (LOOKS[3], LOOKS[0])] {
        let owner = stage.signed_in(Role::Owner, owners).await;
        owner.visit(&stage.url("/members")).await;
        owner.press(&format!("More for {name}")).await;
        owner.screenshot("members-menu").await;
        owner.press("New password link").await;
        owner.sees("Pass this link on to Sam Okafor. It works once, for 24 hours, and we show it only now.").await;
        owner.is_in_order("members-password-link").await;
        let link = owner.text_of("#password-link").await;

        let sam = stage.window(sams).await;
        sam.visit(&link).await;
        sam.sees("Choose a new password").await;
        sam.is_in_order("new-password").await;
        sam.fill("New password", "short").await;
        sam.press("Save and sign in").await;
        sam.sees_at("password", "too short").await;
        sam.is_in_order("new-password-errors").await;
        sam.fill("New password", PASSWORD).await;
        sam.press("Save and sign in").await;
        sam.sees("Base models").await;
    }
}
