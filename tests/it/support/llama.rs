//! A genuine llama.cpp server with a tiny model, as the Custom provider.

use std::process::Command;

use super::child::ChildProgram;
use super::parts::{project, skip_without, venv};

/// The key that the server asks for.
pub const API_KEY: &str = "sk-llama-test-key-0123456789";
/// The one model that the server lists.
pub const MODEL: &str = "tiny-bigram";

/// A llama.cpp server on a loopback port, up as long as this value lives.
pub struct LlamaServer {
    /// Where it listens, without a path: `http://127.0.0.1:PORT`.
    pub origin: String,
    _program: ChildProgram,
}

impl LlamaServer {
    /// Starts the server; takes about 0.2 seconds. `None` where it is not installed and need not be.
    #[track_caller]
    pub fn start() -> Option<Self> {
        let python = venv().join("bin/python");
        if !python.exists() {
            skip_without("llama.cpp’s server");
            return None;
        }
        let mut command = Command::new(python);
        command.arg(project().join("scripts/llama_server.py")).env("LLAMA_API_KEY", API_KEY);
        let (program, origin) =
            ChildProgram::start(&mut command, |line| line.strip_prefix("listening on ").map(str::to_owned));
        Some(Self { origin, _program: program })
    }

    /// What a person enters as the endpoint: the origin with `/v1`.
    pub fn endpoint(&self) -> String {
        format!("{}/v1", self.origin)
    }
}
