//! An answer ready to be sent: plain and compressed, each with a name of its own.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// One form of an answer. What is compressed is another sequence of bytes, so it goes by another `ETag`
/// (RFC 9110, section 8.8.3.3).
#[derive(Debug)]
pub struct Representation {
    /// As it is.
    pub plain: Named,
    /// With gzip.
    pub gzip: Named,
}

/// Bytes and what names them.
#[derive(Debug)]
pub struct Named {
    /// The bytes.
    pub body: Bytes,
    /// Names exactly these bytes, for `ETag`; without quotes.
    pub etag: String,
}

impl Representation {
    /// Makes both forms of an answer. Its name is a sum of its content, so that it is the same in every replica
    /// and another one after an upgrade that writes the same models differently.
    ///
    /// # Errors
    /// None in practice: the compressed form is written to memory.
    pub fn new(body: Vec<u8>) -> std::io::Result<Self> {
        let name: String = Sha256::digest(&body).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&body)?;
        let gzip = Named { body: encoder.finish()?.into(), etag: format!("{name}-gzip") };
        Ok(Self { plain: Named { body: body.into(), etag: name }, gzip })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_follows_the_content_and_the_compressed_form_has_its_own() {
        let [one, same, other] = ["one", "one", "other"].map(|text| Representation::new(text.into()).unwrap());
        assert_eq!(one.plain.etag, same.plain.etag);
        assert_eq!(one.gzip.body, same.gzip.body);
        assert_ne!(one.plain.etag, other.plain.etag);
        assert_ne!(one.plain.etag, one.gzip.etag);
        assert_eq!(one.plain.body, "one");
    }
}
