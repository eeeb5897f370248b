//! Labeling configurations: the XML that says what of a task is shown and what is asked about it.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::{Document, Node};
use serde::Serialize;

/// What a project has whose configuration is not written yet.
pub const EMPTY: &str = "<View></View>";

/// Longest configuration, in characters.
pub const LONGEST: usize = 100_000;
/// Equals signs between two angle brackets: attributes, and what their values hold.
const MOST_ATTRIBUTES: usize = 200;
/// Inputs of one control.
const MOST_INPUTS: usize = 50;
/// Characters of the name of a variable.
const LONGEST_VARIABLE: usize = 500;

/// How far out a label looks for its control. Honest ones find it in a few steps.
const FARTHEST: usize = 100;

/// Controls that a language model can fill.
const SUPPORTED: [&str; 6] = ["Choices", "Labels", "TextArea", "Pairwise", "Number", "Rating"];

/// Elements that name a label of the control around them.
const LABELS: [&str; 3] = ["Label", "Choice", "Relation"];

/// Elements that point at others and yet ask for nothing.
const NO_CONTROLS: [&str; 1] = ["Filter"];

/// What a labeling configuration asks for: its controls by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct LabelConfig {
    controls: BTreeMap<String, Control>,
}

/// Something that is asked about a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Control {
    /// The element's name: `Choices`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The names of what it is asked about.
    pub to_name: Vec<String>,
    /// What it is asked about, as far as it is there.
    pub inputs: Vec<Input>,
    /// The labels to choose from, in their order.
    pub labels: Vec<String>,
    /// The attributes of each label.
    pub labels_attrs: BTreeMap<String, BTreeMap<String, String>>,
}

/// Something of a task that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    /// The element's name: `Text`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What kind of value it is, if that is said.
    #[serde(rename = "valueType")]
    pub value_type: Option<String>,
    /// The variable that it shows, without its dollar.
    pub value: String,
}

impl LabelConfig {
    /// Reads a configuration.
    ///
    /// # Errors
    /// A sentence for the field.
    pub fn parse(xml: &str) -> Result<Self, String> {
        if xml.chars().count() > LONGEST {
            return Err(format!("Ensure this field has no more than {LONGEST} characters."));
        }
        // Reading these takes longer than they are worth: namespaces and attributes are compared with each other.
        if xml.contains("xmlns") {
            return Err("A labeling configuration needs no namespaces. Remove the attribute xmlns.".to_owned());
        }
        if xml.split('<').any(|tag| tag.matches('=').count() > MOST_ATTRIBUTES) {
            return Err(format!("Ensure no tag has more than {MOST_ATTRIBUTES} attributes."));
        }
        match Document::parse(xml) {
            Ok(document) => Ok(read(&document)),
            Err(roxmltree::Error::DtdDetected) => {
                Err("A labeling configuration holds no document type (<!DOCTYPE …>). Remove it.".to_owned())
            }
            Err(error) => {
                let place = error.pos();
                Err(format!(
                    "The labeling configuration is not well-formed XML: see line {}, column {}.",
                    place.row, place.col
                ))
            }
        }
    }

    /// Its controls by name.
    #[must_use]
    pub fn controls(&self) -> &BTreeMap<String, Control> {
        &self.controls
    }

    /// Whether a language model can fill at least one of its controls.
    #[must_use]
    pub fn suits_prompts(&self) -> bool {
        self.controls.values().any(|control| SUPPORTED.contains(&control.kind.as_str()))
    }
}

fn read(document: &Document) -> LabelConfig {
    let mut inputs = BTreeMap::new();
    let mut controls: BTreeMap<String, Control> = BTreeMap::new();
    for element in document.root().descendants().filter(Node::is_element) {
        let name = attribute(element, "name");
        match (name, attribute(element, "toName"), attribute(element, "value")) {
            (Some(name), Some(to_name), _) if !NO_CONTROLS.contains(&kind(element)) => {
                let to_name: BTreeSet<&str> = to_name.split(',').map(str::trim).take(MOST_INPUTS).collect();
                let to_name = to_name.into_iter().map(str::to_owned).collect();
                controls
                    .insert(name.to_owned(), Control { kind: kind(element).to_owned(), to_name, ..Control::default() });
            }
            (Some(name), None, Some(value)) => {
                inputs.insert(name.to_owned(), input(element, value));
            }
            _ => {}
        }
        if LABELS.contains(&kind(element)) {
            add_label(&mut controls, element);
        }
    }
    for control in controls.values_mut() {
        control.inputs = control.to_name.iter().filter_map(|name| inputs.get(name)).cloned().collect();
    }
    LabelConfig { controls }
}

