//! Who may open what: every route, every role.

use std::collections::BTreeSet;

use claviger::domain::role::Role;

use crate::support::app::TestApp;
use crate::support::browse::Visitor;
use crate::support::keys::{add, connect, provider, ready_fake, right_answers};
use crate::support::sources::product;

/// Who gets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// Nobody; there is no such method.
    Wall,
    /// Everybody, signed in or not.
    Open,
    /// Every member.
    Members,
    /// Owners and Administrators.
    Keepers,
    /// Owners.
    Owners,
    /// Whoever brings a host product's launch, whatever else they are.
    Launched,
}

use Door::{Keepers, Launched, Members, Open, Owners, Wall};

/// Every route as it is registered, an address of it, and who may read and who may change.
const ROUTES: &[(&str, &str, Door, Door)] = &[
    ("/", "/", Members, Wall),
    ("/account", "/account", Members, Wall),
    ("/account/profile", "/account/profile", Wall, Members),
    ("/account/password", "/account/password", Wall, Members),
    ("/account/sessions/end", "/account/sessions/end", Wall, Members),
    ("/account/sessions/end-others", "/account/sessions/end-others", Wall, Members),
    ("/account/sessions/end-all", "/account/sessions/end-all", Wall, Members),
    ("/audit", "/audit", Keepers, Wall),
    ("/audit.csv", "/audit.csv", Keepers, Wall),
    ("/base-models", "/base-models", Members, Wall),
    ("/embed/claviger.js", "/embed/claviger.js", Open, Wall),
    ("/embed/accent/{digits}.css", "/embed/accent/12503c.css", Open, Wall),
    ("/embed/base-models", "/embed/base-models", Launched, Wall),
    // An organization that embeds nothing has no frame; `web/embed/` opens those that there are.
    ("/embed/{embed}", "/embed/abcdefghijklmnopqrstuv", Wall, Wall),
    ("/embed/{embed}/launch", "/embed/abcdefghijklmnopqrstuv/launch", Wall, Wall),
    ("/embed/{embed}/arrived", "/embed/abcdefghijklmnopqrstuv/arrived?ticket=x", Wall, Wall),
    ("/embed/{embed}/redeem", "/embed/abcdefghijklmnopqrstuv/redeem", Wall, Wall),
    ("/embed/{embed}/window", "/embed/abcdefghijklmnopqrstuv/window", Wall, Wall),
    ("/embed/{embed}/log-out", "/embed/abcdefghijklmnopqrstuv/log-out", Wall, Wall),
    ("/embed/{embed}/done", "/embed/abcdefghijklmnopqrstuv/done", Wall, Wall),
    ("/docs/api", "/docs/api", Members, Wall),
    ("/docs/api.md", "/docs/api.md", Open, Wall),
    ("/docs/providers.md", "/docs/providers.md", Open, Wall),
    ("/docs/{slug}.md", "/docs/operations.md", Open, Wall),
    ("/llms.txt", "/llms.txt", Open, Wall),
    ("/embed-consent", "/embed-consent?embed=E&site=S", Members, Members),
    ("/invitation", "/invitation", Open, Open),
    ("/members", "/members", Keepers, Keepers),
    ("/members/{id}/role", "/members/99/role", Keepers, Keepers),
    ("/members/{id}/deactivate", "/members/99/deactivate", Keepers, Keepers),
    ("/members/{id}/password-link", "/members/99/password-link", Wall, Keepers),
    ("/members/{id}/reactivate", "/members/99/reactivate", Wall, Keepers),
    ("/members/{id}/sign-out", "/members/99/sign-out", Wall, Keepers),
    ("/members/invitations/{id}/renew", "/members/invitations/99/renew", Wall, Keepers),
    ("/members/invitations/{id}/cancel", "/members/invitations/99/cancel", Wall, Keepers),
    ("/new-password", "/new-password", Open, Open),
    ("/network", "/network", Keepers, Wall),
    ("/network/addresses", "/network/addresses", Owners, Owners),
    ("/network/preset", "/network/preset", Wall, Owners),
    ("/network/test", "/network/test", Keepers, Keepers),
    ("/ip-ranges.txt", "/ip-ranges.txt", Open, Wall),
    ("/ip-ranges.json", "/ip-ranges.json", Open, Wall),
    ("/providers", "/providers", Keepers, Wall),
    ("/providers/new", "/providers/new", Keepers, Wall),
    ("/providers/new/{slug}", "/providers/new/gemini", Keepers, Keepers),
    ("/providers/{id:\\\\d+}", "/providers/1", Keepers, Wall),
    ("/providers/{id:\\\\d+}/verify", "/providers/1/verify", Wall, Keepers),
    ("/providers/{id:\\\\d+}/pause", "/providers/1/pause", Wall, Keepers),
    ("/providers/{id:\\\\d+}/resume", "/providers/1/resume", Wall, Keepers),
    ("/providers/{id:\\\\d+}/models", "/providers/1/models", Wall, Keepers),
    ("/providers/{id:\\\\d+}/remove", "/providers/1/remove", Keepers, Keepers),
    ("/providers/{id:\\\\d+}/replace-key", "/providers/1/replace-key", Keepers, Keepers),
    ("/providers/{id:\\\\d+}/edit", "/providers/1/edit", Keepers, Keepers),
    ("/settings/embedding", "/settings/embedding", Owners, Wall),
    ("/settings/embedding/sites", "/settings/embedding/sites", Owners, Owners),
    ("/settings/embedding/sites/{id:\\\\d+}/remove", "/settings/embedding/sites/99/remove", Wall, Owners),
    ("/settings/embedding/sites/{id:\\\\d+}/typing", "/settings/embedding/sites/99/typing", Wall, Owners),
    ("/settings/embedding/keys", "/settings/embedding/keys", Owners, Owners),
    ("/settings/embedding/keys/{id:\\\\d+}/remove", "/settings/embedding/keys/99/remove", Wall, Owners),
    ("/settings/embedding/preview", "/settings/embedding/preview", Owners, Wall),
    ("/setup", "/setup", Open, Open),
    ("/sign-in", "/sign-in", Open, Open),
    ("/sign-out", "/sign-out", Wall, Open),
    ("/supported-models", "/supported-models", Members, Wall),
    ("/tokens", "/tokens", Members, Members),
    ("/tokens/policy", "/tokens/policy", Keepers, Keepers),
    ("/tokens/{id:\\\\d+}/revoke", "/tokens/99/revoke", Wall, Members),
    ("/tokens/{id:\\\\d+}/rotate", "/tokens/99/rotate", Wall, Members),
    ("/static/{hash}/{name}", "/static/x/app.css", Open, Wall),
];

