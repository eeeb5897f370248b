//! Addresses for somebody else's firewall.

use claviger::domain::role::Role;

use crate::browser::{Look, Theme, Width};
use crate::stage::Stage;

#[tokio::test]
async fn outgoing_addresses_are_kept_copied_and_a_route_is_tested() {
    let Some(stage) = Stage::set().await else { return };
    let window = stage.signed_in(Role::Owner, Look::of(Width::Desktop, Theme::Dark)).await;
    window.visit(&stage.url("/network")).await;
    window.sees("No addresses yet").await;
    window.is_in_order("network-empty").await;
    window.press("Use these three").await;
    window.sees("Addresses to allow").await;
    window.sees("44.216.17.242").await;
    window.is_in_order("network").await;

    window.follow("Edit addresses").await;
    window.fill("Addresses", "203.0.113.10 Primary\n203.0.113.300 Standby").await;
    window.is_in_order("network-edit").await;
    window.press("Save addresses").await;
    window.sees("There is a problem").await;
    window.sees_at("addresses", "203.0.113.10").await;
    window.holds("Addresses", "203.0.113.10 Primary\n203.0.113.300 Standby").await;
    window.is_in_order("network-edit-errors").await;
    window.fill("Addresses", "203.0.113.10 Primary\n203.0.113.11 Standby").await;
    window.press("Save addresses").await;
    window.sees("Standby").await;
    window.does_not_see("44.216.17.242").await;

    window.may_use_the_clipboard(&stage.app.origin).await;
    window.press("Copy 203.0.113.11").await;
    window.sees("Copied").await;
    window.paste("Endpoint").await;
    window.holds("Endpoint", "203.0.113.11").await;

    window.fill("Endpoint", "http://169.254.169.254/latest").await;
    window.press("Test").await;
    window.sees_at("url", "This address is reserved for network or cloud machinery").await;
    window.is_in_order("network-blocked").await;
    window.fill("Endpoint", &stage.fake.base_url()).await;
    window.press("Test").await;
    window.sees("can be reached").await;
    window.is_in_order("network-tested").await;
}
