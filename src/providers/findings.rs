//! How a check ends: with a proof or with a problem, and the report that either becomes.

use url::Url;

use crate::domain::check::{CheckReport, JsonMode, OfferedModel, Outcome, Step, StepKind, Verdict};

use super::words;

/// Why a check did not pass.
#[derive(Debug)]
pub struct Problem {
    /// The outcome.
    pub verdict: Verdict,
    /// The step that failed.
    pub step: StepKind,
    /// What to tell the person.
    pub message: String,
    /// What came back, in the provider's own words; may be empty.
    pub quote: String,
    /// The field that it belongs to.
    pub field: Option<&'static str>,
    /// A value for that field that would be right.
    pub suggestion: Option<String>,
    /// When to ask again, in seconds.
    pub retry_after_s: Option<u32>,
    /// Whether the step is already among the steps: the way to the server notes its own.
    pub(super) is_noted: bool,
}

/// What a check that did pass found out.
#[derive(Debug)]
pub struct Proof {
    /// [`Verdict::Ok`] or [`Verdict::Limited`].
    pub verdict: Verdict,
    /// What to tell the person.
    pub message: String,
    /// The models that can be used.
    pub models: Vec<OfferedModel>,
    /// Where chat requests go, for providers that leave that to the endpoint.
    pub chat_url: Option<Url>,
    /// The model behind a deployment.
    pub underlying_model: Option<String>,
    /// Custom servers only.
    pub json_mode: Option<JsonMode>,
}

impl Proof {
    /// A proof that all is well, with nothing but its words.
    #[must_use]
    pub fn new(message: String) -> Self {
        Self {
            verdict: Verdict::Ok,
            message,
            models: Vec::new(),
            chat_url: None,
            underlying_model: None,
            json_mode: None,
        }
    }
}

/// The report of a problem, still without its steps.
pub(super) fn problem_report(problem: Problem) -> CheckReport {
    CheckReport {
        verdict: problem.verdict,
        message: problem.message,
        field: problem.field,
        suggestion: problem.suggestion,
        retry_after_s: problem.retry_after_s,
        ..empty_report()
    }
}

/// The report of a proof, still without its steps.
pub(super) fn proof_report(proof: Proof) -> CheckReport {
    CheckReport {
        verdict: proof.verdict,
        message: proof.message,
        models: proof.models,
        chat_url: proof.chat_url.map(String::from),
        underlying_model: proof.underlying_model,
        json_mode: proof.json_mode,
        ..empty_report()
    }
}

/// A report that says nothing.
fn empty_report() -> CheckReport {
    CheckReport {
        verdict: Verdict::Ok,
        message: String::new(),
        field: None,
        suggestion: None,
        steps: Vec::new(),
        models: Vec::new(),
        chat_url: None,
        underlying_model: None,
        json_mode: None,
        retry_after_s: None,
        took_ms: 0,
    }
}

/// A step that was not reached.
pub(super) fn not_tried(kind: StepKind) -> Step {
    let title = words::step_title(kind).to_owned();
    Step { kind, outcome: Outcome::NotTried, title, detail: String::new(), took_ms: None, exchange: None }
}
