//! How the frame will look in a host's page: the real list, in a frame that nothing can be pressed in.

use actix_web::web::{Data, Query};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::actions::require;
use crate::app::App;
use crate::domain::accent::Accent;
use crate::domain::actor::Actor;
use crate::domain::role::Permission;
use crate::domain::theme::Theme;
use crate::error::Result;
use crate::web::framing::Framing;
use crate::web::links::Links;
use crate::web::page::{Around, Page};
use crate::web::{providers, respond};

/// What somebody wants to see it in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Looks {
    /// `light`, `dark`, or as the reader's system says.
    pub theme: String,
    /// `#rrggbb`; empty for our own colour.
    pub accent: String,
}

impl Looks {
    /// The same as the query of an address.
    #[must_use]
    pub fn query(&self) -> String {
        serde_urlencoded::to_string([("theme", &self.theme), ("accent", &self.accent)]).unwrap_or_default()
    }
}

/// `GET /settings/embedding/preview`, shown in a frame of the page *Embedding* and nowhere else.
pub async fn show(
    app: Data<App>,
    actor: Actor,
    page: Page,
    request: HttpRequest,
    looks: Query<Looks>,
) -> Result<HttpResponse> {
    require(&actor, Permission::ManageEmbedding)?;
    request.extensions_mut().insert(Framing::OwnPages);
    let around = Around { site: None, listeners: Vec::new(), accent: Accent::parse(&looks.accent), ticket: None };
    let theme = Theme::from_slug(&looks.theme);
    let page = Page { theme, links: Links::preview(), around: Some(around), flash: None, ..page };
    respond::page(&providers::list_page(&app, &actor, page).await?)
}
