//! What every page has around its content: who looks at it, the navigation, a message, the form token.

use actix_session::{Session, SessionExt};
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};

use super::links::{Links, Step};
use super::{assets, translation};
use crate::app::App;
use crate::auth::extract;
use crate::auth::session::{self, CurrentSession, Slot};
use crate::auth::ticket::Ticket;
use crate::clock::Timestamp;
use crate::domain::accent::Accent;
use crate::domain::actor::{Actor, initials};
use crate::domain::embedding::EmbeddedIn;
use crate::domain::language::Language;
use crate::domain::role::{Permission, Role};
use crate::domain::theme::Theme;
use crate::error::{Error, Result};
use crate::store::connections;
use crate::store::embedding::Embedding;

/// The first field of every template struct.
#[derive(Clone, Debug)]
pub struct Page {
    /// Who looks at it; `None` on pages outside (sign-in, set-up, errors).
    pub viewer: Option<Viewer>,
    /// The organization's name, where it may be shown.
    pub organization: Option<String>,
    /// How many connections need a person, for the count beside *Providers*.
    pub n_attention: usize,
    /// The token that every form sends back, in its field `csrf`.
    pub csrf: String,
    /// The message left by the page before.
    pub flash: Option<Flash>,
    /// Light, dark, or as the system says.
    pub theme: Theme,
    /// Which entry of the navigation is the present one.
    pub current: Section,
    /// The time of the request; relative times are counted from it.
    pub now: Timestamp,
    /// Where its links lead.
    pub links: Links,
    /// What it speaks.
    pub language: Language,
    /// The other product's page around it, if it is in one.
    pub around: Option<Around>,
}

/// What a page has to know that stands inside another product's page, or in a window opened from there.
#[derive(Clone, Debug)]
pub struct Around {
    /// The origin of that page, once somebody has a session there.
    pub site: Option<String>,
    /// The origins that its script may tell its height: that page's, or, before it is known, all that are listed.
    pub listeners: Vec<String>,
    /// The host's colour.
    pub accent: Option<Accent>,
    /// Opens windows with this page's session.
    pub ticket: Option<String>,
}

/// The member who looks at a page.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The display name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The role, which decides what the navigation shows.
    pub role: Role,
}

/// A message that a page leaves for the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// How it looks.
    pub tone: FlashTone,
    /// Its first sentence, in bold: "OpenAI is connected."
    pub title: String,
    /// What else to say; may be empty.
    pub text: String,
    /// Where to go from here: address and words.
    pub link: Option<(String, String)>,
    /// The connection that it is about; its row stands out.
    #[serde(default)]
    pub about: Option<i64>,
}

/// The look of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlashTone {
    /// Done.
    Ok,
    /// Done, with something to know; or not done.
    Warn,
    /// Failed.
    Bad,
}

/// An entry of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Provider keys.
    Providers,
    /// The models that can be used here.
    BaseModels,
    /// The catalogue.
    SupportedModels,
    /// Outgoing addresses.
    Network,
    /// People.
    Members,
    /// What programs are let in with.
    ApiTokens,
    /// The provider settings inside other products' pages.
    Embedding,
    /// The audit log.
    Audit,
    /// One's own account.
    Account,
    /// None of them.
    Elsewhere,
}

impl Page {
    /// A page inside, for a member.
    #[must_use]
    pub fn new(actor: &Actor, current: Section, csrf: String, now: Timestamp) -> Self {
        Self {
            viewer: Some(Viewer::from(actor)),
            organization: Some(actor.organization.clone()),
            current,
            ..Self::outside(csrf, now)
        }
    }

    /// A page for somebody who is not signed in.
    #[must_use]
    pub fn outside(csrf: String, now: Timestamp) -> Self {
        Self {
            viewer: None,
            organization: None,
            n_attention: 0,
            csrf,
            flash: None,
            theme: Theme::System,
            current: Section::Elsewhere,
            now,
            links: Links::default(),
            language: Language::English,
            around: None,
        }
    }

    /// A page that stands where these links say, and speaks the language there.
    #[must_use]
    pub fn linking(links: Links, csrf: String, now: Timestamp) -> Self {
        // Windows are ours, and ours speak English.
        let language = if links.is_frame() { links.language() } else { Language::English };
        Self { links, language, ..Self::outside(csrf, now) }
    }

