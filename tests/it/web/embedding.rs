//! The page *Embedding*: sites, launch keys, code, preview, recent launches.

use crate::support::app::TestApp;
use crate::support::host::{Host, SITE};

const PAGE: &str = "/settings/embedding";

#[actix_web::test]
async fn a_new_organization_has_neither_sites_nor_an_address() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let page = mara.get(PAGE).await;
    page.is(200).says("Only these may show the frame.").says("None yet.");
    assert!(!page.has("#code"), "there is no code without an address");
}

#[actix_web::test]
async fn a_site_is_added_gets_its_code_and_is_taken_away() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    mara.post("/settings/embedding/sites", &[("origin", " https://APP.beta.example:443 ")]).await.leads_to(PAGE);
    let page = mara.get(PAGE).await;
    page.says("https://APP.beta.example:443 may show the frame.").says(SITE).says("In a window of Claviger’s");
    let embed_id = page.texts("dl.facts dd code")[1].clone();
    assert_eq!(embed_id.len(), 22);
    for snippet in ["#kit", "#plain"] {
        let code = page.text(snippet);
        assert!(code.contains(&embed_id) && code.contains(&app.origin) && !code.contains("keys.example.com"), "{code}");
    }

    let id = app.number("SELECT MAX(id) FROM embed_sites").await;
    mara.post(&format!("{PAGE}/sites/{id}/typing"), &[("takes_keys", "yes")]).await.leads_to(PAGE);
    mara.get(PAGE).await.says("In the frame, or a window");
    mara.post(&format!("{PAGE}/sites/{id}/typing"), &[("takes_keys", "no")]).await.leads_to(PAGE);
    mara.post(&format!("{PAGE}/sites/{id}/remove"), &[]).await.leads_to(PAGE);
    mara.post(&format!("{PAGE}/sites/{id}/remove"), &[]).await.is(404);
    assert_eq!(app.number("SELECT COUNT(*) FROM embed_sites").await, 0);
    let again = mara.post("/settings/embedding/sites", &[("origin", SITE)]).await;
    again.leads_to(PAGE);
    assert_eq!(mara.get(PAGE).await.texts("dl.facts dd code")[1], embed_id, "the address stays");
    let log = mara.get("/audit?group=settings").await;
    for entry in ["Allowed embedding on", "Keys may be typed inside the frame", "Stopped embedding on"] {
        log.says(entry);
    }
}

#[actix_web::test]
async fn what_is_no_origin_is_told_at_its_field_and_kept() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    for (typed, problem) in [
        ("", "Enter the site’s origin"),
        ("https://*.beta.example", "Name each site by itself."),
        ("http://app.beta.example", "Use https."),
        ("https://app.beta.example; script-src 'self'", "This isn’t an origin."),
        ("https://app.beta.example/settings", "Enter the origin alone"),
    ] {
        let page = mara.post("/settings/embedding/sites", &[("origin", typed)]).await;
        page.is(422).says(problem);
        assert_eq!(page.value("origin"), typed);
    }
    let page = mara.post("/settings/embedding/sites", &[("origin", "https://app.beta.example/settings")]).await;
    assert_eq!(page.attr("button[name=use_origin]", "value"), SITE);
    mara.post("/settings/embedding/sites", &[("origin", "x"), ("use_origin", SITE)]).await.leads_to(PAGE);
    mara.post("/settings/embedding/sites", &[("origin", SITE)]).await.is(422).says("on the list already");
    assert_eq!(app.number("SELECT COUNT(*) FROM embed_sites").await, 1);
}

#[actix_web::test]
async fn there_are_twenty_sites_at_most() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    for n in 0..20 {
        mara.post("/settings/embedding/sites", &[("origin", &format!("https://app{n}.beta.example"))]).await.is(303);
    }
    let page = mara.post("/settings/embedding/sites", &[("origin", "https://one-more.beta.example")]).await;
    page.is(422).says("There are 20 sites already.");
}

