//! What a provider's form shows: fields, hints and help, as values that a template can walk.

use crate::domain::secret::SecretField;

/// Text with a few pieces marked up.
pub type Prose = &'static [Piece];

/// A piece of [`Prose`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Plain words.
    Text(&'static str),
    /// Words that stand out: the name of a button or menu.
    Strong(&'static str),
    /// Something to paste or recognize, in monospace.
    Code(&'static str),
    /// A link. An address that starts with `/` is one of our pages, any other opens in a new tab.
    Link {
        /// Where it leads.
        href: &'static str,
        /// Its words.
        text: &'static str,
    },
}

/// The words of some prose, without markup.
#[must_use]
pub fn plain(prose: Prose) -> String {
    prose
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) | Piece::Strong(text) | Piece::Code(text) | Piece::Link { text, .. } => *text,
        })
        .collect()
}

/// An address with its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it leads.
    pub href: &'static str,
    /// Its words: "your OpenAI account".
    pub text: &'static str,
}

/// A section of the help beside a form.
#[derive(Clone, Copy, Debug)]
pub struct HelpSection {
    /// Its heading.
    pub heading: &'static str,
    /// Its content.
    pub blocks: &'static [HelpBlock],
}

/// A paragraph or list in a [`HelpSection`].
#[derive(Clone, Copy, Debug)]
pub enum HelpBlock {
    /// A paragraph.
    Paragraph(Prose),
    /// Numbered steps.
    Steps(&'static [Prose]),
    /// A bulleted list.
    List(&'static [Prose]),
    /// Terms with their values, as in an example configuration.
    Facts(&'static [(&'static str, Prose)]),
}

/// How a field is drawn and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A short text, in monospace since it is pasted from elsewhere.
    Text,
    /// An address.
    Url,
    /// A secret on one line, masked.
    Secret(SecretField),
    /// Google's key file: uploaded or pasted. The secret is [`SecretField::GoogleApplicationCredentials`].
    CredentialsFile,
}

impl FieldKind {
    /// Which secret the field holds, if it holds one.
    #[must_use]
    pub fn secret(self) -> Option<SecretField> {
        match self {
            Self::Secret(field) => Some(field),
            Self::CredentialsFile => Some(SecretField::GoogleApplicationCredentials),
            Self::Text | Self::Url => None,
        }
    }
}

/// A field of a provider's form.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The name in forms and in the REST API: `api_key`, `deployment_name` ….
    pub name: &'static str,
    /// The label: "API key".
    pub label: &'static str,
    /// What to enter, under the label; may be empty.
    pub hint: Prose,
    /// Whether it must be filled in. The others are marked *(optional)*.
    pub required: bool,
    /// How it is drawn and read.
    pub kind: FieldKind,
    /// Most bytes it may hold.
    pub max_len: usize,
    /// The grey example in an empty field; may be empty.
    pub placeholder: &'static str,
    /// Values to choose from, besides typing one; may be empty.
    pub options: &'static [&'static str],
    /// What to say when it is required and empty.
    pub when_empty: &'static str,
}

/// Most bytes of a key or token, as no header of any provider needs more.
pub const MAX_KEY_BYTES: usize = 4096;
/// Most bytes of a Google key file; real ones are about 2,400.
pub const MAX_CREDENTIALS_BYTES: usize = 32 * 1024;

/// A required API key.
pub(super) const fn api_key(hint: Prose) -> Field {
    Field {
        name: "api_key",
        label: "API key",
        hint,
        required: true,
        kind: FieldKind::Secret(SecretField::ApiKey),
        max_len: MAX_KEY_BYTES,
        placeholder: "",
        options: &[],
        when_empty: "Enter the API key.",
    }
}

/// A required text on one line.
pub(super) const fn text(name: &'static str, label: &'static str, hint: Prose, when_empty: &'static str) -> Field {
    Field {
        name,
        label,
        hint,
        required: true,
        kind: FieldKind::Text,
        max_len: 512,
        placeholder: "",
        options: &[],
        when_empty,
    }
}

/// A required endpoint.
pub(super) const fn endpoint(hint: Prose, when_empty: &'static str) -> Field {
    Field { kind: FieldKind::Url, ..text("endpoint", "Endpoint", hint, when_empty) }
}

/// How a key is kept, in the help of every provider with a plain key.
pub(super) const HOW_IT_IS_KEPT: HelpSection = HelpSection {
    heading: "How it’s kept",
    blocks: &[HelpBlock::Paragraph(&[Piece::Text(
        "The key is encrypted before it’s stored. Nobody can read it back here, including you. You’ll see only its last four characters.",
    )])],
};

/// What the check of a provider that lists its models does.
pub(super) const WHAT_WE_CHECK: HelpSection = HelpSection {
    heading: "What we check",
    blocks: &[HelpBlock::Paragraph(&[Piece::Text("We list the models the key can use. No tokens are spent.")])],
};
