use super::*;
use crate::vault::{OpenError, Purpose, RetireError, VaultError, add_key, retire};

#[test]
fn rotation_never_leaves_a_row_that_does_not_open() {
    let bench = Bench::new();
    let destination = openai();
    let old_id = bench.vault.active_key_id().clone();
    let key = bench.data_key();
    let sealed = bench.vault.seal(&key, &saved(&destination), &api_key()).unwrap();

    let new_id = add_key(&bench.path).unwrap();
    let both = bench.reload();
    assert_eq!(both.active_key_id(), &new_id);
    assert_eq!(both.key_ids().collect::<Vec<_>>(), [&new_id, &old_id]);
    assert_eq!(both.open(&key, &saved(&destination), &sealed).unwrap().expose(), API_KEY, "the old row");
    assert_eq!(both.new_data_key(KeyOwner::Installation).unwrap().master_key_id, new_id);

    let rewrapped = both.rewrap(&key).unwrap();
    assert_eq!((rewrapped.id, rewrapped.owner, &rewrapped.master_key_id), (key.id, key.owner, &new_id));
    assert_eq!(both.open(&rewrapped, &saved(&destination), &sealed).unwrap().expose(), API_KEY);

    retire(&bench.path, &old_id, std::slice::from_ref(&new_id)).unwrap();
    let new_only = bench.reload();
    assert_eq!(new_only.key_ids().collect::<Vec<_>>(), [&new_id]);
    assert_eq!(new_only.open(&rewrapped, &saved(&destination), &sealed).unwrap().expose(), API_KEY);
    assert!(!new_only.can_unwrap(&key));
    let refused = bench.vault.open(&rewrapped, &saved(&destination), &sealed).unwrap_err();
    assert_eq!(refused, OpenError::UnknownMasterKey(new_id), "the old master key alone opens nothing");
}

#[test]
fn rotation_keeps_sessions_and_the_audit_chain() {
    let bench = Bench::new();
    let key = bench.vault.new_data_key(KeyOwner::Installation).unwrap();
    add_key(&bench.path).unwrap();
    let vault = bench.reload();
    let rewrapped = vault.rewrap(&key).unwrap();
    assert_ne!(rewrapped, key);
    for purpose in Purpose::ALL {
        assert_eq!(*vault.derive(&rewrapped, purpose).unwrap(), *bench.vault.derive(&key, purpose).unwrap());
    }
}

#[test]
fn a_key_that_does_not_open_is_not_rewrapped() {
    let (bench, other) = (Bench::new(), Bench::new());
    let refused = other.vault.rewrap(&bench.data_key()).unwrap_err();
    let missing = OpenError::UnknownMasterKey(bench.vault.active_key_id().clone());
    assert_eq!(refused, VaultError::DataKey(missing));
}

#[test]
fn a_key_is_retired_only_when_nothing_needs_it() {
    let bench = Bench::new();
    let old_id = bench.vault.active_key_id().clone();
    let refused = retire(&bench.path, &old_id, &[]).unwrap_err();
    assert!(matches!(refused, RetireError::Active(_)), "the only key: {refused}");

    let new_id = add_key(&bench.path).unwrap();
    let refused = retire(&bench.path, &new_id, &[]).unwrap_err();
    assert!(matches!(refused, RetireError::Active(_)), "{refused}");
    let refused = retire(&bench.path, &old_id, &[new_id.clone(), old_id.clone()]).unwrap_err();
    assert!(matches!(refused, RetireError::InUse(_)), "{refused}");
    let refused = retire(&bench.path, &"0badc0de".to_owned().into(), &[]).unwrap_err();
    assert!(matches!(refused, RetireError::Unknown(_)), "{refused}");
    assert_eq!(bench.reload().key_ids().collect::<Vec<_>>(), [&new_id, &old_id], "nothing changed");
}

#[test]
fn comments_stay_when_keys_come_and_go() {
    let bench = Bench::new();
    let text = std::fs::read_to_string(&bench.path).unwrap();
    let introduction: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
    std::fs::write(&bench.path, format!("{text}\n# made in spring\n")).unwrap();
    let old_id = bench.vault.active_key_id().clone();
    add_key(&bench.path).unwrap();
    retire(&bench.path, &old_id, &[]).unwrap();
    let text = std::fs::read_to_string(&bench.path).unwrap();
    assert_eq!(text.lines().take(introduction.len()).collect::<Vec<_>>(), introduction);
    assert!(text.ends_with("# made in spring\n"));
    assert!(!text.contains(old_id.as_str()));
}
