//! Programs that a test starts beside itself and that must not outlive it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A running program with all that it started; killed when this value is dropped.
pub struct ChildProgram {
    pub(super) child: Child,
}

impl ChildProgram {
    /// Starts the program and reads its output until `find` makes something of a line, usually the port.
    ///
    /// # Panics
    /// If the program cannot be started, ends, or says nothing of use for 30 seconds.
    #[track_caller]
    pub fn start<T: Send + 'static>(
        command: &mut Command,
        find: impl Fn(&str) -> Option<T> + Send + 'static,
    ) -> (Self, T) {
        // A group of its own, so that the browsers which a driver starts can be ended with it. The open
        // standard input lets a program notice that the test is gone, however that came about.
        let child = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} did not start: {error}"));
        let mut program = Self { child };
        let found = program.first(find).recv_timeout(START_LIMIT);
        let found = found.unwrap_or_else(|_| panic!("{command:?} ended or stayed silent"));
        (program, found)
    }

    /// The first answer of `find`. Goes on reading after it: a full pipe would stop the program.
    fn first<T: Send + 'static>(&mut self, find: impl Fn(&str) -> Option<T> + Send + 'static) -> mpsc::Receiver<T> {
        let output = self.child.stdout.take().expect("standard output is piped");
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut sender = Some(sender);
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(found) = find(&line)
                    && let Some(sender) = sender.take()
                {
                    sender.send(found).ok();
                }
            }
        });
        receiver
    }
}

impl Drop for ChildProgram {
    fn drop(&mut self) {
        // The standard library can only end the child itself, not its group.
        Command::new("kill")
            .args(["-KILL", "--", &format!("-{}", self.child.id())])
            .stderr(Stdio::null())
            .status()
            .ok();
        self.child.wait().ok();
    }
}
