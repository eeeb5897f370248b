//! API tokens: one's own, and for whoever may manage them everybody's and which kinds are let in.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, resource};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::forms::{Form, Nothing, Typed};
use super::page::{Flash, Page, Section, leave};
use super::path::Id;
use super::{respond, words};
use crate::actions::api_tokens::{self as actions, Made, Wanted};
use crate::actions::require;
use crate::app::App;
use crate::auth::session::{self, Slot};
use crate::clock::Timestamp;
use crate::domain::actor::Actor;
use crate::domain::api_token::{ApiScope, ApiScopes, ApiTokenKind, ApiTokenPolicy};
use crate::domain::field_errors::FieldErrors;
use crate::domain::role::Permission;
use crate::error::{Error, Result};
use crate::store::api_tokens::{self, ApiTokenRow};

const PAGE: &str = "/tokens";
/// What the form suggests, where the organization allows that long.
const SUGGESTED_DAYS: i64 = 90;
/// In the place of what somebody typed that is no number.
const UNREADABLE_DAYS: i64 = 0;

/// The routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/tokens").get(show).post(create))
        .service(resource("/tokens/policy").get(back).post(set_policy))
        .service(resource("/tokens/{id:\\d+}/revoke").post(revoke))
        .service(resource("/tokens/{id:\\d+}/rotate").post(rotate));
}

#[derive(Template)]
#[template(path = "api_tokens/index.html")]
struct IndexPage {
    page: Page,
    errors: FieldErrors,
    /// The token that was just made, which is shown only now.
    new_token: Option<NewToken>,
    own: Vec<Line>,
    /// Everybody else's, for whoever may manage them.
    others: Option<Vec<Line>>,
    /// What is let in.
    policy: ApiTokenPolicy,
    wanted: WantedInput,
    rules: RulesInput,
    /// This server's origin.
    origin: String,
}

/// A token, as a line of a table.
struct Line {
    id: i64,
    name: String,
    kind: ApiTokenKind,
    /// A legacy one's last four characters.
    tail: Option<String>,
    /// Whose it is; empty for the viewer's own.
    owner: String,
    access: String,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    is_expired: bool,
    /// Whether its kind is switched off.
    is_off: bool,
}

impl Line {
    fn new(row: ApiTokenRow, owner: String, policy: ApiTokenPolicy, now: Timestamp) -> Self {
        let kind = row.kind();
        Self {
            id: row.id,
            access: access(row.scopes()),
            is_expired: row.has_expired(now),
            is_off: !policy.allows(kind),
            tail: (kind == ApiTokenKind::Legacy).then_some(row.hint),
            name: row.name,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
            kind,
            owner,
        }
    }

    fn path(&self, act: &str) -> String {
        format!("{PAGE}/{}/{act}", self.id)
    }

    fn may_be_rotated(&self) -> bool {
        self.owner.is_empty() && self.kind == ApiTokenKind::Personal && !self.is_off && !self.is_expired
    }
}

struct NewToken {
    name: String,
    kind: ApiTokenKind,
    text: String,
    /// What to say beside it.
    advice: &'static str,
}

/// What the session keeps between making a token and showing it. The token follows from it and a key that is not in
/// the database.
#[derive(Serialize, Deserialize)]
struct Shown {
    id: i64,
    nonce: String,
    origin: Origin,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Origin {
    Created,
    Rotated,
}

impl Origin {
    fn advice(self) -> &'static str {
        match self {
            Self::Created => "It won’t be shown again.",
            Self::Rotated => "It won’t be shown again. The one that it replaces works no more.",
        }
    }
}

/// The form for a new token, as it is shown and as it was sent.
struct WantedInput {
    name: String,
    kind: String,
    days: String,
    scopes: Vec<String>,
}

impl WantedInput {
    fn suggested(policy: ApiTokenPolicy) -> Self {
        Self {
            name: String::new(),
            kind: policy.kinds().next().map(|kind| kind.slug().to_owned()).unwrap_or_default(),
            days: policy.ttl_days.min(SUGGESTED_DAYS).to_string(),
            scopes: ApiScope::ALL.map(|scope| scope.slug().to_owned()).to_vec(),
        }
    }

    fn typed(typed: &Typed) -> Self {
        Self {
            name: typed.get("name").to_owned(),
            kind: typed.get("kind").to_owned(),
            days: typed.get("days").to_owned(),
            scopes: typed.all("scopes").map(str::to_owned).collect(),
        }
    }

