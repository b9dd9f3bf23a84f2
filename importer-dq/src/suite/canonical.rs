use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

/// A checksum of content that ignores comments, order of keys and layout.
pub(crate) fn checksum(content: &impl Serialize) -> String {
    let value = serde_json::to_value(content).unwrap_or_default();
    let mut canonical = String::new();
    write(&value, &mut canonical);
    format!("{:032x}", xxh3_128(canonical.as_bytes()))
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            out.push('{');
            for (name, value) in map.iter().collect::<BTreeMap<_, _>>() {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for value in list {
                write(value, out);
                out.push(',');
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_content_counts() {
        assert_eq!(checksum(&json!({"a": 1, "b": [true]})), checksum(&json!({"b": [true], "a": 1})));
        assert_ne!(checksum(&json!({"a": 1})), checksum(&json!({"a": "1"})));
        assert_ne!(checksum(&json!([["a"], "b"])), checksum(&json!([["a", "b"]])));
    }
}
