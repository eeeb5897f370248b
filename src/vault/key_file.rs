//! The master key file: one line for each key, the active one first; blank lines and `#` comments are allowed.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use super::cipher::NoRandomness;
use super::master_key::{LineError, MasterKey, MasterKeyId, new_line};

/// Far more than anybody has master keys for; keeps a wrong path from filling the memory.
const MAX_FILE_BYTES: usize = 65_536;

/// What a new file may be used for: reading and writing, by its owner.
pub(super) const FILE_MODE: u32 = 0o600;
/// The same of a new folder.
pub(super) const FOLDER_MODE: u32 = 0o700;
const GROUP_OR_OTHERS: u32 = 0o077;
const WRITABLE_BY_GROUP_OR_OTHERS: u32 = 0o022;

const INTRODUCTION: &str = "\
# Claviger's master key. Back it up, apart from the database: without it no stored key can be opened.
# The first line wraps new data keys, the others only open older ones.
";

/// What is wrong with the master key file, and what to do about it.
#[derive(Debug, Error)]
pub enum MasterKeyError {
    /// Nothing there.
    #[error("There is no master key file at {}.", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A folder, a pipe, a device.
    #[error("{} is not a file. Put the path of the master key file there.", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Somebody besides the owner may read or write it.
    #[error(
        "The master key file {} is open to other users (mode {mode:04o}). Run: chmod 600 {}. \
         If it comes from a container's secret store, mount it with mode 0400.",
        path.display(), path.display()
    )]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The operating system does not let us read it.
    #[error("The master key file {} can’t be read: {source}. Let the user that runs Claviger own it.", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Longer than any key file.
    #[error("{} has more than {MAX_FILE_BYTES} bytes, so it is no master key file. Check the path.", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Empty, or only comments.
    #[error("The master key file {} holds no key. Put your backup of it there.", path.display())]
    NoKeys {
        /// The file.
        path: PathBuf,
    },
    /// A line that is neither key, comment nor blank.
    #[error(
        "Line {line} of the master key file {} is not a key, which looks like mk1:ID:KEY. \
         Put your backup of the file there.",
        path.display()
    )]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
    },
    /// The key is not written in base64url.
    #[error(
        "The key on line {line} of the master key file {} has characters that no key has. \
         Put your backup of the file there.",
        path.display()
    )]
    BadBase64 {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
    },
    /// The key is cut off or has something after it.
    #[error(
        "The key on line {line} of the master key file {} does not have 32 bytes. Put your backup of the file there.",
        path.display()
    )]
    WrongLength {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
    },
    /// All bytes are the same: not a key but a placeholder, or a disk that lost its data.
    #[error(
        "The key on line {line} of the master key file {} is the same byte over and over, which protects nothing. \
         Put your backup of the file there.",
        path.display()
    )]
    Weak {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
    },
    /// The id in the line is another key's.
    #[error(
        "The key on line {line} of the master key file {} is not the one its line names: it is {is}. \
         The file was mixed up or changed. Put your backup of it there.",
        path.display()
    )]
    OtherId {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
        /// The id of the key that is there.
        is: MasterKeyId,
    },
    /// The same key twice.
    #[error("Line {line} of the master key file {} repeats a key. Delete that line.", path.display())]
    Repeated {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
    },
    /// A new file was to be made where there is one.
    #[error("There is already something at {}, and a master key file is never overwritten.", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// The file's folder lets others replace what is in it.
    #[error(
        "Other users may write to {} (mode {mode:04o}), so no master key is made there. Run: chmod 700 {}",
        folder.display(), folder.display()
    )]
    FolderTooOpen {
        /// The folder.
        folder: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The path is a link, so that a new file would not take the place of the old one.
    #[error("{} is a link. Change the master key file where it is kept.", path.display())]
    Link {
        /// The path.
        path: PathBuf,
    },
    /// The operating system does not let us write it.
    #[error("The master key file {} can’t be written: {source}.", path.display())]
    NotWritten {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// No new key can be made.
    #[error("No master key can be made: {0}.")]
    NoRandomness(#[from] NoRandomness),
}

/// Why a master key cannot be taken out of the file.
#[derive(Debug, Error)]
pub enum RetireError {
    /// It wraps new data keys.
    #[error("{0} is the active master key. Add a new one first.")]
    Active(MasterKeyId),
    /// Data keys are still wrapped by it.
    #[error("Data keys are still wrapped by {0}. Rewrap them first.")]
    InUse(MasterKeyId),
    /// The file has no such key.
    #[error("There is no master key {0} in the file.")]
    Unknown(MasterKeyId),
    /// The file is broken or cannot be written.
    #[error(transparent)]
    File(#[from] MasterKeyError),
}

/// Puts a new key before the others, so that it becomes the active one, and returns its id. The file is replaced
/// as a whole: another process reads the old one or the new one.
///
/// # Errors
/// If the file is broken, a link, or cannot be written.
pub fn add_key(path: &Path) -> Result<MasterKeyId, MasterKeyError> {
    let old = read_text(path)?;
    parse(path, &old)?;
    let (id, line) = new_line()?;
    let mut lines: Vec<&str> = old.lines().collect();
    let before = lines.iter().position(|line| !is_comment(line)).unwrap_or(lines.len());
    lines.insert(before, &line);
    replace(path, &lines)?;
    Ok(id)
}

/// Takes a key out of the file. `in_use` are the ids that data keys in the database name.
///
/// # Errors
/// If the key is active, in use or not there, or the file is broken, a link, or cannot be written.
pub fn retire(path: &Path, id: &MasterKeyId, in_use: &[MasterKeyId]) -> Result<(), RetireError> {
    let old = read_text(path)?;
    let position = parse(path, &old)?.iter().position(|key| key.id == *id);
    match position {
        None => return Err(RetireError::Unknown(id.clone())),
        Some(0) => return Err(RetireError::Active(id.clone())),
        Some(_) if in_use.contains(id) => return Err(RetireError::InUse(id.clone())),
        Some(_) => {}
    }
    let stays = |line: &&str| is_comment(line) || !MasterKey::from_line(line.trim()).is_ok_and(|key| key.id == *id);
    let lines: Vec<&str> = old.lines().filter(stays).collect();
    Ok(replace(path, &lines)?)
}

/// The file's keys, the active one first; never empty.
pub(super) fn read(path: &Path) -> Result<Vec<MasterKey>, MasterKeyError> {
    parse(path, &read_text(path)?)
}

/// Writes a file with one new key where there is none.
pub(super) fn create(path: &Path) -> Result<(), MasterKeyError> {
    let folder = folder_of(path);
    make_folder(folder)?;
    let (_, line) = new_line()?;
    write_new(path, &[INTRODUCTION.trim_end(), &line]).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => MasterKeyError::Exists { path: path.to_owned() },
        _ => not_written(path, source),
    })?;
    sync_folder(folder).map_err(|source| not_written(path, source))
}

fn parse(path: &Path, text: &str) -> Result<Vec<MasterKey>, MasterKeyError> {
    let mut keys: Vec<MasterKey> = Vec::new();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !is_comment(text)) {
        let key = MasterKey::from_line(text.trim()).map_err(|error| line_error(path, line, error))?;
        if keys.iter().any(|other| other.id == key.id) {
            return Err(MasterKeyError::Repeated { path: path.to_owned(), line });
        }
        keys.push(key);
    }
    if keys.is_empty() {
        return Err(MasterKeyError::NoKeys { path: path.to_owned() });
    }
    Ok(keys)
}