    /// What is wanted; what cannot be read is said in the words of the action.
    fn read(&self) -> Result<Wanted> {
        let kind = ApiTokenKind::from_slug(&self.kind).ok_or_else(|| Error::field("kind", "Choose a kind."))?;
        let scopes = ApiScopes::of(self.scopes.iter().filter_map(|slug| ApiScope::from_slug(slug)));
        Ok(Wanted { kind, name: self.name.clone(), scopes, days: read_days(&self.days) })
    }
}

/// The form of the organization's rules.
struct RulesInput {
    personal: bool,
    legacy: bool,
    ttl_days: String,
}

impl From<ApiTokenPolicy> for RulesInput {
    fn from(policy: ApiTokenPolicy) -> Self {
        Self { personal: policy.personal_enabled, legacy: policy.legacy_enabled, ttl_days: policy.ttl_days.to_string() }
    }
}

impl RulesInput {
    fn typed(typed: &Typed) -> Self {
        Self {
            personal: typed.has("personal"),
            legacy: typed.has("legacy"),
            ttl_days: typed.get("api_token_ttl_days").to_owned(),
        }
    }

    fn read(&self) -> ApiTokenPolicy {
        ApiTokenPolicy {
            personal_enabled: self.personal,
            legacy_enabled: self.legacy,
            ttl_days: read_days(&self.ttl_days).unwrap_or(UNREADABLE_DAYS),
        }
    }
}

/// What is no number is passed on as one that no token lives, so that all errors of a form come from the action, at once.
fn read_days(text: &str) -> Option<i64> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.parse().unwrap_or(UNREADABLE_DAYS))
}

/// `GET /tokens`
async fn show(app: Data<App>, actor: Actor, page: Page, session: Session) -> Result<HttpResponse> {
    let new_token = take_new(&app, &actor, &session).await?;
    let drawn = draw(&app, &actor, page).await?;
    respond::page(&IndexPage { new_token, ..drawn })
}

/// `GET` where only a form leads: back to the page.
async fn back(actor: Actor) -> Result<HttpResponse> {
    require(&actor, Permission::ManageTokens)?;
    Ok(respond::see_other(PAGE))
}

/// `POST /tokens`
async fn create(
    app: Data<App>,
    actor: Actor,
    page: Page,
    session: Session,
    form: Form<Nothing>,
) -> Result<HttpResponse> {
    let input = WantedInput::typed(&form.typed);
    let made = match input.read() {
        Ok(wanted) => actions::create(&app, &actor, wanted).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(made) => shown_next(&session, made, Origin::Created),
        Err(Error::Invalid(errors)) => {
            let drawn = draw(&app, &actor, page).await?;
            respond::unprocessable(&IndexPage { errors, wanted: input, ..drawn })
        }
        Err(error) => Err(error),
    }
}

/// `POST /tokens/{id}/rotate`
async fn rotate(
    app: Data<App>,
    actor: Actor,
    session: Session,
    Id(id): Id,
    _form: Form<Nothing>,
) -> Result<HttpResponse> {
    match actions::rotate_by_id(&app, &actor, id).await {
        Ok(made) => shown_next(&session, made, Origin::Rotated),
        Err(Error::Invalid(errors)) => {
            let why = errors.iter().next().map_or("", |(_, error)| &error.message);
            leave(&session, &Flash::warn("The token isn’t rotated.", why))?;
            Ok(respond::see_other(PAGE))
        }
        Err(error) => Err(error),
    }
}

/// `POST /tokens/{id}/revoke`
async fn revoke(
    app: Data<App>,
    actor: Actor,
    session: Session,
    Id(id): Id,
    _form: Form<Nothing>,
) -> Result<HttpResponse> {
    let row = actions::revoke(&app, &actor, id).await?;
    let flash = match row.has_expired(app.clock.now()) {
        true => Flash::ok(format!("“{}” is removed.", row.name), ""),
        false => Flash::ok(format!("“{}” is revoked.", row.name), "What uses it is refused from its next request on."),
    };
    leave(&session, &flash)?;
    Ok(respond::see_other(PAGE))
}

