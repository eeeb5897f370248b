use super::*;
use crate::vault::{MasterKeyId, StartDecision, StartRefusal, add_key, decide_start};

fn id(text: &str) -> MasterKeyId {
    text.to_owned().into()
}

#[test]
fn nothing_there_and_nothing_sealed_makes_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Vault::load(&folder.path().join("keys/master.key"));
    assert!(matches!(decide_start(missing, &[]), StartDecision::Create));
}

#[test]
fn a_missing_file_is_never_made_anew_beside_sealed_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let decision = decide_start(Vault::load(&path), &[id("bbbbbbbb"), id("aaaaaaaa"), id("bbbbbbbb")]);
    let StartDecision::Refuse(refusal @ StartRefusal::NoFile { .. }) = decision else { panic!("{decision:?}") };
    let sentence = refusal.to_string();
    assert!(sentence.contains("the master keys aaaaaaaa, bbbbbbbb."), "{sentence}");
    assert!(sentence.contains(path.to_str().unwrap()), "{sentence}");
    assert!(!path.exists());
}

#[test]
fn a_file_with_every_key_that_rows_name_is_opened() {
    let bench = Bench::new();
    let old_id = bench.vault.active_key_id().clone();
    let new_id = add_key(&bench.path).unwrap();
    for sealed_with in [vec![], vec![old_id.clone()], vec![new_id.clone(), old_id.clone(), old_id]] {
        let decision = decide_start(Ok(bench.reload()), &sealed_with);
        assert!(matches!(&decision, StartDecision::Open(vault) if vault.active_key_id() == &new_id), "{decision:?}");
    }
}

#[test]
fn a_file_that_lacks_a_key_is_refused_by_the_keys_name() {
    let bench = Bench::new();
    let held = bench.vault.active_key_id().clone();
    let decision = decide_start(Ok(bench.reload()), &[held.clone(), id("0badc0de")]);
    let StartDecision::Refuse(refusal @ StartRefusal::LacksKeys { .. }) = decision else { panic!("{decision:?}") };
    let sentence = refusal.to_string();
    assert!(sentence.contains("does not hold master key 0badc0de,"), "{sentence}");
    assert!(!sentence.contains(held.as_str()), "{sentence}");
}

#[test]
fn a_broken_file_is_refused_with_its_own_sentence_even_if_nothing_is_sealed() {
    let bench = Bench::new();
    std::fs::write(&bench.path, "").unwrap();
    let expected = Vault::load(&bench.path).unwrap_err().to_string();
    for sealed_with in [vec![], vec![bench.vault.active_key_id().clone()]] {
        let decision = decide_start(Vault::load(&bench.path), &sealed_with);
        let StartDecision::Refuse(refusal @ StartRefusal::Broken(_)) = decision else { panic!("{decision:?}") };
        assert_eq!(refusal.to_string(), expected);
    }
}
