use std::collections::HashSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use url::Url;

use super::*;
use crate::vault::{ALGORITHM, MAX_SECRET_BYTES, OpenError, PADDING_STEP_BYTES, Purpose, VaultError, data_key_id};

#[test]
fn what_was_sealed_opens_again() {
    let bench = Bench::new();
    let (key, destination) = (bench.data_key(), openai());
    for binding in [saved(&destination), held(&destination)] {
        for text in ["", "x", API_KEY, "ключ 🔑\0\n", &"k".repeat(MAX_SECRET_BYTES)] {
            let sealed = bench.vault.seal(&key, &binding, &Secret::new(text.to_owned())).unwrap();
            assert_eq!(bench.vault.open(&key, &binding, &sealed).unwrap().expose(), text);
            assert_eq!(bench.reload().open(&key, &binding, &sealed).unwrap().expose(), text, "after a restart");
        }
    }
}

#[test]
fn a_secret_opens_for_its_own_place_only() {
    let bench = Bench::new();
    let key = bench.data_key();
    let destination = Destination::origin(&Url::parse("https://a.openai.azure.com").unwrap()).unwrap();
    let others = [
        Destination::origin(&Url::parse("https://b.openai.azure.com").unwrap()).unwrap(),
        Destination::origin(&Url::parse("http://a.openai.azure.com").unwrap()).unwrap(),
        Destination::origin(&Url::parse("https://a.openai.azure.com:8443").unwrap()).unwrap(),
        openai(),
    ];
    let connection = |connection_id, field, version, destination| Binding::Connection {
        organization_id: ORGANIZATION,
        connection_id,
        field,
        version,
        destination,
    };
    let waiting = |session_hash, form, field, destination| Binding::Held {
        organization_id: ORGANIZATION,
        session_hash,
        form,
        field,
        destination,
    };
    let mut places = vec![
        ("saved", connection(11, SecretField::ApiKey, 3, &destination)),
        ("another connection", connection(12, SecretField::ApiKey, 3, &destination)),
        ("another field", connection(11, SecretField::AuthToken, 3, &destination)),
        ("an older version", connection(11, SecretField::ApiKey, 2, &destination)),
        ("connection and version swapped", connection(3, SecretField::ApiKey, 11, &destination)),
        ("held", waiting(b"session", "new/azure", SecretField::ApiKey, &destination)),
        ("another session", waiting(b"Session", "new/azure", SecretField::ApiKey, &destination)),
        ("another form", waiting(b"session", "edit/11", SecretField::ApiKey, &destination)),
        ("a border moved", waiting(b"sessionn", "ew/azure", SecretField::ApiKey, &destination)),
        ("another held field", waiting(b"session", "new/azure", SecretField::AuthToken, &destination)),
    ];
    for other in &others {
        places.push((other.as_str(), connection(11, SecretField::ApiKey, 3, other)));
        places.push((other.as_str(), waiting(b"session", "new/azure", SecretField::ApiKey, other)));
    }
    for (i, (from, sealed_for)) in places.iter().enumerate() {
        let sealed = bench.vault.seal(&key, sealed_for, &api_key()).unwrap();
        for (j, (to, opened_for)) in places.iter().enumerate() {
            match bench.vault.open(&key, opened_for, &sealed) {
                Ok(secret) => assert!(i == j && secret.expose() == API_KEY, "sealed for {from}, opened for {to}"),
                Err(error) => assert!(i != j && error == OpenError::ChangedOrMoved, "{from} → {to}: {error}"),
            }
        }
    }
}

#[test]
fn another_organization_opens_nothing_with_either_key() {
    let bench = Bench::new();
    let (ours, destination) = (bench.data_key(), openai());
    let theirs = bench.vault.new_data_key(KeyOwner::Organization(8)).unwrap();
    let their_binding = Binding::Connection {
        organization_id: 8,
        connection_id: 11,
        field: SecretField::ApiKey,
        version: 3,
        destination: &destination,
    };
    let sealed = bench.vault.seal(&ours, &saved(&destination), &api_key()).unwrap();
    assert_eq!(bench.vault.open(&ours, &their_binding, &sealed).unwrap_err(), OpenError::OtherOwner);
    assert_eq!(bench.vault.open(&theirs, &their_binding, &sealed).unwrap_err(), OpenError::OtherDataKey);
    let mut relabelled = sealed.clone();
    relabelled[1..9].copy_from_slice(&theirs.id.to_be_bytes());
    assert_eq!(bench.vault.open(&theirs, &their_binding, &relabelled).unwrap_err(), OpenError::ChangedOrMoved);
    let refused = bench.vault.seal(&theirs, &saved(&destination), &api_key()).unwrap_err();
    assert_eq!(refused, VaultError::DataKey(OpenError::OtherOwner));
    let installation = bench.vault.new_data_key(KeyOwner::Installation).unwrap();
    let refused = bench.vault.seal(&installation, &saved(&destination), &api_key()).unwrap_err();
    assert_eq!(refused, VaultError::DataKey(OpenError::OtherOwner));
}

