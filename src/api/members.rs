//! Members of objects that are sent to be stored, where the types alone do not say what is right.

use super::body::Change;
use crate::domain::field_errors::FieldErrors;

/// The value of a member that is never null: what was sent, or what there is. Without either it is the type's empty
/// value, and the errors say what is missing.
pub fn required<T: Default>(errors: &mut FieldErrors, field: &str, sent: Change<T>, present: Option<T>) -> T {
    let value = match sent {
        Change::To(value) => Some(value),
        Change::Null => {
            errors.add(field, "This field may not be null.");
            return T::default();
        }
        Change::Absent => present,
    };
    value.unwrap_or_else(|| {
        errors.add(field, "This field is required.");
        T::default()
    })
}
