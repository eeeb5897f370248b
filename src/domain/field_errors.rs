//! What is wrong with what somebody typed, field by field. Pages and the REST API show the same map.

/// One thing that is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// What happened, why, and what to do; whole sentences. The first sentence also stands in the summary.
    pub message: String,
    /// A value that would be right, offered as a button ("Use this").
    pub suggestion: Option<String>,
    /// A page that helps: its address and its words.
    pub link: Option<(String, String)>,
}

impl FieldError {
    /// The first sentence, without its full stop, for the summary at the top of a page.
    #[must_use]
    pub fn summary(&self) -> &str {
        let end = self.message.find(". ").unwrap_or(self.message.len());
        self.message[..end].trim_end_matches('.')
    }
}

impl<T: Into<String>> From<T> for FieldError {
    fn from(message: T) -> Self {
        Self { message: message.into(), suggestion: None, link: None }
    }
}

/// Errors by the name of their field, in the order in which they were found. The empty name stands for the form as a
/// whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<(String, FieldError)>);

impl FieldErrors {
    /// One error, on one field.
    #[must_use]
    pub fn one(field: &str, error: impl Into<FieldError>) -> Self {
        let mut errors = Self::default();
        errors.add(field, error);
        errors
    }

    /// Adds an error to a field.
    pub fn add(&mut self, field: &str, error: impl Into<FieldError>) {
        self.0.push((field.to_owned(), error.into()));
    }

    /// The first error of a field.
    #[must_use]
    pub fn on(&self, field: &str) -> Option<&FieldError> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, error)| error)
    }

    /// The same with other addresses in its links; a link whose address is none is left out.
    #[must_use]
    pub fn with_links(mut self, address: impl Fn(&str) -> Option<String>) -> Self {
        for (_, error) in &mut self.0 {
            error.link = error.link.take().and_then(|(href, words)| Some((address(&href)?, words)));
        }
        self
    }

    /// The same with the errors of one field at another.
    #[must_use]
    pub fn renamed(mut self, from: &str, to: &str) -> Self {
        for (field, _) in self.0.iter_mut().filter(|(field, _)| field == from) {
            to.clone_into(field);
        }
        self
    }

    /// Every error with its field.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FieldError)> {
        self.0.iter().map(|(field, error)| (field.as_str(), error))
    }

    /// Puts them into the order of these fields. The form as a whole comes first, what is not among them last.
    #[must_use]
    pub fn in_order_of<'a>(mut self, fields: impl Iterator<Item = &'a str>) -> Self {
        let fields: Vec<&str> = std::iter::once("").chain(fields).collect();
        self.0.sort_by_key(|(name, _)| fields.iter().position(|field| field == name).unwrap_or(usize::MAX));
        self
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` when nothing is wrong, for the end of a validation.
    ///
    /// # Errors
    /// The errors themselves, if there are any.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}