/// Those that end the session of whoever passes.
const ENDING: [&str; 3] = ["/account/sessions/end", "/account/sessions/end-all", "/sign-out"];

#[test]
fn every_route_of_the_product_is_judged_here() {
    let mut registered = BTreeSet::new();
    for (path, text) in product() {
        if !path.starts_with("web") || path.components().any(|part| part.as_os_str() == "tests") {
            continue;
        }
        // The only routes that are named from somewhere else than the root.
        let scope = if path.ends_with("embed/mod.rs") { "/embed/{embed}" } else { "" };
        for (at, _) in text.match_indices("resource(") {
            let rest = text[at + "resource(".len()..].trim_start();
            if let Some(pattern) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next()) {
                registered.insert(format!("{scope}{pattern}"));
            }
        }
    }
    let judged: BTreeSet<String> = ROUTES.iter().map(|(pattern, ..)| (*pattern).to_owned()).collect();
    assert!(registered.len() > 30, "the routes were found");
    assert_eq!(registered, judged);
}

#[actix_web::test]
async fn each_role_opens_what_it_may_and_nothing_else() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    assert_eq!(connect(&app, &mut mara, provider("custom"), &fake).await, 1);
    for role in Role::ALL {
        let mut visitor = app.member(role).await;
        let token = visitor.token().await;
        for (_, address, read, change) in ROUTES {
            let reply = visitor.get(address).await;
            judge(reply.status, passes(*read, Some(role)), *read, &format!("{role} GET {address}"));
            // Whoever may change something would; what each page then does is its own tests' affair.
            if passes(*change, Some(role)) {
                continue;
            }
            let status = post(&mut visitor, address, &token).await;
            judge(status, false, *change, &format!("{role} POST {address}"));
        }
    }
    let mut nobody = app.visitor();
    let token = nobody.token().await;
    for (_, address, read, change) in ROUTES {
        let reply = nobody.get(address).await;
        let what = format!("nobody GET {address}");
        match read {
            Wall => assert!(matches!(reply.status, 405 | 303 | 404), "{what}: {}", reply.status),
            Open => assert!(matches!(reply.status, 200 | 404 | 410), "{what}: {}", reply.status),
            Launched => assert_eq!(reply.status, 403, "{what}"),
            _ if reply.status == 401 => {}
            _ => assert!(reply.is(303).header("location").starts_with("/sign-in"), "{what}: {reply}"),
        }
        if !matches!(change, Open | Wall) {
            let status = post(&mut nobody, address, &token).await;
            assert!(matches!(status, 303 | 401 | 403), "nobody POST {address}: {status}");
        }
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM connections").await, 1);
}

