//! Somewhere to run the real program.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::child::ChildProgram;
use super::db::TestDatabase;

/// A place to start the program in, with a database of the kind that this run is about.
pub struct Place {
    /// Where it runs.
    pub folder: TempDir,
    /// Where it listens.
    pub port: u16,
    /// What it stores in.
    pub database: TestDatabase,
}

impl Place {
    /// A new one.
    pub fn new() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        Self { folder: tempfile::tempdir().expect("a folder"), port, database: TestDatabase::new() }
    }

    /// The program with nothing in its environment but what a test needs.
    pub fn program(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_claviger"))
    }

    /// The same for another program that starts it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("CLAVIGER_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("CLAVIGER_LOG", "warn")
            .current_dir(self.folder.path());
        if self.database.is_postgres() {
            command.env("CLAVIGER_DATABASE_URL", &self.database.address);
        }
        command
    }

    /// Starts the server and waits until it says that it is ready.
    #[track_caller]
    pub fn start(&self) -> ChildProgram {
        start(&mut self.program())
    }

    /// A path below its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The file of its master keys.
    pub fn master_key(&self) -> PathBuf {
        self.path("data/keys/master.key")
    }

    /// Asks for a page and answers the whole reply.
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").expect("a request");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("a reply");
        reply
    }
}

/// Starts a server and waits until it says that it is ready.
#[track_caller]
pub fn start(command: &mut Command) -> ChildProgram {
    let (program, ()) = ChildProgram::start(command, |line| line.starts_with("Claviger is ready").then_some(()));
    program
}
