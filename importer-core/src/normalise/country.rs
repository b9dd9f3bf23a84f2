use std::collections::HashMap;
use std::sync::OnceLock;

use super::comparable::LONGEST;
use super::country_aliases::ALIASES;
use super::fold::folded;
use super::tidy::trimmed;
use super::{Problem, Result};

/// A country, by code or name, as its ISO 3166-1 alpha-2 code.
///
/// Understood are both codes, the English names, usual short forms and the largest countries' own names. `Korea`, `Congo
/// (DR)` and other names of two countries are not told apart by guessing.
///
/// ```
/// use importer_core::normalise;
/// for (input, code) in [("us", "US"), ("U.S.A.", "US"), ("England", "GB"), ("México", "MX"), ("Deutschland", "DE")] {
///     let mut out = String::new();
///     normalise::country(input, &mut out)?;
///     assert_eq!(out, code);
/// }
/// # Ok::<(), normalise::Problem>(())
/// ```
pub fn country(input: &str, out: &mut String) -> Result {
    let text = trimmed(input);
    if text.is_empty() {
        return Ok(());
    }
    if let Some(code) = by_code(text.as_bytes()) {
        out.push_str(code);
        return Ok(());
    }
    let folded = folded(text);
    let name = folded.strip_prefix("the").unwrap_or(&folded);
    let dotted = if text.is_ascii() { by_code(folded.as_bytes()) } else { None };
    match names().get(folded.as_str()).or_else(|| names().get(name)).copied().or(dotted) {
        Some(code) => {
            out.push_str(code);
            Ok(())
        }
        None => Err(Problem::new("This is not a country; write its name in English or its code.")
            .suggest(nearest(&folded))),
    }
}

fn by_code(text: &[u8]) -> Option<&'static str> {
    match *text {
        // Most records of most sources.
        [b'U' | b'u', b'S' | b's'] => Some("US"),
        [a, b] => {
            let code = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
            rust_iso3166::from_alpha2(str::from_utf8(&code).ok()?).map(|country| country.alpha2)
        }
        [a, b, c] => {
            let code = [a, b, c].map(|letter| letter.to_ascii_uppercase());
            rust_iso3166::from_alpha3(str::from_utf8(&code).ok()?).map(|country| country.alpha2)
        }
        _ => None,
    }
}

/// Codes by folded name: the standard's names, the same without what stands in brackets where that is unique, and aliases.
fn names() -> &'static HashMap<String, &'static str> {
    static NAMES: OnceLock<HashMap<String, &str>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names: HashMap<String, &str> =
            rust_iso3166::ALL.iter().map(|c| (folded(c.name), c.alpha2)).collect();
        let mut short: HashMap<String, Vec<&str>> = HashMap::new();
        for country in rust_iso3166::ALL {
            if let Some((name, _)) = country.name.split_once(" (") {
                short.entry(folded(name)).or_default().push(country.alpha2);
            }
        }
        for (name, codes) in short {
            if let [code] = codes[..] {
                names.entry(name).or_insert(code);
            }
        }
        for (code, aliases) in ALIASES {
            names.extend(aliases.iter().map(|alias| (folded(alias), *code)));
        }
        names
    })
}

/// The name of the country that was probably meant.
#[cold]
fn nearest(wanted: &str) -> Option<String> {
    if wanted.len() > LONGEST {
        return None;
    }
    let scored = rust_iso3166::ALL.iter().map(|c| (strsim::jaro_winkler(wanted, &folded(c.name)), c.name));
    let (score, name) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score >= 0.88).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    #[test]
    fn knows_codes_and_names() {
        laws::check(
            country,
            &[
                ("US", "US"),
                ("usa", "US"),
                ("U.S.", "US"),
                ("United States", "US"),
                ("United States of America", "US"),
                ("UK", "GB"),
                ("Great Britain", "GB"),
                ("Bolivia", "BO"),
                ("The Netherlands", "NL"),
                ("the Gambia", "GM"),
                ("Cote d’Ivoire", "CI"),
                ("MEXICO", "MX"),
                ("South Korea", "KR"),
                ("Congo", "CG"),
                ("日本", "JP"),
                ("Korea", ""),
                ("Atlantis", ""),
                ("XX", ""),
                ("ZZZ", ""),
                ("12", ""),
                ("🙋", ""),
                ("é", ""),
                ("", ""),
            ],
        );
        laws::survives_awkward_strings(country);
    }

    #[test]
    fn knows_the_whole_standard() {
        for known in rust_iso3166::ALL {
            laws::check(
                country,
                &[(known.name, known.alpha2), (known.alpha2, known.alpha2), (known.alpha3, known.alpha2)],
            );
        }
    }

    #[test]
    fn suggests_the_nearest_name() {
        let problem = country("Gremany", &mut String::new()).unwrap_err();
        assert_eq!(problem.suggestion.as_deref(), Some("Germany"));
        assert_eq!(country("Atlantis", &mut String::new()).unwrap_err().suggestion, None);
    }

    proptest! {
        #[test]
        fn holds_the_laws(input in prop_oneof![laws::any_text(), "[A-Za-z]{2,3}"]) {
            let _ = laws::normal(country, &input);
        }
    }
}
