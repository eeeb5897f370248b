//! The form that takes a key: drawn from the provider's value, for a new connection, a new key and an edit alike.

use std::time::Duration;

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use uuid::Uuid;

use super::answers::{Answers, Input, add_held, secrets_of};
use super::view::{self, ConnectionView};
use crate::actions::connections::{self, Addition, Proof, Saved};
use crate::actions::held_secrets::{self, HeldFor};
use crate::actions::require;
use crate::app::App;
use crate::auth::session::CurrentSession;
use crate::domain::actor::Actor;
use crate::domain::check::{CheckReport, Outcome, Verdict};
use crate::domain::connection::{Fingerprint, Health};
use crate::domain::field_errors::{FieldError, FieldErrors};
use crate::domain::role::Permission;
use crate::domain::secret::{SecretField, Secrets};
use crate::error::{Error, Result};
use crate::providers::form::{Field, FieldKind, Prose};
use crate::providers::{self, Provider};
use crate::web::forms::{AnyInput, Submitted, Typed};
use crate::web::links::Links;
use crate::web::page::{Flash, FlashTone, Page, Section, leave};
use crate::web::path::Slug;
use crate::web::{respond, words};

/// The page with the form.
#[derive(Template)]
#[template(path = "providers/form.html")]
pub struct KeyForm {
    /// The frame.
    pub page: Page,
    /// Whose key.
    pub provider: &'static Provider,
    /// What is done with it.
    pub purpose: Purpose,
    /// The fields that this purpose shows.
    pub fields: Vec<&'static Field>,
    /// What was typed, secrets excepted.
    pub answers: Answers,
    /// What is wrong.
    pub errors: FieldErrors,
    /// The check that failed.
    pub report: Option<Box<CheckReport>>,
    /// Secrets that need not be typed again.
    pub held: Vec<Fingerprint>,
    /// Lets the form be saved without a check; only after a failure that may mend itself.
    pub ticket: Option<String>,
    /// The form's random id.
    pub form_id: String,
}

/// What a form is for.
pub enum Purpose {
    /// A new connection.
    New,
    /// A new key for a connection: its id, name, version and the old key's last characters.
    ReplaceKey(Subject),
    /// A change of a connection.
    Edit(Subject),
}

/// The connection that a form changes.
pub struct Subject {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The version that the person sees.
    pub version: i64,
    /// What may be shown of the stored secrets.
    pub fingerprints: Vec<Fingerprint>,
    /// The server that a new key is sent to, unless it is the provider's own.
    pub server: Option<String>,
}

impl Subject {
    /// The last four characters of the stored key, if they may be shown.
    #[must_use]
    pub fn tail(&self) -> Option<&str> {
        self.fingerprints.iter().find_map(|fingerprint| fingerprint.tail.as_deref())
    }
}

impl KeyForm {
    /// An empty form.
    #[must_use]
    pub fn blank(page: Page, provider: &'static Provider, purpose: Purpose, answers: Answers) -> Self {
        let is_secret = |field: &&Field| field.kind.secret().is_some();
        let fields =
            provider.fields.iter().filter(|field| !matches!(purpose, Purpose::ReplaceKey(_)) || is_secret(field));
        Self {
            page: page.at(Section::Providers),
            provider,
            fields: fields.collect(),
            purpose,
            answers,
            errors: FieldErrors::default(),
            report: None,
            held: Vec::new(),
            ticket: None,
            form_id: Uuid::new_v4().to_string(),
        }
    }

    fn held(&self, field: &Field) -> Option<&Fingerprint> {
        let secret = field.kind.secret()?;
        self.held.iter().find(|held| held.field == secret)
    }

    fn subject(&self) -> Option<&Subject> {
        match &self.purpose {
            Purpose::New => None,
            Purpose::ReplaceKey(subject) | Purpose::Edit(subject) => Some(subject),
        }
    }

    fn heading(&self) -> String {
        match &self.purpose {
            Purpose::New => self.provider.form_title.to_owned(),
            Purpose::ReplaceKey(subject) => format!("Replace the key of {}", subject.name),
            Purpose::Edit(subject) => format!("Edit {}", subject.name),
        }
    }

    fn intro(&self) -> Option<Prose> {
        matches!(self.purpose, Purpose::New).then_some(self.provider.form_intro)
    }

    fn cancel(&self) -> String {
        let links = &self.page.links;
        self.subject().map_or_else(
            || links.nearest("/providers/new"),
            |subject| links.nearest(format!("/providers/{}", subject.id)),
        )
    }