#[test]
fn a_data_key_row_opens_only_as_it_was_written() {
    let bench = Bench::new();
    let key = bench.data_key();
    assert!(bench.vault.can_unwrap(&key));
    let changed = [
        DataKey { id: key.id ^ 1, ..key.clone() },
        DataKey { owner: KeyOwner::Organization(8), ..key.clone() },
        DataKey { owner: KeyOwner::Installation, ..key.clone() },
        DataKey { master_key_id: "00000000".to_owned().into(), ..key.clone() },
        DataKey { wrapped: bench.data_key().wrapped, ..key.clone() },
        DataKey { wrapped: Vec::new(), ..key.clone() },
        DataKey { wrapped: vec![ALGORITHM], ..key.clone() },
    ];
    for row in changed {
        assert!(!bench.vault.can_unwrap(&row), "{row:?}");
    }
    for bit in 0..key.wrapped.len() * 8 {
        let mut row = key.clone();
        row.wrapped[bit / 8] ^= 1 << (bit % 8);
        assert!(!bench.vault.can_unwrap(&row), "bit {bit}");
    }
}

#[test]
fn another_master_key_opens_nothing() {
    let (bench, other) = (Bench::new(), Bench::new());
    let (key, destination) = (bench.data_key(), openai());
    let sealed = bench.vault.seal(&key, &saved(&destination), &api_key()).unwrap();
    let missing = OpenError::UnknownMasterKey(bench.vault.active_key_id().clone());
    assert_eq!(other.vault.open(&key, &saved(&destination), &sealed).unwrap_err(), missing);
    let relabelled = DataKey { master_key_id: other.vault.active_key_id().clone(), ..key };
    let refused = other.vault.open(&relabelled, &saved(&destination), &sealed).unwrap_err();
    assert_eq!(refused, OpenError::ChangedOrMoved);
}

#[test]
fn sealing_twice_gives_different_bytes() {
    let bench = Bench::new();
    let (key, destination) = (bench.data_key(), openai());
    let sealed: HashSet<Vec<u8>> =
        (0..100).map(|_| bench.vault.seal(&key, &saved(&destination), &api_key()).unwrap()).collect();
    assert_eq!(sealed.len(), 100);
    let nonces: HashSet<&[u8]> = sealed.iter().map(|bytes| &bytes[9..21]).collect();
    assert_eq!(nonces.len(), 100);
}

#[test]
fn lengths_are_hidden_within_a_step() {
    let bench = Bench::new();
    let (key, destination) = (bench.data_key(), openai());
    let sealed_len = |n_bytes: usize| {
        let secret = Secret::new("k".repeat(n_bytes));
        bench.vault.seal(&key, &saved(&destination), &secret).unwrap().len()
    };
    let shortest = sealed_len(0);
    for n_bytes in 0..=60 {
        assert_eq!(sealed_len(n_bytes), shortest, "{n_bytes} bytes");
    }
    assert_eq!(sealed_len(61), shortest + PADDING_STEP_BYTES);
    assert_eq!(sealed_len(124), shortest + PADDING_STEP_BYTES);
    assert_eq!(sealed_len(125), shortest + 2 * PADDING_STEP_BYTES);
}

#[test]
fn too_long_a_secret_is_refused() {
    let bench = Bench::new();
    let destination = openai();
    let secret = Secret::new("k".repeat(MAX_SECRET_BYTES + 1));
    let refused = bench.vault.seal(&bench.data_key(), &saved(&destination), &secret).unwrap_err();
    assert_eq!(refused, VaultError::TooLong);
}

#[test]
fn sealed_bytes_name_their_data_key_and_hold_no_plaintext() {
    let bench = Bench::new();
    let (key, destination) = (bench.data_key(), openai());
    let sealed = bench.vault.seal(&key, &saved(&destination), &api_key()).unwrap();
    assert_eq!(data_key_id(&sealed), Some(key.id));
    assert!(key.id > 0);
    assert!(!sealed.windows(6).any(|window| API_KEY.as_bytes().windows(6).any(|part| part == window)));
    assert_eq!(data_key_id(b""), None);
    assert_eq!(data_key_id(API_KEY.as_bytes()), None);
    assert_eq!(data_key_id(&sealed[..20]), None);
}

