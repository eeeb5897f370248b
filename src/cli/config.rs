//! `claviger config`.

use std::io::{self, Write};

use crate::config::Config;

/// Prints every setting: name, value, default, what it does. Passwords are left out.
///
/// # Errors
/// The output's.
pub fn print(config: &Config, out: &mut impl Write) -> io::Result<()> {
    for (setting, value) in config.values() {
        let value = if value.is_empty() { "(none)" } else { &value };
        writeln!(out, "{} = {value}\n    {} Default: {}\n", setting.name, setting.what, setting.default)?;
    }
    Ok(())
}