#[actix_web::test]
async fn the_owner_is_refused_nothing_that_a_wall_does_not_stop() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    connect(&app, &mut mara, provider("custom"), &fake).await;
    let token = mara.token().await;
    for (_, address, _, change) in ROUTES.iter().filter(|(_, address, ..)| !ENDING.contains(address)) {
        let status = post(&mut mara, address, &token).await;
        judge(status, *change != Wall, *change, &format!("POST {address}"));
    }
}

#[actix_web::test]
async fn another_organizations_connection_is_as_missing_as_one_that_never_was() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let other = app.organization("Other Ltd").await;
    app.add(other, "Eve", "eve@other.example", Role::Owner).await;
    let mut eve = app.sign_in("eve@other.example").await;
    add(&mut eve, provider("custom"), &right_answers(provider("custom"), &fake)).await.is(303);
    let theirs = app.number("SELECT MAX(id) FROM connections").await;
    let missing = theirs + 1000;
    fake.recover();
    for act in ["", "/edit", "/remove", "/replace-key"] {
        let found = mara.get(&format!("/providers/{theirs}{act}")).await;
        let never = mara.get(&format!("/providers/{missing}{act}")).await;
        assert_eq!((found.is(404).status, &found.body), (never.status, &never.body), "{act}");
    }
    let fields = [("confirm", "fake-large"), ("version", "1"), ("api_key", "k-0123456789abcdef")];
    for act in ["verify", "pause", "resume", "models", "remove", "replace-key", "edit"] {
        let found = mara.post(&format!("/providers/{theirs}/{act}"), &fields).await;
        let never = mara.post(&format!("/providers/{missing}/{act}"), &fields).await;
        assert_eq!((found.is(404).status, &found.body), (never.status, &never.body), "{act}");
    }
    assert!(fake.requests().is_empty());
    assert_eq!(mara.get_json("/base-models").await.json()["groups"], serde_json::json!([]));
    mara.get("/providers").await.lacks("fake-large");
    eve.get(&format!("/providers/{theirs}")).await.is(200);
}

async fn post(visitor: &mut Visitor, address: &str, token: &str) -> u16 {
    let request = visitor.posting(address).header("content-type", "application/x-www-form-urlencoded");
    visitor.send(request.body(format!("csrf={token}"))).await.status
}

fn passes(door: Door, role: Option<Role>) -> bool {
    match door {
        Wall | Launched => false,
        Open => true,
        Members => role.is_some(),
        Keepers => matches!(role, Some(Role::Owner | Role::Administrator)),
        Owners => role == Some(Role::Owner),
    }
}

#[track_caller]
fn judge(status: u16, passes: bool, door: Door, what: &str) {
    match (door, passes) {
        (Wall, _) => assert!(matches!(status, 404 | 405), "{what}: {status}"),
        (_, true) => assert!(!matches!(status, 401 | 403 | 405 | 500..), "{what}: {status}"),
        (_, false) => assert_eq!(status, 403, "{what}"),
    }
}