fn input(element: Node, value: &str) -> Input {
    Input {
        kind: kind(element).to_owned(),
        value_type: attribute(element, "valueType").map(str::to_owned),
        value: value.trim_start_matches('$').chars().take(LONGEST_VARIABLE).collect(),
    }
}

/// Adds a label to the nearest control around it.
fn add_label(controls: &mut BTreeMap<String, Control>, element: Node) {
    let Some(label) = attribute(element, "alias").or_else(|| attribute(element, "value")) else { return };
    let mut names = element.ancestors().skip(1).take(FARTHEST).filter_map(|parent| attribute(parent, "name"));
    let Some(name) = names.find(|name| controls.contains_key(*name)) else { return };
    let Some(control) = controls.get_mut(name) else { return };
    if !control.labels_attrs.contains_key(label) {
        control.labels.push(label.to_owned());
    }
    let attributes = element.attributes().map(|attribute| (attribute.name().to_owned(), attribute.value().to_owned()));
    control.labels_attrs.insert(label.to_owned(), attributes.collect());
}

fn kind<'a>(element: Node<'a, '_>) -> &'a str {
    element.tag_name().name()
}

/// An attribute that says something.
fn attribute<'a>(element: Node<'a, '_>, name: &str) -> Option<&'a str> {
    element.attribute(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SENTIMENT: &str = r#"<View>
        <Text name="text" value="$text"/><Filter name="f" toName="sent"/>
        <Choices name="sent" toName="text"><View><Choice value="Pos"/><Choice value="Neg" alias="N"/></View></Choices>
    </View>"#;

    #[test]
    fn a_configuration_is_read_as_label_studio_reads_it() {
        let config = LabelConfig::parse(SENTIMENT).unwrap();
        assert_eq!(
            serde_json::to_value(&config).unwrap(),
            json!({"sent": {
                "type": "Choices", "to_name": ["text"],
                "inputs": [{"type": "Text", "valueType": null, "value": "text"}],
                "labels": ["Pos", "N"],
                "labels_attrs": {"Pos": {"value": "Pos"}, "N": {"value": "Neg", "alias": "N"}},
            }})
        );
        assert!(config.suits_prompts());
    }

    #[test]
    fn a_configuration_without_a_control_for_models_suits_no_prompt() {
        let boxes = r#"<View><Image name="i" value="$i"/><RectangleLabels name="r" toName="i"/></View>"#;
        for xml in [EMPTY, boxes] {
            assert!(!LabelConfig::parse(xml).unwrap().suits_prompts(), "{xml}");
        }
    }

    #[test]
    fn what_is_no_xml_or_brings_its_own_document_type_is_refused() {
        let entity = r#"<!DOCTYPE v [<!ENTITY a "aaaa">]><View>&a;</View>"#;
        let external = r#"<!DOCTYPE v SYSTEM "file:///etc/passwd"><View/>"#;
        for xml in ["", "View", "<View>", "<View></Viev>", "<View/><View/>", "<View>&nbsp;</View>", entity, external] {
            assert!(LabelConfig::parse(xml).is_err(), "{xml}");
        }
        assert!(LabelConfig::parse(entity).unwrap_err().contains("Remove it."));
    }

    #[test]
    fn deep_nesting_harms_nobody() {
        let n = 20_000;
        let nested = format!("{}{}", "<View>".repeat(n), "</View>".repeat(n));
        assert_eq!(
            LabelConfig::parse(&nested),
            Err(format!("Ensure this field has no more than {LONGEST} characters."))
        );
        let n = 7_000;
        let nested = format!("{}{}", "<View>".repeat(n), "</View>".repeat(n));
        assert_eq!(LabelConfig::parse(&nested), Ok(LabelConfig::default()));
    }

    #[test]
    fn what_would_take_long_to_read_or_much_to_keep_is_refused_or_cut() {
        let namespaces: String = (0..500).map(|n| format!(" xmlns:p{n}=\"u\"")).collect();
        assert!(LabelConfig::parse(&format!("<View{namespaces}/>")).unwrap_err().contains("namespaces"));
        let attributes: String = (0..500).map(|n| format!(" a{n}=\"1\"")).collect();
        assert!(LabelConfig::parse(&format!("<View{attributes}/>")).unwrap_err().contains("attributes"));
        let many = "t,".repeat(5_000);
        let long = "A".repeat(20_000);
        let config = format!("<View><Text name='t' value='${long}'/><Choices name='c' toName='{many}'/></View>");
        let config = LabelConfig::parse(&config).unwrap();
        assert!(serde_json::to_string(&config).unwrap().len() < 2_000);
    }
}
