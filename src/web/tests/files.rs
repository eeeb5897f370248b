//! The templates and static files themselves.

use std::path::{Path, PathBuf};

use crate::web::icons::outline;

#[test]
fn the_style_sheet_finds_its_neighbours() {
    let sheet = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("static/app.css")).unwrap();
    for name in sheet.split("url(\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("static").join(name).exists(), "{name}");
    }
}

/// Every file below a folder.
pub(in crate::web) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn no_template_switches_escaping_off_or_writes_anything_inline() {
    let templates = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"));
    assert!(templates.len() > 3);
    for path in templates {
        let source = std::fs::read_to_string(&path).unwrap();
        for forbidden in
            ["|safe", "| safe", "|escape(\"none\"", "escape=", "escape =", " style=", " onclick=", "javascript:"]
        {
            assert!(!source.contains(forbidden), "{forbidden} in {}", path.display());
        }
    }
}

#[test]
fn every_icon_that_a_template_names_is_drawn() {
    let mut n_named = 0;
    for path in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")) {
        let source = std::fs::read_to_string(&path).unwrap();
        for name in source.split("icon(\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            n_named += 1;
            assert!(!outline(name).0.is_empty(), "no icon is called {name}, in {}", path.display());
        }
    }
    assert!(n_named > 5);
}

/// askama evaluates arguments and the content of a call among the macro's own names, so a page's `name` inside
/// one would silently become the macro's.
#[test]
fn names_in_macros_end_in_an_underscore_so_that_they_hide_nothing() {
    for path in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/ui")) {
        let source = std::fs::read_to_string(&path).unwrap();
        for tag in source.split("{% macro ").skip(1) {
            let parameters = tag.split_once('(').unwrap().1.split_once(") %}").unwrap().0;
            for parameter in parameters.split(',').map(str::trim).filter(|parameter| !parameter.is_empty()) {
                let name = parameter.split([':', ' ']).next().unwrap();
                assert!(name.ends_with('_'), "{name} in {}", path.display());
            }
        }
        for tag in source.split("{% let ").skip(1) {
            assert!(tag.split(' ').next().unwrap().ends_with('_'), "{tag:.20} in {}", path.display());
        }
    }
}

#[test]
fn style_sheet_and_script_keep_within_their_budgets() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("static");
    let size = |name: &str| std::fs::metadata(folder.join(name)).unwrap().len();
    assert!(size("app.js") <= 15 * 1024, "app.js has {} bytes", size("app.js"));
    assert!(size("app.css") <= 56 * 1024, "app.css has {} bytes", size("app.css"));
}
