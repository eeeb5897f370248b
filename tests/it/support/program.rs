//! A program that uses the REST API with a token.

use claviger::actions::api_tokens::{self, Wanted};
use claviger::auth::api_token;
use claviger::domain::api_token::{ApiScope, ApiScopes, ApiTokenKind};
use claviger::domain::role::Role;
use reqwest::Method;
use serde_json::Value;

use super::app::{ORGANIZATION, TestApp, person};
use super::browse::{Reply, Visitor};

/// A program with the headers that it shows.
#[derive(Clone)]
pub struct Program {
    /// Its connection.
    pub visitor: Visitor,
    /// The header that it authenticates with, if any.
    pub credential: Option<(&'static str, String)>,
}

impl TestApp {
    /// A program without a token.
    pub fn program(&self) -> Program {
        Program { visitor: self.visitor(), credential: None }
    }

    /// A program with an access token of the member with that role, who is made if need be.
    pub async fn program_of(&self, role: Role) -> Program {
        self.program_with(role, ApiScopes::ALL).await
    }

    /// The same with a token for these scopes.
    pub async fn program_for(&self, role: Role, scopes: &[ApiScope]) -> Program {
        self.program_with(role, ApiScopes::of(scopes.iter().copied())).await
    }

    /// The same with a token for this set of scopes.
    pub async fn program_with(&self, role: Role, scopes: ApiScopes) -> Program {
        let refresh = self.personal_token(role, scopes).await;
        let access = api_tokens::exchange(&self.app, &refresh).await.expect("an access token");
        self.program().showing("authorization", format!("Bearer {}", access.expose()))
    }

    /// A personal access token of the member with that role.
    pub async fn personal_token(&self, role: Role, scopes: ApiScopes) -> String {
        self.api_token(role, ApiTokenKind::Personal, scopes).await
    }

    /// A legacy token of the member with that role; the organization lets them in from now on.
    pub async fn legacy_token(&self, role: Role) -> String {
        self.organization(ORGANIZATION).await;
        // The sort of row that `claviger token create` would make.
        self.sql("UPDATE organizations SET legacy_api_tokens_enabled = TRUE").await;
        self.api_token(role, ApiTokenKind::Legacy, ApiScopes::ALL).await
    }

    async fn api_token(&self, role: Role, kind: ApiTokenKind, scopes: ApiScopes) -> String {
        let scope = self.organization(ORGANIZATION).await;
        let (name, email) = person(role);
        self.add(scope, name, email, role).await;
        let wanted = Wanted { kind, name: "A test’s".to_owned(), scopes, days: None };
        let made = api_tokens::create_for(&self.app, email, wanted).await.expect("a token");
        made.token.expose().to_owned()
    }
}

impl Program {
    /// The same program with another header.
    pub fn showing(self, name: &'static str, value: String) -> Self {
        Self { credential: Some((name, value)), ..self }
    }

    /// Reads.
    pub async fn get(&mut self, path: &str) -> Reply {
        self.call(Method::GET, path, None).await
    }

    /// Sends a JSON object.
    pub async fn post(&mut self, path: &str, body: Value) -> Reply {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Sends no body at all.
    pub async fn post_nothing(&mut self, path: &str) -> Reply {
        self.call(Method::POST, path, None).await
    }

    /// Changes members.
    pub async fn patch(&mut self, path: &str, body: Value) -> Reply {
        self.call(Method::PATCH, path, Some(body)).await
    }

    /// Removes.
    pub async fn delete(&mut self, path: &str) -> Reply {
        self.call(Method::DELETE, path, None).await
    }

    /// Sends a request with the token.
    pub async fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let mut request = self.visitor.request(method, path);
        if let Some((name, value)) = &self.credential {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.visitor.send(request).await
    }
}

/// An access token that was signed like ours but says these claims.
pub fn forged(app: &TestApp, claims: &Value) -> String {
    claviger::auth::jwt::sign(app.app.keys.api_tokens.as_slice(), claims).expect("a token")
}

/// What the store finds a personal token by.
pub fn jti_of(token: &str) -> String {
    api_token::jti_named_in(token).expect("an id")
}
