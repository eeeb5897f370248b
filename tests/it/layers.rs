//! Who may name whom inside the product, read from its text. The map in `src/lib.rs` says why.

use std::path::Path;

use crate::support::sources::product;

/// A module of the crate and the modules that it may name, besides itself and [`FOR_ALL`].
const MAY_NAME: &[(&str, &[&str])] = &[
    // Pure: nothing of ours but the type of a moment.
    ("domain", &["clock"]),
    ("clock", &[]),
    ("error", &["domain"]),
    // Its values are those that the guarded client is built with.
    ("config", &["providers"]),
    ("process", &[]),
    ("trace", &[]),
    // Know the domain and nobody who could call them.
    ("vault", &["domain"]),
    ("providers", &["domain"]),
    ("store", &["domain"]),
    ("catalog", &["domain", "providers"]),
    ("connection", &["domain", "providers", "store", "vault"]),
    // What is opened once, and what works with it.
    ("files", &["app"]),
    ("app", &["auth", "base_models", "catalog", "connection", "domain", "files", "providers", "store", "vault"]),
    ("auth", &["app", "domain", "store"]),
    ("base_models", &["app", "catalog", "connection", "domain", "providers", "store"]),
    ("actions", &["app", "auth", "base_models", "catalog", "connection", "domain", "providers", "store", "vault"]),
    // The front doors may name all of that, and never each other.
    ("web", BELOW_THE_DOORS),
    ("api", BELOW_THE_DOORS),
    ("cli", BELOW_THE_DOORS),
    ("jobs", BELOW_THE_DOORS),
    ("server", &["api", "app", "auth", "trace", "web"]),
];

const BELOW_THE_DOORS: &[&str] =
    &["actions", "app", "auth", "base_models", "catalog", "connection", "domain", "providers", "store", "vault"];

/// What everything above `domain` may name.
const FOR_ALL: [&str; 3] = ["clock", "config", "error"];

/// Crates of others that are one module's own affair.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("actix_web", &["api", "auth", "main", "server", "trace", "web"]),
    ("actix_session", &["auth", "server", "web"]),
    ("aes_gcm", &["vault"]),
    ("argon2", &["auth"]),
    ("diesel", &["error", "store"]),
    ("hkdf", &["vault"]),
    ("reqwest", &["providers"]),
    ("roxmltree", &["domain"]),
    ("rustix", &["process"]),
];

/// Where the right to an organization's rows may be made, by the beginning of the path and the function.
const MAY_GRANT: &[(&str, &str)] = &[
    ("domain/actor.rs", "granted"),
    // Somebody has just been authenticated.
    ("auth/", ""),
    ("actions/sessions.rs", ""),
    ("actions/embedding/launch.rs", ""),
    // The organization has just been made.
    ("actions/organizations.rs", ""),
    // Nobody asks: the operator, or the clock.
    ("cli/", ""),
    ("actions/passwords.rs", "set"),
    ("actions/api_tokens.rs", "create_for"),
    ("actions/api_tokens.rs", "revoke_for_operator"),
    ("jobs.rs", ""),
    ("store/connections.rs", "take_due"),
    // Whoever found the row has shown the link’s secret.
    ("store/invitations.rs", "scope"),
    ("store/password_links.rs", "holder"),
];

