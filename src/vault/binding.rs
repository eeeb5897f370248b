//! The place that a secret is sealed for.

use super::aad::AssociatedData;
use crate::domain::destination::Destination;
use crate::domain::secret::SecretField;

/// The place that a secret is sealed for. It opens for exactly the same place and no other.
#[derive(Clone, Copy, Debug)]
pub enum Binding<'a> {
    /// A saved connection's secret.
    Connection {
        /// The organization that owns the connection.
        organization_id: i64,
        /// The connection.
        connection_id: i64,
        /// Which of its secrets.
        field: SecretField,
        /// Counts the replacements, so that an older key cannot be put back.
        version: i64,
        /// Where the secret may go.
        destination: &'a Destination,
    },
    /// A secret that waits a few minutes for the person to decide, after a check that did not pass. There may be
    /// no connection yet, so it is bound to the session and the form.
    Held {
        /// The organization of the person.
        organization_id: i64,
        /// The hash that identifies the person's session in the database.
        session_hash: &'a [u8],
        /// Which form, for example `new/custom` or `edit/17`.
        form: &'a str,
        /// Which secret.
        field: SecretField,
        /// Where the secret may go.
        destination: &'a Destination,
    },
}

impl Binding<'_> {
    /// The organization, which must own the data key too.
    pub(super) fn organization_id(&self) -> i64 {
        match self {
            Self::Connection { organization_id, .. } | Self::Held { organization_id, .. } => *organization_id,
        }
    }

    pub(super) fn associated_data(&self, header: &[u8]) -> Vec<u8> {
        match *self {
            Self::Connection { organization_id, connection_id, field, version, destination } => {
                AssociatedData::new("claviger/connection/v1")
                    .bytes(header)
                    .number(organization_id)
                    .number(connection_id)
                    .text(field.name())
                    .number(version)
                    .text(destination.as_str())
            }
            Self::Held { organization_id, session_hash, form, field, destination } => {
                AssociatedData::new("claviger/held/v1")
                    .bytes(header)
                    .number(organization_id)
                    .bytes(session_hash)
                    .text(form)
                    .text(field.name())
                    .text(destination.as_str())
            }
        }
        .finish()
    }
}
