//! The catalogue as a page.
use crate::support::app::TestApp;

#[actix_web::test]
async fn every_provider_stands_with_its_models_prices_and_ends() {
    let app = TestApp::spawn().await;
    let reply = app.annotator().await.get("/supported-models").await;
    reply.is(200);
    assert_eq!(
        reply.texts("main h2"),
        ["OpenAI", "Gemini", "Vertex AI", "Anthropic", "Azure OpenAI", "Azure AI Foundry", "Custom"]
    );
    let row = reply.rows("section:has(#openai) tr").into_iter().find(|row| row.starts_with("gpt-4.1 ")).unwrap();
    for words in ["1,047,576", "32,768", "$2.00", "$8.00", "In the product documentation", "JSON schema, images"] {
        assert!(row.contains(words), "{words} in {row}");
    }
    reply.says("Any server with the OpenAI format and JSON mode, such as Ollama or SGLang");
    assert_eq!(reply.texts("details:not([open])").len(), 2, "the two long lists start closed");
}

#[actix_web::test]
async fn what_the_product_documentation_names_is_always_listed_and_the_retired_marked() {
    let app = TestApp::spawn().await;
    let mut sam = app.annotator().await;
    let named: Vec<String> = ["openai", "gemini", "vertex-ai", "anthropic"]
        .iter()
        .flat_map(|slug| {
            let models = app.app.catalog.models();
            models.of(slug).filter(|model| model.in_product_docs).map(|model| model.id.clone()).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(named.len(), 27);
    for show in ["current", "all", "nonsense"] {
        let reply = sam.get(&format!("/supported-models?show={show}")).await;
        let listed = reply.is(200).texts("tbody th code");
        for id in &named {
            assert!(listed.contains(id), "{id} is not in ?show={show}");
        }
        let rows = reply.rows("tbody tr");
        let gone = rows.iter().find(|row| row.starts_with("gpt-4.5-preview ")).expect("it is named");
        assert!(gone.ends_with("Retired 14 Jul 2025"), "{gone}");
    }
    let retired = sam.get("/supported-models?show=retired").await;
    assert!(retired.rows("tbody tr").iter().all(|row| row.contains("Retired ")));
    let (current, all) = (sam.get("/supported-models").await, sam.get("/supported-models?show=all").await);
    assert!(all.texts("tbody tr").len() > current.texts("tbody tr").len());
    assert!(all.body.len() < 100_000, "the longest list has {} bytes", all.body.len());
    assert_eq!(all.attr(".seg a[aria-current]", "href"), "?show=all");
}

#[actix_web::test]
async fn an_unknown_price_is_not_a_price_of_nothing() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let row = r#"[{"provider":"OpenAI","model":"<b>m1</b>","display_name":"M1","mode":"chat"}]"#;
    std::fs::write(file.path(), row).unwrap();
    let path = file.path().to_owned();
    let app = TestApp::with(move |config| config.catalog_file = Some(path)).await;
    let reply = app.annotator().await.get("/supported-models").await;
    assert_eq!(reply.rows("tbody tr"), ["<b>m1</b> Not known Not known Not known Not known"]);
    reply.lacks("<b>m1");
}
