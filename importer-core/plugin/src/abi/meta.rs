//! The metadata text of a plugin file, which is read before the file is loaded.

const PARTS: [&str; 4] = [
    r#"{"id":""#,
    r#"","version":""#,
    concat!(r#"","sdk":""#, env!("CARGO_PKG_VERSION"), r#"","panic":""#),
    r#""}"#,
];

/// The length of the metadata text.
pub const fn meta_len(id: &str, version: &str, panic: &str) -> usize {
    PARTS[0].len() + id.len() + PARTS[1].len() + version.len() + PARTS[2].len() + panic.len() + PARTS[3].len()
}

/// The metadata text, put together at compile time because it has to be a static of the file.
pub const fn meta_bytes<const N: usize>(id: &str, version: &str, panic: &str) -> [u8; N] {
    let texts = [PARTS[0], id, PARTS[1], version, PARTS[2], panic, PARTS[3]];
    let mut out = [0; N];
    let (mut at, mut text) = (0, 0);
    while text < texts.len() {
        let bytes = texts[text].as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            assert!(bytes[i] != b'"' || text % 2 == 0, "an id or version holds a quotation mark");
            out[at] = bytes[i];
            at += 1;
            i += 1;
        }
        text += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_metadata_is_json() {
        const LENGTH: usize = meta_len("csv", "1.2.3", "unwind");
        let bytes = meta_bytes::<LENGTH>("csv", "1.2.3", "unwind");
        let meta: crate::EmbeddedMeta = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            (meta.id.as_str(), meta.version.as_str(), meta.panic.as_str()),
            ("csv", "1.2.3", "unwind")
        );
    }
}
