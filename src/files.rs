//! The data folder and its files: made at the first start, closed to everybody else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::{Config, DatabaseUrl};

/// A folder or file cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("{variable}: cannot make {}: {problem}", .path.display())]
pub struct FileError {
    variable: &'static str,
    path: PathBuf,
    problem: io::Error,
}

/// Makes the data folder (mode 0700) and an empty SQLite file (mode 0600), whatever the umask. SQLite gives its
/// side files the mode of the main one.
///
/// # Errors
/// [`FileError`], naming what cannot be made and the variable that chooses it.
pub fn prepare(config: &Config) -> Result<(), FileError> {
    let about = |variable, path: &Path| {
        let path = path.to_owned();
        move |problem| FileError { variable, path, problem }
    };
    make_private_folder(&config.data).map_err(about("CLAVIGER_DATA", &config.data))?;
    if let DatabaseUrl::Sqlite(path) = &config.database {
        make_private_file(path).map_err(about("CLAVIGER_DATABASE_URL", path))?;
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
