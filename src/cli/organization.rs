//! `claviger organization …`.

use clap::Subcommand;

use super::Failure;
use super::password::PasswordSource;
use crate::actions::organizations::{self, Founding};
use crate::app::App;
use crate::domain::person::Email;

/// What to do with organizations.
#[derive(Subcommand)]
pub enum Command {
    /// Add an organization with its Owner.
    Add {
        /// The organization's name.
        #[arg(long)]
        name: String,
        /// The Owner's email address. Nobody may sign in with it yet.
        #[arg(long, value_parser = Email::parse)]
        email: Email,
        /// The Owner's name; what stands before the @ if it is left out.
        #[arg(long, value_name = "NAME")]
        name_of_owner: Option<String>,
        /// Where the Owner's password comes from.
        #[command(flatten)]
        password: PasswordSource,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`], in a sentence.
pub async fn run(app: &App, command: Command) -> Result<(), Failure> {
    let Command::Add { name: organization, email, name_of_owner, password } = command;
    let name = name_of_owner.unwrap_or_else(|| email.local_part().to_owned());
    let founding = Founding { organization, name, email: email.as_str().to_owned(), password: password.read()? };
    organizations::add(app, founding).await?;
    println!("Added the organization. {} can sign in.", email.as_str());
    Ok(())
}
