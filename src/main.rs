//! The command line. Without a command it starts the server.

use std::io::{self, Write};
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;

use actix_web::web::Data;
use clap::{Parser, Subcommand};
use claviger::actions::organizations;
use claviger::app::App;
use claviger::clock::Clock;
use claviger::config::Config;
use claviger::{cli, jobs, process, server, trace};

/// `sysexits.h`: the configuration cannot be used.
const EX_CONFIG: u8 = 78;

#[derive(Parser)]
#[command(name = "claviger", version, about = "Keeps an organization’s model-provider keys.")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server (what happens without a command).
    Serve,
    /// Print every setting with its value and what it does.
    Config,
    /// Make the first organization and its Owner. Doing it twice does it once.
    Bootstrap(cli::bootstrap::Arguments),
    /// Work with organizations.
    #[command(subcommand)]
    Organization(cli::organization::Command),
    /// Work with people.
    #[command(subcommand)]
    User(cli::user::Command),
    /// Work with API tokens.
    #[command(subcommand)]
    Token(cli::token::Command),
    /// Work with master keys.
    #[command(subcommand)]
    Keys(cli::keys::Command),
    /// Work with the audit log.
    #[command(subcommand)]
    Audit(cli::audit::Command),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => return fail(&error),
    };
    if let Err(error) = trace::start(&config) {
        return fail(&error);
    }
    process::keep_memory_private();
    let runtime = actix_web::rt::System::new();
    runtime.block_on(run(arguments.command.unwrap_or(Command::Serve), config))
}

async fn run(command: Command, config: Config) -> ExitCode {
    if let Command::Config = command {
        return finish(cli::config::print(&config, &mut io::stdout()));
    }
    let app = match App::open(config, Clock::default()).await {
        Ok(app) => app,
        Err(error) => return fail(&error),
    };
    match command {
        Command::Serve => finish(serve(app).await),
        Command::Config => ExitCode::SUCCESS,
        Command::Bootstrap(arguments) => finish(cli::bootstrap::run(&app, arguments).await),
        Command::Organization(command) => finish(cli::organization::run(&app, command).await),
        Command::User(command) => finish(cli::user::run(&app, command).await),
        Command::Token(command) => finish(cli::token::run(&app, command).await),
        Command::Keys(command) => finish(cli::keys::run(&app, command).await),
        Command::Audit(command) => finish(cli::audit::run(&app, command).await),
    }
}

async fn serve(app: App) -> Result<(), cli::Failure> {
    let listener = TcpListener::bind(app.config.listen).map_err(|e| {
        cli::Failure(format!("cannot listen on {}: {e}. Is another server running?", app.config.listen))
    })?;
    let app = Data::new(app);
    let server = server::serve(listener, app.clone()).map_err(|e| cli::Failure(e.to_string()))?;
    let server = actix_web::rt::spawn(server);
    // From its first turn on the server hears SIGTERM, and whoever reads the greeting may send one.
    tokio::task::yield_now().await;
    let jobs = actix_web::rt::spawn(jobs::run(Arc::clone(&app)));
    let link = organizations::setup_link(&app).await?;
    // The link goes to standard output and not to the log, which others may read.
    let mut out = io::stdout();
    let greeting = match link {
        Some(link) => format!("Claviger is ready. Set it up here (the link works once, for 24 hours):\n\n    {link}\n"),
        None => format!("Claviger is ready at {}", app.config.public_origin()),
    };
    writeln!(out, "{greeting}").and_then(|()| out.flush()).map_err(|e| cli::Failure(e.to_string()))?;
    let ended = server.await;
    jobs.abort();
    ended.map_err(|e| cli::Failure(e.to_string()))?.map_err(|e| cli::Failure(e.to_string()))
}

fn finish<E: std::fmt::Display>(done: Result<(), E>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("claviger: {error}");
            ExitCode::FAILURE
        }
    }
}

fn fail(error: &impl std::fmt::Display) -> ExitCode {
    eprintln!("claviger: {error}");
    ExitCode::from(EX_CONFIG)
}