#[test]
fn nobody_names_who_is_above_them() {
    let found: Vec<String> = product().iter().flat_map(|(path, text)| named_from_above(path, text)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn crates_stay_in_the_module_whose_affair_they_are() {
    let found: Vec<String> = product().iter().flat_map(|(path, text)| crates_out_of_place(path, text)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_right_to_an_organization_is_made_where_somebody_was_authenticated() {
    let found: Vec<String> = product().iter().flat_map(|(path, text)| rights_out_of_place(path, text)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn pages_do_not_write_to_the_database() {
    let pages = product().into_iter().filter(|(path, _)| matches!(module(path), "api" | "web") && !is_test(path));
    for (path, text) in pages {
        for (number, line) in code(&text) {
            assert!(!line.contains("db.write("), "{}:{number} writes; let an action do it", path.display());
        }
    }
}

#[test]
fn the_schema_is_private_to_the_store() {
    let sources = product();
    let (_, store) = sources.iter().find(|(path, _)| path == Path::new("store/mod.rs")).expect("the store");
    assert!(code(store).any(|(_, line)| line == "mod schema;"), "schema.rs is not a private module");
    for (path, text) in sources.iter().filter(|(path, _)| module(path) != "store") {
        for (number, line) in code(text) {
            assert!(!line.contains("store::schema"), "{}:{number} names the schema", path.display());
        }
    }
}

#[test]
fn every_module_has_its_place_in_the_table() {
    for (path, _) in product() {
        let module = module(&path);
        let is_root = module == "lib" || module == "main";
        assert!(is_root || MAY_NAME.iter().any(|(name, _)| *name == module), "{module} has no place in the table");
    }
}

#[test]
fn these_guards_catch_what_they_are_for() {
    let caught = |path: &str, text: &str| !named_from_above(Path::new(path), text).is_empty();
    assert!(caught("domain/role.rs", "use crate::store::Db;"));
    assert!(caught("domain/role.rs", "use crate::error::Error;"));
    assert!(caught("store/users.rs", "fn f() { crate::vault::seal() }"));
    assert!(caught("web/page.rs", "use crate::cli;"));
    assert!(caught("actions/egress.rs", "use crate::{app::App, web::Page};"));
    assert!(caught("actions/egress.rs", "use crate::{\n    app::App,\n    web::Page,\n};"));
    assert!(caught("store/users.rs", "use super::super::vault;"));
    assert!(caught("store/mod.rs", "use super::vault;"));
    assert!(caught("clock.rs", "use super::app;"));
    assert!(!caught("store/users.rs", "//! See [`crate::vault`].\nuse crate::domain::role::Role;\nuse super::Conn;"));
    assert!(!caught("app.rs", "mod tests {\n    use super::App;\n}"));
    assert!(!caught("actions/egress.rs", "pub(crate) fn f() {}\nuse crate::{app::App, error::{Error, Result}};"));

    assert!(!crates_out_of_place(Path::new("web/page.rs"), "use diesel::prelude::*;").is_empty());
    assert!(crates_out_of_place(Path::new("store/users.rs"), "use diesel::prelude::*;").is_empty());

    let granted = "fn take_due() {}\nfn other() {\n    OrgScope::granted(1)\n}";
    assert!(!rights_out_of_place(Path::new("store/connections.rs"), granted).is_empty());
    assert!(!rights_out_of_place(Path::new("web/page.rs"), granted).is_empty());
    assert!(rights_out_of_place(Path::new("auth/extract.rs"), granted).is_empty());
    assert!(!rights_out_of_place(Path::new("web/page.rs"), "id.map(OrgScope::granted)").is_empty());
}

/// The modules of the crate that a file names and may not.
fn named_from_above(path: &Path, text: &str) -> Vec<String> {
    let from = module(path);
    let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == from) else { return Vec::new() };
    let is_common = |name: &str| !["domain", "clock", "error"].contains(&from) && FOR_ALL.contains(&name);
    let may = |name: &str| name == from || allowed.contains(&name) || is_common(name) || is_test(path);
    named(path, text)
        .into_iter()
        .filter(|(_, name)| !may(name))
        .map(|(number, name)| format!("{}:{number}: {from} may not name {name}", path.display()))
        .collect()
}

/// Each top module of the crate that the code names, with the line.
fn named(path: &Path, text: &str) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    let mut group = None;
    for (number, line) in code(text) {
        if let Some(depth) = group {
            group = read_group(line, depth, number, &mut names);
            continue;
        }
        for rest in line.split("crate::").skip(1) {
            match rest.strip_prefix('{') {
                Some(inside) => group = read_group(inside, 1, number, &mut names),
                None => names.extend(first_word(rest).map(|word| (number, word))),
            }
        }
        names.extend(climbed_to(path, line).map(|word| (number, word)));
    }
    names
}

/// Reads on in `crate::{…}`: a name at its first level is a top module. Answers the depth if it goes on.
fn read_group(text: &str, mut depth: usize, number: usize, names: &mut Vec<(usize, String)>) -> Option<usize> {
    let mut is_start = true;
    for (place, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 1 => return None,
            '}' => depth -= 1,
            ',' => is_start = true,
            _ if is_start && depth == 1 && letter.is_alphabetic() => {
                names.extend(first_word(&text[place..]).map(|word| (number, word)));
                is_start = false;
            }
            _ => {}
        }
    }
    Some(depth)
}

/// The top module that `super::super::…` leads to. Indented lines may be in a module inside the file, from where
/// it is one step more.
fn climbed_to(path: &Path, line: &str) -> Option<String> {
    let (_, rest) = line.split_once("super::")?;
    let mut n_steps = 1;
    let mut rest = rest;
    while let Some(further) = rest.strip_prefix("super::") {
        (rest, n_steps) = (further, n_steps + 1);
    }
    let depth = path.components().count() - usize::from(path.ends_with("mod.rs"));
    let n_to_the_root = if line.starts_with("use ") || line.starts_with("pub use ") { depth } else { depth + 1 };
    (n_steps >= n_to_the_root).then(|| first_word(rest)).flatten()
}

/// The crates that a file names and that are not its affair.
fn crates_out_of_place(path: &Path, text: &str) -> Vec<String> {
    let from = module(path);
    let mut found = Vec::new();
    for (name, allowed) in ONLY_IN.iter().filter(|(_, allowed)| !allowed.contains(&from)) {
        let lines = code(text).filter(|(_, line)| line.contains(&format!("{name}::")));
        found.extend(lines.map(|(number, _)| format!("{}:{number}: {name} is for {allowed:?}", path.display())));
    }
    found
}

/// The lines that make a right to an organization's rows and may not.
fn rights_out_of_place(path: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut function = "";
    for (number, line) in code(text) {
        if let Some((_, rest)) = line.split_once("fn ") {
            function = rest.split(['(', '<']).next().unwrap_or_default();
        }
        let may = MAY_GRANT.iter().any(|(place, inside)| {
            path.to_string_lossy().starts_with(place) && (inside.is_empty() || *inside == function)
        });
        // Also where the function is passed on, not called: map(OrgScope::granted).
        let makes = line.contains("::granted") || line.contains("fn granted");
        if makes && !may && !is_test(path) {
            found.push(format!("{}:{number}: {function} makes a right to an organization", path.display()));
        }
    }
    found
}

/// The top module that a file belongs to.
fn module(path: &Path) -> &str {
    let top = path.components().next().and_then(|top| top.as_os_str().to_str()).expect("a name");
    top.strip_suffix(".rs").unwrap_or(top)
}

/// Whether a file holds tests only.
fn is_test(path: &Path) -> bool {
    path.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")))
}

/// The numbered lines of a text that are not comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    let is_module = word.starts_with(|letter: char| letter.is_lowercase());
    is_module.then_some(word)
}
