//! Forms as a person meets them: what a page offers, filled in and sent back with everything hidden in it.

use super::browse::{Reply, Visitor};

/// A form of a page with what stands in its fields.
#[derive(Clone, Debug)]
pub struct FilledForm {
    /// Where it goes.
    pub action: String,
    is_multipart: bool,
    fields: Vec<(String, String)>,
}

impl Reply {
    /// The page's main form. Nothing in it is changed yet.
    #[track_caller]
    pub fn form(&self) -> FilledForm {
        self.form_in("form.form")
    }

    /// The form that the selector finds.
    #[track_caller]
    pub fn form_in(&self, selector: &str) -> FilledForm {
        let forms = self.all(selector);
        let form = forms.first().unwrap_or_else(|| panic!("no {selector} in {self}"));
        let inputs = self.all(&format!("{selector} input, {selector} textarea"));
        let fields = inputs.iter().filter_map(|input| {
            let kind = input.attr("type").unwrap_or_default();
            let is_choice = matches!(kind, "radio" | "checkbox");
            if kind == "file" || (is_choice && input.attr("checked").is_none()) {
                return None;
            }
            let value = match input.tag.as_str() {
                "textarea" => input.text().collect::<String>().trim_start_matches('\n').to_owned(),
                _ => input.attr("value").unwrap_or_default().to_owned(),
            };
            input.attr("name").map(|name| (name.to_owned(), value))
        });
        FilledForm {
            action: form.attr("action").map_or_else(|| self.address.clone(), str::to_owned),
            is_multipart: form.attr("enctype") == Some("multipart/form-data"),
            fields: fields.collect(),
        }
    }
}

impl FilledForm {
    /// Types into a field, or presses the button of that name.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Types into several fields.
    #[must_use]
    pub fn with_all<S: AsRef<str>>(self, answers: &[(&'static str, S)]) -> Self {
        answers.iter().fold(self, |form, (name, value)| form.with(name, value.as_ref()))
    }

    /// What a field holds now.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The names of its fields, in their order.
    pub fn names(&self) -> Vec<&str> {
        self.fields.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Names and values.
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

impl Visitor {
    /// Sends a form as its page says.
    pub async fn submit(&mut self, form: &FilledForm) -> Reply {
        if form.is_multipart {
            return self.post_multipart(&form.action, &form.pairs(), None).await;
        }
        let body = serde_urlencoded::to_string(form.pairs()).expect("the fields can be encoded");
        let request = self.posting(&form.action).header("content-type", "application/x-www-form-urlencoded").body(body);
        self.send(request).await
    }

    /// Sends a form with a file chosen in it: the field's name, the file's name and bytes.
    pub async fn submit_file(&mut self, form: &FilledForm, file: (&str, &str, &[u8])) -> Reply {
        self.post_multipart(&form.action, &form.pairs(), Some(file)).await
    }
}
