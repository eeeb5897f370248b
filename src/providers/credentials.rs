//! Google service-account key files, as people paste them.
//!
//! Only `service_account` is taken. The other kinds hold addresses that a client is meant to call, or the
//! sign-in of one person: <https://cloud.google.com/docs/authentication/external/externally-sourced-credentials>.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use ring::error::Unspecified;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::domain::secret::Secret;

/// What signing in needs of a key file.
pub struct ServiceAccount {
    /// Who signs in.
    pub client_email: String,
    /// The project that the account belongs to.
    pub project_id: Option<String>,
    key_id: Option<String>,
    key: RsaKeyPair,
}

impl ServiceAccount {
    /// Signs claims as a JSON Web Token: RS256 in compact form (RFC 7515, 3.1; RFC 7518, 3.3).
    ///
    /// # Errors
    /// If the system has no randomness to blind the signing with.
    pub fn sign(&self, claims: &Value) -> Result<Secret, Unspecified> {
        let mut header = json!({ "alg": "RS256", "typ": "JWT" });
        if let Some(key_id) = &self.key_id {
            header["kid"] = key_id.as_str().into();
        }
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let signed = [header.to_string(), claims.to_string()].map(|part| encode(part.as_bytes())).join(".");
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)?;
        Ok(Secret::new(format!("{signed}.{}", encode(&signature))))
    }
}

/// The addresses that Google has written as `token_uri` over the years. Whatever the file says, only the
/// operator's token address is called.
const TOKEN_URIS: [&str; 3] = [
    "https://oauth2.googleapis.com/token",
    "https://accounts.google.com/o/oauth2/token",
    "https://www.googleapis.com/oauth2/v4/token",
];

const NOT_JSON: &str = "This isn’t JSON. Copy the whole file, from the first { to the last }.";
const CUT_OFF: &str = "The end of the file is missing. Copy the whole file, from the first { to the last }.";
const KEY_CUT_OFF: &str =
    "The private key in this file is cut off. Copy the whole file again, or create a new key in Google Cloud.";
const KEY_UNREADABLE: &str =
    "The private key in this file can’t be read. Copy the whole file again, or create a new key in Google Cloud.";

/// Reads a pasted or uploaded file and repairs what can be repaired without guessing: a byte-order mark, base64
/// around the file, quotes and newlines escaped once more, a private key whose lines were lost.
///
/// # Errors
/// A sentence for the field.
pub fn read_pasted(pasted: &Secret) -> Result<Secret, String> {
    let mut file = object(pasted.expose())?;
    require_service_account(&file)?;
    let pem = canonical_pem(text(&file, "private_key").unwrap_or_default())?;
    file.insert("private_key".to_owned(), Value::String(pem.to_string()));
    let json = Secret::new(Value::Object(file).to_string());
    open(&json).map_err(|_| KEY_UNREADABLE.to_owned())?;
    Ok(json)
}

/// Reads a stored file.
///
/// # Errors
/// A sentence, if it is not one that [`read_pasted`] would have passed.
pub fn open(json: &Secret) -> Result<ServiceAccount, String> {
    let file: Map<String, Value> = serde_json::from_str(json.expose()).map_err(|_| NOT_JSON.to_owned())?;
    require_service_account(&file)?;
    let pem = text(&file, "private_key").unwrap_or_default();
    Ok(ServiceAccount {
        client_email: text(&file, "client_email").unwrap_or_default().to_owned(),
        project_id: text(&file, "project_id").map(str::to_owned),
        key_id: text(&file, "private_key_id").map(str::to_owned),
        key: rsa_key(pem).ok_or_else(|| KEY_UNREADABLE.to_owned())?,
    })
}

/// The project that a file names.
#[must_use]
pub fn project_id(json: &Secret) -> Option<String> {
    field(json, "project_id")
}

/// The last four characters of the key's id, which Google shows in its list of keys.
#[must_use]
pub fn key_id_tail(json: &Secret) -> Option<String> {
    Secret::new(field(json, "private_key_id")?).tail()
}

/// The parts of a file that are secret, for scrubbing; the whole file if it cannot be read.
pub(super) fn secret_parts(json: &Secret) -> Vec<Secret> {
    let parts: Vec<_> = ["private_key", "private_key_id"].iter().filter_map(|name| field(json, name)).collect();
    if parts.is_empty() {
        return vec![json.duplicate()];
    }
    parts.into_iter().map(Secret::new).collect()
}

fn rsa_key(pem: &str) -> Option<RsaKeyPair> {
    let der = Zeroizing::new(PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok()?);
    match &*der {
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok(),
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).ok(),
        _ => None,
    }
}

fn field(json: &Secret, name: &str) -> Option<String> {
    let file: Map<String, Value> = serde_json::from_str(json.expose()).ok()?;
    text(&file, name).map(str::to_owned)
}

fn text<'a>(file: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    file.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The JSON object in what was pasted.
fn object(pasted: &str) -> Result<Map<String, Value>, String> {
    let pasted = pasted.trim_start_matches('\u{feff}').trim();
    if pasted.starts_with('{') || pasted.starts_with('"') {
        return parse(pasted);
    }
    if let Some(decoded) = from_base64(pasted) {
        return parse(decoded.trim_start_matches('\u{feff}').trim());
    }
    Err(what_it_is_instead(pasted).to_owned())
}

fn parse(pasted: &str) -> Result<Map<String, Value>, String> {
    let readings = [Zeroizing::new(pasted.to_owned()), unescaped(pasted), newlines_escaped(pasted)];
    for reading in &readings {
        match serde_json::from_str(reading) {
            Ok(Value::Object(file)) => return Ok(file),
            Ok(Value::String(inner)) => {
                let inner = Zeroizing::new(inner);
                return serde_json::from_str(&inner).map_err(|_| NOT_JSON.to_owned());
            }
            _ => {}
        }
    }
    Err(if pasted.ends_with(['}', '"']) { NOT_JSON } else { CUT_OFF }.to_owned())
}

