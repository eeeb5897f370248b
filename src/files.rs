//! The data folder and its files: made at the first start, closed to everybody else.

use std::fs;
use std::io;
use std::path::Path;

use crate::app::StartError;
use crate::config::{Config, DatabaseUrl};

/// Makes the data folder (mode 0700) and an empty SQLite file (mode 0600), whatever the umask. SQLite gives its
/// side files the mode of the main one.
///
/// # Errors
/// [`StartError::Files`], naming what cannot be made.
pub fn prepare(config: &Config) -> Result<(), StartError> {
    let in_words = |name: &str, what: &Path, error: &io::Error| {
        StartError::Files(format!("{name}: cannot make {}: {error}", what.display()))
    };
    make_private_folder(&config.data).map_err(|e| in_words("CLAVIGER_DATA", &config.data, &e))?;
    if let DatabaseUrl::Sqlite(path) = &config.database {
        make_private_file(path).map_err(|e| in_words("CLAVIGER_DATABASE_URL", path, &e))?;
    }
    Ok(())
}

#[cfg(unix)]
fn make_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    if path.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(unix)]
fn make_private_file(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => fs::set_permissions(path, fs::Permissions::from_mode(0o600)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
