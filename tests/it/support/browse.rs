//! A browser without script: keeps cookies, sends what browsers send, follows nothing by itself.

use std::collections::BTreeMap;
use std::sync::Once;

use reqwest::header::{HeaderMap, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, redirect};
use scraper::{ElementRef, Html, Selector};

/// Somebody with a browser.
#[derive(Clone)]
pub struct Visitor {
    /// The cookies by name; tests may change them.
    pub cookies: BTreeMap<String, String>,
    origin: String,
    client: Client,
}

impl Visitor {
    /// A browser without cookies.
    pub fn new(origin: &str) -> Self {
        static CRYPTO: Once = Once::new();
        CRYPTO.call_once(|| {
            rustls::crypto::ring::default_provider().install_default().ok();
        });
        #[expect(clippy::disallowed_methods, reason = "the rule is for the product’s calls")]
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build();
        Self { cookies: BTreeMap::new(), origin: origin.to_owned(), client: client.expect("a client") }
    }

    /// Opens a page.
    pub async fn get(&mut self, path: &str) -> Reply {
        let request = self
            .request(Method::GET, path)
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-dest", "document");
        self.send(request).await
    }

    /// Opens a page as a program does that wants JSON.
    pub async fn get_json(&mut self, path: &str) -> Reply {
        let request = self.request(Method::GET, path).header("accept", "application/json");
        self.send(request).await
    }

    /// Sends a form of our own, with its token.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let token = self.token().await;
        let mut fields = fields.to_vec();
        fields.push(("csrf", &token));
        let body = serde_urlencoded::to_string(&fields).expect("the fields can be encoded");
        let request = self.posting(path).header("content-type", "application/x-www-form-urlencoded").body(body);
        self.send(request).await
    }

    /// Sends these fields, and a file if there is one, as a browser sends a form with files.
    pub async fn post_multipart(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        file: Option<(&str, &str, &[u8])>,
    ) -> Reply {
        const BOUNDARY: &str = "----a-boundary-of-the-tests";
        let mut body = Vec::new();
        for (name, value) in fields {
            let head = format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n");
            body.extend_from_slice(format!("{head}{value}\r\n").as_bytes());
        }
        if let Some((field, name, bytes)) = file {
            let about = format!("content-disposition: form-data; name=\"{field}\"; filename=\"{name}\"");
            let kind = "content-type: application/octet-stream";
            body.extend_from_slice(format!("--{BOUNDARY}\r\n{about}\r\n{kind}\r\n\r\n").as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        let mime = format!("multipart/form-data; boundary={BOUNDARY}");
        let request = self.posting(path).header("content-type", mime).body(body);
        self.send(request).await
    }

    /// A token that this browser's forms carry now. Every page has one, if only to sign out.
    pub async fn token(&mut self) -> String {
        for page in ["/account", "/sign-in", "/setup"] {
            let reply = self.get(page).await;
            if let Some(token) = reply.find("input[name=csrf]").and_then(|input| input.attr("value").map(str::to_owned))
            {
                return token;
            }
        }
        panic!("no page has a form");
    }

    /// A request with this browser's cookies, and nothing else, to be sent with [`send`](Self::send).
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.request(method, format!("{}{path}", self.origin));
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }

    /// Sends a request and keeps the cookies of its answer.
    pub async fn send(&mut self, request: RequestBuilder) -> Reply {
        let response = request.send().await.expect("the server answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        for cookie in headers.get_all(SET_COOKIE) {
            self.keep(cookie.to_str().expect("cookies are ASCII"));
        }
        let address = response.url().path().to_owned();
        let body = String::from_utf8_lossy(&response.bytes().await.expect("the whole answer")).into_owned();
        Reply { status, headers, body, address }
    }

    /// The same browser at another server, as behind a load balancer.
    pub fn at(&self, origin: &str) -> Self {
        Self { origin: origin.to_owned(), ..self.clone() }
    }

    /// A POST as our own pages send it, without its body.
    pub fn posting(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path).header("origin", &self.origin).header("sec-fetch-site", "same-origin")
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').expect("a cookie has a value");
        if value.is_empty() || attributes.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// An answer.
#[derive(Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as text.
    pub body: String,
    /// The path that it answers.
    pub address: String,
}

