//! Network access: the list, its forms, its files, and the route.
use claviger::domain::audit::Act;
use claviger::domain::role::Role;
use claviger::providers::policy::AllowRule;
use claviger::store::audit::{self, AuditFilter};
use reqwest::Method;

use crate::support::app::{ORGANIZATION, TestApp};
use crate::support::browse::Visitor;

async fn save(visitor: &mut Visitor, addresses: &str) -> crate::support::browse::Reply {
    let version = visitor.get("/network/addresses").await.is(200).value("version");
    visitor.post("/network/addresses", &[("addresses", addresses), ("version", &version)]).await
}

async fn acts(app: &TestApp) -> Vec<(String, String, String)> {
    let scope = app.organization(ORGANIZATION).await;
    let (rows, _) = app.store(move |conn| audit::page(conn, scope, &AuditFilter::default(), 0, 100)).await;
    rows.into_iter().map(|row| (row.act, row.target_name, row.details)).collect()
}

#[actix_web::test]
async fn an_owner_enters_addresses_and_everybody_can_read_them() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    mara.get("/network").await.is(200).says("No addresses yet").says("Enter addresses").says("3.219.3.197");
    save(&mut mara, "203.0.113.10 Primary\n\n2001:db8::/64\tStand by \n203.0.113.10 again").await.leads_to("/network");
    let reply = mara.get("/network").await;
    reply.says("The addresses are saved.").says("Last changed");
    assert_eq!(reply.texts(".ips code"), ["203.0.113.10", "2001:db8::/64"]);
    assert_eq!(reply.texts(".ips small"), ["Primary", "Stand by"]);
    assert_eq!(reply.attr("[data-copy*='2001']", "data-copy"), "203.0.113.10\n2001:db8::/64");
    assert!(reply.text("#azure").ends_with("--ip-address 203.0.113.10"));
    assert_eq!(mara.get("/network/addresses").await.text("#addresses"), "203.0.113.10 Primary 2001:db8::/64 Stand by");

    let mut sam = app.annotator().await;
    let text = sam.get("/ip-ranges.txt").await;
    assert_eq!(text.is(200).body, "203.0.113.10\n2001:db8::/64\n");
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    let json = sam.get("/ip-ranges.json").await.json();
    assert_eq!(json["addresses"][0], serde_json::json!({ "address": "203.0.113.10", "label": "Primary" }));
    assert!(json["changed_at"].as_str().unwrap().ends_with('Z'));

    let (act, _, details) = acts(&app).await.into_iter().find(|(act, ..)| act == Act::EgressChanged.slug()).unwrap();
    assert_eq!((act.as_str(), details.as_str()), ("egress.changed", "none to 203.0.113.10, 2001:db8::/64"));
}

#[actix_web::test]
async fn what_is_wrong_stands_beside_the_field_and_everything_typed_is_kept() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    for (typed, words) in [
        ("203.0.113.10 Primary\nnonsense <b>x</b>", "Error: Line 2: Enter an IP address"),
        ("127.0.0.1", "Error: Line 1: 127.0.0.1 can’t be an outgoing address."),
        (&format!("203.0.113.10 {}", "x".repeat(81)), "Error: Line 1: The label is too long."),
        (&(0..51).map(|n| format!("203.0.113.{n}\n")).collect::<String>(), "Error: Enter at most 50 addresses."),
    ] {
        let reply = save(&mut mara, typed).await;
        let error = reply.is(422).text("#addresses-error");
        assert!(error.starts_with(words), "{error}");
        assert!(reply.text("title").starts_with("Error: "));
        assert_eq!(reply.text("#addresses"), typed.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    assert_eq!(mara.get("/ip-ranges.txt").await.body, "");
}

#[actix_web::test]
async fn labels_stay_text() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    save(&mut mara, "203.0.113.10 \"><script>alert(1)</script>").await.is(303);
    mara.get("/network").await.lacks("<script>alert").says("\"><script>alert(1)</script>");
    mara.get("/network/addresses").await.lacks("<script>alert");
}

