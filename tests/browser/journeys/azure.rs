//! The address that everybody gets wrong.

use claviger::domain::role::Role;

use crate::browser::{Look, Scripts, Theme, Width};
use crate::stage::{GOOD_KEY, Stage};

#[tokio::test]
async fn what_is_wrong_with_a_target_uri_is_said_and_mended_with_scripts_and_without() {
    let Some(stage) = Stage::set().await else { return };
    for (scripts, deployment) in [(Scripts::On, "gpt-4o"), (Scripts::Off, "gpt-4o-mini")] {
        let look = Look { scripts, ..Look::of(Width::Desktop, Theme::Dark) };
        let window = stage.signed_in(Role::Owner, look).await;
        window.visit(&stage.url("/providers/new/azure-openai")).await;
        window.sees("Connect Azure OpenAI").await;
        window.is_in_order("azure").await;

        window.fill("Deployment", deployment).await;
        window.fill("Endpoint", "https://portal.azure.com/#view/deployments/gpt-4o").await;
        window.fill("API key", GOOD_KEY).await;
        window.press("Check and save").await;
        window.sees_at("endpoint", "The endpoint is a page in the Azure portal, not the target URI.").await;
        window.is_in_order("azure-portal").await;

        // No scheme: the button knows better, and takes the rest along.
        window.fill("Endpoint", "fennel.openai.azure.com").await;
        window.press("Check and save").await;
        window.sees_at("api_key", "Enter the key again. We hold it").await;
        window.sees_at("endpoint", "The endpoint must start with https://.").await;
        window.is_in_order("azure-errors").await;
        window.press("Use this").await;
        window.sees("Connect Azure OpenAI").await;
        window.holds("Endpoint", "https://fennel.openai.azure.com").await;
        window.holds("Deployment", deployment).await;

        let other = stage.url_of_fake("/openai/deployments/other/chat/completions?api-version=2024-10-21");
        window.fill("Endpoint", &other).await;
        window.fill_if_asked("API key", GOOD_KEY).await;
        window.press("Check and save").await;
        window
            .sees_at("deployment_name", &format!("The endpoint is for the deployment other, not {deployment}."))
            .await;

        window.fill("Endpoint", &stage.fake.base_url()).await;
        window.fill_if_asked("API key", GOOD_KEY).await;
        window.press("Check and save").await;
        window.sees(&format!("{deployment} is connected.")).await;
    }
}
