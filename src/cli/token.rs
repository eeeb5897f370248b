//! `claviger token …`: API tokens for scripts that nobody opens a browser for.

use std::io::{self, Write};

use clap::Subcommand;

use super::Failure;
use crate::actions::api_tokens::{self as actions, Wanted};
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::api_token::{ApiScope, ApiScopes, ApiTokenKind};
use crate::domain::person::Email;
use crate::error::Error;
use crate::store::api_tokens::{self, ApiTokenRow};
use crate::store::users;

/// What to do with API tokens.
#[derive(Subcommand)]
pub enum Command {
    /// Make a token and print it, and nothing else. It cannot be printed again.
    Create {
        /// The email address of the person whom the token speaks for.
        #[arg(long, value_parser = Email::parse)]
        email: Email,
        /// personal or legacy.
        #[arg(long, default_value = "personal", value_parser = read_kind)]
        kind: ApiTokenKind,
        /// read, connections or models; may be given several times. Everything if it is left out.
        #[arg(long = "scope", value_name = "SCOPE", value_parser = read_scope)]
        scopes: Vec<ApiScope>,
        /// How many days it works. Left out, a personal one works as long as the organization allows, and a legacy one
        /// for ever.
        #[arg(long, value_name = "DAYS")]
        expires: Option<i64>,
        /// What the lists call it.
        #[arg(long, default_value = "By command line")]
        name: String,
    },
    /// List somebody's tokens, newest first: number, kind, scopes, times, name.
    List {
        /// The email address of the person whose they are.
        #[arg(long, value_parser = Email::parse)]
        email: Email,
    },
    /// Revoke a token. It opens nothing from the next request on.
    Revoke {
        /// The token's number, as `list` prints it.
        id: i64,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`], in a sentence.
pub async fn run(app: &App, command: Command) -> Result<(), Failure> {
    match command {
        Command::Create { email, kind, scopes, expires, name } => {
            let scopes = if scopes.is_empty() { ApiScopes::ALL } else { ApiScopes::of(scopes) };
            create(app, &email, Wanted { kind, name, scopes, days: expires }).await
        }
        Command::List { email } => list(app, email).await,
        Command::Revoke { id } => revoke(app, id).await,
    }
}

async fn create(app: &App, email: &Email, wanted: Wanted) -> Result<(), Failure> {
    let made = actions::create_for(app, email.as_str(), wanted).await?;
    // Whoever captures the output must not take a cut one for a token.
    let mut out = io::stdout();
    writeln!(out, "{}", made.token.expose())
        .and_then(|()| out.flush())
        .map_err(|e| Failure(format!("the token could not be printed ({e}); revoke it and create another")))
}

async fn list(app: &App, email: Email) -> Result<(), Failure> {
    let address = email.as_str().to_owned();
    let rows = app
        .db
        .read(move |conn| {
            let account = users::account(conn, &address)?;
            account.map(|account| api_tokens::of_user(conn, account.id)).transpose()
        })
        .await?;
    let rows = rows.ok_or_else(|| Failure(format!("Nobody signs in with the address {}.", email.as_str())))?;
    for row in rows {
        println!("{}", line(&row));
    }
    Ok(())
}

async fn revoke(app: &App, id: i64) -> Result<(), Failure> {
    match actions::revoke_for_operator(app, id).await {
        Ok(row) => {
            println!("Revoked {}.", row.name);
            Ok(())
        }
        Err(Error::NotFound) => {
            Err(Failure(format!("There is no token {id}. `claviger token list --email …` lists somebody's.")))
        }
        Err(error) => Err(error.into()),
    }
}

fn line(row: &ApiTokenRow) -> String {
    let day = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%d").to_string());
    format!(
        "{}\t{}\t{}\texpires {}\tlast used {}\t{}",
        row.id,
        row.kind().slug(),
        row.scopes(),
        day(row.expires_at),
        day(row.last_used_at),
        row.name
    )
}

fn read_kind(text: &str) -> Result<ApiTokenKind, &'static str> {
    ApiTokenKind::from_slug(text).ok_or("expected personal or legacy")
}

fn read_scope(text: &str) -> Result<ApiScope, &'static str> {
    ApiScope::from_slug(text).ok_or("expected read, connections or models")
}
