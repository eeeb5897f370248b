//! The shell and its macros, rendered with sample data. They are tested here rather than in `tests/it` because
//! the macros name functions of this crate.

pub(super) mod files;
mod http;

use actix_web::ResponseError;
use askama::Template;
use scraper::{ElementRef, Html, Selector};

use super::error_pages::ErrorPage;
use super::page::{Flash, FlashTone, Page, Section};
use crate::clock::Timestamp;
use crate::domain::actor::{Actor, OrgScope};
use crate::domain::check::{Exchange, Outcome, Step, StepKind};
use crate::domain::connection::Health;
use crate::domain::field_errors::{FieldError, FieldErrors};
use crate::domain::role::Role;
use crate::domain::theme::Theme;
use crate::error::Error;
use crate::providers::form::{HelpBlock, HelpSection, Piece, Prose};

/// Every macro once.
#[derive(Template)]
#[template(
    ext = "html",
    source = r##"{% extends "layout.html" %}
{% import "ui/parts.html" as ui %}
{% import "ui/form.html" as form %}
{% block title %}{{ form::title_prefix(errors) }}Connect a custom model{% endblock %}
{% block crumbs_nav %}{% call ui::crumbs() %}{{ ui::crumb(page, "/providers", "Providers") }}{{ ui::here("Custom") }}{% endcall %}{% endblock %}
{% block content %}
<div class="head"><div class="conn-head">{{ ui::tile("Cu", "tile-l") }}<div><h1>Connect a custom model</h1>{{ ui::pill(health) }}<p>Key {{ ui::fp(page, tail) }} · verified {{ ui::ago(then, page.now) }} · {{ ui::fp(page, no_tail) }}</p></div></div>
<div class="btns">{{ form::act(page, "/providers/7/verify", "Verify", "Verifying…", name, "btn-s") }}{% call ui::menu(page, name) %}{{ ui::menu_link(page, "/providers/7/edit", "edit", "Edit", "") }}{{ ui::menu_post(page, "/providers/7/pause", "pause", "Pause") }}{{ ui::menu_link(page, "/providers/7/remove", "bin", "Remove…", "danger") }}{% endcall %}</div></div>
<div class="split"><form class="form" method="post" novalidate>
{{ form::csrf(page) }}{{ form::errors(errors) }}
{% call ui::panel("check", "What happened") %}<div class="panel-body">{{ ui::steps(steps) }}</div>{% endcall %}
{% call form::field("name", "Name", name, errors, kind_ = "code", placeholder_ = "llama3.2", list_ = "names") %}Exactly as your server spells it.{% endcall %}{{ form::datalist("names", ["llama3.2", "qwen2.5"]) }}
{% call form::field("endpoint", "Endpoint", typed, errors, kind_ = "url") %}Ends in <code>/v1</code>{% endcall %}
{% call form::secret("api_key", "API key", errors) %}{{ ui::prose(page, hint) }}{% endcall %}
{% call form::secret("auth_token", "Auth token", errors, optional_ = true) %}Only for a gateway.{% endcall %}
{% call form::area("note", "Note", typed, errors, optional_ = true) %}{% endcall %}
{% call form::select("role", "Role", "reviewer", choices, errors, class_ = "w-m") %}{% endcall %}
{% call form::password("password", "Password", errors, "current-password") %}{% endcall %}
{% call form::key_file("credentials", "Service account key", "upload", errors) %}The JSON file.{% endcall %}
{% call form::key_file("pasted", "Service account key", "paste", errors) %}The JSON file.{% endcall %}
<div class="field"><span class="label">Appearance</span><div class="seg" role="radiogroup" aria-label="Appearance">{{ form::seg("theme", "system", "System", true) }}{{ form::seg("theme", "dark", "Dark", false) }}</div></div>
<div class="actions">{{ form::go("Check and save", "Checking…") }}<a class="btn btn-bare" href="/providers">Cancel</a></div>
</form>{{ ui::help(page, help) }}</div>
<p>In the {{ ui::out("https://portal.azure.com", "Azure portal") }}</p><dl class="facts">{% call ui::fact("Added") %}{{ ui::day(then, page.now) }}{% endcall %}</dl>
{% call ui::note("info") %}<p>{{ ui::status(health) }} {{ ui::state("status-ok", "ok", "On") }} {{ ui::moment(then, page.now) }}</p>{% endcall %}
{% call ui::more("Azure", "open") %}{% call ui::code("az", "Azure command") %}az {{ name }}{% endcall %}{% endcall %}
{{ ui::copy("203.0.113.10", "Copy", "203.0.113.10") }}
{% call ui::scroll("Table of models") %}<table class="table"><tr><td>{{ form::switch("model", name, name, true) }}</td></tr></table>{% endcall %}
{% call ui::empty("key", "No models yet") %}<p>Ask an Owner.</p>{% endcall %}
{{ ui::pager("1–9 of 214", no_tail, older) }}
{% endblock %}"##
)]
struct Sampler {
    page: Page,
    errors: FieldErrors,
    health: Health,
    name: String,
    typed: String,
    tail: Option<String>,
    no_tail: Option<String>,
    older: Option<String>,
    then: Timestamp,
    steps: Vec<Step>,
    choices: Vec<(&'static str, String)>,
    hint: Prose,
    help: &'static [HelpSection],
}

const HINT: Prose = &[
    Piece::Text("Starts with "),
    Piece::Code("sk-"),
    Piece::Text(". See "),
    Piece::Strong("Keys & tokens"),
    Piece::Text(" on "),
    Piece::Link { href: "https://vendor.example/keys", text: "their site" },
    Piece::Text(" or "),
    Piece::Link { href: "/network", text: "our addresses" },
];

const HELP: &[HelpSection] = &[HelpSection {
    heading: "Find your key",
    blocks: &[
        HelpBlock::Paragraph(HINT),
        HelpBlock::Steps(&[HINT, HINT]),
        HelpBlock::List(&[HINT]),
        HelpBlock::Facts(&[("Name", HINT)]),
    ],
}];

const HOSTILE: &str = "\"><script>alert(1)</script>";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
}

