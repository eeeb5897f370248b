//! Colour, icon and hidden word of what a page can say about health, steps and messages. One table each, so
//! that a colour never stands without its icon.

use super::page::FlashTone;
use crate::domain::check::Outcome;
use crate::domain::connection::Tone;

/// How something looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The ending of the class: `status-ok`, `note-ok`; or, for a step, the class.
    pub class: &'static str,
    /// The icon's name.
    pub icon: &'static str,
    /// The word that screen readers hear where only the icon says it.
    pub word: &'static str,
}

/// The look of a health.
#[must_use]
pub fn tone(tone: &Tone) -> Look {
    match tone {
        Tone::Good => Look { class: "status-ok", icon: "ok", word: "" },
        Tone::Warn => Look { class: "status-warn", icon: "warn", word: "" },
        Tone::Pause => Look { class: "status-warn", icon: "pause", word: "" },
        Tone::Bad => Look { class: "status-bad", icon: "bad", word: "" },
        Tone::Quiet => Look { class: "status-quiet", icon: "ring", word: "" },
    }
}

/// The look of a step of a check.
#[must_use]
pub fn outcome(outcome: &Outcome) -> Look {
    match outcome {
        Outcome::Passed => Look { class: "ok", icon: "ok", word: "Passed" },
        Outcome::Warning => Look { class: "warn", icon: "warn", word: "Warning" },
        Outcome::Failed => Look { class: "bad", icon: "bad", word: "Failed" },
        Outcome::NotTried => Look { class: "skip-step", icon: "skip", word: "Not tried" },
    }
}

/// The look of a message.
#[must_use]
pub fn flash(tone: &FlashTone) -> Look {
    match tone {
        FlashTone::Ok => Look { class: "note-ok", icon: "ok", word: "" },
        FlashTone::Warn => Look { class: "note-warn", icon: "warn", word: "" },
        FlashTone::Bad => Look { class: "note-bad", icon: "bad", word: "" },
    }
}
