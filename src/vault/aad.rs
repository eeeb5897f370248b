//! Associated data: what is authenticated together with the encrypted bytes without being in them.

/// A list of fields, each written as its length and its bytes. Never joined with a separator: otherwise
/// ("ab", "c") and ("a", "bc") could be the same.
pub(super) struct AssociatedData(Vec<u8>);

impl AssociatedData {
    /// Starts with what the data is for, so that bytes sealed for one thing never open as another.
    pub fn new(context: &str) -> Self {
        Self(Vec::new()).text(context)
    }

    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    pub fn number(self, number: i64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}
