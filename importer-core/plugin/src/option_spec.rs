use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{Error, Options};

/// What an option holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionKind {
    /// Any text.
    #[default]
    Text,
    /// A whole number; a text of digits serves too, because command lines know only text.
    Integer,
    /// Yes or no; the texts `true` and `false` serve too.
    Flag,
    /// The path of a file.
    File,
    /// A list of texts.
    List,
    /// A kind that a newer SDK has and this one does not: it is taken as it is given, and the plugin itself checks it.
    #[serde(other)]
    Unknown,
}

/// One option of an adapter, a rule or a feature: for help texts, for forms, and for checks before it is used.
///
/// ```
/// use importer_plugin::{OptionSpec, Options, check_options};
/// let specs = [
///     OptionSpec::file("file", "The file to read").required(),
///     OptionSpec::integer("page", "Rows per page").between(1, 500).default_value(100),
///     OptionSpec::text("order", "What comes first").choices(&["oldest", "newest"]),
/// ];
/// let given = Options::default().with("file", "people.vcf").with("page", "1000");
/// assert_eq!(
///     check_options(&specs, &given).unwrap_err().message,
///     "option `page` must be at most 500"
/// );
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionSpec {
    /// Its name, as given in options.
    pub name: String,
    /// What it does, in a sentence.
    pub help: String,
    /// True when nothing works without it.
    pub required: bool,
    /// What it holds.
    #[serde(default)]
    pub kind: OptionKind,
    /// The only values it takes; any when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// Values that are usual, for help texts and forms; others serve too, as far as the plugin knows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
    /// The smallest number it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<i64>,
    /// The largest number it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<i64>,
    /// What holds when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// True for the name of a secret that is asked of the host ([`Host::secret`](crate::Host::secret)): never an option,
    /// so that it is never stored with a run.
    #[serde(default)]
    pub secret: bool,
}

impl OptionSpec {
    /// An option of a kind.
    pub fn new(kind: OptionKind, name: impl Into<String>, help: impl Into<String>) -> Self {
        Self { name: name.into(), help: help.into(), kind, ..Self::default() }
    }

    /// An option that holds text.
    pub fn text(name: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(OptionKind::Text, name, help)
    }

    /// An option that holds a whole number.
    pub fn integer(name: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(OptionKind::Integer, name, help)
    }

    /// An option that is on or off.
    pub fn flag(name: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(OptionKind::Flag, name, help)
    }

    /// An option that holds a list of texts.
    pub fn list(name: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(OptionKind::List, name, help)
    }

    /// An option that names a file.
    pub fn file(name: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(OptionKind::File, name, help)
    }

    /// A secret that the plugin asks of the host by this name.
    pub fn secret(name: impl Into<String>, help: impl Into<String>) -> Self {
        Self { secret: true, ..Self::text(name, help) }
    }

    /// Nothing works without it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// It takes these values and no others.
    #[must_use]
    pub fn choices(mut self, choices: &[&str]) -> Self {
        self.choices = choices.iter().map(|&choice| choice.into()).collect();
        self
    }

    /// These values are usual; others serve too.
    #[must_use]
    pub fn suggestions(mut self, values: &[&str]) -> Self {
        self.suggestions = values.iter().map(|&value| value.into()).collect();
        self
    }

    /// It takes numbers of this range, both ends included.
    #[must_use]
    pub fn between(mut self, minimum: i64, maximum: i64) -> Self {
        (self.minimum, self.maximum) = (Some(minimum), Some(maximum));
        self
    }