/// `POST /tokens/policy`
async fn set_policy(
    app: Data<App>,
    actor: Actor,
    page: Page,
    session: Session,
    form: Form<Nothing>,
) -> Result<HttpResponse> {
    let rules = RulesInput::typed(&form.typed);
    // The form shows all of it, so all of it is what was meant.
    let policy = rules.read();
    match actions::set_policy(&app, &actor, move |_| policy).await {
        Ok(_) => {
            leave(&session, &Flash::ok("The rules for API tokens are saved.", "They hold from now on."))?;
            Ok(respond::see_other(PAGE))
        }
        Err(Error::Invalid(errors)) => {
            let drawn = draw(&app, &actor, page).await?;
            respond::unprocessable(&IndexPage { errors, rules, ..drawn })
        }
        Err(error) => Err(error),
    }
}

fn shown_next(session: &Session, made: Made, origin: Origin) -> Result<HttpResponse> {
    session::leave(session, Slot::ApiToken, &Shown { id: made.row.id, nonce: made.nonce, origin })?;
    Ok(respond::see_other(PAGE))
}

/// The token that was just made. One that was revoked meanwhile, in another window, is not shown.
async fn take_new(app: &App, actor: &Actor, session: &Session) -> Result<Option<NewToken>> {
    let Some(Shown { id, nonce, origin }) = session::take(session, Slot::ApiToken) else { return Ok(None) };
    match actions::reveal(app, actor, id, &nonce).await {
        Ok((row, token)) => Ok(Some(NewToken {
            kind: row.kind(),
            name: row.name,
            text: token.expose().to_owned(),
            advice: origin.advice(),
        })),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn draw(app: &App, actor: &Actor, page: Page) -> Result<IndexPage> {
    let (user_id, scope, manages) = (actor.user_id, actor.scope, actor.may(Permission::ManageTokens));
    let (own, all, policy) = app
        .db
        .read(move |conn| {
            let all = if manages { Some(api_tokens::of_organization(conn, scope)?) } else { None };
            Ok((api_tokens::of_user(conn, user_id)?, all, api_tokens::policy(conn, scope)?))
        })
        .await?;
    let line = |row, owner| Line::new(row, owner, policy, page.now);
    let of_others = |all: Vec<(ApiTokenRow, String)>| {
        let others = all.into_iter().filter(|(row, _)| row.user_id != user_id);
        others.map(|(row, owner)| line(row, owner)).collect()
    };
    Ok(IndexPage {
        errors: FieldErrors::default(),
        new_token: None,
        own: own.into_iter().map(|row| line(row, String::new())).collect(),
        others: all.map(of_others),
        page: page.at(Section::ApiTokens),
        policy,
        wanted: WantedInput::suggested(policy),
        rules: RulesInput::from(policy),
        origin: app.config.public_origin(),
    })
}

impl IndexPage {
    /// The kinds that somebody can make now.
    fn kinds(&self) -> Vec<ApiTokenKind> {
        self.policy.kinds().collect()
    }

    /// Why a kind cannot be chosen.
    fn missing(&self) -> Vec<String> {
        ApiTokenKind::ALL
            .into_iter()
            .filter(|kind| !self.policy.allows(*kind))
            .map(|kind| self.why_missing(kind))
            .collect()
    }

    fn why_missing(&self, kind: ApiTokenKind) -> String {
        if self.others.is_none() {
            return format!("{}s are switched off. An Owner or Administrator can switch them on.", kind.label());
        }
        format!("{}s are switched off. You can switch them on below.", kind.label())
    }

    /// What to know about the number of days.
    fn days_hint(&self) -> String {
        let most = self.policy.ttl_days;
        match (self.policy.personal_enabled, self.policy.legacy_enabled) {
            (true, true) => format!("Left empty: {most} for a personal one, never for a legacy one."),
            (true, false) => format!("At most {most}, also if left empty."),
            (false, _) => "Left empty, it never expires.".to_owned(),
        }
    }

    fn has_scope(&self, scope: &ApiScope) -> bool {
        self.wanted.scopes.iter().any(|slug| slug == scope.slug())
    }
}

/// What a token may be used for, in words.
fn access(scopes: ApiScopes) -> String {
    if scopes == ApiScopes::ALL {
        return "All that its owner may do".to_owned();
    }
    let labels: Vec<_> = scopes.iter().map(ApiScope::label).collect();
    words::capital(&labels.join(", ").to_lowercase())
}
