//! What people paste by mistake, and what others send on purpose.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use claviger::providers::ALL;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::fake_provider::Reply as Scripted;
use crate::support::google_account::GoogleAccount;
use crate::support::keys::{GOOD_KEY, KEY_FILE, MODEL, add, connect, provider, ready_fake, right_answers, rows};

#[actix_web::test]
async fn an_unknown_provider_or_connection_is_not_found() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for path in ["/providers/new/mistral", "/providers/new/OpenAI", "/providers/new/..%2fopenai", "/providers/new/%00"]
    {
        mara.get(path).await.is(404).says("There’s nothing at this address");
        mara.post(path, &[("api_key", GOOD_KEY)]).await.is(404).lacks(GOOD_KEY);
    }
    for id in ["0", "7", "99999999999999999999999999", "-1", "x"] {
        for act in ["", "/edit", "/remove", "/replace-key"] {
            mara.get(&format!("/providers/{id}{act}")).await.is(404);
        }
        for act in ["verify", "pause", "resume", "models", "remove", "replace-key", "edit"] {
            mara.post(&format!("/providers/{id}/{act}"), &[("version", "1")]).await.is(404);
        }
    }
    assert!(fake.requests().is_empty());
}

#[actix_web::test]
async fn what_is_no_key_is_told_at_the_field_and_calls_nobody() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let overlong = "k".repeat(5000);
    for (typed, says) in [
        ("   ", "Enter the API key"),
        ("two words-0123456789", "There’s a space or line break inside the key"),
        ("\"k-0123456789abcdef\"", "quotation marks"),
        ("“k-0123456789abcdef”", "quotation marks"),
        ("k-0123456789\nabcdef", "There’s a space or line break inside the key"),
        ("kéy-0123456789abcdef", "a character that can’t be part of a key"),
        ("k-0123456789\u{7}abcdef", "a character that can’t be part of a key"),
        ("sk-ant-REDACTED", "This looks like an Anthropic key"),
        ("{\"type\": \"service_account\"}", "This is the content of a JSON file"),
        (&overlong, "longer than any key can be"),
    ] {
        let reply = add(&mut mara, provider("openai"), &[("api_key", typed.to_owned())]).await;
        assert!(reply.is(422).text("#api_key-error").contains(says), "{typed}: {}", reply.text("#api_key-error"));
        assert!(typed.trim().len() < 12 || !reply.body.contains(typed.trim()), "{typed} is shown");
    }
    assert!(fake.requests().is_empty() && rows(&app).await.is_empty());
    assert_eq!(app.number("SELECT COUNT(*) FROM held_secrets").await, 0);
}

#[actix_web::test]
async fn a_key_with_white_space_around_it_or_its_scheme_before_it_is_taken() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for typed in [format!("  {GOOD_KEY}\t\n"), format!("Bearer {GOOD_KEY}"), format!("\u{feff}{GOOD_KEY}")] {
        add(&mut mara, provider("openai"), &[("api_key", typed)]).await.is(303);
        app.sql("DELETE FROM connections").await;
    }
}

#[actix_web::test]
async fn endpoints_that_lead_nowhere_are_told_with_what_would_be_right() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let base = fake.base_url();
    let overlong = format!("{base}/{}", "x".repeat(600));
    let cases = [
        ("azure-openai", "https://portal.azure.com/#@fennel/resource".to_owned(), "a page in the Azure portal"),
        ("azure-ai-foundry", "https://ai.azure.com/resource/x".to_owned(), "a page in the Azure portal"),
        ("custom", "llm.fennel.example/v1".to_owned(), "must start with https://"),
        ("custom", format!("{base}/v1/v1"), "/v1 twice"),
        ("custom", base.clone(), "must end in /v1"),
        ("custom", format!("{base}/v1?api_key=x"), "Leave out everything after the question mark"),
        ("custom", "http://user:pass@127.0.0.1/v1".to_owned(), "user name"),
        ("custom", "javascript:alert(1)".to_owned(), ""),
        ("custom", "http://169.254.169.254/v1".to_owned(), ""),
        ("custom", "not an address".to_owned(), ""),
        ("custom", overlong, "too long"),
    ];
    for (slug, endpoint, says) in cases {
        let provider = provider(slug);
        let mut answers = right_answers(provider, &fake);
        endpoint.clone_into(&mut answers[1].1);
        fake.recover();
        if endpoint == base {
            // At the address without a version there is only a page for people.
            fake.reply_with("", crate::support::fake_provider::answer(404, &[], json!("<html>nothing here</html>")));
        }
        let reply = add(&mut mara, provider, &answers).await;
        let told = format!("{} {}", reply.is(422).texts(".error").join(" "), reply.texts(".errors li").join(" "));
        assert!(endpoint == base || told.contains(says), "{endpoint}: {told}");
        assert_eq!(reply.value("endpoint"), endpoint);
        assert_eq!(reply.value("deployment_name"), MODEL);
        reply.lacks(GOOD_KEY);
    }
    assert!(rows(&app).await.is_empty());
}