fn now() -> Timestamp {
    at("2025-11-21 13:42:07")
}

fn actor(role: Role) -> Actor {
    Actor {
        user_id: 1,
        name: "Mara Lindqvist".into(),
        email: "mara@fennel.example".into(),
        role,
        scope: OrgScope::granted(1),
        organization: "Fennel & Labs".into(),
        ip: None,
        token: None,
    }
}

fn page(role: Role) -> Page {
    let flash = Flash {
        tone: FlashTone::Ok,
        title: "OpenAI is connected.".into(),
        text: "12 models are ready.".into(),
        link: Some(("/providers/7".into(), "Choose which ones to offer".into())),
        about: Some(7),
    };
    Page { n_attention: 3, flash: Some(flash), ..Page::new(&actor(role), Section::Providers, "token".into(), now()) }
}

fn step(outcome: Outcome, exchange: Option<Exchange>) -> Step {
    Step {
        kind: StepKind::KeyAccepted,
        outcome,
        title: "Key not accepted".into(),
        detail: "OpenAI answered 401.".into(),
        took_ms: Some(1249),
        exchange,
    }
}

fn sampler(role: Role) -> Sampler {
    let mut errors = FieldErrors::default();
    errors.add(
        "",
        FieldError {
            link: Some(("/providers/7".into(), "Replace its key".into())),
            ..FieldError::from("OpenAI is already connected.")
        },
    );
    let suggestion = Some("https://llm.fennel.example/v1".to_owned());
    errors.add("endpoint", FieldError { suggestion, ..FieldError::from("The endpoint must end in /v1. Add it.") });
    for field in ["api_key", "note", "role", "password", "credentials", "pasted"] {
        errors.add(field, format!("Enter the {field}. It’s needed."));
    }
    let exchange = Exchange { request: HOSTILE.into(), answer: "401".into() };
    Sampler {
        page: page(role),
        errors,
        health: Health::CannotConnect,
        name: HOSTILE.into(),
        typed: "https://llm.fennel.example".into(),
        tail: Some("x4Qa".into()),
        no_tail: None,
        older: Some("/audit?before=7".into()),
        then: at("2025-11-20 16:20:00"),
        steps: vec![step(Outcome::Passed, None), step(Outcome::Failed, Some(exchange)), step(Outcome::NotTried, None)],
        hint: HINT,
        help: HELP,
        choices: vec![("owner", "Owner".into()), ("reviewer", "Reviewer".into())],
    }
}

fn select<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

