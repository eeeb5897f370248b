//! One connection's own page, and the acts on it.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;

use super::view::{self, ConnectionView};
use crate::actions::connections;
use crate::actions::require;
use crate::app::App;
use crate::connection;
use crate::domain::actor::Actor;
use crate::domain::audit::Act;
use crate::domain::check::{JsonMode, Outcome, Verdict};
use crate::domain::connection::Health;
use crate::domain::field_errors::FieldErrors;
use crate::domain::role::Permission;
use crate::error::{Error, Result};
use crate::store::audit::{AuditFilter, AuditRow};
use crate::store::checks::CheckRow;
use crate::store::connections::ConnectionRow;
use crate::store::models::ModelRow;
use crate::store::{audit, checks, users};
use crate::web::forms::{AnyInput, Form};
use crate::web::links::Links;
use crate::web::page::{Flash, FlashTone, Page, Section, leave};
use crate::web::path::Id;
use crate::web::{looks, respond, words};

/// How many models the page of a removal names.
const MODELS_NAMED: usize = 6;
/// How many checks and log lines the page shows.
const N_RECENT: i64 = 8;

#[derive(Template)]
#[template(path = "providers/show.html")]
struct Show {
    page: Page,
    view: ConnectionView,
    models: Vec<ModelLine>,
    checks: Vec<CheckLine>,
    history: Vec<AuditRow>,
    check_every: Option<String>,
}

/// A model with its switch.
struct ModelLine {
    row: ModelRow,
    /// What to know about it, such as its retirement.
    remark: Option<String>,
    context: Option<String>,
    price: Option<String>,
}

/// A check in the list of recent ones.
struct CheckLine {
    row: CheckRow,
    look: looks::Look,
    word: &'static str,
    by: String,
}

/// `GET /providers/{id}`
pub async fn show(app: Data<App>, actor: Actor, page: Page, Id(id): Id) -> Result<HttpResponse> {
    require(&actor, Permission::ManageConnections)?;
    let view = view::one(&app, &actor, id).await?;
    let scope = actor.scope;
    let (recent, history, names) = app
        .db
        .read(move |conn| {
            let of_connection = AuditFilter { connection_id: Some(id), ..AuditFilter::default() };
            let (history, _) = audit::page(conn, scope, &of_connection, 0, N_RECENT)?;
            Ok((checks::recent(conn, scope, id, N_RECENT)?, history, users::names(conn, scope)?))
        })
        .await?;
    let by = |user_id: Option<i64>| match user_id {
        None => "Scheduled".to_owned(),
        Some(id) => {
            names.iter().find(|(known, _)| *known == id).map_or_else(|| "Someone".into(), |(_, name)| name.clone())
        }
    };
    let checks = recent.into_iter().map(|row| CheckLine::of(by(row.user_id), row)).collect();
    let today = app.clock.now().date();
    let models = view.models.iter().map(|row| model_line(&app, &view, row, today)).collect();
    let check_every = app
        .config
        .check_every
        .map(|every| words::counted(usize::try_from(every.as_secs() / 60).unwrap_or(usize::MAX), "minute", "minutes"));
    respond::page(&Show { page: page.at(Section::Providers), view, models, checks, history, check_every })
}

/// `POST /providers/{id}/verify`
pub async fn verify(
    app: Data<App>,
    actor: Actor,
    session: Session,
    links: Links,
    Id(id): Id,
    _form: Form<AnyInput>,
) -> Result<HttpResponse> {
    connections::verify(&app, &actor, id).await?;
    leave(&session, &verified(&view::one(&app, &actor, id).await?, &links))?;
    Ok(respond::see_other(&links.after_check(id)))
}

/// `POST /providers/{id}/pause`
pub async fn pause(
    app: Data<App>,
    actor: Actor,
    session: Session,
    links: Links,
    Id(id): Id,
    _form: Form<AnyInput>,
) -> Result<HttpResponse> {
    connections::pause(&app, &actor, id).await?;
    let name = view::one(&app, &actor, id).await?.name;
    leave(
        &session,
        &Flash::ok(
            format!("{name} is paused."),
            "Its key stays here; prompts can’t use its models until you resume it.",
        ),
    )?;
    Ok(respond::see_other(&links.to(format!("/providers/{id}"))))
}

/// `POST /providers/{id}/resume`
pub async fn resume(
    app: Data<App>,
    actor: Actor,
    session: Session,
    links: Links,
    Id(id): Id,
    _form: Form<AnyInput>,
) -> Result<HttpResponse> {
    connections::resume(&app, &actor, id).await?;
    let name = view::one(&app, &actor, id).await?.name;
    leave(&session, &Flash::ok(format!("{name} is back."), "Prompts can use its models again."))?;
    Ok(respond::see_other(&links.to(format!("/providers/{id}"))))
}

/// `POST /providers/{id}/models`
pub async fn switch_models(
    app: Data<App>,
    actor: Actor,
    session: Session,
    links: Links,
    Id(id): Id,
    form: Form<AnyInput>,
) -> Result<HttpResponse> {
    let enabled = form.typed.all("model").map(str::to_owned).collect();
    connections::switch_models(&app, &actor, id, enabled).await?;
    let view = view::one(&app, &actor, id).await?;
    leave(&session, &Flash::ok("The models are saved.".to_owned(), format!("{} on.", view.models_in_words())))?;
    Ok(respond::see_other(&links.to(format!("/providers/{id}#models"))))
}

#[derive(Template)]
#[template(path = "providers/remove.html")]
struct Remove {
    page: Page,
    view: ConnectionView,
    typed: String,
    errors: FieldErrors,
}