#[actix_web::test]
async fn an_endpoint_with_the_chat_path_or_without_its_version_is_understood() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for tail in ["/v1/chat/completions", "/v1/", "", "/v1/models"] {
        let mut answers = right_answers(provider("custom"), &fake);
        answers[1].1 = format!("{}{tail}", fake.base_url());
        add(&mut mara, provider("custom"), &answers).await.is(303);
        app.sql("DELETE FROM connections").await;
    }
}

#[actix_web::test]
async fn a_google_key_file_is_taken_in_every_form_that_it_comes_in() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let file = GoogleAccount::shared().key_file();
    let json = file.to_string();
    let pretty = serde_json::to_string_pretty(&file).expect("JSON");
    let raw_newlines = json.replace("\\n", "\n");
    let quoted = serde_json::to_string(&json).expect("JSON");
    let forms = [json.clone(), pretty, raw_newlines, quoted, STANDARD.encode(&json), format!("\u{feff}{json}")];
    for (n, text) in forms.iter().enumerate() {
        let form = mara.get("/providers/new/vertex-ai").await.form();
        let by_paste = mara.submit(&form.clone().with("way", "paste").with(KEY_FILE, text)).await;
        assert_eq!(by_paste.status, 303, "pasted form {n}: {by_paste}");
        app.sql("DELETE FROM connections").await;
        let chosen = ("google_application_credentials_file", "key.json", text.as_bytes());
        let by_file = mara.submit_file(&form.with("form_id", ""), chosen).await;
        assert_eq!(by_file.status, 303, "uploaded form {n}: {by_file}");
        app.sql("DELETE FROM connections").await;
    }
}

#[actix_web::test]
async fn what_is_no_google_key_file_is_told_and_calls_nobody() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let changed = |name: &str, value: serde_json::Value| {
        let mut file = GoogleAccount::shared().key_file();
        file[name] = value;
        file.to_string()
    };
    let good = GoogleAccount::shared();
    let json = good.key_file().to_string();
    let cut_pem: String = good.private_key.chars().take(400).collect();
    let cases: [(Vec<u8>, &str); 11] = [
        (changed("type", json!("authorized_user")).into(), "one person’s own sign-in"),
        (changed("type", json!("external_account")).into(), "workload identity"),
        (changed("private_key", json!(cut_pem)).into(), "cut off"),
        (changed("private_key", json!("")).into(), "no private_key"),
        (changed("token_uri", json!("https://evil.example/token")).into(), "token_uri isn’t Google’s"),
        (changed("universe_domain", json!("evil.example")).into(), "another cloud"),
        (json[..json.len() / 2].into(), "The end of the file is missing"),
        (good.private_key.clone().into(), "only the private key"),
        ("AIzaSyA-0123456789".into(), "a key or token, not a file"),
        (vec![0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F'], "This isn’t JSON"),
        (vec![b'x'; 40_000], "too long for a key file"),
    ];
    for (bytes, says) in cases {
        let form = mara.get("/providers/new/vertex-ai").await.form().with("google_location", "europe-west4");
        let reply = mara.submit_file(&form, ("google_application_credentials_file", "key.json", &bytes)).await;
        let told = reply.is(422).text("#google_application_credentials-error");
        assert!(told.contains(says), "{says}: {told}");
        assert_eq!(reply.value("google_location"), "europe-west4");
        reply.lacks("PRIVATE KEY-----");
    }
    assert!(fake.requests().is_empty() && rows(&app).await.is_empty());
}

#[actix_web::test]
async fn bodies_that_no_form_sends_get_a_calm_page_and_store_nothing() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let token = mara.token().await;
    let urlencoded = "application/x-www-form-urlencoded";
    let with_token = |rest: &[u8]| [format!("csrf={token}&").as_bytes(), rest].concat();
    let cases: [(&str, Vec<u8>, &[u16]); 8] = [
        (urlencoded, with_token(b"api_key=a%00b"), &[400]),
        (urlencoded, with_token(b"api_key=%ff%fe"), &[400]),
        (urlencoded, with_token(b"api_key=\xff\xfe"), &[400]),
        (urlencoded, with_token(&[b"api_key=".as_slice(), &vec![b'k'; 10_000_000]].concat()), &[413]),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\ncontent-disposition: form-data; name=\"csrf\"\r\n".to_vec(),
            &[400],
        ),
        ("multipart/form-data", b"--x".to_vec(), &[400]),
        ("application/json", format!("{{\"api_key\":\"{GOOD_KEY}\"}}").into(), &[400, 415]),
        ("text/plain", with_token(format!("api_key={GOOD_KEY}").as_bytes()), &[400, 415]),
    ];
    for (kind, body, statuses) in cases {
        let n_bytes = body.len();
        let request = mara.posting("/providers/new/openai").header("content-type", kind).body(body);
        let reply = mara.send(request).await;
        assert!(statuses.contains(&reply.status), "{kind}, {n_bytes} bytes: {reply}");
        assert!(reply.has("h1"), "{reply}");
        reply.lacks(GOOD_KEY);
    }
    assert!(fake.requests().is_empty() && rows(&app).await.is_empty());
}