/// `{\"type\": …}` without the quotes that once stood around it.
fn unescaped(pasted: &str) -> Zeroizing<String> {
    let quoted = Zeroizing::new(format!("\"{pasted}\""));
    Zeroizing::new(serde_json::from_str(&quoted).unwrap_or_default())
}

/// Line breaks inside strings, as an editor that "formats" JSON may leave them, written as `\n`.
fn newlines_escaped(pasted: &str) -> Zeroizing<String> {
    let mut escaped = Zeroizing::new(String::with_capacity(pasted.len() + 64));
    let (mut is_in_string, mut is_after_backslash) = (false, false);
    for c in pasted.chars() {
        match c {
            '\n' if is_in_string => escaped.push_str("\\n"),
            '\r' if is_in_string => {}
            c => escaped.push(c),
        }
        is_in_string ^= c == '"' && !is_after_backslash;
        is_after_backslash = c == '\\' && !is_after_backslash;
    }
    escaped
}

fn from_base64(pasted: &str) -> Option<Zeroizing<String>> {
    let packed: Zeroizing<String> = Zeroizing::new(pasted.chars().filter(|c| !c.is_whitespace()).collect());
    let bytes = STANDARD.decode(packed.as_bytes()).or_else(|_| URL_SAFE.decode(packed.as_bytes())).ok()?;
    let text = Zeroizing::new(String::from_utf8(bytes).ok()?);
    text.trim_start_matches('\u{feff}').trim_start().starts_with('{').then_some(text)
}

fn what_it_is_instead(pasted: &str) -> &'static str {
    let is_one_line = !pasted.contains('\n');
    let looks_like_a_path = pasted.ends_with(".json") || pasted.starts_with(['/', '~']) || pasted.contains(":\\");
    if is_one_line && looks_like_a_path {
        return "This is the path of a file. Upload the file, or paste what is in it.";
    }
    if pasted.starts_with("-----BEGIN") {
        return "This is only the private key. Copy the whole file, from the first { to the last }.";
    }
    if ["AIza", "AQ.", "sk-", "ya29."].iter().any(|prefix| pasted.starts_with(prefix)) {
        return "This is a key or token, not a file. Vertex AI needs a service account key file (JSON).";
    }
    NOT_JSON
}

fn require_service_account(file: &Map<String, Value>) -> Result<(), String> {
    match text(file, "type") {
        Some("service_account") => {}
        other => return Err(other_credential(file, other)),
    }
    if text(file, "universe_domain").is_some_and(|domain| domain != "googleapis.com") {
        return Err("This key is for another cloud than Google’s public one (its universe_domain isn’t googleapis.com). Use a key of a project in Google Cloud.".to_owned());
    }
    for name in ["client_email", "private_key", "token_uri"] {
        if text(file, name).is_none() {
            return Err(format!("The file has no {name}. Copy the whole file, or create a new key in Google Cloud."));
        }
    }
    if text(file, "token_uri").is_some_and(|uri| !TOKEN_URIS.contains(&uri)) {
        return Err("The file’s token_uri isn’t Google’s. Use the file as Google Cloud made it.".to_owned());
    }
    Ok(())
}

fn other_credential(file: &Map<String, Value>, kind: Option<&str>) -> String {
    const NEEDED: &str = "We need a service account key: its \"type\" is service_account.";
    let what = match kind {
        Some("authorized_user") => "This is one person’s own sign-in (authorized_user), as gcloud makes it.",
        Some("external_account") => "This is a workload identity file (external_account).",
        Some("external_account_authorized_user") => {
            "This is one person’s workforce sign-in (external_account_authorized_user)."
        }
        Some("impersonated_service_account") => {
            "This file borrows a service account’s rights (impersonated_service_account)."
        }
        Some("gdch_service_account") => "This is a key for Google Distributed Cloud (gdch_service_account).",
        Some(_) => "This is another kind of credential.",
        None if file.contains_key("installed") || file.contains_key("web") => "This is an OAuth client file.",
        None => "The file doesn’t say what it is: it has no \"type\".",
    };
    format!("{what} {NEEDED}")
}

/// The private key with its lines as they should be, whatever became of the line breaks.
fn canonical_pem(key: &str) -> Result<Zeroizing<String>, String> {
    const BEGIN: &str = "-----BEGIN ";
    let key = Zeroizing::new(key.replace("\\n", "\n").replace("\\r", ""));
    let (label, rest) = key
        .trim()
        .strip_prefix(BEGIN)
        .and_then(|rest| rest.split_once("-----"))
        .ok_or_else(|| KEY_UNREADABLE.to_owned())?;
    if label == "ENCRYPTED PRIVATE KEY" {
        return Err("The private key in this file has a password. Use the file as Google Cloud made it.".to_owned());
    }
    if !matches!(label, "PRIVATE KEY" | "RSA PRIVATE KEY") {
        return Err(KEY_UNREADABLE.to_owned());
    }
    let end = format!("-----END {label}-----");
    let body = rest.trim().strip_suffix(&end).ok_or_else(|| KEY_CUT_OFF.to_owned())?;
    let body: Zeroizing<String> = Zeroizing::new(body.chars().filter(|c| !c.is_whitespace()).collect());
    if STANDARD.decode(body.as_bytes()).is_err() {
        return Err(KEY_CUT_OFF.to_owned());
    }
    let mut pem = Zeroizing::new(format!("{BEGIN}{label}-----\n"));
    for line in body.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str(&end);
    pem.push('\n');
    Ok(pem)
}