#[track_caller]
fn the<'a>(html: &'a Html, selector: &str) -> ElementRef<'a> {
    let found = select(html, selector);
    assert_eq!(found.len(), 1, "{selector} in {}", html.html());
    found[0]
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What holds for every page.
#[track_caller]
fn assert_sound(html: &Html) {
    the(html, "h1");
    the(html, "main#main");
    for element in select(html, "*") {
        for (name, value) in element.value().attrs() {
            assert!(name != "style" && !name.starts_with("on"), "{name}={value}");
        }
    }
    assert!(select(html, "style, script:not([src])").is_empty(), "something is inline");
    let mut ids: Vec<_> = select(html, "[id]").iter().map(|e| e.attr("id").unwrap()).collect();
    let n_ids = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), n_ids, "an id is used twice: {ids:?}");
    for input in select(html, "input:not([type=hidden]), select, textarea") {
        assert!(is_named(html, input), "without a label: {}", input.html());
    }
    for name in ["aria-describedby", "aria-labelledby", "for", "data-reveal", "data-use", "data-summary"] {
        for element in select(html, &format!("[{name}]")) {
            for id in element.attr(name).unwrap().split(' ') {
                assert!(ids.binary_search(&id).is_ok(), "{name} names {id}, which is not there");
            }
        }
    }
    for icon in select(html, "svg.i") {
        assert!(
            icon.children().next().is_some(),
            "an icon without an outline near {:?}",
            icon.parent().map(|p| p.value().clone())
        );
    }
}

/// Whether an input has a label of its own, stands in one, or has an accessible name.
fn is_named(html: &Html, input: ElementRef<'_>) -> bool {
    let by_id = input.attr("id").is_some_and(|id| select(html, "label").iter().any(|l| l.attr("for") == Some(id)));
    let inside = input.ancestors().filter_map(ElementRef::wrap).any(|e| e.value().name() == "label");
    by_id || inside || input.attr("aria-label").is_some()
}

#[test]
fn every_macro_draws_sound_markup() {
    let html = sampler(Role::Owner).render().unwrap();
    assert_sound(&Html::parse_document(&html));
    assert!(!html.contains("<script>alert"), "{html}");
}

#[test]
fn an_error_stands_at_its_field_and_in_the_summary_with_the_same_words() {
    let html = Html::parse_document(&sampler(Role::Owner).render().unwrap());
    assert!(text(the(&html, "title")).starts_with("Error: Connect a custom model · Fennel & Labs · Claviger"));
    let summary = the(&html, ".errors[data-arrive]");
    assert_eq!(text(the(&html, ".errors h2")), "There is a problem");
    assert!(text(summary).contains("OpenAI is already connected. Replace its key"));
    assert_eq!(text(the(&html, ".errors a[href='#endpoint']")), "The endpoint must end in /v1");
    assert_eq!(
        text(the(&html, "#endpoint-error > span")),
        "Error: The endpoint must end in /v1. Add it. Use this: https://llm.fennel.example/v1"
    );
    for link in select(&html, ".errors a[href^='#']") {
        let input = the(&html, &format!("[id='{}']", link.attr("href").unwrap().trim_start_matches('#')));
        assert_eq!(input.attr("aria-invalid"), Some("true"), "{}", input.html());
        assert!(input.attr("aria-describedby").unwrap().contains("-error"));
    }
    assert_eq!(the(&html, "#name").attr("aria-invalid"), None);
}

#[test]
fn the_error_stands_between_hint_and_input() {
    let html = Html::parse_document(&sampler(Role::Owner).render().unwrap());
    let field = ElementRef::wrap(the(&html, "#endpoint").parent().unwrap()).unwrap();
    let order: Vec<_> = field.child_elements().map(|e| e.attr("id").or(e.attr("for")).unwrap_or_default()).collect();
    assert_eq!(order, ["endpoint", "endpoint-hint", "endpoint-error", "endpoint"]);
}

#[test]
fn prose_is_marked_up_and_links_out_open_a_new_tab() {
    let html = Html::parse_document(&sampler(Role::Owner).render().unwrap());
    assert_eq!(
        the(&html, "#api_key-hint").inner_html(),
        "Starts with <code>sk-</code>. See <b>Keys &amp; tokens</b> on <a href=\"https://vendor.example/keys\" \
         rel=\"noreferrer\" target=\"_blank\">their site<span class=\"vh\"> (opens in a new tab)</span></a> or \
         <a href=\"/network\">our addresses</a>"
    );
    assert_eq!(select(&html, ".help ol > li").len(), 2);
    assert_eq!(select(&html, ".help ul > li, .help dl > dd, .help section > p").len(), 3);
}

#[test]
fn a_suggestion_is_a_button_that_works_without_script() {
    let html = Html::parse_document(&sampler(Role::Owner).render().unwrap());
    let button = the(&html, "form button[name=use_endpoint]");
    assert_eq!(button.attr("value"), Some("https://llm.fennel.example/v1"));
    assert_eq!(button.attr("data-use"), Some("endpoint"));
}

