//! A check while it runs: it walks to the server, makes calls, and keeps what happened step by step.

use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use url::Url;

use crate::clock::Timestamp;
use crate::domain::check::{CheckReport, Exchange, OfferedModel, Outcome, Step, StepKind, Verdict};
use crate::domain::connection::Target;
use crate::domain::field_errors::{FieldError, FieldErrors};
use crate::domain::secret::{Secret, SecretField, Secrets};

use super::call_errors::CallError;
use super::calls::{Answer, Body, Call};
use super::classify::{Reading, classify};
use super::findings::{Problem, Proof, not_tried, problem_report, proof_report};
use super::outbound::{Outbound, VendorBases};
use super::provider::{Place, Provider};
use super::scrub::Scrubber;
use super::words;

/// The steps of most checks.
pub(super) const USUAL_STEPS: &[StepKind] = &[
    StepKind::Address,
    StepKind::NetworkPolicy,
    StepKind::SecureConnection,
    StepKind::KeyAccepted,
    StepKind::ModelsFound,
];
/// The longest wait before the one repetition of a call.
const LONGEST_RETRY_WAIT_S: u32 = 3;
/// So much of a body is kept for the disclosure below a failed step, in characters.
const SHOWN_BODY_CHARS: usize = 2000;
/// So much of the provider's words is quoted, in characters.
const QUOTED_CHARS: usize = 300;

/// A check while it runs.
pub struct Check<'a> {
    /// What is checked.
    pub provider: &'static Provider,
    /// The readable part.
    pub target: &'a Target,
    /// The secrets.
    pub secrets: &'a Secrets,
    /// When it began.
    pub now: Timestamp,
    outbound: &'a Outbound,
    scrubber: Scrubber,
    steps: Vec<Step>,
    step_began: Instant,
    stage: StepKind,
    host: String,
    last_exchange: Option<Exchange>,
}

/// Runs a provider's check within its time limit.
pub(super) async fn run(
    provider: &'static Provider,
    outbound: &Outbound,
    target: &Target,
    secrets: &Secrets,
    now: Timestamp,
) -> CheckReport {
    let began = Instant::now();
    let mut check = Check {
        provider,
        target,
        secrets,
        now,
        outbound,
        scrubber: Scrubber::new(secrets),
        steps: Vec::new(),
        step_began: began,
        stage: StepKind::Address,
        host: String::new(),
        last_exchange: None,
    };
    let ended = tokio::time::timeout(Provider::CHECK_LIMIT, (provider.prove)(&mut check)).await;
    let result = match ended {
        Ok(result) => result,
        Err(_) => Err(check.transport_problem(CallError::timed_out(Provider::CHECK_LIMIT))),
    };
    check.into_report(result, millis(began.elapsed()))
}

