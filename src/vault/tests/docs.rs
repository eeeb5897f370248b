//! `docs/sealing.md` tells what the code does.

use super::*;
use crate::domain::secret::SecretField;
use crate::vault::cipher::{AEAD_OVERHEAD_BYTES, KEY_BYTES};
use crate::vault::key_file::{FILE_MODE, FOLDER_MODE};
use crate::vault::{ALGORITHM, MAX_SECRET_BYTES, PADDING_STEP_BYTES};

const PAGE: &str = include_str!("../../../docs/sealing.md");

#[test]
fn the_page_and_the_code_have_the_same_numbers() {
    let sentences = [
        format!("master key, {KEY_BYTES} random bytes"),
        format!("data key, {KEY_BYTES} random bytes"),
        format!("algorithm (1 byte, {ALGORITHM} = AES-256-GCM)"),
        format!("zeros up to a multiple of {PADDING_STEP_BYTES} bytes"),
        format!("The longest secret is {MAX_SECRET_BYTES} bytes."),
        format!("with mode {FILE_MODE:04o} in a folder with mode {FOLDER_MODE:04o}"),
        format!("field (`{}`, `{}`", SecretField::ApiKey.name(), SecretField::AuthToken.name()),
    ];
    for sentence in sentences {
        assert!(PAGE.contains(&sentence), "docs/sealing.md does not say: {sentence}");
    }
}

#[test]
fn the_pages_byte_counts_add_up_to_what_is_sealed() {
    let (algorithm, id, nonce, tag) = (1, 8, 12, 16);
    let format = format!(
        "algorithm ({algorithm} byte, {ALGORITHM} = AES-256-GCM) ‖ data key id ({id} bytes) ‖ \
         nonce ({nonce} random bytes) ‖ ciphertext ‖ tag ({tag} bytes)"
    );
    assert!(PAGE.contains(&format), "docs/sealing.md does not say: {format}");
    assert_eq!(nonce + tag, AEAD_OVERHEAD_BYTES);

    let bench = Bench::new();
    let sealed = bench.vault.seal(&bench.data_key(), &saved(&openai()), &api_key()).unwrap();
    assert_eq!(sealed.len(), algorithm + id + nonce + PADDING_STEP_BYTES + tag);
}

#[test]
fn the_page_names_what_is_authenticated() {
    let destination = openai();
    for (binding, context) in
        [(saved(&destination), "claviger/connection/v1"), (held(&destination), "claviger/held/v1")]
    {
        let data = binding.associated_data(b"header");
        assert!(data.windows(context.len()).any(|window| window == context.as_bytes()));
        assert!(PAGE.contains(&format!("`{context}`")), "docs/sealing.md does not name {context}");
    }
}
