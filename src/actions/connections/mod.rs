//! Adding, checking, replacing, changing and removing provider keys.

mod add;
mod change;
mod sealing;
mod verify;

pub use add::{Addition, add};
pub use change::{Change, edit, pause, remove, replace_key, resume, set_options, switch_models};
pub use sealing::open_secrets;
pub use verify::{check_scheduled, check_unasked, verify};

use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::check::CheckReport;
use crate::domain::connection::Target;
use crate::domain::secret::Secrets;
use crate::error::Result;
use crate::providers::Provider;

/// Whether a key has to pass its check before it is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// *Check and save*.
    Required,
    /// *Save without checking*: only after a check of the same input failed in a way that may work later.
    Waived,
}

/// How a save ended.
#[derive(Debug)]
pub enum Saved {
    /// It is stored.
    Yes {
        /// The connection's id.
        id: i64,
    },
    /// The check failed; nothing was stored.
    No(Box<CheckReport>),
}

/// Checks what somebody typed, once it is their organization's turn.
async fn check_for(
    app: &App,
    actor: &Actor,
    provider: &'static Provider,
    target: &Target,
    secrets: &Secrets,
) -> Result<CheckReport> {
    let _turn = app.call_limits.take_turn(actor.scope.id()).await?;
    Ok(provider.check(&app.outbound, target, secrets, app.clock.now()).await)
}