impl<'a> Check<'a> {
    /// Where the vendors are.
    pub fn bases(&self) -> &'a VendorBases {
        self.outbound.bases()
    }

    /// What may be called.
    pub fn policy(&self) -> &'a super::policy::Policy {
        self.outbound.policy()
    }

    /// The API key.
    ///
    /// # Errors
    /// If there is none, which a form would not have let pass.
    pub fn key(&self) -> Result<&'a Secret, Problem> {
        self.secret(SecretField::ApiKey)
    }

    /// A secret that has to be there.
    ///
    /// # Errors
    /// If it is not.
    pub fn secret(&self, field: SecretField) -> Result<&'a Secret, Problem> {
        self.secrets.get(field).ok_or_else(|| {
            let words = self.provider.field(field.name()).map_or("Enter the key.", |field| field.when_empty);
            self.problem(Verdict::BadKey, words)
        })
    }

    /// Makes sure that a secret that came up on the way is never shown either.
    pub fn keep_secret(&mut self, secret: &Secret) {
        self.scrubber.learn(secret);
    }

    /// Walks to a server: address, network policy, secure connection.
    ///
    /// # Errors
    /// Where the way ended.
    pub async fn reach(&mut self, url: &Url) -> Result<(), Problem> {
        self.host = url.host_str().unwrap_or_default().to_owned();
        let route = self.outbound.probe(url).await;
        self.steps.extend(route.steps);
        self.enter(StepKind::KeyAccepted);
        let Some(failure) = route.failure else { return Ok(()) };
        let failed = self.steps.iter().find(|step| step.outcome == Outcome::Failed).map(|step| step.kind);
        let problem = self.transport_problem(failure);
        Err(Problem { step: failed.unwrap_or(StepKind::Address), is_noted: failed.is_some(), ..problem })
    }

    /// Makes a call, and once more if the server asks for a short wait. An error status is an answer.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn ask(&mut self, make: impl Fn() -> Call) -> Result<Answer, Problem> {
        let answer = self.ask_once(make()).await?;
        if answer.is_success() || !self.read(&answer).retry {
            return Ok(answer);
        }
        let Some(wait_s) = answer.retry_after_s().filter(|wait_s| *wait_s <= LONGEST_RETRY_WAIT_S) else {
            return Ok(answer);
        };
        tokio::time::sleep(Duration::from_secs(wait_s.into())).await;
        self.ask_once(make()).await
    }

    /// Makes a call whose answer has to be a success with a JSON object.
    ///
    /// # Errors
    /// If it is not.
    pub async fn ask_json(&mut self, make: impl Fn() -> Call) -> Result<Value, Problem> {
        let answer = self.ask(make).await?;
        self.json(&answer)
    }

    /// The JSON object in an answer.
    ///
    /// # Errors
    /// What the answer means instead.
    pub fn json(&self, answer: &Answer) -> Result<Value, Problem> {
        if !answer.is_success() {
            return Err(self.answer_problem(answer));
        }
        answer.json().filter(Value::is_object).ok_or_else(|| {
            let message = format!(
                "{} answered with something that isn’t JSON. {}",
                self.host,
                if self.provider.place == Place::Endpoint {
                    "Check that the endpoint is the model server’s own address."
                } else {
                    "If calls go through a proxy, check what it answers."
                }
            );
            self.problem(Verdict::StrangeAnswer, message)
        })
    }

    /// Makes several free calls at once and tells the status of each answer.
    pub async fn ask_each(&self, calls: Vec<Call>) -> Vec<Option<u16>> {
        const AT_ONCE: usize = 6;
        let answers = stream::iter(calls).map(|call| self.outbound.call(call)).buffered(AT_ONCE);
        answers.map(|answer| answer.ok().map(|answer| answer.status)).collect().await
    }

    /// Understands an answer.
    pub fn read(&self, answer: &Answer) -> Reading {
        classify(self.provider, answer.status, &answer.body)
    }

    /// The problem that an error answer stands for.
    pub fn answer_problem(&self, answer: &Answer) -> Problem {
        let reading = self.read(answer);
        let retry_after_s = answer.retry_after_s();
        let told = words::Told {
            provider: self.provider,
            target: self.target,
            secrets: self.secrets,
            host: &self.host,
            status: answer.status,
            retry_after_s,
        };
        let message = told.message(&reading);
        let step = if reading.key_accepted && self.stage == StepKind::KeyAccepted && is_about_models(reading.verdict) {
            StepKind::ModelsFound
        } else {
            self.stage
        };
        let quote = self.quote(answer.status, &reading);
        Problem { step, quote, retry_after_s, ..self.problem(reading.verdict, message) }
    }

    /// A problem at the present step.
    pub fn problem(&self, verdict: Verdict, message: impl Into<String>) -> Problem {
        Problem {
            verdict,
            step: self.stage,
            message: self.scrubber.scrub_own(&message.into()),
            quote: String::new(),
            field: words::field(self.provider, verdict),
            suggestion: None,
            retry_after_s: None,
            is_noted: false,
        }
    }

    /// The problem that what was stored can no longer be used.
    pub fn field_problem(&self, errors: &FieldErrors) -> Problem {
        let (name, error) = errors.iter().next().unzip();
        let message = error.map(|error: &FieldError| error.message.clone()).unwrap_or_default();
        let field = name.and_then(|name| self.provider.field(name)).map(|field| field.name);
        let suggestion = error.and_then(|error| error.suggestion.clone());
        Problem { step: StepKind::Address, field, suggestion, ..self.problem(Verdict::WrongEndpoint, message) }
    }

    /// Notes that the present step passed, and goes on to the next.
    pub fn pass(&mut self, title: impl Into<String>, detail: impl Into<String>) {
        self.note(Step {
            outcome: Outcome::Passed,
            title: title.into(),
            detail: detail.into(),
            ..not_tried(self.stage)
        });
        self.enter(next(self.stage));
    }

    /// Notes that the present step passed with something to know, and goes on to the next.
    pub fn warn(&mut self, title: impl Into<String>, detail: impl Into<String>) {
        self.note(Step {
            outcome: Outcome::Warning,
            title: title.into(),
            detail: detail.into(),
            ..not_tried(self.stage)
        });
        self.enter(next(self.stage));
    }

    /// Ends a check whose last step is a list of models.
    ///
    /// # Errors
    /// If the list is empty: such a key opens nothing.
    pub fn conclude(&mut self, models: Vec<OfferedModel>) -> Result<Proof, Problem> {
        let who = words::who(self.provider);
        if models.is_empty() {
            let message =
                format!("{who} accepted the key, but offers it no models. Check what the key may use at {who}.");
            return Err(self.problem(Verdict::NoPermission, message));
        }
        let message = words::works(self.provider, models.len());
        self.pass(format!("{} found", words::models(models.len())), "");
        Ok(Proof { models, ..Proof::new(message) })
    }

    async fn ask_once(&mut self, call: Call) -> Result<Answer, Problem> {
        let url = call.url.clone();
        if let Some(host) = url.host_str() {
            host.clone_into(&mut self.host);
        }
        let request = self.scrubber.scrub_own(&request_text(&call));
        self.last_exchange = Some(Exchange { request: request.clone(), answer: "No answer".to_owned() });
        let answer = self.outbound.call(call).await.map_err(|error| self.transport_problem(error))?;
        let shown: String = self.scrubber.scrub(&answer.text()).chars().take(SHOWN_BODY_CHARS).collect();
        let answer_text = format!("{} in {}\n{shown}", answer.status, words::duration(answer.took_ms));
        self.last_exchange = Some(Exchange { request, answer: answer_text });
        Ok(answer)
    }

    fn transport_problem(&self, error: CallError) -> Problem {
        let message = words::transport(self.provider, error, &self.host);
        self.problem(error.verdict(), message)
    }

    fn enter(&mut self, stage: StepKind) {
        self.stage = stage;
        self.step_began = Instant::now();
    }

    fn note(&mut self, step: Step) {
        let took_ms = Some(millis(self.step_began.elapsed()));
        let detail = self.scrubber.scrub_own(&step.detail);
        self.steps.push(Step { took_ms, detail, ..step });
    }

    /// "OpenAI answered 401, invalid_api_key: “Incorrect API key provided.”"
    fn quote(&self, status: u16, reading: &Reading) -> String {
        let who = words::who(self.provider);
        let code = reading.code.as_deref().map(|code| format!(", {code}")).unwrap_or_default();
        let words: String = reading.words.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut said: String = self.scrubber.scrub(&words).chars().take(QUOTED_CHARS).collect();
        if words.chars().count() > QUOTED_CHARS {
            said.push('…');
        }
        let said = if said.is_empty() { ".".to_owned() } else { format!(": “{said}”") };
        self.scrubber.scrub(&format!("{who} answered {status}{code}")) + &said
    }

    fn into_report(mut self, result: Result<Proof, Problem>, took_ms: u32) -> CheckReport {
        let report = match result {
            Ok(proof) => proof_report(proof),
            Err(problem) => self.report_problem(problem),
        };
        let mut steps = self.steps;
        for kind in self.provider.steps.iter().copied() {
            if !steps.iter().any(|step| step.kind == kind) {
                steps.push(not_tried(kind));
            }
        }
        let (scrubber, target) = (self.scrubber, self.target);
        without_echoes(CheckReport { steps, took_ms, ..report }, &scrubber, target)
    }

    fn report_problem(&mut self, problem: Problem) -> CheckReport {
        let is_past_the_key = matches!(problem.step, StepKind::ModelsFound | StepKind::JsonMode);
        if is_past_the_key && !self.steps.iter().any(|step| step.kind == StepKind::KeyAccepted) {
            let title = "Key accepted".to_owned();
            self.note(Step { outcome: Outcome::Passed, title, ..not_tried(StepKind::KeyAccepted) });
            self.step_began = Instant::now();
        }
        if !problem.is_noted {
            // Where the message stands at a field, the step need not repeat it.
            let is_told_elsewhere = problem.field.is_some() && !problem.quote.is_empty();
            let message = if is_told_elsewhere { "" } else { problem.message.as_str() };
            let detail = format!("{} {message}", problem.quote);
            let exchange = self.last_exchange.take();
            self.note(Step {
                outcome: Outcome::Failed,
                title: words::failed_title(problem.step, problem.verdict).to_owned(),
                detail: detail.trim().to_owned(),
                exchange,
                ..not_tried(problem.step)
            });
        }
        problem_report(problem)
    }
}

