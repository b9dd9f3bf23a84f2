use encoding_rs::{Encoding, REPLACEMENT};
use importer_plugin::{Error, OptionSpec, Options, check_options};

/// What the adapter takes: the one list that help texts, forms and the checks of the host share.
pub(crate) fn specs() -> [OptionSpec; 5] {
    [
        OptionSpec::file("file", "The file to read; gzip is recognised by its content").required(),
        OptionSpec::text(
            "delimiter",
            "What separates cells, by name or as one punctuation character; `auto` detects it",
        )
        .suggestions(&["auto", "comma", "semicolon", "tab", "pipe"])
        .default_value("auto"),
        OptionSpec::text("encoding", "How letters are encoded, as a label of the web; `auto` detects it")
            .suggestions(&[
                "auto",
                "utf-8",
                "utf-16le",
                "windows-1252",
                "iso-8859-2",
                "windows-1251",
                "macintosh",
                "shift_jis",
                "gbk",
                "big5",
            ])
            .default_value("auto"),
        OptionSpec::integer(
            "header_row",
            "The line that holds the column names, counted from 1; without it, the first that is not blank",
        )
        .between(1, i64::from(u32::MAX)),
        OptionSpec::text("quote", "What encloses cells that hold delimiters; `none` when nothing does")
            .choices(&["double", "single", "none", "\"", "'"])
            .default_value("double"),
    ]
}

/// The options, understood.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) file: String,
    pub(crate) delimiter: Option<u8>,
    pub(crate) encoding: Option<&'static Encoding>,
    pub(crate) header_row: Option<u64>,
    /// `None` when quotes are ordinary characters.
    pub(crate) quote: Option<u8>,
}

impl Settings {
    pub(crate) fn read(options: &Options) -> Result<Self, Error> {
        check_options(&specs(), options)?;
        let file = options.required("file")?;
        if file.trim().is_empty() {
            return Err(Error::config("option `file` is empty; give the path of the file").in_field("file"));
        }
        let settings = Self {
            file: file.into(),
            delimiter: options.text("delimiter")?.map_or(Ok(None), delimiter)?,
            encoding: options.text("encoding")?.map_or(Ok(None), encoding)?,
            header_row: options.number("header_row")?.map(header_row).transpose()?,
            quote: options.text("quote")?.map_or(Ok(Some(b'"')), quote)?,
        };
        if settings.delimiter.is_some() && settings.delimiter == settings.quote {
            return Err(
                Error::config("options `delimiter` and `quote` are the same character").in_field("quote")
            );
        }
        Ok(settings)
    }
}

fn delimiter(text: &str) -> Result<Option<u8>, Error> {
    let found = match text.to_ascii_lowercase().as_str() {
        "auto" => return Ok(None),
        "comma" => b',',
        "semicolon" => b';',
        "tab" | "\\t" => b'\t',
        "pipe" => b'|',
        _ => match *text.as_bytes() {
            // A letter, a digit or a space separates nothing reliably: far more likely a slip.
            [b'\t'] => b'\t',
            [one] if one.is_ascii_punctuation() => one,
            _ => {
                return Err(Error::config(
                    "option `delimiter` takes comma, semicolon, tab, pipe, one punctuation character, or auto",
                )
                .in_field("delimiter"));
            }
        },
    };
    Ok(Some(found))
}

fn encoding(label: &str) -> Result<Option<&'static Encoding>, Error> {
    if label.trim().eq_ignore_ascii_case("auto") {
        return Ok(None);
    }
    match Encoding::for_label(label.as_bytes()) {
        Some(encoding) if encoding != REPLACEMENT => Ok(Some(encoding)),
        _ => Err(Error::config(format!(
            "option `encoding`: `{label}` is not known; it takes labels such as utf-8, utf-16le, windows-1252, \
             iso-8859-2, windows-1251, macintosh, shift_jis, gbk or big5"
        ))
        .in_field("encoding")),
    }
}

fn header_row(number: i64) -> Result<u64, Error> {
    u64::try_from(number).ok().filter(|&line| line > 0).ok_or_else(|| {
        Error::config("option `header_row` is a line number and counts from 1").in_field("header_row")
    })
}

fn quote(text: &str) -> Result<Option<u8>, Error> {
    match text {
        "\"" | "double" => Ok(Some(b'"')),
        "'" | "single" => Ok(Some(b'\'')),
        "none" => Ok(None),
        _ => Err(Error::config("option `quote` takes \", ' or none").in_field("quote")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, Error> {
        let all = pairs.iter().fold(Options::default().with("file", "a.csv"), |o, &(k, v)| o.with(k, v));
        Settings::read(&all)
    }

    #[test]
    fn delimiters_go_by_name_and_by_character() {
        fn check(given: &str, expected: Option<u8>) {
            assert_eq!(read(&[("delimiter", given)]).unwrap().delimiter, expected, "{given:?}");
        }
        check("auto", None);
        check("Semicolon", Some(b';'));
        check("\t", Some(b'\t'));
        check("\\t", Some(b'\t'));
        check("|", Some(b'|'));
        check("~", Some(b'~'));
    }

    #[test]
    fn wrong_options_are_refused_by_name() {
        fn check(name: &str, value: &str) {
            let error = read(&[(name, value)]).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(name), "{error}");
        }
        check("delimiter", "x");
        check("delimiter", "");
        assert!(read(&[("delimiter", "\"")]).is_err());
        check("encoding", "klingon");
        check("encoding", "iso-2022-kr");
        check("header_row", "0");
        check("header_row", "first");
        check("quote", "`");
        check("sheet", "1");
        check("file", " ");
    }
}
