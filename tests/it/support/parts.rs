//! Which of the real parts are installed.

use std::path::PathBuf;

/// What to do where a part that the tests want is not installed: CI must not skip, a person may.
///
/// # Panics
/// If `CI=true` or `TEST_REQUIRE_REAL_PARTS` is set.
#[track_caller]
pub fn skip_without(part: &str) {
    let required = environment("CI").is_some_and(|ci| ci == "true") || environment("TEST_REQUIRE_REAL_PARTS").is_some();
    assert!(!required, "{part} is missing; scripts/test installs it");
    eprintln!("SKIPPED: {part} is missing; scripts/test installs it");
}

/// A variable of the tests' own environment.
#[expect(clippy::disallowed_methods, reason = "the rule is for the product’s settings")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The folder of the tests’ Python packages, made by `scripts/test`.
pub fn venv() -> PathBuf {
    environment("TEST_VENV").map_or_else(|| project().join(".cache/venv"), PathBuf::from)
}

/// The folder of this project.
pub fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
