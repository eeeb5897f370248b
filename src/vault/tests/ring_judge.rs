//! Another implementation of the same primitives reads what we write and writes what we read. The format is
//! spelled out here byte by byte, apart from the code under test.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};

use super::*;
use crate::vault::Purpose;

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(key: &[u8], info: &str) -> [u8; N] {
    let mut derived = [0; N];
    let extracted = Salt::new(HKDF_SHA256, &[]).extract(key);
    extracted.expand(&[info.as_bytes()], Length(N)).unwrap().fill(&mut derived).unwrap();
    derived
}

fn aes(key: [u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap())
}

fn decrypt(key: [u8; 32], fields: &[&[u8]], encrypted: &[u8]) -> Vec<u8> {
    let (nonce, rest) = encrypted.split_at(12);
    let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
    let mut buffer = rest.to_vec();
    aes(key).open_in_place(nonce, Aad::from(prefixed(fields)), &mut buffer).unwrap().to_vec()
}

fn encrypt(key: [u8; 32], fields: &[&[u8]], plaintext: &[u8]) -> Vec<u8> {
    let nonce = *b"twelve bytes";
    let mut buffer = plaintext.to_vec();
    let aad = Aad::from(prefixed(fields));
    aes(key).seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut buffer).unwrap();
    [nonce.as_slice(), &buffer].concat()
}

fn prefixed(fields: &[&[u8]]) -> Vec<u8> {
    fields.iter().flat_map(|field| [&(field.len() as u64).to_be_bytes(), *field].concat()).collect()
}

fn master_key(bench: &Bench) -> Vec<u8> {
    let text = std::fs::read_to_string(&bench.path).unwrap();
    URL_SAFE_NO_PAD.decode(text.trim_end().rsplit(':').next().unwrap()).unwrap()
}

fn data_key(bench: &Bench, key: &DataKey) -> [u8; 32] {
    let master = master_key(bench);
    let id: [u8; 4] = derive(&master, "claviger/id/v1");
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(key.master_key_id.as_str(), id);
    let fields: [&[u8]; 5] =
        [b"claviger/data-key/v1", b"organization", &ORGANIZATION.to_be_bytes(), &key.id.to_be_bytes(), id.as_bytes()];
    assert_eq!(key.wrapped[0], 1);
    decrypt(derive(&master, "claviger/kek/v1"), &fields, &key.wrapped[1..]).try_into().unwrap()
}

#[test]
fn ring_opens_what_we_sealed() {
    let bench = Bench::new();
    let (key, destination) = (bench.data_key(), openai());
    let sealing_key = derive(&data_key(&bench, &key), "claviger/seal/v1");

    let sealed = bench.vault.seal(&key, &saved(&destination), &api_key()).unwrap();
    let header = [&[1], key.id.to_be_bytes().as_slice()].concat();
    assert_eq!(sealed[..9], header);
    let fields: [&[u8]; 7] = [
        b"claviger/connection/v1",
        &header,
        &ORGANIZATION.to_be_bytes(),
        &11_i64.to_be_bytes(),
        b"api_key",
        &3_i64.to_be_bytes(),
        b"provider:openai",
    ];
    let padded = decrypt(sealing_key, &fields, &sealed[9..]);
    assert_eq!(padded.len() % 64, 0);
    assert_eq!(padded[..4], 25_u32.to_be_bytes());
    assert_eq!(&padded[4..29], API_KEY.as_bytes());
    assert!(padded[29..].iter().all(|byte| *byte == 0));
}

#[test]
fn we_open_what_ring_sealed() {
    let bench = Bench::new();
    let (key, destination) = (bench.data_key(), openai());
    let sealing_key = derive(&data_key(&bench, &key), "claviger/seal/v1");

    let header = [&[1], key.id.to_be_bytes().as_slice()].concat();
    let fields: [&[u8]; 7] = [
        b"claviger/held/v1",
        &header,
        &ORGANIZATION.to_be_bytes(),
        b"session",
        b"new/openai",
        b"api_key",
        b"provider:openai",
    ];
    let mut padded = [25_u32.to_be_bytes().as_slice(), API_KEY.as_bytes()].concat();
    padded.resize(64, 0);
    let sealed = [header.as_slice(), &encrypt(sealing_key, &fields, &padded)].concat();
    assert_eq!(bench.vault.open(&key, &held(&destination), &sealed).unwrap().expose(), API_KEY);
}

#[test]
fn ring_derives_the_same_keys() {
    let bench = Bench::new();
    let key = bench.data_key();
    let plain = data_key(&bench, &key);
    for (purpose, info) in [
        (Purpose::Cookie, "claviger/cookie/v1"),
        (Purpose::Csrf, "claviger/csrf/v1"),
        (Purpose::AuditChain, "claviger/audit-chain/v1"),
        (Purpose::Fingerprint, "claviger/fingerprint/v1"),
    ] {
        assert_eq!(*bench.vault.derive(&key, purpose).unwrap(), derive::<64>(&plain, info));
    }
}
