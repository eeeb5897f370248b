use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use super::*;
use crate::vault::key_file::read;
use crate::vault::master_key::new_line;
use crate::vault::{MasterKeyError, MasterKeyId, add_key, retire};

/// Writes a file that only its owner can read.
pub(super) fn write_private(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn files_and_folders_are_the_owners_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/keys/master.key");
    let id = Vault::create(&path).unwrap().active_key_id().clone();
    let private = |when: &str| {
        assert_eq!(mode(&path), 0o600, "the file {when}");
        assert_eq!(mode(&folder.path().join("data/keys")), 0o700, "its folder {when}");
        assert_eq!(mode(&folder.path().join("data")), 0o700, "the folder above {when}");
        assert_eq!(fs::read_dir(folder.path().join("data/keys")).unwrap().count(), 1, "nothing is left {when}");
    };
    private("when created");
    add_key(&path).unwrap();
    private("with a second key");
    retire(&path, &id, &[]).unwrap();
    private("with the first key retired");
}

#[test]
fn no_umask_opens_the_file_to_others() {
    let this_binary = std::env::current_exe().unwrap();
    for umask in ["000", "022", "077"] {
        let output = Command::new("sh")
            .args(["-c", r#"umask "$1" && exec "$0" --exact "$2""#])
            .arg(&this_binary)
            .args([umask, "vault::tests::key_file::files_and_folders_are_the_owners_only"])
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && printed.contains("1 passed"), "umask {umask}: {printed}");
    }
}

#[test]
fn a_file_is_never_overwritten() {
    let bench = Bench::new();
    let before = fs::read(&bench.path).unwrap();
    assert!(matches!(Vault::create(&bench.path).unwrap_err(), MasterKeyError::Exists { .. }));
    assert_eq!(fs::read(&bench.path).unwrap(), before);

    let dangling = bench.path.with_file_name("link");
    symlink(bench.path.with_file_name("elsewhere"), &dangling).unwrap();
    assert!(matches!(Vault::create(&dangling).unwrap_err(), MasterKeyError::Exists { .. }));
    assert!(!bench.path.with_file_name("elsewhere").exists(), "a link is not followed");
}

#[test]
fn two_starts_at_once_make_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys/master.key");
    let made: Vec<bool> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| Vault::create(&path).is_ok())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    assert_eq!(read(&path).unwrap().len(), 1);
}

#[test]
fn a_folder_that_others_can_write_to_gets_no_key() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o770)).unwrap();
    let path = folder.path().join("master.key");
    let refused = Vault::create(&path).unwrap_err();
    assert!(matches!(refused, MasterKeyError::FolderTooOpen { mode: 0o770, .. }), "{refused}");
    assert!(!path.exists());
}

#[test]
fn a_file_that_others_can_use_is_refused() {
    let bench = Bench::new();
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o777] {
        fs::set_permissions(&bench.path, Permissions::from_mode(mode)).unwrap();
        let refused = Vault::load(&bench.path).unwrap_err();
        assert!(matches!(refused, MasterKeyError::TooOpen { mode: found, .. } if found == mode), "{mode:o}: {refused}");
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
        assert!(add_key(&bench.path).is_err(), "{mode:o}");
    }
    for mode in [0o400, 0o600, 0o700] {
        fs::set_permissions(&bench.path, Permissions::from_mode(mode)).unwrap();
        assert!(Vault::load(&bench.path).is_ok(), "{mode:o}");
    }
}

#[test]
fn what_is_not_a_file_is_refused_without_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    assert!(matches!(Vault::load(&path).unwrap_err(), MasterKeyError::Missing { .. }));
    assert!(matches!(Vault::load(folder.path()).unwrap_err(), MasterKeyError::NotAFile { .. }));
    assert!(matches!(Vault::load(Path::new("/dev/zero")).unwrap_err(), MasterKeyError::NotAFile { .. }));
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert!(matches!(Vault::load(&path).unwrap_err(), MasterKeyError::NotAFile { .. }));
    let below_a_file = Bench::new().path.join("master.key");
    assert!(Vault::load(&below_a_file).is_err());
}

#[test]
fn a_link_is_read_as_secret_stores_mount_it_but_not_replaced() {
    let bench = Bench::new();
    let link = bench.path.with_file_name("link");
    symlink(&bench.path, &link).unwrap();
    assert_eq!(Vault::load(&link).unwrap().active_key_id(), bench.vault.active_key_id());
    assert!(matches!(add_key(&link).unwrap_err(), MasterKeyError::Link { .. }));
    fs::set_permissions(&bench.path, Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Vault::load(&link).unwrap_err(), MasterKeyError::TooOpen { .. }), "what it leads to counts");
}