fn line_error(path: &Path, line: usize, error: LineError) -> MasterKeyError {
    let path = path.to_owned();
    match error {
        LineError::NotAKey => MasterKeyError::NotAKey { path, line },
        LineError::BadBase64 => MasterKeyError::BadBase64 { path, line },
        LineError::WrongLength => MasterKeyError::WrongLength { path, line },
        LineError::Weak => MasterKeyError::Weak { path, line },
        LineError::OtherId { is } => MasterKeyError::OtherId { path, line, is },
    }
}

fn is_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// Reads a file that only its owner can. A link is followed, since secret stores mount files as links; what it
/// leads to is what is checked.
fn read_text(path: &Path) -> Result<Zeroizing<String>, MasterKeyError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => MasterKeyError::Missing { path: path.to_owned() },
        _ => MasterKeyError::Unreadable { path: path.to_owned(), source },
    };
    // Before opening, because opening a pipe waits for somebody to write.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(MasterKeyError::NotAFile { path: path.to_owned() });
    }
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o7777;
    if mode & GROUP_OR_OTHERS != 0 {
        return Err(MasterKeyError::TooOpen { path: path.to_owned(), mode });
    }
    // Of the final size from the start: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES + 1));
    file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(MasterKeyError::TooLarge { path: path.to_owned() });
    }
    let text = str::from_utf8(&bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        MasterKeyError::NotAKey { path: path.to_owned(), line }
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Puts a new file in the place of the old one in one step.
fn replace(path: &Path, lines: &[&str]) -> Result<(), MasterKeyError> {
    let failed = |source| not_written(path, source);
    if fs::symlink_metadata(path).map_err(failed)?.is_symlink() {
        return Err(MasterKeyError::Link { path: path.to_owned() });
    }
    let new = path.with_added_extension("new");
    write_new(&new, lines).map_err(|source| not_written(&new, source))?;
    fs::rename(&new, path).inspect_err(|_| remove(&new)).map_err(failed)?;
    sync_folder(folder_of(path)).map_err(failed)
}

/// Writes a file that must not exist yet and leaves nothing behind if that fails. `create_new` does not follow
/// a link either.
fn write_new(path: &Path, lines: &[&str]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)?;
    write_lines(&mut file, lines).inspect_err(|_| remove(path))
}

fn write_lines(file: &mut File, lines: &[&str]) -> io::Result<()> {
    // The umask may have taken bits away, so the mode is set, not only asked for.
    file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    for line in lines {
        file.write_all(line.as_bytes())?;
        file.write_all(b"\n")?;
    }
    file.sync_all()
}

/// Makes the folder if it is missing, for its owner only. One that is there may be readable by others, since
/// the file is not, but not writable: they could replace the file.
fn make_folder(folder: &Path) -> Result<(), MasterKeyError> {
    let failed = |source| not_written(folder, source);
    if folder.exists() {
        let mode = fs::metadata(folder).map_err(failed)?.mode() & 0o7777;
        if mode & WRITABLE_BY_GROUP_OR_OTHERS != 0 {
            return Err(MasterKeyError::FolderTooOpen { folder: folder.to_owned(), mode });
        }
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).map_err(failed)?;
    fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE)).map_err(failed)
}

/// A file's name is on the disk only when its folder is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn remove(path: &Path) {
    // The error that brought us here is the one to report.
    let _ = fs::remove_file(path);
}

fn not_written(path: &Path, source: io::Error) -> MasterKeyError {
    MasterKeyError::NotWritten { path: path.to_owned(), source }
}