#[test]
fn what_was_typed_is_still_there_but_no_secret_is() {
    let html = Html::parse_document(&sampler(Role::Owner).render().unwrap());
    assert_eq!(the(&html, "#endpoint").attr("value"), Some("https://llm.fennel.example"));
    assert_eq!(the(&html, "#name").attr("value"), Some(HOSTILE));
    assert_eq!(text(the(&html, "#az")), format!("az {HOSTILE}"));
    assert_eq!(text(the(&html, "#note")), "https://llm.fennel.example");
    assert_eq!(the(&html, "#role option[selected]").attr("value"), Some("reviewer"));
    for secret in select(&html, ".secret, [type=password]") {
        assert_eq!(secret.attr("value"), None);
        assert_eq!(text(secret), "");
        assert_ne!(secret.attr("autocomplete"), None);
    }
    assert_eq!(the(&html, "#api_key").attr("type"), Some("text"));
}

#[test]
fn the_navigation_shows_what_the_role_may_open() {
    for (role, entries) in [
        (
            Role::Owner,
            vec![
                "Providers",
                "Base models",
                "Supported models",
                "Network access",
                "Members",
                "API tokens",
                "Embedding",
                "Audit log",
            ],
        ),
        (
            Role::Administrator,
            vec![
                "Providers",
                "Base models",
                "Supported models",
                "Network access",
                "Members",
                "API tokens",
                "Audit log",
            ],
        ),
        (Role::Manager, vec!["Base models", "Supported models", "API tokens"]),
        (Role::Annotator, vec!["Base models", "Supported models", "API tokens"]),
    ] {
        let html = Html::parse_document(&sampler(role).render().unwrap());
        let shown: Vec<_> = select(&html, ".nav-list a").into_iter().map(text).collect();
        let shown: Vec<_> = shown.iter().map(|entry| entry.split('3').next().unwrap()).collect();
        assert_eq!(shown, entries, "{role}");
    }
}

#[test]
fn the_present_entry_and_the_attention_count_are_told_in_words() {
    let html = Html::parse_document(&sampler(Role::Owner).render().unwrap());
    assert_eq!(text(the(&html, ".nav-list a[aria-current=page]")), "Providers3 need attention");
}

#[test]
fn signing_out_is_a_post_with_the_form_token() {
    let html = Html::parse_document(&sampler(Role::Owner).render().unwrap());
    let token = the(&html, "form[action='/sign-out'][method=post] input[name=csrf]");
    assert_eq!(token.attr("value"), Some("token"));
}

#[test]
fn a_chosen_theme_is_on_the_root_and_the_systems_is_not() {
    let mut sample = sampler(Role::Owner);
    assert!(!sample.render().unwrap().contains("data-theme"));
    sample.page.theme = Theme::Dark;
    let html = Html::parse_document(&sample.render().unwrap());
    assert_eq!(the(&html, "html").attr("data-theme"), Some("dark"));
}

fn drawn(page: &ErrorPage) -> Html {
    Html::parse_document(&page.html(uuid::Uuid::nil(), Page::outside(String::new(), now())).unwrap())
}

#[test]
fn error_pages_need_no_viewer_and_say_how_to_go_on() {
    let helpers = ["Tomás Rey".to_owned(), "Priya Nair".to_owned()];
    for page in [
        ErrorPage::bad_request(),
        ErrorPage::not_signed_in(),
        ErrorPage::stale_form(),
        ErrorPage::no_access(),
        ErrorPage::forbidden(&actor(Role::Manager), &helpers),
        ErrorPage::not_found(),
        ErrorPage::wrong_method(),
        ErrorPage::link_closed(),
        ErrorPage::too_large(),
        ErrorPage::too_many_tries(61),
        ErrorPage::our_fault(),
        ErrorPage::unavailable(),
        ErrorPage::from(Error::field("api_key", "Enter the API key.")),
    ] {
        let html = drawn(&page);
        assert_sound(&html);
        assert!(!select(&html, ".oops .btn").is_empty(), "no way on: {}", html.html());
        assert_eq!(text(the(&html, ".oops .num")), page.status_code().as_u16().to_string());
    }
}

#[test]
fn a_refused_member_reads_who_they_are_and_whom_to_ask() {
    let helpers = ["Tomás Rey".to_owned(), "Priya Nair".to_owned()];
    let words = text(the(&drawn(&ErrorPage::forbidden(&actor(Role::Manager), &helpers)), "main"));
    assert!(words.contains("You’re signed in as Mara Lindqvist, a Manager."), "{words}");
    assert!(words.contains("Who can helpTomás Rey, Priya Nair"), "{words}");
}

#[test]
fn only_errors_of_the_server_name_the_reference_of_the_log() {
    let facts = text(the(&drawn(&ErrorPage::our_fault()), ".oops .facts"));
    assert_eq!(facts, "Reference00000000-0000-0000-0000-000000000000Time21 Nov 2025, 13:42:07 UTC");
    assert!(select(&drawn(&ErrorPage::not_found()), ".facts").is_empty());
}