#[test]
fn every_malformed_file_is_refused_with_the_line_and_what_to_do() {
    use MasterKeyError as E;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let (id, line) = new_line().unwrap();
    let (other_id, other) = new_line().unwrap();
    let key = line.rsplit(':').next().unwrap();
    let (line, other) = (line.as_str(), other.as_str());
    type Expected = fn(&MasterKeyError) -> bool;
    let files: Vec<(&str, Vec<u8>, Expected)> = vec![
        ("empty", vec![], |e| matches!(e, E::NoKeys { .. })),
        ("only comments", b"# nothing\n\n  \n".to_vec(), |e| matches!(e, E::NoKeys { .. })),
        ("a bare key", key.into(), |e| matches!(e, E::NotAKey { line: 1, .. })),
        ("another format", line.replace("mk1", "mk2").into(), |e| matches!(e, E::NotAKey { line: 1, .. })),
        ("one part more", format!("{line}:x").into(), |e| matches!(e, E::NotAKey { line: 1, .. })),
        ("text below", format!("# c\n\n{line}\nhello").into(), |e| matches!(e, E::NotAKey { line: 4, .. })),
        ("not UTF-8", [line.as_bytes(), b"\n\xff\xfe"].concat(), |e| matches!(e, E::NotAKey { line: 2, .. })),
        ("a byte order mark", format!("\u{feff}{line}").into(), |e| matches!(e, E::NotAKey { line: 1, .. })),
        ("bad base64", format!("{line}\nmk1:{id}:????").into(), |e| matches!(e, E::BadBase64 { line: 2, .. })),
        ("padded base64", format!("{line}=").into(), |e| matches!(e, E::BadBase64 { line: 1, .. })),
        ("no key", format!("mk1:{id}:").into(), |e| matches!(e, E::WrongLength { line: 1, .. })),
        ("31 bytes", format!("mk1:{id}:{}", "A".repeat(42)).into(), |e| matches!(e, E::WrongLength { .. })),
        ("33 bytes", format!("mk1:{id}:{}", "A".repeat(44)).into(), |e| matches!(e, E::WrongLength { .. })),
        ("zeros", format!("mk1:{id}:{}", "A".repeat(43)).into(), |e| matches!(e, E::Weak { line: 1, .. })),
        ("all 0xff", format!("mk1:{id}:{}8", "_".repeat(42)).into(), |e| matches!(e, E::Weak { line: 1, .. })),
        ("ids swapped", format!("mk1:{other_id}:{key}").into(), |e| matches!(e, E::OtherId { line: 1, .. })),
        ("no id", format!("mk1::{key}").into(), |e| matches!(e, E::OtherId { line: 1, .. })),
        ("the key twice", format!("{line}\n{other}\n{line}").into(), |e| matches!(e, E::Repeated { line: 3, .. })),
        ("much too long", "#".repeat(65_537).into(), |e| matches!(e, E::TooLarge { .. })),
    ];
    for (name, content, expected) in files {
        write_private(&path, &content);
        let refused = Vault::load(&path).unwrap_err();
        assert!(expected(&refused), "{name}: {refused:?}");
        let shown = format!("{refused} {refused:?}");
        assert!(shown.contains(path.to_str().unwrap()), "{name}: {shown}");
        assert!(!shown.contains(key), "{name} shows a key");
        assert!(add_key(&path).is_err(), "{name}: a broken file is left alone");
        assert_eq!(fs::read(&path).unwrap(), content, "{name}");
    }
}

#[test]
fn comments_blank_lines_and_windows_line_ends_are_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let ((first_id, first), (second_id, second)) = (new_line().unwrap(), new_line().unwrap());
    write_private(&path, format!("# ours\r\n\r\n  {}\r\n# older\r\n{}", first.as_str(), second.as_str()));
    let vault = Vault::load(&path).unwrap();
    assert_eq!(vault.active_key_id(), &first_id);
    assert_eq!(vault.key_ids().collect::<Vec<_>>(), [&first_id, &second_id]);
}

#[test]
fn a_file_that_cannot_be_replaced_stays_as_it_is() {
    let bench = Bench::new();
    let before = fs::read(&bench.path).unwrap();
    let in_the_way = bench.path.with_added_extension("new");
    fs::create_dir(&in_the_way).unwrap();
    let refused = add_key(&bench.path).unwrap_err();
    assert!(refused.to_string().contains(in_the_way.to_str().unwrap()), "{refused}");
    assert_eq!(fs::read(&bench.path).unwrap(), before);
}

#[test]
fn ids_follow_from_the_key() {
    let (id, line) = new_line().unwrap();
    assert!(line.starts_with(&format!("mk1:{id}:")));
    assert_eq!(id.as_str().len(), 8);
    assert!(id.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(MasterKeyId::from(id.to_string()), id);
}
