//! Passwords for the command line. They come on standard input: what stands among the arguments, every program on
//! the machine can read.

use std::io::{self, BufRead};

use clap::Args;
use zeroize::Zeroizing;

use super::Failure;
use crate::domain::secret::Secret;

/// More than any password that we take, so that no endless line fills the memory.
const LONGEST_LINE_BYTES: u64 = 4096;

/// Where the password comes from; there is one place.
#[derive(Args, Debug)]
pub struct PasswordSource {
    /// Take the password from the first line of standard input.
    #[arg(long, required = true)]
    password_stdin: bool,
}

impl PasswordSource {
    /// The password.
    ///
    /// # Errors
    /// [`Failure`] if there is none, or if it is not text.
    pub fn read(&self) -> Result<Secret, Failure> {
        first_line(io::stdin().lock())
    }
}

/// Exactly the first line, without its end.
fn first_line(input: impl BufRead) -> Result<Secret, Failure> {
    let mut line = Zeroizing::new(Vec::with_capacity(256));
    input
        .take(LONGEST_LINE_BYTES)
        .read_until(b'\n', &mut line)
        .map_err(|e| Failure(format!("standard input can’t be read: {e}")))?;
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Err(Failure("there’s no password on the first line of standard input".to_owned()));
    }
    let text =
        str::from_utf8(line).map_err(|_| Failure("the password on standard input isn’t UTF-8 text".to_owned()))?;
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_the_first_line_and_nothing_else_of_it() {
        for input in ["  a b c  \nsecond\n", "  a b c  \r\n", "  a b c  "] {
            assert_eq!(first_line(input.as_bytes()).unwrap().expose(), "  a b c  ", "{input:?}");
        }
    }

    #[test]
    fn an_empty_line_and_what_is_no_text_are_refused() {
        for input in ["", "\nsecond\n", "\r\n"] {
            assert!(first_line(input.as_bytes()).unwrap_err().to_string().contains("no password"), "{input:?}");
        }
        assert!(first_line(&b"\xff\xfe\n"[..]).unwrap_err().to_string().contains("UTF-8"));
    }
}
