//! Stopping a program as an operator does.

use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use super::child::ChildProgram;

impl ChildProgram {
    /// Asks the program to end, as an operator's service manager does, and waits for it. `None` if it does not.
    pub fn terminate(&mut self, limit: Duration) -> Option<ExitStatus> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().expect("the program kill");
        let asked = Instant::now();
        while asked.elapsed() < limit {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }
}
