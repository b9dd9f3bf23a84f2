/// Text of bytes, and whether nothing had to be replaced.
pub(crate) fn decode(bytes: Vec<u8>, charset: &str) -> (String, bool) {
    if ["iso-8859-1", "latin1", "windows-1252"].iter().any(|name| charset.eq_ignore_ascii_case(name)) {
        // The two differ in what cards hardly have: typographic signs.
        return (bytes.into_iter().map(char::from).collect(), true);
    }
    match String::from_utf8(bytes) {
        Ok(text) => (text, true),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), false),
    }
}

/// Reads `=C3=A9`; what is no pair of digits stays as it is.
pub(crate) fn from_quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, more @ ..] = rest {
        rest = more;
        if *first == b'='
            && let [high, low, behind @ ..] = more
            && let (Some(high), Some(low)) = (digit(high), digit(low))
        {
            out.push(high << 4 | low);
            rest = behind;
        } else {
            out.push(*first);
        }
    }
    out
}

/// Takes back escapes: `\n` is a new line, any other escaped character itself.
pub(crate) fn unescaped(value: &str) -> String {
    parts(value, &[]).concat()
}

/// The parts between semicolons, each of which may be a list, joined anew by `separator`.
pub(crate) fn components(value: &str, separator: &str) -> Vec<String> {
    let lists = split(value, ';');
    let joined = |list: &str| {
        let items: Vec<String> = parts(list, &[',']).iter().map(|item| item.trim().to_owned()).collect();
        items.iter().filter(|item| !item.is_empty()).map(String::as_str).collect::<Vec<_>>().join(separator)
    };
    lists.into_iter().map(joined).collect()
}

/// Splits at a separator that is not escaped, and leaves the escapes.
fn split(value: &str, separator: char) -> Vec<&str> {
    let mut escaped = false;
    value
        .split(|c| {
            let here = c == separator && !escaped;
            escaped = c == '\\' && !escaped;
            here
        })
        .collect()
}

/// Splits at separators that are not escaped, and takes back the escapes.
fn parts(value: &str, separators: &[char]) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        let mut add = |text: char| found.last_mut().map(|last| last.push(text));
        match character {
            '\\' => match characters.next() {
                Some('n' | 'N') => add('\n'),
                Some(other) => add(other),
                None => add('\\'),
            },
            separator if separators.contains(&separator) => {
                found.push(String::new());
                Some(())
            }
            other => add(other),
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_taken_back() {
        assert_eq!(unescaped(r"a\nb\, c\; d\\ \x"), "a\nb, c; d\\ x");
        assert_eq!(
            components(r"de la Cruz;María,José;;;Jr\.", " "),
            ["de la Cruz", "María José", "", "", "Jr."]
        );
        assert_eq!(components(r";;1200 Main St\, Apt 4\;B;City", ", ")[2], "1200 Main St, Apt 4;B");
        assert_eq!(components(r"a\\;b", " "), ["a\\", "b"]);
    }

    #[test]
    fn quoted_printable_is_read_and_what_is_none_is_kept() {
        assert_eq!(from_quoted_printable(b"Zo=C3=A9 = 1=2"), "Zoé = 1=2".as_bytes());
    }
}
