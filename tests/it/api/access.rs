//! Who may ask the API for what: every operation, every role, every scope.

use claviger::domain::api_token::{ApiScope, ApiScopes};
use claviger::domain::role::{Permission, Role};
use reqwest::Method;
use serde_json::json;

use super::openapi::{described, operations};
use crate::support::app::TestApp;

/// What an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// Nothing, not even a token.
    Nothing,
    /// Any token.
    AToken,
    /// A token for everything that its owner may do.
    AllScopes,
    /// A role and a token that cover this.
    The(Permission),
}

use Permission::{ManageConnections, ManageMembers, ManagePrompts, ManageTokens, ViewConnections, ViewPrompts};
use Takes::{AToken, AllScopes, Nothing, The};

const OPERATIONS: &[(&str, &str, Takes)] = &[
    ("GET", "/api/version/", Nothing),
    ("POST", "/api/token/refresh/", Nothing),
    ("GET", "/api/token/", AToken),
    ("POST", "/api/token/", AllScopes),
    // Without a token in the body they get no further than that.
    ("POST", "/api/token/blacklist/", AToken),
    ("POST", "/api/token/rotate/", AToken),
    ("GET", "/api/current-user/token", AToken),
    ("POST", "/api/current-user/reset-token/", AllScopes),
    ("GET", "/api/current-user/whoami", AToken),
    ("GET", "/api/users/", The(ManageMembers)),
    ("GET", "/api/users/{id}/", The(ManageMembers)),
    ("GET", "/api/organizations/", AToken),
    ("GET", "/api/organizations/{id}", AToken),
    ("GET", "/api/organizations/{id}/memberships", The(ManageMembers)),
    ("GET", "/api/jwt/settings", The(ManageTokens)),
    ("POST", "/api/jwt/settings", The(ManageTokens)),
    ("GET", "/api/model-provider-connections/", The(ViewConnections)),
    ("POST", "/api/model-provider-connections/", The(ManageConnections)),
    ("GET", "/api/model-provider-connections/provider-choices", The(ViewConnections)),
    ("GET", "/api/model-provider-connections/{id}/", The(ViewConnections)),
    ("PATCH", "/api/model-provider-connections/{id}/", The(ManageConnections)),
    ("DELETE", "/api/model-provider-connections/{id}/", The(ManageConnections)),
    ("POST", "/api/model-provider-connections/{id}/verify", The(ManageConnections)),
    ("GET", "/api/model-provider-connections/{id}/checks", The(ManageConnections)),
    ("POST", "/api/model-provider-connections/{id}/replace-key", The(ManageConnections)),
    ("GET", "/api/model-provider-connections/{id}/models", The(ViewConnections)),
    ("PUT", "/api/model-provider-connections/{id}/models", The(ManageConnections)),
    ("POST", "/api/model-provider-connections/{id}/pause", The(ManageConnections)),
    ("POST", "/api/model-provider-connections/{id}/resume", The(ManageConnections)),
    ("GET", "/api/projects/", The(ViewPrompts)),
    ("POST", "/api/projects/", The(ManagePrompts)),
    ("GET", "/api/projects/{id}/", The(ViewPrompts)),
    ("PATCH", "/api/projects/{id}/", The(ManagePrompts)),
    ("DELETE", "/api/projects/{id}/", The(ManagePrompts)),
    ("GET", "/api/projects/{id}/subsets", The(ViewPrompts)),
    ("GET", "/api/prompts/compatible-projects", The(ViewPrompts)),
    ("GET", "/api/prompts/", The(ViewPrompts)),
    ("POST", "/api/prompts/", The(ManagePrompts)),
    ("GET", "/api/prompts/{id}/", The(ViewPrompts)),
    ("PATCH", "/api/prompts/{id}/", The(ManagePrompts)),
    ("DELETE", "/api/prompts/{id}/", The(ManagePrompts)),
    ("GET", "/api/prompts/{id}/get-default-version-name", The(ViewPrompts)),
    ("GET", "/api/prompts/{id}/versions", The(ViewPrompts)),
    ("POST", "/api/prompts/{id}/versions", The(ManagePrompts)),
    ("GET", "/api/prompts/{id}/versions/{version}", The(ViewPrompts)),
    ("PATCH", "/api/prompts/{id}/versions/{version}", The(ManagePrompts)),
    ("DELETE", "/api/prompts/{id}/versions/{version}", The(ManagePrompts)),
    ("GET", "/api/prompts/{id}/versions/{version}/cost-estimate", The(ViewPrompts)),
    ("GET", "/api/prompts/{id}/versions/{version}/refine", The(ViewPrompts)),
    ("POST", "/api/prompts/{id}/versions/{version}/refine", The(ManagePrompts)),
    ("GET", "/api/prompts/{id}/versions/{version}/inference-runs", The(ViewPrompts)),
    ("POST", "/api/prompts/{id}/versions/{version}/inference-runs", The(ManagePrompts)),
];

/// An address of nothing.
fn address(path: &str) -> String {
    path.replace("{id}", "99").replace("{version}", "99")
}

fn passes(takes: Takes, role: Role, scopes: ApiScopes) -> bool {
    match takes {
        Nothing | AToken => true,
        AllScopes => scopes == ApiScopes::ALL,
        The(permission) => role.may(permission) && scopes.cover(permission),
    }
}

#[actix_web::test]
async fn every_operation_is_judged_here() {
    let app = TestApp::spawn().await;
    let mut judged: Vec<String> = OPERATIONS.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let mut described: Vec<String> =
        operations(&described(&app).await).iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    judged.sort();
    described.sort();
    assert_eq!(judged, described);
}

#[actix_web::test]
async fn each_role_and_scope_may_ask_for_what_it_covers_and_nothing_else() {
    let app = TestApp::spawn().await;
    let sets = [ApiScopes::ALL].into_iter().chain(ApiScope::ALL.map(|scope| ApiScopes::of([scope])));
    for scopes in sets {
        for role in Role::ALL {
            let mut program = app.program_with(role, scopes).await;
            for (method, path, takes) in OPERATIONS {
                let body = matches!(*method, "POST" | "PATCH" | "PUT").then(|| json!({}));
                let method: Method = method.parse().expect("a method");
                let reply = program.call(method.clone(), &address(path), body).await;
                let expected = passes(*takes, role, scopes);
                let what = format!("{role} with {scopes}: {method} {path}: {}", reply.status);
                assert_ne!(reply.status, 401, "{what}");
                assert!(reply.status < 500, "{what}");
                assert_eq!(reply.status != 403, expected, "{what}");
            }
        }
        app.sql("DELETE FROM api_tokens").await;
    }
}

#[actix_web::test]
async fn nobody_gets_past_the_gate_without_a_token_and_cookies_are_none() {
    let app = TestApp::spawn().await;
    let mara = app.owner().await;
    for (method, path, takes) in OPERATIONS {
        let method: Method = method.parse().expect("a method");
        let path = address(path);
        let status = app.program().call(method.clone(), &path, None).await.status;
        let mut signed_in = app.program();
        signed_in.visitor = mara.clone();
        let with_cookies = signed_in.call(method.clone(), &path, None).await.status;
        assert_eq!((status == 401, with_cookies == 401), (*takes != Nothing, *takes != Nothing), "{method} {path}");
    }
}