#[actix_web::test]
async fn a_shared_key_is_shown_once_and_stored_nowhere() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let host = Host::let_in(&mut mara).await;
    assert_eq!(host.key.len(), 43);
    mara.get(PAGE).await.lacks(&host.key).says(&host.kid).says("HS256, shared").says("Never");
    if !app.is_postgres() {
        app.checkpoint().await;
    }
    assert!(!app.database_holds(host.key.as_bytes()));
    mara.get("/audit").await.says("Added the launch key").lacks(&host.key);
}

#[actix_web::test]
async fn two_keys_can_live_at_once_and_not_three_even_for_those_who_hurry() {
    let app = TestApp::spawn().await;
    let mara = app.owner().await;
    let adding = (0..6).map(|_| {
        let mut mara = mara.clone();
        async move { mara.post("/settings/embedding/keys", &[("kind", "shared")]).await.status }
    });
    let mut statuses = futures_util::future::join_all(adding).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 303, 422, 422, 422, 422]);
    assert_eq!(app.number("SELECT COUNT(*) FROM launch_keys").await, 2);
    let page = app.owner().await.get(PAGE).await;
    page.says("There are two keys.");
    assert!(!page.has("[name=kind]"));
}

#[actix_web::test]
async fn a_key_pair_of_ones_own_is_named_and_its_private_half_refused() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key pair");
    let post = |public_key: String| {
        let mut mara = mara.clone();
        async move { mara.post("/settings/embedding/keys", &[("kind", "public"), ("public_key", &public_key)]).await }
    };
    let private = post(pair.serialize_pem()).await;
    private.is(422).says("This is the private key, which must stay on your server").lacks("BEGIN PRIVATE KEY");
    let rsa = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key pair");
    post(rsa.public_key_pem()).await.is(422).says("This is a public key of another kind.");
    post("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----".into()).await.is(422).says("isn’t a public key");
    post(String::new()).await.is(422).says("Paste the public key.");
    post(pair.public_key_pem()).await.is(303);
    mara.get(PAGE).await.says("The key is added.").says("Ed25519, public half");
}

#[actix_web::test]
async fn the_preview_is_the_list_in_a_frame_of_our_own() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let page = mara.get(&format!("{PAGE}?theme=dark&accent=%2312503c")).await;
    let address = page.attr("iframe.preview", "src");
    assert_eq!(address, "/settings/embedding/preview?theme=dark&accent=%2312503c");
    let preview = mara.get(&address).await;
    preview.is(200).says("Connect your first model provider");
    assert!(preview.has("html[data-theme=dark][data-place=frame]") && preview.has("main[inert]"));
    assert!(preview.has("link[href='/embed/accent/12503c.css']"));
    let policy = preview.header("content-security-policy");
    assert!(policy.ends_with("frame-ancestors 'self'"), "{policy}");
    assert_eq!(preview.header("x-frame-options"), "SAMEORIGIN");
    let css = mara.get("/embed/accent/12503c.css").await;
    assert_eq!(css.is(200).header("content-type"), "text/css; charset=utf-8");
    mara.get("/embed/accent/red.css").await.is(404);
}

#[actix_web::test]
async fn another_organizations_sites_and_keys_are_as_missing_as_those_that_never_were() {
    let app = TestApp::spawn().await;
    let other = app.organization("Other Ltd").await;
    app.add(other, "Eve", "eve@other.example", claviger::domain::role::Role::Owner).await;
    let mut eve = app.sign_in("eve@other.example").await;
    Host::let_in(&mut eve).await;
    let (site, key) =
        (app.number("SELECT MAX(id) FROM embed_sites").await, app.number("SELECT MAX(id) FROM launch_keys").await);
    let mut mara = app.owner().await;
    mara.post(&format!("{PAGE}/sites/{site}/remove"), &[]).await.is(404);
    mara.post(&format!("{PAGE}/sites/{site}/typing"), &[("takes_keys", "yes")]).await.is(404);
    mara.post(&format!("{PAGE}/keys/{key}/remove"), &[]).await.is(404);
    mara.get(PAGE).await.lacks(SITE);
    assert_eq!(app.number("SELECT COUNT(*) FROM embed_sites").await, 1);
}
