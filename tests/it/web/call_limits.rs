//! How often an organization may have addresses called.

use chrono::TimeDelta;
use claviger::domain::role::Role;

use crate::support::app::TestApp;
use crate::support::fake_provider::FakeProvider;

const KEY: &str = "k3y-Tq7Zr1Vw5Xy9Bc2Df6Gh-x4Qa";

#[tokio::test]
async fn an_organization_has_twenty_checks_a_minute_and_loses_nothing_by_waiting() {
    let fake = FakeProvider::spawn().await;
    fake.good_key(KEY);
    let site = TestApp::with(|config| config.egress_allow = fake.outbound_settings().allow).await;
    let mut owner = site.owner().await;
    let endpoint = format!("{}/v1", fake.base_url());
    let form = |id| [("form_id", id), ("deployment_name", "fake-large"), ("endpoint", &endpoint), ("api_key", KEY)];
    owner.post("/providers/new/custom", &form("first")).await.is(303);
    for _ in 0..19 {
        owner.post("/providers/1/verify", &[]).await.leads_to("/providers/1");
    }
    let n_requests = fake.requests().len();

    let refused = owner.post("/providers/1/verify", &[]).await;
    assert!(refused.is(429).header("retry-after").parse::<u64>().is_ok_and(|s| (1..=4).contains(&s)), "{refused}");
    let mut second = form("second");
    second[1].1 = "fake-small";
    let refused = owner.post("/providers/new/custom", &second).await;
    refused.is(429).says("too many checks in the last minute").lacks(KEY);
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|s| (1..=4).contains(&s)), "{refused}");
    assert_eq!(refused.value("deployment_name"), "fake-small");
    owner.post("/network/test", &[("url", &endpoint)]).await.is(429);
    assert_eq!(fake.requests().len(), n_requests);

    let other = site.organization("Borage").await;
    site.add(other, "Kim", "kim@borage.example", Role::Owner).await;
    site.sign_in("kim@borage.example").await.post("/providers/new/custom", &form("theirs")).await.is(303);

    site.advance(TimeDelta::minutes(1));
    // The key is held for this form, so it needs not be typed again.
    owner.submit(&refused.form()).await.is(303);
}