    /// The same page for whoever holds a link, whoever is signed in.
    #[must_use]
    pub fn for_anybody(self) -> Self {
        Self { viewer: None, organization: None, flash: None, ..self }
    }

    /// The same page, as an entry of the navigation.
    #[must_use]
    pub fn at(self, current: Section) -> Self {
        Self { current, ..self }
    }

    /// The address of a page of ours, from here.
    #[must_use]
    pub fn to(&self, path: impl AsRef<str>) -> String {
        self.links.to(path)
    }

    /// How a link to a page of ours is followed from here.
    #[must_use]
    pub fn step(&self, path: impl AsRef<str>) -> Step {
        self.links.step(path)
    }

    /// A text in the page's language.
    #[must_use]
    pub fn say(&self, english: &str) -> String {
        translation::say(self.language, english)
    }

    /// The same with values in the place of `{0}`, `{1}` and so on.
    #[must_use]
    pub fn fill(&self, english: &str, values: &[impl AsRef<str>]) -> String {
        translation::fill(self.language, english, values)
    }

    /// A number and its noun: "{0} model", "{0} models".
    #[must_use]
    pub fn counted(&self, n: usize, one: &str, many: &str) -> String {
        translation::counted(self.language, n, one, many)
    }

    /// How long ago something was.
    #[must_use]
    pub fn ago(&self, at: &Timestamp) -> String {
        translation::ago(self.language, at, &self.now)
    }

    /// The ticket that opens windows, in a frame.
    #[must_use]
    pub fn ticket(&self) -> &str {
        self.around.as_ref().and_then(|around| around.ticket.as_deref()).unwrap_or_default()
    }

    /// Whether the message on top is about this connection.
    #[must_use]
    pub fn is_news_of(&self, connection_id: &i64) -> bool {
        self.flash.as_ref().is_some_and(|flash| flash.about == Some(*connection_id))
    }

    /// The address of a file in `static/`.
    #[must_use]
    pub fn asset(&self, name: &str) -> String {
        assets::path(name)
    }

    /// What stands after a page's own title, and below the name beside the mark.
    #[must_use]
    pub fn organization_name(&self) -> &str {
        self.organization.as_deref().unwrap_or_default()
    }

    /// This program's version, for the foot of the pages outside.
    #[must_use]
    pub fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// The page that the mark leads to.
    #[must_use]
    pub fn home(&self) -> &'static str {
        self.viewer.as_ref().map_or("/sign-in", Viewer::home)
    }
}

impl Viewer {
    /// Whether the viewer's role carries a permission.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
    }

    /// The page that a member starts from.
    #[must_use]
    pub fn home(&self) -> &'static str {
        if self.may(Permission::ManageConnections) { Section::Providers.href() } else { Section::BaseModels.href() }
    }

    /// The letters for the round face.
    #[must_use]
    pub fn initials(&self) -> String {
        initials(&self.name)
    }

    /// The groups of the navigation, with what this member's role may open.
    #[must_use]
    pub fn navigation(&self) -> Vec<NavGroup> {
        NAVIGATION
            .iter()
            .map(|(heading, sections)| NavGroup {
                heading,
                sections: sections.iter().copied().filter(|section| self.may(section.needs())).collect(),
            })
            .filter(|group| !group.sections.is_empty())
            .collect()
    }
}

impl From<&Actor> for Viewer {
    fn from(actor: &Actor) -> Self {
        Self { name: actor.name.clone(), email: actor.email.clone(), role: actor.role }
    }
}

/// Some entries of the navigation under a heading.
#[derive(Clone, Debug)]
pub struct NavGroup {
    /// The heading.
    pub heading: &'static str,
    /// The entries.
    pub sections: Vec<Section>,
}

/// The page that answers a request: for whoever is signed in, with a fresh form token, and with the message of the
/// page before, which is shown once.
impl FromRequest for Page {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { read(&request).await })
    }
}

async fn read(request: &HttpRequest) -> Result<Page> {
    let app = request.app_data::<Data<App>>().ok_or_else(|| Error::internal("no application"))?;
    let page = Page {
        around: around(request, app)?,
        ..Page::linking(Links::of(request), extract::form_token(request)?, app.clock.now())
    };
    let Some(actor) = request.extensions().get::<Actor>().cloned() else { return Ok(page) };
    let n_attention = n_attention(app, &actor).await?;
    Ok(Page {
        viewer: Some(Viewer::from(&actor)),
        organization: Some(actor.organization),
        flash: session::take(&request.get_session(), Slot::Flash),
        theme: request.extensions().get::<Theme>().copied().unwrap_or_default(),
        n_attention,
        ..page
    })
}