/// `GET /providers/{id}/remove`
pub async fn confirm_removal(app: Data<App>, actor: Actor, page: Page, Id(id): Id) -> Result<HttpResponse> {
    require(&actor, Permission::ManageConnections)?;
    let view = view::one(&app, &actor, id).await?;
    let page = page.at(Section::Providers);
    respond::page(&Remove { page, view, typed: String::new(), errors: FieldErrors::default() })
}

/// `POST /providers/{id}/remove`
pub async fn remove(
    app: Data<App>,
    actor: Actor,
    page: Page,
    session: Session,
    Id(id): Id,
    form: Form<AnyInput>,
) -> Result<HttpResponse> {
    let typed = form.typed.get("confirm").to_owned();
    let typed_name = typed.trim().to_owned();
    let confirmed = move |row: &ConnectionRow| match connection::name(row) {
        name if name == typed_name => Ok(()),
        name => Err(Error::field("confirm", format!("Type {name} exactly as shown."))),
    };
    match connections::remove(&app, &actor, id, confirmed).await {
        Ok(name) => {
            let text = page.links.say("Its key has been deleted from this app.");
            leave(&session, &Flash::ok(page.links.fill("{0} was removed.", &[name]), text))?;
            Ok(respond::see_other(&page.links.after_change("/providers")))
        }
        Err(Error::Invalid(errors)) => {
            let view = view::one(&app, &actor, id).await?;
            respond::unprocessable(&Remove { page: page.at(Section::Providers), view, typed, errors })
        }
        Err(error) => Err(error),
    }
}

impl CheckLine {
    fn of(by: String, row: CheckRow) -> Self {
        let verdict: Option<Verdict> = serde_json::from_value(row.verdict.clone().into()).ok();
        let health = verdict.map_or(Health::NotChecked, Verdict::health);
        let outcome = match health {
            Health::Working => Outcome::Passed,
            Health::Limited | Health::RateLimited | Health::NoQuota | Health::ProviderTrouble => Outcome::Warning,
            Health::NotChecked | Health::Paused => Outcome::NotTried,
            Health::KeyRejected | Health::NotFound | Health::CannotConnect | Health::NeedsKey => Outcome::Failed,
        };
        Self { look: looks::outcome(&outcome), word: health.word(), by, row }
    }

    fn detail(&self) -> String {
        if self.look.class == "ok" {
            let n_models = usize::try_from(self.row.n_models).unwrap_or(0);
            return format!("{} · {} listed", self.by, words::counted(n_models, "model", "models"));
        }
        format!("{} · {}", self.by, self.row.message)
    }
}

impl Show {
    fn act_in_words(row: &AuditRow) -> String {
        let words = Act::from_slug(&row.act).map_or_else(|| row.act.clone(), |act| act.words().to_owned());
        let wants_object = words.ends_with(" of") || words.ends_with(" in");
        if wants_object { format!("{words} this connection") } else { words }
    }

    fn json_mode(&self) -> Option<&'static str> {
        self.view.row.json_mode().map(|mode| match mode {
            JsonMode::Missing => "Missing",
            JsonMode::JsonOnly => "JSON, but not to a schema",
            JsonMode::JsonObjectSchema => "Keeps to a schema (json_object)",
            JsonMode::JsonSchema => "Keeps to a schema (json_schema)",
        })
    }
}

fn model_line(app: &App, view: &ConnectionView, row: &ModelRow, today: NaiveDate) -> ModelLine {
    let catalog = app.catalog.models();
    let known = catalog.find(&view.row.provider, &row.model);
    let retires_on = row.retires_on.or_else(|| known.and_then(|known| known.retires_on));
    let remark = if !row.offered {
        Some("Not offered to this key".to_owned())
    } else {
        retires_on.map(|day| {
            let verb = if day <= today { "Retired" } else { "Retires" };
            format!("{verb} {}", day.format("%-d %b %Y"))
        })
    };
    let context = row.context_window.or_else(|| known.and_then(|known| known.context_window));
    let price = known.and_then(|known| {
        let (input, output) = (known.input_per_mtok?, known.output_per_mtok?);
        Some(format!("{input} / {output}"))
    });
    ModelLine {
        row: row.clone(),
        remark,
        context: context.and_then(|tokens| usize::try_from(tokens).ok()).map(words::grouped),
        price,
    }
}

fn verified(view: &ConnectionView, links: &Links) -> Flash {
    let name = &view.name;
    match view.health {
        Health::Working => Flash::ok(
            links.fill("{0} works.", &[name]),
            links.counted(view.n_on(), "{0} model is ready.", "{0} models are ready."),
        )
        .about(view.row.id),
        Health::Paused => Flash {
            tone: FlashTone::Warn,
            title: links.fill("{0} was checked, but stays paused.", &[name]),
            text: links.say("Resume it to let prompts use it again."),
            link: None,
            about: Some(view.row.id),
        },
        Health::NeedsKey => Flash {
            tone: FlashTone::Bad,
            title: links.fill("{0} needs its key again.", &[name]),
            text: links.say("The stored key can’t be opened on this server, so nothing was sent."),
            link: Some((format!("/providers/{}/replace-key", view.row.id), links.say("Enter the key"))),
            about: Some(view.row.id),
        },
        other => Flash {
            tone: if other.unusable_because().is_some() { FlashTone::Bad } else { FlashTone::Warn },
            title: format!("{name}: {}.", links.say(other.word())),
            text: view.row.health_detail.clone(),
            link: None,
            about: Some(view.row.id),
        },
    }
}