#[actix_web::test]
async fn a_forged_token_or_a_foreign_page_changes_nothing() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let mut tomas = app.administrator().await;
    let id = connect(&app, &mut mara, provider("gemini"), &fake).await;
    let of_tomas = tomas.token().await;
    fake.recover();
    let paths = ["verify", "pause", "remove", "models", "replace-key"].map(|act| format!("/providers/{id}/{act}"));
    for path in paths.iter().map(String::as_str).chain(["/providers/new/openai"]) {
        for forged in ["", "x", &of_tomas] {
            let body = format!("csrf={forged}&api_key={GOOD_KEY}&confirm=Gemini&version=1");
            let request = mara.posting(path).header("content-type", "application/x-www-form-urlencoded").body(body);
            mara.send(request).await.is(403).lacks(GOOD_KEY);
        }
        let token = mara.token().await;
        let body = format!("csrf={token}&api_key={GOOD_KEY}&confirm=Gemini&version=1");
        let request = mara.request(reqwest::Method::POST, path).header("origin", "https://evil.example");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        mara.send(request).await.is(403).lacks(GOOD_KEY);
    }
    assert!(fake.requests().is_empty());
    assert_eq!(rows(&app).await.len(), 1);
}

#[actix_web::test]
async fn a_provider_that_answers_strangely_is_told_and_nothing_is_stored() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let elsewhere = ready_fake().await;
    let strange = [Scripted::Garbage, Scripted::Huge, Scripted::Redirect(elsewhere.base_url()), Scripted::EchoKey];
    for provider in ALL {
        app.advance(TimeDelta::minutes(1));
        for reply in &strange {
            fake.recover();
            fake.reply_with("", reply.clone());
            let page = add(&mut mara, provider, &right_answers(provider, &fake)).await;
            page.is(422).lacks(GOOD_KEY).lacks(&GOOD_KEY[..12]).lacks(&STANDARD.encode(GOOD_KEY)[..16]);
            page.lacks("PRIVATE KEY-----");
            assert!(page.has(".errors li") && page.has(".steps"), "{} {reply:?}", provider.slug);
        }
    }
    assert!(elsewhere.requests().is_empty(), "a redirect was followed");
    assert!(rows(&app).await.is_empty());
}

#[actix_web::test]
async fn a_provider_that_hangs_is_given_up_in_time() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    fake.reply_with("", Scripted::Hang);
    let began = std::time::Instant::now();
    let reply = add(&mut mara, provider("openai"), &[("api_key", GOOD_KEY.to_owned())]).await;
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    reply.is(422).says("Save without checking").lacks(GOOD_KEY);
}

#[actix_web::test]
async fn a_form_of_a_session_that_has_ended_comes_back_with_what_was_typed_but_no_key() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let form = mara.get("/providers/new/azure-openai").await.form();
    let form = form.with("deployment_name", MODEL).with("endpoint", &fake.base_url()).with("api_key", GOOD_KEY);
    // She signs in again in another window of the same browser.
    mara.post("/sign-out", &[]).await;
    let mut mara = app.sign_in("mara@fennel.example").await;
    let back = mara.submit(&form).await;
    back.is(403).says("This page was open too long").lacks(GOOD_KEY);
    assert_eq!((back.value("deployment_name"), back.value("endpoint")), (MODEL.to_owned(), fake.base_url()));
    assert_eq!(app.number("SELECT count(*) FROM connections").await, 0);
    mara.submit(&back.form().with("api_key", GOOD_KEY)).await.is(303);
}