    /// The page itself, for opening it in a window.
    fn path(&self) -> String {
        match &self.purpose {
            Purpose::New => format!("/providers/new/{}", self.provider.slug),
            Purpose::ReplaceKey(subject) => format!("/providers/{}/replace-key", subject.id),
            Purpose::Edit(subject) => format!("/providers/{}/edit", subject.id),
        }
    }

    /// What an empty secret field means in an edit, if that secret is stored.
    fn keeps(&self, field: &Field) -> Option<String> {
        let Purpose::Edit(subject) = &self.purpose else { return None };
        let stored = subject.fingerprints.iter().find(|stored| Some(stored.field) == field.kind.secret())?;
        let which =
            stored.tail.as_ref().map_or_else(|| "the stored one".to_owned(), |tail| format!("the one ending {tail}"));
        Some(format!("Leave empty to keep {which}. If the server changes, enter it again."))
    }

    /// Whether a field may stay empty here.
    fn is_optional(&self, field: &Field) -> bool {
        !field.required || (matches!(self.purpose, Purpose::Edit(_)) && field.kind.secret().is_some())
    }

    /// The id of a field's list of values, if it has one.
    fn list_of(&self, field: &Field) -> String {
        if field.options.is_empty() { String::new() } else { format!("{}-options", field.name) }
    }

    fn takes_file(&self) -> bool {
        self.fields.iter().any(|field| field.kind == FieldKind::CredentialsFile)
    }

    /// "4 of 5 passed · 1.9 s"
    fn summary(&self, report: &CheckReport) -> String {
        let tried =
            report.steps.iter().filter(|step| step.took_ms.is_some() || step.outcome == Outcome::Failed).count();
        let passed =
            report.steps.iter().filter(|step| matches!(step.outcome, Outcome::Passed | Outcome::Warning)).count();
        format!("{passed} of {} passed · {}", tried.max(passed), words::took(&report.took_ms))
    }
}

/// `GET /providers/new/{slug}`
pub async fn new(app: Data<App>, actor: Actor, page: Page, Slug(slug): Slug) -> Result<HttpResponse> {
    require(&actor, Permission::ManageConnections)?;
    let provider = providers::by_slug(&slug).ok_or(Error::NotFound)?;
    if provider.is_single() {
        let views = view::all(&app, &actor).await?;
        if let Some(view) = views.iter().find(|view| view.row.provider == provider.slug) {
            return Ok(respond::see_other(&page.links.nearest(format!("/providers/{}", view.row.id))));
        }
    }
    respond::page(&KeyForm::blank(page, provider, Purpose::New, Answers::default()))
}

/// `POST /providers/new/{slug}`
pub async fn create(
    app: Data<App>,
    actor: Actor,
    page: Page,
    session: Session,
    current: CurrentSession,
    Slug(slug): Slug,
    submitted: Submitted<AnyInput>,
) -> Result<HttpResponse> {
    require(&actor, Permission::ManageConnections)?;
    let provider = providers::by_slug(&slug).ok_or(Error::NotFound)?;
    let form = match submitted {
        Submitted::Fresh(form) => form,
        Submitted::Stale(form) => return stale(page, provider, Purpose::New, &form.typed),
    };
    let answers = Answers::of_form(provider, &form.typed);
    let mut attempt = Attempt::read(&app, &actor, &current, provider, &form.typed, answers).await?;
    if attempt.is_only_a_correction {
        return attempt.show_again(&app, &actor, page, Purpose::New).await;
    }
    if let Some(errors) = page.links.problem_with(&form.typed) {
        return attempt.failed(&app, &actor, page, Purpose::New, errors.into()).await;
    }
    let addition = Addition {
        provider,
        submission: attempt.submission(),
        form_id: Some(attempt.input().id(&app)),
        proof: attempt.proof,
        options: None,
    };
    match connections::add(&app, &actor, addition).await {
        Ok(Saved::Yes { id }) => {
            held_secrets::forget(&app, &actor, &attempt.held_for).await?;
            leave(&session, &connected(&view::one(&app, &actor, id).await?, app.config.check_every, &page.links))?;
            Ok(respond::see_other(&page.links.after_change("/providers")))
        }
        Ok(Saved::No(report)) => attempt.refused(&app, &actor, page, Purpose::New, report).await,
        Err(error) => attempt.failed(&app, &actor, page, Purpose::New, error).await,
    }
}

