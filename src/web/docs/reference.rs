//! The reference of the REST API, as pages show it: read from the same description that programs get.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::OpenApi as Document;

/// The whole reference.
#[derive(Debug)]
pub struct Reference {
    /// What the API is.
    pub about: String,
    /// Operations by what they are about.
    pub groups: Vec<Group>,
    /// What is sent and answered.
    pub schemas: Vec<Schema>,
}

/// Operations about one thing.
#[derive(Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its operations, by path.
    pub operations: Vec<Operation>,
}

/// Something that a program can ask for.
#[derive(Debug)]
pub struct Operation {
    /// Its name, for links.
    pub id: String,
    /// `GET` and so on.
    pub method: String,
    /// The path, with `{id}` for what varies.
    pub path: String,
    /// What it does.
    pub about: String,
    /// What stands in path, query and headers.
    pub parameters: Vec<Member>,
    /// The schema of the body.
    pub body: Option<String>,
    /// A body that works.
    pub example: Option<String>,
    /// The status of success and, if there is a body, its type.
    pub answer: (String, Option<Kind>),
}

/// An object.
#[derive(Debug)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Its members.
    pub members: Vec<Member>,
}

/// A member of an object, or a parameter.
#[derive(Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// What it is.
    pub about: String,
}

/// A type in words, and the object that it names, if it names one.
#[derive(Debug, Default)]
pub struct Kind {
    /// `text`, `whole number`, `list of`.
    pub words: String,
    /// The name of an object.
    pub object: Option<String>,
}

impl Reference {
    /// Reads a description.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        let document = serde_json::to_value(document).unwrap_or_default();
        let mut groups: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
        for (path, item) in members(&document["paths"]) {
            for (method, operation) in members(item) {
                let group = text(&operation["tags"][0]);
                groups.entry(group).or_default().push(Operation::of(method, path, operation));
            }
        }
        let schemas = members(&document["components"]["schemas"]).map(|(name, schema)| Schema {
            name: name.clone(),
            about: text(&schema["description"]),
            members: members(&schema["properties"]).map(|(name, member)| Member::of(name, member)).collect(),
        });
        Self {
            about: text(&document["info"]["description"]),
            schemas: schemas.collect(),
            groups: groups.into_iter().map(|(name, operations)| Group { name, operations }).collect(),
        }
    }
}

impl Group {
    /// Its name in links.
    #[must_use]
    pub fn id(&self) -> String {
        self.name.to_lowercase().replace(' ', "-")
    }
}

impl Operation {
    fn of(method: &str, path: &str, operation: &Value) -> Self {
        let success = members(&operation["responses"]).find(|(status, _)| status.starts_with('2'));
        let answer = success.map(|(status, response)| {
            let schema = &response["content"]["application/json"]["schema"];
            (status.clone(), schema.is_object().then(|| Kind::of(schema)))
        });
        let body = &operation["requestBody"]["content"]["application/json"];
        let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            id: text(&operation["operationId"]),
            method: method.to_uppercase(),
            path: path.to_owned(),
            about: [text(&operation["summary"]), text(&operation["description"])].join(" ").trim().to_owned(),
            parameters: parameters.iter().map(Member::of_parameter).collect(),
            body: Kind::of(&body["schema"]).object,
            example: body.get("example").and_then(|example| serde_json::to_string_pretty(example).ok()),
            answer: answer.unwrap_or_default(),
        }
    }
}

impl Member {
    fn of(name: &str, schema: &Value) -> Self {
        let write_only = if schema["writeOnly"] == true { " Only written." } else { "" };
        Self {
            name: name.to_owned(),
            kind: Kind::of(schema),
            about: format!("{}{write_only}", text(&schema["description"])),
        }
    }

    fn of_parameter(parameter: &Value) -> Self {
        let place = match parameter["in"].as_str() {
            Some("header") => "in a header",
            Some("query") => "in the query",
            _ => "in the path",
        };
        Self { kind: Kind { words: place.to_owned(), object: None }, ..Self::of(&text(&parameter["name"]), parameter) }
    }
}

impl Kind {
    fn of(schema: &Value) -> Self {
        if let Some(name) = schema["$ref"].as_str().and_then(|address| address.rsplit('/').next()) {
            return Self { words: String::new(), object: Some(name.to_owned()) };
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let some = choices.iter().find(|choice| choice["type"] != "null");
            return some.map(Self::of).unwrap_or_default().or_null();
        }
        let (name, nullable) = match &schema["type"] {
            Value::Array(types) => {
                let name = types.iter().find(|name| *name != "null").map(text).unwrap_or_default();
                (name, types.iter().any(|name| name == "null"))
            }
            name => (text(name), false),
        };
        let kind = if name == "array" {
            let item = Self::of(&schema["items"]);
            Self { words: format!("list of {}", item.words).trim_end().to_owned(), object: item.object }
        } else {
            Self { words: words(&name, schema["format"].as_str()).to_owned(), object: None }
        };
        if nullable { kind.or_null() } else { kind }
    }

    fn or_null(self) -> Self {
        Self { words: format!("{}, or null", self.words).trim_start_matches(", ").to_owned(), ..self }
    }
}

fn words(name: &str, format: Option<&str>) -> &'static str {
    match (name, format) {
        ("string", Some("date-time")) => "time",
        ("string", Some("date")) => "day",
        ("string", _) => "text",
        ("integer", _) => "whole number",
        ("number", _) => "number",
        ("boolean", _) => "true or false",
        ("object", _) => "object",
        _ => "anything",
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('\n', " ")
}