#[actix_web::test]
async fn of_two_who_edit_at_once_the_second_is_told() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let version = mara.get("/network/addresses").await.value("version");
    save(&mut mara, "203.0.113.10").await.is(303);
    let fields = [("addresses", "198.51.100.42 Mine"), ("version", version.as_str())];
    let reply = mara.post("/network/addresses", &fields).await;
    reply.is(422).says("Somebody changed the list in the meantime.");
    assert_eq!(reply.text("#addresses"), "198.51.100.42 Mine");
    assert_eq!(mara.get("/ip-ranges.txt").await.body, "203.0.113.10\n");
    let again = reply.value("version");
    mara.post("/network/addresses", &[("addresses", "198.51.100.42 Mine"), ("version", &again)]).await.is(303);
    assert_eq!(mara.get("/ip-ranges.txt").await.body, "198.51.100.42\n");
    // The same list again is no change, whatever it was made from.
    mara.post("/network/addresses", &[("addresses", "198.51.100.42 Mine"), ("version", "")]).await.is(303);
}

#[actix_web::test]
async fn the_preset_fills_an_empty_list_only() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    let version = mara.get("/network").await.value("version");
    mara.post("/network/preset", &[("version", &version)]).await.leads_to("/network");
    assert_eq!(mara.get("/ip-ranges.txt").await.body, "3.219.3.197\n34.237.73.3\n44.216.17.242\n");
    save(&mut mara, "203.0.113.10").await.is(303);
    mara.post("/network/preset", &[("version", &version)]).await.is(422);
    assert_eq!(mara.get("/ip-ranges.txt").await.body, "203.0.113.10\n");
    mara.get("/network/preset").await.is(405);
}

#[actix_web::test]
async fn an_administrator_reads_and_tests_but_does_not_edit() {
    let app = TestApp::spawn().await;
    let mut tomas = app.administrator().await;
    let page = tomas.get("/network").await;
    page.is(200).says("an Owner enters the one that other servers see");
    assert!(!page.has("[href='/network/addresses']") && !page.has("[action='/network/preset']"));
    tomas.get("/network/addresses").await.is(403);
    tomas.post("/network/addresses", &[("addresses", "203.0.113.10")]).await.is(403);
    tomas.post("/network/preset", &[]).await.is(403);
    assert_eq!(tomas.get("/ip-ranges.txt").await.body, "");
}

#[actix_web::test]
async fn others_read_whom_to_ask() {
    let app = TestApp::spawn().await;
    app.owner().await;
    app.administrator().await;
    let mut jonas = app.manager().await;
    let reply = jonas.get("/network").await;
    reply.is(403).says("You’re signed in as Jonas Weber, a Manager.").says("Mara Lindqvist, Tomás Rey");
    jonas.get("/network/addresses").await.is(403).says("Owner");
    jonas.post("/network/test", &[("url", "https://llm.fennel.example")]).await.is(403);
}

#[actix_web::test]
async fn scripts_without_an_account_read_the_only_organizations_addresses_but_no_labels() {
    let app = TestApp::spawn().await;
    app.visitor().get("/ip-ranges.json").await.is(401);
    save(&mut app.owner().await, "203.0.113.10 Berlin office").await.is(303);
    let mut script = app.visitor();
    assert_eq!(script.get("/ip-ranges.txt").await.is(200).body, "203.0.113.10\n");
    script.get("/ip-ranges.json").await.is(200).lacks("Berlin");
    script.send(script.request(Method::HEAD, "/ip-ranges.txt")).await.is(200);

    let elsewhere = app.organization("Elsewhere").await;
    script.get("/ip-ranges.json").await.is(401).lacks("203.0.113.10");
    script.get("/ip-ranges.txt").await.is(401).lacks("203.0.113.10");
    app.add(elsewhere, "Eve", "eve@elsewhere.example", Role::Owner).await;
    let mut eve = app.sign_in("eve@elsewhere.example").await;
    assert_eq!(eve.get("/ip-ranges.txt").await.is(200).body, "");
    app.owner().await.get("/ip-ranges.json").await.is(200).says("Berlin office");
}