/// Leaves out names that a server made of our secret. What a person typed as the model's name stays.
fn without_echoes(mut report: CheckReport, scrubber: &Scrubber, target: &Target) -> CheckReport {
    let is_clean = |name: &String| target.deployment_name.as_ref() == Some(name) || scrubber.scrub_own(name) == *name;
    report.models.retain(|model| is_clean(&model.id));
    report.underlying_model = report.underlying_model.filter(is_clean);
    report.suggestion = report.suggestion.filter(is_clean);
    report
}

fn is_about_models(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::WrongModel | Verdict::WrongDeployment | Verdict::WrongProject | Verdict::ApiDisabled)
}

fn next(stage: StepKind) -> StepKind {
    match stage {
        StepKind::Address | StepKind::NetworkPolicy | StepKind::SecureConnection => StepKind::KeyAccepted,
        StepKind::KeyAccepted => StepKind::ModelsFound,
        StepKind::ModelsFound | StepKind::JsonMode => StepKind::JsonMode,
    }
}

/// Method, address and body. Headers are left out: all that matters in them is secret.
fn request_text(call: &Call) -> String {
    let head = format!("{} {}", call.method, call.url);
    match &call.body {
        Body::None => head,
        Body::Json(value) => format!("{head}\n{value:#}"),
        Body::Form(fields) => {
            let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            format!("{head}\n(a form with {})", names.join(", "))
        }
    }
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
