//! A key that is a file.

use claviger::domain::role::Role;

use crate::browser::{Look, Scripts};
use crate::stage::Stage;
use crate::support::google_account::GoogleAccount;

#[tokio::test]
async fn a_key_file_is_taken_with_scripts_and_without() {
    for scripts in [Scripts::On, Scripts::Off] {
        let Some(stage) = Stage::set().await else { return };
        let account = GoogleAccount::shared();
        stage.fake.know(&account);
        stage.fake.offer(&["gemini-2.5-flash", "gemini-2.5-pro"]);
        let folder = tempfile::tempdir().expect("a folder");
        let (wrong, right) = (folder.path().join("client_secret.json"), folder.path().join("key.json"));
        std::fs::write(&wrong, r#"{"installed":{"client_id":"1.apps.googleusercontent.com"}}"#).expect("a file");
        std::fs::write(&right, account.key_file().to_string()).expect("a file");

        let window = stage.signed_in(Role::Owner, Look { scripts, ..Look::default() }).await;
        window.visit(&stage.url("/providers/new/vertex-ai")).await;
        window.sees("Connect Vertex AI").await;
        window.is_in_order("vertex").await;
        window.upload("Key file", &wrong).await;
        if scripts == Scripts::On {
            window.sees("This doesn’t look like a service account key.").await;
        }
        window.fill("Location", "Europe West").await;
        window.press("Check and save").await;
        window.sees_at("google_application_credentials", "This is an OAuth client file.").await;
        window.sees_at("google_location", "A location looks like europe-west4 or global.").await;
        window.holds("Location", "Europe West").await;
        window.is_in_order("vertex-errors").await;

        window.upload("Key file", &right).await;
        if scripts == Scripts::On {
            window.sees(&format!("Service account {}, project fennel-ml-prod.", account.email)).await;
        }
        window.fill("Location", "europe-west4").await;
        window.press("Check and save").await;
        window.sees("Vertex AI is connected.").await;
        window.sees(&format!("key ending {}", &account.key_id[account.key_id.len() - 4..])).await;
    }
}