/// The form of a session that has ended meanwhile: everything typed but the secrets, and a token of the present one.
///
/// # Errors
/// As rendering.
pub fn stale(page: Page, provider: &'static Provider, purpose: Purpose, typed: &Typed) -> Result<HttpResponse> {
    let form = KeyForm::blank(page, provider, purpose, Answers::of_form(provider, typed));
    let errors = FieldErrors::one("", respond::STALE);
    respond::with_status(StatusCode::FORBIDDEN, &KeyForm { errors, ..form })
}

/// One press of a button in a form that takes a key.
pub struct Attempt {
    provider: &'static Provider,
    /// What was typed.
    pub answers: Answers,
    /// The secrets, typed or held.
    secrets: Secrets,
    /// The session and form.
    pub held_for: HeldFor,
    /// The fields that the form left out because their secrets were held.
    were_held: Vec<String>,
    /// Whether a check is asked for.
    pub proof: Proof,
    /// *Use this* or *Use another* was pressed: nothing is to be saved yet.
    pub is_only_a_correction: bool,
}

impl Attempt {
    /// Reads the form and what is held for it. The answers say where its secrets go.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(
        app: &App,
        actor: &Actor,
        current: &CurrentSession,
        provider: &'static Provider,
        typed: &Typed,
        answers: Answers,
    ) -> Result<Self> {
        let held_for = HeldFor { session_hash: current.hash(), form: form_id(typed) };
        let mut secrets = secrets_of(provider, typed);
        let held = held_secrets::take(app, actor, &held_for, &provider.destination(&answers.target())).await?;
        let forgets = typed.has("forget");
        if forgets {
            held_secrets::forget(app, actor, &held_for).await?;
        }
        add_held(&mut secrets, &held.without(SecretField::from_name(typed.get("forget"))));
        let input = Input { held_for: &held_for, provider, answers: &answers, secrets: &secrets };
        let waives = typed.get("act") == "unchecked" && input.is_ticket(app, typed.get("ticket"));
        let proof = if waives { Proof::Waived } else { Proof::Required };
        let uses = provider.fields.iter().any(|field| typed.has(&format!("use_{}", field.name)));
        let were_held = typed.all("held").map(str::to_owned).collect();
        Ok(Self { provider, answers, secrets, held_for, were_held, proof, is_only_a_correction: forgets || uses })
    }

    fn input(&self) -> Input<'_> {
        let Self { provider, answers, secrets, held_for, .. } = self;
        Input { held_for, provider, answers, secrets }
    }

    /// What is to be saved. The attempt keeps a copy of the secrets, to hold them if they cannot be.
    #[must_use]
    pub fn submission(&mut self) -> providers::Submission {
        let mut copy = Secrets::default();
        add_held(&mut copy, &self.secrets);
        self.answers.submission(copy)
    }

    /// The form as it is, after a correction.
    ///
    /// # Errors
    /// The database's.
    pub async fn show_again(self, app: &App, actor: &Actor, page: Page, purpose: Purpose) -> Result<HttpResponse> {
        let form = self.hold(app, actor, page, purpose, FieldErrors::default()).await?;
        respond::page(&form)
    }

    /// The form with what has to be mended, or with how long to wait.
    ///
    /// # Errors
    /// Those that no form can mend.
    pub async fn failed(
        self,
        app: &App,
        actor: &Actor,
        page: Page,
        purpose: Purpose,
        error: Error,
    ) -> Result<HttpResponse> {
        match error {
            Error::Invalid(errors) => {
                // The page has no field for the provider; what is wrong with it is so with the whole form.
                let errors = errors.renamed("provider", "");
                let errors = self.explain_what_is_held_no_more(&errors);
                respond::unprocessable(&self.hold(app, actor, page, purpose, errors).await?)
            }
            Error::TooMany { retry_after_s } => {
                let errors = FieldErrors::one("", too_many_checks(retry_after_s));
                respond::too_many(retry_after_s, &self.hold(app, actor, page, purpose, errors).await?)
            }
            other => Err(other),
        }
    }

    /// The page promised to hold a secret; that it asks for it again needs a reason.
    fn explain_what_is_held_no_more(&self, errors: &FieldErrors) -> FieldErrors {
        let mut explained = FieldErrors::default();
        for (field, error) in errors.iter() {
            let was_held = self.were_held.iter().any(|held| held == field);
            explained.add(field, if was_held { FieldError::from(HELD_NO_MORE) } else { error.clone() });
        }
        explained
    }

    /// The form with the check that failed.
    ///
    /// # Errors
    /// The database's.
    pub async fn refused(
        self,
        app: &App,
        actor: &Actor,
        page: Page,
        purpose: Purpose,
        report: Box<CheckReport>,
    ) -> Result<HttpResponse> {
        let mut errors = errors_of(&report);
        if let Purpose::ReplaceKey(subject) = &purpose {
            errors.add("", still_uses(subject));
        }
        let ticket = report.verdict.may_work_later().then(|| self.input().unchecked_ticket(app));
        let form = self.hold(app, actor, page, purpose, errors).await?;
        respond::unprocessable(&KeyForm { report: Some(report), ticket, ..form })
    }

    /// Holds the secrets that nothing is wrong with, so that nobody pastes them twice, and draws the form.
    async fn hold(
        self,
        app: &App,
        actor: &Actor,
        page: Page,
        purpose: Purpose,
        mut errors: FieldErrors,
    ) -> Result<KeyForm> {
        let mut good = Secrets::default();
        for field in self.provider.fields {
            let Some(name) = field.kind.secret() else { continue };
            if let Some(secret) = self.secrets.get(name).filter(|_| errors.on(field.name).is_none()) {
                good.put(name, secret.duplicate());
            }
        }
        let destination = self.provider.destination(&self.answers.target());
        // An address that is no address is no place to hold a secret for.
        let has_place = !self.answers.has_unreadable_endpoint(self.provider);
        let held = if good.is_empty() || !has_place {
            Vec::new()
        } else {
            held_secrets::hold(app, actor, &self.held_for, self.provider, destination, good).await?
        };
        if !has_place {
            for field in self.provider.fields {
                let was_typed = field.kind.secret().is_some_and(|secret| self.secrets.get(secret).is_some());
                if was_typed && errors.on(field.name).is_none() {
                    errors.add(field.name, "Paste it again. We don’t keep keys for an address that isn’t right yet.");
                }
            }
        }
        let mut form = KeyForm::blank(page, self.provider, purpose, self.answers);
        form.form_id = self.held_for.form;
        let errors = errors.in_order_of(form.fields.iter().map(|field| field.name));
        form.errors = errors.with_links(|path| form.page.links.plain(path));
        form.held = held;
        Ok(form)
    }
}

