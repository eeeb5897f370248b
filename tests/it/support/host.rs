//! A host product: a site that may show Claviger's frame, its server that signs launches, and browsers that look at it.

use claviger::auth::jwt;
use claviger::clock::Clock;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

use super::app::TestApp;
use super::browse::{Reply, Visitor};

/// The origin of the host product's pages.
pub const SITE: &str = "https://app.beta.example";

/// A host product that an Owner has let in.
#[derive(Clone)]
pub struct Host {
    /// The organization's id in addresses.
    pub embed_id: String,
    /// The name of its key.
    pub kid: String,
    /// The key that it shares with Claviger.
    pub key: String,
    /// Claviger's origin.
    pub audience: String,
    /// The origin of its own pages.
    pub site: String,
}

impl Host {
    /// Has an Owner put [`SITE`] on the list and make a shared key, through the page *Embedding*.
    pub async fn let_in(owner: &mut Visitor) -> Self {
        owner.post("/settings/embedding/sites", &[("origin", SITE)]).await.is(303);
        Self::with_new_key(owner).await
    }

    /// Has an Owner make another shared key.
    pub async fn with_new_key(owner: &mut Visitor) -> Self {
        owner.post("/settings/embedding/keys", &[("kind", "shared")]).await.is(303);
        let page = owner.get("/settings/embedding").await;
        let facts = page.texts("dl.facts dd code");
        let (audience, embed_id) = (facts[0].clone(), facts[1].clone());
        let kid = facts.last().expect("a key’s name").clone();
        Self { embed_id, kid, key: page.is(200).text("#new-key"), audience, site: SITE.to_owned() }
    }

    /// An address below the organization's frame.
    pub fn path(&self, rest: &str) -> String {
        format!("/embed/{}{rest}", self.embed_id)
    }

    /// What a good launch says of a member.
    pub fn claims(&self, app: &TestApp, email: &str) -> Value {
        self.claims_at(&app.clock, email)
    }

    /// The same, by this clock.
    pub fn claims_at(&self, clock: &Clock, email: &str) -> Value {
        json!({
            "aud": self.audience,
            "org": self.embed_id,
            "sub": "person-17",
            "email": email,
            "role": "owner",
            "origin": self.site,
            "jti": uuid::Uuid::new_v4().to_string(),
            "exp": clock.now().and_utc().timestamp() + 30,
        })
    }

    /// Signs claims with the shared key.
    pub fn sign(&self, claims: &Value) -> String {
        signed(claims, &self.kid, self.key.as_bytes())
    }

    /// A good launch of a member.
    pub fn token(&self, app: &TestApp, email: &str) -> String {
        self.sign(&self.claims(app, email))
    }

    /// A frame on [`SITE`] in which a member has been launched.
    pub async fn launched(&self, app: &TestApp, email: &str) -> Frame {
        let mut frame = Frame::new(app, self);
        let token = self.token(app, email);
        frame.launch(&token).await.is(303);
        frame
    }
}

/// Claims signed with HS256.
pub fn signed(claims: &Value, kid: &str, key: &[u8]) -> String {
    jwt::install();
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(key)).expect("a token")
}

/// Somebody's browser, as far as it concerns one frame: the cookies of its jar, and what it says of its requests.
#[derive(Clone)]
pub struct Frame {
    /// The browser.
    pub visitor: Visitor,
    base: String,
    origin: String,
}

impl Frame {
    /// An empty frame.
    pub fn new(app: &TestApp, host: &Host) -> Self {
        Self { visitor: app.visitor(), base: host.path(""), origin: app.origin.clone() }
    }

    /// The page around it posts a launch into it.
    pub async fn launch(&mut self, token: &str) -> Reply {
        self.launch_from(SITE, token).await
    }

    /// The same from another page.
    pub async fn launch_from(&mut self, origin: &str, token: &str) -> Reply {
        self.post_from(origin, "/launch", &[("token", token)]).await
    }

    /// A page on another site posts a form into the frame.
    pub async fn post_from(&mut self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
        let request = self
            .visitor
            .request(Method::POST, &format!("{}{path}", self.base))
            .header("origin", origin)
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-dest", "iframe")
            .form(&fields);
        self.visitor.send(request).await
    }

    /// Opens a page in the frame.
    pub async fn get(&mut self, path: &str) -> Reply {
        self.get_as("iframe", path).await
    }

    /// Opens a page in a window.
    pub async fn get_in_window(&mut self, path: &str) -> Reply {
        self.get_as("document", path).await
    }

    async fn get_as(&mut self, destination: &str, path: &str) -> Reply {
        let request = self
            .visitor
            .request(Method::GET, &format!("{}{path}", self.base))
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-dest", destination);
        self.visitor.send(request).await
    }

    /// Sends a form of our own from a page in the frame.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let token = self.get("/providers").await.value("csrf");
        self.post_as("iframe", path, &[fields, &[("csrf", &token)]].concat()).await
    }

    /// Sends a form of our own from a page in a window.
    pub async fn post_in_window(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let token = self.get_in_window("/providers/new/gemini").await.value("csrf");
        self.post_as("document", path, &[fields, &[("csrf", &token)]].concat()).await
    }

    /// Sends these fields as our own pages send them.
    pub async fn post_as(&mut self, destination: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
        let request = self
            .visitor
            .request(Method::POST, &format!("{}{path}", self.base))
            .header("origin", &self.origin)
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-dest", destination)
            .form(&fields);
        self.visitor.send(request).await
    }

    /// A window that is opened from the frame: it has none of the frame's cookies.
    pub async fn opens(&mut self, app: &TestApp, to: &str) -> (Self, Reply) {
        let ticket = self.get("/providers").await.attr("#opens-window [name=ticket]", "value");
        let mut window = Self { visitor: app.visitor(), ..self.clone() };
        let reply = window.post_as("document", "/window", &[("ticket", &ticket), ("to", to)]).await;
        (window, reply)
    }
}