impl Reply {
    /// Checks the status.
    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Checks that it leads to another page.
    #[track_caller]
    pub fn leads_to(&self, address: &str) -> &Self {
        assert_eq!((self.status, self.header("location")), (303, address), "{self}");
        self
    }

    /// Checks that a text is on the page.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        let all = squeeze(&Html::parse_document(&self.body).root_element().text().collect::<String>());
        assert!(all.contains(text), "{text:?} is not in {self}");
        self
    }

    /// Checks that a text is nowhere in the answer, not even in its markup.
    #[track_caller]
    pub fn lacks(&self, text: &str) -> &Self {
        assert!(!self.body.contains(text), "{text:?} is in {self}");
        self
    }

    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The text of the first element that the selector finds.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let found = self.find(selector);
        squeeze(&found.unwrap_or_else(|| panic!("no {selector} in {self}")).text().collect::<String>())
    }

    /// The texts of all elements that the selector finds.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        self.all(selector).iter().map(|element| squeeze(&element.text().collect::<String>())).collect()
    }

    /// The rows of a table that the selector finds, each with its cells' texts and a blank between them.
    pub fn rows(&self, selector: &str) -> Vec<String> {
        let (rows, cells) = (Selector::parse(selector), Selector::parse("th, td"));
        let (rows, cells) = (rows.expect("the selector can be read"), cells.expect("a selector"));
        let page = Html::parse_document(&self.body);
        let in_words = |row: scraper::ElementRef<'_>| {
            let texts = row.select(&cells).map(|cell| squeeze(&cell.text().collect::<Vec<_>>().join(" ")));
            squeeze(&texts.collect::<Vec<_>>().join(" "))
        };
        page.select(&rows).map(in_words).collect()
    }

    /// An attribute of the first element that the selector finds.
    #[track_caller]
    pub fn attr(&self, selector: &str, name: &str) -> String {
        let found = self.find(selector);
        let found = found.unwrap_or_else(|| panic!("no {selector} in {self}"));
        found.attr(name).unwrap_or_else(|| panic!("{selector} has no {name} in {self}")).to_owned()
    }

    /// An attribute of all elements that the selector finds.
    pub fn attrs(&self, selector: &str, name: &str) -> Vec<String> {
        self.all(selector).iter().filter_map(|element| element.attr(name).map(str::to_owned)).collect()
    }

    /// What a field holds.
    #[track_caller]
    pub fn value(&self, name: &str) -> String {
        self.attr(&format!("[name={name}]"), "value")
    }

    /// Whether the selector finds anything.
    pub fn has(&self, selector: &str) -> bool {
        self.find(selector).is_some()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self}"))
    }

    fn find(&self, selector: &str) -> Option<Found> {
        self.all(selector).into_iter().next()
    }

    pub(super) fn all(&self, selector: &str) -> Vec<Found> {
        let selector = Selector::parse(selector).expect("the selector can be read");
        Html::parse_document(&self.body).select(&selector).map(|element| Found::from(&element)).collect()
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}\n{:#?}\n{}", self.status, self.address, self.headers, self.body)
    }
}

/// An element, apart from its document.
pub(super) struct Found {
    /// Its tag.
    pub(super) tag: String,
    texts: Vec<String>,
    attributes: BTreeMap<String, String>,
}

impl Found {
    fn from(element: &ElementRef) -> Self {
        let attributes = element.value().attrs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let tag = element.value().name().to_owned();
        Self { tag, texts: element.text().map(str::to_owned).collect(), attributes }
    }

    pub(super) fn text(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }

    pub(super) fn attr(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
