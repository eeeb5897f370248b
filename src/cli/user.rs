//! `claviger user …`.

use clap::Subcommand;

use super::Failure;
use super::password::PasswordSource;
use crate::actions::passwords;
use crate::actions::users::{self, Addition};
use crate::app::App;
use crate::domain::person::Email;
use crate::domain::role::Role;

/// What to do with people.
#[derive(Subcommand)]
pub enum Command {
    /// Add somebody to an organization.
    Add {
        /// The email address to sign in with.
        #[arg(long, value_parser = Email::parse)]
        email: Email,
        /// owner, administrator, manager, reviewer or annotator.
        #[arg(long)]
        role: Role,
        /// The name; what stands before the @ if it is left out.
        #[arg(long)]
        name: Option<String>,
        /// The organization's name; may be left out if there is only one.
        #[arg(long, value_name = "NAME")]
        organization: Option<String>,
        /// Where the password comes from.
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Give somebody who forgot their password a new one, and end their sessions.
    SetPassword {
        /// The email address they sign in with.
        #[arg(long, value_parser = Email::parse)]
        email: Email,
        /// Where the password comes from.
        #[command(flatten)]
        password: PasswordSource,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`], in a sentence.
pub async fn run(app: &App, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { email, role, name, organization, password } => {
            let password = password.read()?;
            let addition = Addition { organization, email: email.as_str().to_owned(), name, role, password };
            users::add(app, addition).await?;
            println!("Added {} as {}.", email.as_str(), role.with_article());
        }
        Command::SetPassword { email, password } => {
            passwords::set(app, &email, &password.read()?).await?;
            println!("{} has a new password, and is signed out everywhere.", email.as_str());
        }
    }
    Ok(())
}