#[test]
fn purposes_have_keys_of_their_own() {
    let bench = Bench::new();
    let installation = bench.vault.new_data_key(KeyOwner::Installation).unwrap();
    let other = bench.vault.new_data_key(KeyOwner::Installation).unwrap();
    let keys: HashSet<[u8; 64]> = [&installation, &other]
        .into_iter()
        .flat_map(|key| Purpose::ALL.map(|purpose| *bench.vault.derive(key, purpose).unwrap()))
        .collect();
    assert_eq!(keys.len(), 2 * Purpose::ALL.len());
    for purpose in Purpose::ALL {
        let again = bench.reload().derive(&installation, purpose).unwrap();
        assert_eq!(*again, *bench.vault.derive(&installation, purpose).unwrap(), "after a restart");
    }
}

#[test]
fn debug_shows_no_byte_of_a_key() {
    let bench = Bench::new();
    let (key, destination) = (bench.data_key(), openai());
    assert_eq!(format!("{:?}", bench.vault), "Vault { .. }");
    let shown = format!("{key:?} {key:#?} {:?} {:?}", saved(&destination), api_key());
    assert!(!shown.contains("wrapped") && !shown.contains(API_KEY), "{shown}");
    let decision = crate::vault::decide_start(Ok(bench.reload()), &[]);
    assert_eq!(format!("{decision:?}"), "Open(Vault { .. })");
}

/// A row as version 0.1 wrote it. If this fails, stored keys of existing installations no longer open.
#[test]
fn rows_of_earlier_versions_still_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    super::key_file::write_private(&path, GOLDEN_FILE);
    let key = DataKey {
        id: 1_111_015_610_442_251_530,
        owner: KeyOwner::Organization(ORGANIZATION),
        master_key_id: GOLDEN_ID.to_owned().into(),
        wrapped: bytes_of(GOLDEN_WRAPPED),
    };
    let destination = openai();
    let secret = Vault::load(&path).unwrap().open(&key, &saved(&destination), &bytes_of(GOLDEN_SEALED)).unwrap();
    assert_eq!(secret.expose(), API_KEY);
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// The bytes 1 to 32, in a made-up file.
const GOLDEN_ID: &str = "9995890d";
const GOLDEN_FILE: &str = "mk1:9995890d:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA\n";
const GOLDEN_WRAPPED: &str = "01d1484e4f4809fdd1948133eafa19134345c9d42df9fcde833cc0218a704dc314def40f454b4597315794c6259f933624231d338a85ee2794896490fd";
const GOLDEN_SEALED: &str = "010f6b1ecfb052fd0abcf75c4c53708af6fe760b083121957650ced8e03f1c957461d404f1a636d7b03e5f515b0915d4d424390752323bb82ede7c74d2cf28506964f2bce1fe4fdf7de61f1ab4cb6946f86b0318df45fe38f19c6790e07dd9832d21e115f1";

struct Sealed {
    bench: Bench,
    key: DataKey,
    bytes: Vec<u8>,
}

static SEALED: LazyLock<Sealed> = LazyLock::new(|| {
    let bench = Bench::new();
    let key = bench.data_key();
    let bytes = bench.vault.seal(&key, &saved(&openai()), &api_key()).unwrap();
    Sealed { bench, key, bytes }
});

fn opens(bytes: &[u8]) -> bool {
    SEALED.bench.vault.open(&SEALED.key, &saved(&openai()), bytes).is_ok()
}

#[test]
fn no_single_bit_can_be_changed() {
    assert!(opens(&SEALED.bytes));
    for bit in 0..SEALED.bytes.len() * 8 {
        let mut changed = SEALED.bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!opens(&changed), "bit {bit}");
    }
}

proptest! {
    #[test]
    fn nothing_but_the_sealed_bytes_opens(bytes in changed_bytes()) {
        prop_assume!(bytes != SEALED.bytes);
        prop_assert!(!opens(&bytes));
    }
}

/// The sealed bytes with some overwritten, cut off, or added.
fn changed_bytes() -> impl Strategy<Value = Vec<u8>> {
    let overwrite = proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4);
    let tail = proptest::collection::vec(any::<u8>(), 0..80);
    (overwrite, 0..=SEALED.bytes.len(), tail).prop_map(|(overwrite, keep, tail)| {
        let mut bytes = SEALED.bytes.clone();
        for (at, byte) in overwrite {
            *at.get_mut(&mut bytes) = byte;
        }
        bytes.truncate(keep);
        bytes.extend(tail);
        bytes
    })
}