const HELD_NO_MORE: &str =
    "Enter the key again. We hold it for 10 minutes, and only for the address it was entered for.";

/// The random id that a form came with; another one for whatever we have not made.
fn form_id(typed: &Typed) -> String {
    Uuid::try_parse(typed.get("form_id")).unwrap_or_else(|_| Uuid::new_v4()).to_string()
}

/// The words after a connection was added.
fn connected(view: &ConnectionView, check_every: Option<Duration>, links: &Links) -> Flash {
    let (id, name) = (view.row.id, &view.name);
    if view.health == Health::NotChecked {
        return Flash {
            tone: FlashTone::Warn,
            title: links.fill("{0} is saved, but not checked.", &[name]),
            text: match check_every {
                Some(_) => links
                    .say("We’ll check it in a moment, and again on schedule. Prompts can use it as soon as it works."),
                None => links.say("Verify it when it should work by now."),
            },
            link: Some((format!("/providers/{id}"), links.say("Open it"))),
            about: Some(id),
        };
    }
    let n_models = view.models.len();
    Flash {
        tone: FlashTone::Ok,
        title: links.fill("{0} is connected.", &[name]),
        text: match n_models {
            1 => links.say("Its model is ready to use in prompts."),
            n => links.counted(n, "We found {0} model.", "We found {0} models."),
        },
        link: Some(match n_models {
            1 => (format!("/providers/{id}#checks"), links.say("See what we checked")),
            _ => (format!("/providers/{id}#models"), links.say("Choose which ones to offer")),
        }),
        about: Some(id),
    }
}

/// What a failed check has to say, at the field it concerns or at the list of steps.
fn errors_of(report: &CheckReport) -> FieldErrors {
    let error = FieldError { message: report.message.clone(), suggestion: report.suggestion.clone(), link: None };
    let link = match report.verdict {
        Verdict::NetworkBlocked | Verdict::Unreachable => Some(("/network".to_owned(), "See our addresses".to_owned())),
        _ => None,
    };
    FieldErrors::one(report.field.unwrap_or("check"), FieldError { link, ..error })
}

fn still_uses(subject: &Subject) -> String {
    let old = subject.tail().map_or_else(|| "its old key".to_owned(), |tail| format!("the key ending {tail}"));
    format!("The new key didn’t pass, so {} still uses {old}.", subject.name)
}

fn too_many_checks(retry_after_s: u64) -> String {
    let seconds = words::counted(usize::try_from(retry_after_s).unwrap_or(usize::MAX), "second", "seconds");
    format!("Your organization has had too many checks in the last minute. Nothing was saved. Try again in {seconds}.")
}
