//! `claviger bootstrap`: the first organization and its Owner, for installations that nobody sits in front of.

use clap::Args;

use super::Failure;
use super::password::PasswordSource;
use crate::actions::organizations::{self, Bootstrapped, Founding};
use crate::app::App;
use crate::domain::person::Email;

/// What to make.
#[derive(Args)]
pub struct Arguments {
    /// The organization's name.
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// The Owner's email address.
    #[arg(long, value_parser = Email::parse)]
    email: Email,
    /// The Owner's name; what stands before the @ if it is left out.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    password: PasswordSource,
}

/// Runs the command. The second time it changes nothing.
///
/// # Errors
/// [`Failure`], also if the installation belongs to somebody else.
pub async fn run(app: &App, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { organization, email, name, password } = arguments;
    let name = name.unwrap_or_else(|| email.local_part().to_owned());
    let founding = Founding { organization, name, email: email.as_str().to_owned(), password: password.read()? };
    match organizations::bootstrap(app, founding).await? {
        Bootstrapped::Created => println!("Made the organization. {} can sign in.", email.as_str()),
        Bootstrapped::WasThere => println!("Nothing to do: {} is an Owner already.", email.as_str()),
    }
    Ok(())
}
