use serde_json::{Map, Value};

use crate::Error;

/// The options a host gives to an adapter or a rule: a JSON object with typed, explained access.
///
/// ```
/// use importer_plugin::Options;
/// let options = Options::from_json(r#"{"file": "people.csv", "header_row": 1}"#).unwrap();
/// assert_eq!(options.required("file").unwrap(), "people.csv");
/// assert_eq!(options.number("header_row").unwrap(), Some(1));
/// assert!(options.required("sheet").unwrap_err().to_string().contains("option `sheet` is missing"));
/// assert!(options.check_known(&["file"]).unwrap_err().to_string().contains("header_row"));
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Options(Map<String, Value>);

impl std::fmt::Debug for Options {
    // Values may be secrets or personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Options {
    /// Reads a JSON object.
    ///
    /// # Errors
    /// When the text is not a JSON object.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text)
            .map(Self)
            .map_err(|e| Error::config(format!("options are not a JSON object: {e}")))
    }

    /// The options as JSON text.
    pub fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// Sets an option.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// Sets an option and returns the whole.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// The raw value; JSON `null` counts as absent.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|v| !v.is_null())
    }

    /// True without any option.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A text option.
    ///
    /// # Errors
    /// When it is given and is not text.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "text")),
        }
    }

    /// A text option that must be given.
    ///
    /// # Errors
    /// When it is absent or not text.
    pub fn required(&self, name: &str) -> Result<&str, Error> {
        self.text(name)?.ok_or_else(|| Error::config(format!("option `{name}` is missing")).in_field(name))
    }

    /// A whole number; a text of digits serves too, because command lines know only text.
    ///
    /// # Errors
    /// When it is given and is not a whole number.
    pub fn number(&self, name: &str) -> Result<Option<i64>, Error> {
        let value = match self.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(value) => value.as_i64(),
        };
        value.map(Some).ok_or_else(|| wrong(name, "a whole number"))
    }

    /// A yes-or-no option; the texts `true` and `false` serve too.
    ///
    /// # Errors
    /// When it is given and is neither.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(wrong(name, "true or false")),
        }
    }

    /// Refuses options nobody knows: a misspelt option must not be ignored silently.
    ///
    /// # Errors
    /// Names the unknown option and lists the known ones.
    pub fn check_known(&self, known: &[&str]) -> Result<(), Error> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) if known.is_empty() => {
                Err(Error::config(format!("option `{name}` is not known; there are no options here"))
                    .in_field(name))
            }
            Some(name) => {
                let known = known.join("`, `");
                Err(Error::config(format!("option `{name}` is not known; the options are `{known}`"))
                    .in_field(name))
            }
        }
    }
}

fn wrong(name: &str, expected: &str) -> Error {
    Error::config(format!("option `{name}` must be {expected}")).in_field(name)
}
