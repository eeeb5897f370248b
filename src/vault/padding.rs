//! Hides how long a secret is: an OpenAI key and an Anthropic key would otherwise differ by their lengths.
//!
//! Padded form: length of the text (4 bytes, big-endian) ‖ text ‖ zeros up to a multiple of the step.

use zeroize::Zeroizing;

use crate::domain::secret::Secret;

/// Sealed secrets differ in length by multiples of this.
pub const PADDING_STEP_BYTES: usize = 64;

/// The longest secret that is sealed. A Google service-account file has about 2,400 bytes.
pub const MAX_SECRET_BYTES: usize = 65_536;

const LENGTH_BYTES: usize = size_of::<u32>();

/// `None` if the text is too long.
pub(super) fn pad(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let length = u32::try_from(text.len()).ok().filter(|_| text.len() <= MAX_SECRET_BYTES)?;
    let padded_len = (LENGTH_BYTES + text.len()).next_multiple_of(PADDING_STEP_BYTES);
    // Of the final size from the start: growing would leave a copy behind.
    let mut padded = Zeroizing::new(Vec::with_capacity(padded_len));
    padded.extend_from_slice(&length.to_be_bytes());
    padded.extend_from_slice(text.as_bytes());
    padded.resize(padded_len, 0);
    Some(padded)
}

/// `None` for what [`pad`] did not make.
pub(super) fn unpad(padded: &[u8]) -> Option<Secret> {
    let (length, rest) = padded.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let text = str::from_utf8(rest.get(..length)?).ok()?;
    Some(Secret::new(text.to_owned()))
}