#[actix_web::test]
async fn a_route_is_tested_step_by_step_and_kept_in_the_log() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let rules = AllowRule::parse_list(&format!("127.0.0.1:{port},127.0.0.1:1")).unwrap();
    let app = TestApp::with(move |config| config.egress_allow = rules).await;
    let mut tomas = app.administrator().await;
    let url = format!("http://127.0.0.1:{port}/v1?token=s3cret");
    let reply = tomas.post("/network/test", &[("url", &url)]).await;
    reply.is(200).says(&format!("127.0.0.1:{port} can be reached"));
    // Address and policy; over plain http there is nothing to secure.
    assert_eq!(reply.texts(".steps li.ok").len(), 2, "{reply}");
    assert_eq!(reply.value("url"), url);

    let closed = tomas.post("/network/test", &[("url", "http://127.0.0.1:1/v1")]).await;
    closed.is(200).says("127.0.0.1:1 can’t be reached");
    assert_eq!(closed.texts(".steps li.bad").len(), 1);

    let tested: Vec<_> = acts(&app).await.into_iter().filter(|(act, ..)| act == Act::RouteTested.slug()).collect();
    assert_eq!(tested[1].1, format!("127.0.0.1:{port}"));
    assert_eq!((tested[1].2.as_str(), tested[0].2.as_str()), ("Reached", "Not reached: connection refused"));
    tomas.get("/network/test").await.leads_to("/network");
}

#[actix_web::test]
async fn an_address_that_is_not_called_says_why_and_closed_ones_are_kept_in_the_log() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    for (url, words) in [
        ("", "Enter the address to test"),
        ("llm.fennel.example", "Enter the whole address"),
        ("ftp://llm.fennel.example", "The address must start with https://"),
        ("https://mara:pw@llm.fennel.example", "Leave out the user name and password"),
        ("https://127.0.0.1:9/v1", "localhost here means the machine this app runs on"),
        ("http://169.254.169.254/latest/meta-data", "reserved for network or cloud machinery"),
    ] {
        let reply = mara.post("/network/test", &[("url", url)]).await;
        assert!(reply.is(422).text("#url-error").contains(words), "{reply}");
        assert_eq!(reply.value("url"), url);
    }
    let tested: Vec<_> = acts(&app).await.into_iter().filter(|(act, ..)| act == Act::RouteTested.slug()).collect();
    let targets: Vec<_> = tested.iter().map(|(_, target, _)| target.as_str()).collect();
    assert_eq!(targets, ["169.254.169.254:80", "127.0.0.1:9"]);
}

#[actix_web::test]
async fn nobody_scans_a_network_through_us() {
    let app = TestApp::spawn().await;
    let mut mara = app.owner().await;
    for _ in 0..20 {
        mara.post("/network/test", &[("url", "https://10.0.0.1")]).await.is(422);
    }
    let reply = mara.post("/network/test", &[("url", "https://10.0.0.1")]).await;
    assert!(reply.is(429).header("retry-after").parse::<u64>().is_ok());
}

#[actix_web::test]
async fn what_the_operator_allows_is_shown_without_the_proxys_password() {
    let app = TestApp::with(|config| {
        config.egress_allow = AllowRule::parse_list("192.168.1.20:11434").unwrap();
        config.egress_proxy = Some("http://user:s3cret@127.0.0.1:3128".parse().unwrap());
    })
    .await;
    let reply = app.owner().await.get("/network").await;
    reply.is(200).says("192.168.1.20").says("127.0.0.1:3128").lacks("s3cret");
}
