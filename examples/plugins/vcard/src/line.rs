use crate::text::{decode, from_quoted_printable};

/// A logical line in its parts: `group.NAME;PARAMETER=value:text`.
pub(crate) struct Line {
    /// In upper case, without the group.
    pub(crate) name: String,
    parameters: Vec<(String, String)>,
    /// With its escapes, which are read when it is known whether it has parts.
    pub(crate) value: String,
    /// False when bytes had to be replaced.
    pub(crate) is_sound: bool,
}

impl Line {
    /// Takes a line apart; nothing when it has no colon.
    pub(crate) fn parse(bytes: &[u8], charset: &str) -> Option<Self> {
        let colon = unquoted(bytes, b':')?;
        let head = String::from_utf8_lossy(&bytes[..colon]).into_owned();
        let mut parts = split_unquoted(&head).into_iter();
        let name = parts.next().unwrap_or_default();
        let name = name.rsplit('.').next().unwrap_or_default().trim().to_ascii_uppercase();
        let mut line = Self { name, parameters: Vec::new(), value: String::new(), is_sound: true };
        for part in parts {
            // Version 2.1 leaves out what a parameter is called.
            let (key, value) = part.split_once('=').unwrap_or(("TYPE", part));
            line.parameters.push((key.trim().to_ascii_uppercase(), value.trim().replace('"', "")));
        }
        let raw = &bytes[colon + 1..];
        let quoted = line.has("ENCODING", "QUOTED-PRINTABLE") || line.has("TYPE", "QUOTED-PRINTABLE");
        let unpacked = if quoted { from_quoted_printable(raw) } else { raw.to_vec() };
        let charset = line.parameter("CHARSET").unwrap_or(charset);
        let (value, is_sound) = decode(unpacked, charset);
        (line.value, line.is_sound) = (value, is_sound);
        Some(line)
    }

    /// True when a parameter has a value, alone or in a list.
    pub(crate) fn has(&self, key: &str, value: &str) -> bool {
        let listed = |list: &str| list.split(',').any(|item| item.eq_ignore_ascii_case(value));
        self.parameters.iter().any(|(k, v)| k == key && listed(v))
    }

    fn parameter(&self, key: &str) -> Option<&str> {
        self.parameters.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// How much it is preferred; the smallest number comes first.
    pub(crate) fn rank(&self) -> u32 {
        match self.parameter("PREF").map(str::parse) {
            Some(Ok(rank)) => rank,
            _ if self.has("TYPE", "PREF") => 1,
            _ => 101,
        }
    }
}

fn unquoted(bytes: &[u8], wanted: u8) -> Option<usize> {
    let mut quoted = false;
    bytes.iter().position(|&byte| {
        quoted ^= byte == b'"';
        !quoted && byte == wanted
    })
}

fn split_unquoted(mut head: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    while let Some(at) = unquoted(head.as_bytes(), b';') {
        parts.push(&head[..at]);
        head = &head[at + 1..];
    }
    parts.push(head);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart() {
        let line = Line::parse(b"item1.email;type=\"work,pref\";X-LABEL=\"a:b;c\":ada@example.org", "utf-8")
            .unwrap();
        assert_eq!((line.name.as_str(), line.value.as_str(), line.rank()), ("EMAIL", "ada@example.org", 1));
        assert!(line.has("TYPE", "WORK") && !line.has("TYPE", "HOME"));
        assert!(Line::parse(b"no colon", "utf-8").is_none());
    }

    #[test]
    fn old_cards_name_their_charset() {
        let line =
            Line::parse(b"N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;Zo=E9", "utf-8").unwrap();
        assert_eq!((line.value.as_str(), line.is_sound), ("Müller;Zoé", true));
        assert!(!Line::parse(b"N:M\xfcller", "utf-8").unwrap().is_sound);
    }
}