/// What is around a page; `None` for our own pages.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn around(request: &HttpRequest, app: &App) -> Result<Option<Around>> {
    let extensions = request.extensions();
    let Some(embedding) = extensions.get::<Embedding>() else { return Ok(None) };
    let embedded = extensions.get::<EmbeddedIn>();
    let ticket = match extensions.get::<CurrentSession>() {
        Some(current) if Links::of(request).is_frame() => {
            Some(Ticket::Window { session: current.key_hash.clone() }.sign(&app.keys, app.clock.now())?)
        }
        _ => None,
    };
    Ok(Some(Around {
        site: embedded.map(|embedded| embedded.site.clone()),
        listeners: embedded.map_or_else(|| embedding.origins(), |embedded| vec![embedded.site.clone()]),
        accent: embedded.and_then(|embedded| embedded.accent),
        ticket,
    }))
}

async fn n_attention(app: &App, actor: &Actor) -> Result<usize> {
    if !actor.may(Permission::ManageConnections) {
        return Ok(0);
    }
    let scope = actor.scope;
    app.db.read(move |conn| connections::n_attention(conn, scope)).await
}

/// Leaves a message for the next page.
///
/// # Errors
/// [`Error::Internal`] if the session cannot take it.
pub fn leave(session: &Session, flash: &Flash) -> Result<()> {
    session::leave(session, Slot::Flash, flash)
}

impl Flash {
    /// It is done.
    #[must_use]
    pub fn ok(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { tone: FlashTone::Ok, title: title.into(), text: text.into(), link: None, about: None }
    }

    /// It is not done, or with something to know.
    #[must_use]
    pub fn warn(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { tone: FlashTone::Warn, title: title.into(), text: text.into(), link: None, about: None }
    }

    /// The same, about a connection.
    #[must_use]
    pub fn about(self, connection_id: i64) -> Self {
        Self { about: Some(connection_id), ..self }
    }
}

/// The whole navigation: headings and entries.
const NAVIGATION: [(&str, &[Section]); 2] = [
    ("Models", &[Section::Providers, Section::BaseModels, Section::SupportedModels, Section::Network]),
    ("Organization", &[Section::Members, Section::ApiTokens, Section::Embedding, Section::Audit]),
];

impl Section {
    /// The address.
    #[must_use]
    pub fn href(self) -> &'static str {
        match self {
            Self::Providers => "/providers",
            Self::BaseModels => "/base-models",
            Self::SupportedModels => "/supported-models",
            Self::Network => "/network",
            Self::Members => "/members",
            Self::ApiTokens => "/tokens",
            Self::Embedding => "/settings/embedding",
            Self::Audit => "/audit",
            Self::Account => "/account",
            Self::Elsewhere => "/",
        }
    }
    /// The words.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Providers => "Providers",
            Self::BaseModels => "Base models",
            Self::SupportedModels => "Supported models",
            Self::Network => "Network access",
            Self::Members => "Members",
            Self::ApiTokens => "API tokens",
            Self::Embedding => "Embedding",
            Self::Audit => "Audit log",
            Self::Account => "Your account",
            Self::Elsewhere => "",
        }
    }

    /// The icon's name.
    #[must_use]
    pub fn icon(self) -> &'static str {
        match self {
            Self::Providers => "key",
            Self::BaseModels => "chat",
            Self::SupportedModels => "layers",
            Self::Network => "globe",
            Self::Members => "people",
            Self::ApiTokens => "token",
            Self::Embedding => "frame",
            Self::Audit => "list",
            Self::Account | Self::Elsewhere => "",
        }
    }

    /// What a role must be allowed to do for this entry to be of use.
    fn needs(self) -> Permission {
        match self {
            Self::Providers | Self::Network => Permission::ManageConnections,
            Self::Members => Permission::ManageMembers,
            Self::Embedding => Permission::ManageEmbedding,
            Self::Audit => Permission::ReadAudit,
            // Every role has it.
            Self::BaseModels | Self::SupportedModels | Self::ApiTokens | Self::Account | Self::Elsewhere => {
                Permission::UseModels
            }
        }
    }
}
