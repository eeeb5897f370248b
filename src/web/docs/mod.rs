//! The reference of the REST API for people, and everything that helps as Markdown, for programs that read.

pub mod reference;

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, resource};
use askama::Template;
use utoipa::openapi::OpenApi as Document;

use self::reference::{Kind, Reference};
use super::page::{Page, Section};
use super::path::Slug;
use super::respond;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::error::{Error, Result};
use crate::providers::form::{HelpBlock, Piece, Prose};
use crate::providers::{self, Provider};

/// The guides that are part of this program, by name.
const GUIDES: [(&str, &str); 4] = [
    ("rest-api", include_str!("../../../docs/rest-api.md")),
    ("embedding", include_str!("../../../docs/embedding.md")),
    ("operations", include_str!("../../../docs/operations.md")),
    ("sealing", include_str!("../../../docs/sealing.md")),
];

/// What anybody may read: it says nothing about an organization.
pub fn open_routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/llms.txt").get(for_language_models))
        .service(resource("/docs/api.md").get(api_markdown))
        .service(resource("/docs/providers.md").get(providers_markdown))
        .service(resource("/docs/{slug}.md").get(guide));
}

/// The pages.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/docs/api").get(api));
}

#[derive(Template)]
#[template(path = "docs/api.html")]
struct ApiPage {
    page: Page,
    reference: Reference,
    origin: String,
}

#[derive(Template)]
#[template(path = "docs/api.md")]
struct ApiMarkdown {
    reference: Reference,
    origin: String,
}

#[derive(Template)]
#[template(path = "docs/providers.md")]
struct ProvidersMarkdown;

#[derive(Template)]
#[template(path = "docs/llms.txt")]
struct Overview {
    origin: String,
}

/// `GET /docs/api`.
async fn api(app: Data<App>, _: Actor, page: Page, document: Data<Document>) -> Result<HttpResponse> {
    let reference = Reference::of(&document);
    respond::page(&ApiPage { page: page.at(Section::Elsewhere), reference, origin: app.config.public_origin() })
}

/// `GET /docs/api.md`.
async fn api_markdown(app: Data<App>, document: Data<Document>) -> Result<HttpResponse> {
    let page = ApiMarkdown { reference: Reference::of(&document), origin: app.config.public_origin() };
    Ok(markdown(page.render().map_err(Error::internal)?))
}

/// `GET /docs/providers.md`: what each provider's form asks for and the help beside it.
async fn providers_markdown() -> Result<HttpResponse> {
    Ok(markdown(ProvidersMarkdown.render().map_err(Error::internal)?))
}

/// `GET /docs/{slug}.md`.
async fn guide(Slug(slug): Slug) -> Result<HttpResponse> {
    let found = GUIDES.into_iter().find(|(name, _)| *name == slug);
    let (_, text) = found.ok_or(Error::NotFound)?;
    Ok(markdown(text.to_owned()))
}

/// `GET /llms.txt`: where everything is that a language model should read.
async fn for_language_models(app: Data<App>) -> Result<HttpResponse> {
    let text = Overview { origin: app.config.public_origin() }.render().map_err(Error::internal)?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text))
}

fn markdown(text: String) -> HttpResponse {
    HttpResponse::Ok().content_type("text/markdown; charset=utf-8").body(text)
}

impl ProvidersMarkdown {
    fn all(&self) -> [&'static Provider; 7] {
        providers::ALL
    }

    fn prose(&self, prose: &Prose) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => (*text).to_owned(),
            Piece::Strong(text) => format!("**{text}**"),
            Piece::Code(text) => format!("`{text}`"),
            Piece::Link { href, text } => format!("[{text}]({href})"),
        };
        prose.iter().map(piece).collect()
    }

    fn block(&self, block: &HelpBlock) -> String {
        match block {
            HelpBlock::Paragraph(prose) => self.prose(prose),
            HelpBlock::Steps(steps) => {
                lines(steps.iter().enumerate().map(|(n, step)| format!("{}. {}", n + 1, self.prose(step))))
            }
            HelpBlock::List(items) => lines(items.iter().map(|item| format!("- {}", self.prose(item)))),
            HelpBlock::Facts(facts) => {
                lines(facts.iter().map(|(term, fact)| format!("- {term}: {}", self.prose(fact))))
            }
        }
    }
}

impl ApiMarkdown {
    fn words(&self, kind: &Kind) -> String {
        [Some(kind.words.as_str()), kind.object.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
            .trim()
            .to_owned()
    }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}