    /// What holds when it is not given.
    #[must_use]
    pub fn default_value(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// What it takes, in words: for help texts and reference pages.
    ///
    /// ```
    /// use importer_plugin::OptionSpec;
    /// assert_eq!(OptionSpec::integer("page", "Rows").between(1, 500).takes(), "a whole number from 1 to 500");
    /// assert_eq!(OptionSpec::text("order", "Order").choices(&["old", "new"]).takes(), "`old` or `new`");
    /// ```
    pub fn takes(&self) -> String {
        if let Some((last, rest)) = self.choices.split_last() {
            return match rest {
                [] => format!("`{last}`"),
                _ => format!("`{}` or `{last}`", rest.join("`, `")),
            };
        }
        let kind = match self.kind {
            OptionKind::Unknown => "a value",
            OptionKind::Text => "text",
            OptionKind::Integer => "a whole number",
            OptionKind::Flag => "true or false",
            OptionKind::File => "a file",
            OptionKind::List => "a list of texts",
        };
        let range = match (self.minimum, self.maximum) {
            (Some(minimum), Some(maximum)) => format!(" from {minimum} to {maximum}"),
            (Some(minimum), None) => format!(", at least {minimum}"),
            (None, Some(maximum)) => format!(", at most {maximum}"),
            (None, None) => String::new(),
        };
        let usual = match self.suggestions.as_slice() {
            [] => String::new(),
            usual => format!(", such as `{}`", usual.join("`, `")),
        };
        format!("{kind}{range}{usual}")
    }

    fn check(&self, options: &Options) -> Result<(), Error> {
        if self.secret {
            return match options.get(&self.name) {
                None => Ok(()),
                Some(_) => Err(self.wrong(
                    "is a secret: give it to the host, which hands it to the plugin, and not as an option",
                )),
            };
        }
        if options.get(&self.name).is_none() {
            return if self.required { Err(self.wrong("is missing")) } else { Ok(()) };
        }
        match self.kind {
            OptionKind::Integer => {
                let number = options.number(&self.name)?;
                if let (Some(number), Some(minimum)) = (number, self.minimum)
                    && number < minimum
                {
                    return Err(self.wrong(format!("must be at least {minimum}")));
                }
                if let (Some(number), Some(maximum)) = (number, self.maximum)
                    && number > maximum
                {
                    return Err(self.wrong(format!("must be at most {maximum}")));
                }
            }
            OptionKind::Flag => {
                options.flag(&self.name)?;
            }
            // What it holds need not be text.
            OptionKind::Unknown => {}
            OptionKind::List => {
                let value = options.get(&self.name).and_then(Value::as_array);
                if !value.is_some_and(|items| items.iter().all(Value::is_string)) {
                    return Err(self.wrong("must be a list of texts"));
                }
            }
            OptionKind::Text | OptionKind::File => {
                let text = options.text(&self.name)?;
                if let Some(text) = text.filter(|_| !self.choices.is_empty())
                    && !self.choices.iter().any(|choice| choice == text)
                {
                    return Err(self.wrong(format!("must be one of `{}`", self.choices.join("`, `"))));
                }
            }
        }
        Ok(())
    }

    fn wrong(&self, what: impl std::fmt::Display) -> Error {
        Error::config(format!("option `{}` {what}", self.name)).in_field(&self.name)
    }

    fn schema(&self) -> Value {
        let mut schema = Map::new();
        let kind = match self.kind {
            OptionKind::Text | OptionKind::File => Some("string"),
            OptionKind::Integer => Some("integer"),
            OptionKind::Flag => Some("boolean"),
            OptionKind::List => Some("array"),
            OptionKind::Unknown => None,
        };
        if let Some(kind) = kind {
            schema.insert("type".into(), kind.into());
        }
        schema.insert("description".into(), self.help.as_str().into());
        if self.kind == OptionKind::File {
            schema.insert("format".into(), "path".into());
        }
        if self.kind == OptionKind::List {
            schema.insert("items".into(), json!({ "type": "string" }));
        }
        if !self.choices.is_empty() {
            schema.insert("enum".into(), self.choices.clone().into());
        }
        if !self.suggestions.is_empty() {
            schema.insert("examples".into(), self.suggestions.clone().into());
        }
        for (name, bound) in [("minimum", self.minimum), ("maximum", self.maximum)] {
            if let Some(bound) = bound {
                schema.insert(name.into(), bound.into());
            }
        }
        if let Some(default) = &self.default {
            schema.insert("default".into(), default.clone());
        }
        if self.secret {
            schema.insert("writeOnly".into(), true.into());
        }
        Value::Object(schema)
    }
}

/// Checks options against what is declared: unknown ones, missing ones, wrong values, secrets in the wrong place.
///
/// # Errors
/// About the first option that does not fit; the message says what does.
pub fn check_options(specs: &[OptionSpec], options: &Options) -> Result<(), Error> {
    let known: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    options.check_known(&known)?;
    specs.iter().try_for_each(|spec| spec.check(options))
}

/// What is declared as a JSON Schema (draft 2020-12, a subset): for forms, and for editors of configuration files.
/// Secrets are marked `writeOnly`.
pub fn options_schema(specs: &[OptionSpec]) -> Value {
    let properties: Map<String, Value> =
        specs.iter().map(|spec| (spec.name.clone(), spec.schema())).collect();
    let required: Vec<&str> =
        specs.iter().filter(|spec| spec.required && !spec.secret).map(|spec| spec.name.as_str()).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(options: Value, expected: Result<(), &str>) {
        let specs = [
            OptionSpec::file("file", "The file").required(),
            OptionSpec::integer("page", "Rows per page").between(1, 500),
            OptionSpec::flag("all", "Everything"),
            OptionSpec::text("order", "Order").choices(&["old", "new"]),
            OptionSpec::list("also", "More"),
            OptionSpec::secret("token", "The token").required(),
        ];
        let options = Options::from_json(&options.to_string()).unwrap();
        let result = check_options(&specs, &options).map_err(|error| error.message);
        assert_eq!(result, expected.map_err(str::to_owned));
    }

    #[test]
    fn what_is_declared_is_checked() {
        check(json!({"file": "a"}), Ok(()));
        check(json!({"file": "a", "page": "7", "all": "true", "order": "new"}), Ok(()));
        check(json!({}), Err("option `file` is missing"));
        check(json!({"file": 7}), Err("option `file` must be text"));
        check(json!({"file": "a", "page": 0}), Err("option `page` must be at least 1"));
        check(json!({"file": "a", "page": "x"}), Err("option `page` must be a whole number"));
        check(json!({"file": "a", "order": "odd"}), Err("option `order` must be one of `old`, `new`"));
        check(json!({"file": "a", "also": ["x", "y"]}), Ok(()));
        check(json!({"file": "a", "also": "x"}), Err("option `also` must be a list of texts"));
        check(json!({"file": "a", "also": [1]}), Err("option `also` must be a list of texts"));
        let known =
            "option `fil` is not known; the options are `file`, `page`, `all`, `order`, `also`, `token`";
        check(json!({"fil": "a"}), Err(known));
        let secret = "option `token` is a secret: give it to the host, which hands it to the plugin, and not as an option";
        check(json!({"file": "a", "token": "x"}), Err(secret));
    }

    #[test]
    fn the_schema_marks_secrets() {
        let schema = options_schema(&[
            OptionSpec::integer("page", "Rows").between(1, 9).default_value(3),
            OptionSpec::secret("token", "The token").required(),
        ]);
        assert_eq!(schema["properties"]["token"]["writeOnly"], true);
        assert_eq!(
            schema["properties"]["page"],
            json!({
                "type": "integer", "description": "Rows", "minimum": 1, "maximum": 9, "default": 3
            })
        );
        assert_eq!(schema["required"], json!([]), "a secret is no property that can be given");
    }
}
