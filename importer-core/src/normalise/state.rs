use std::collections::HashMap;
use std::sync::OnceLock;

use rust_iso3166::iso3166_2::{SUBDIVISION_COUNTRY_MAP, Subdivision};

use super::comparable::LONGEST;
use super::fold::folded;
use super::tidy::trimmed;
use super::us_states::US_STATES;
use super::{Problem, Result};

/// Names beside those of the standard: country, folded name, code.
const ALIASES: &[(&str, &str, &str)] = &[
    ("US", "virginislands", "VI"),
    ("US", "virginislandsus", "VI"),
    ("US", "washingtondc", "DC"),
    ("US", "micronesia", "FM"),
    ("CA", "newfoundland", "NL"),
    ("CA", "nf", "NL"),
    ("CA", "pq", "QC"),
    ("CA", "pei", "PE"),
    ("CA", "yukonterritory", "YT"),
    ("DE", "bavaria", "BY"),
    ("DE", "hesse", "HE"),
    ("DE", "lowersaxony", "NI"),
    ("DE", "northrhinewestphalia", "NW"),
    ("DE", "rhinelandpalatinate", "RP"),
    ("DE", "saxony", "SN"),
    ("DE", "saxonyanhalt", "ST"),
    ("DE", "thuringia", "TH"),
    ("MX", "coahuila", "COA"),
    ("MX", "distritofederal", "CMX"),
    ("MX", "estadodemexico", "MEX"),
    ("MX", "mexicocity", "CMX"),
    ("MX", "michoacan", "MIC"),
    ("MX", "veracruz", "VER"),
];

/// A state or province, by code or name, as the code of ISO 3166-2 without the country.
///
/// For the US the codes are those of the postal service, with its territories and military regions. Elsewhere, except in
/// Canada and Australia, an unknown code of up to three letters or digits stays as it is: sources use car plates and postal
/// abbreviations, too.
///
/// ```
/// use importer_core::normalise;
/// for (input, country, code) in [("Missouri ", "US", "MO"), ("Québec", "CA", "QC"), ("JA", "MX", "JA"), ("Berlin", "DE", "BE")] {
///     let mut out = String::new();
///     normalise::state(input, country, &mut out)?;
///     assert_eq!(out, code);
/// }
/// # Ok::<(), normalise::Problem>(())
/// ```
pub fn state(input: &str, country: &str, out: &mut String) -> Result {
    let text = trimmed(input);
    if text.is_empty() {
        return Ok(());
    }
    if country == "US"
        && let &[a, b] = text.as_bytes()
        && let Some(code) = us_code(&[a.to_ascii_uppercase(), b.to_ascii_uppercase()])
    {
        out.push_str(code);
        return Ok(());
    }
    let bare = without_country(text, country);
    if country != "US"
        && let Some(known) = subdivisions(country).iter().find(|s| local(s).eq_ignore_ascii_case(bare))
    {
        out.push_str(local(known));
        return Ok(());
    }
    let folded = folded(bare);
    if let Some(code) = by_name(country, &folded) {
        out.push_str(code);
        return Ok(());
    }
    let is_strict = matches!(country, "US" | "CA" | "AU");
    if !is_strict && (1..=3).contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_alphanumeric()) {
        out.extend(bare.bytes().map(|b| char::from(b.to_ascii_uppercase())));
        return Ok(());
    }
    let message = match country {
        "US" => "This is not a US state or territory.",
        "" => "Without a country, only the code of a state is understood.",
        _ => "This is not a state or province of its country.",
    };
    Err(Problem::new(message).suggest(nearest(country, &folded)))
}

fn us_code(code: &[u8; 2]) -> Option<&'static str> {
    US_STATES
        .binary_search_by_key(&code.as_slice(), |(code, _)| code.as_bytes())
        .ok()
        .map(|at| US_STATES[at].0)
}

/// `US-MO` in the US is `MO`.
fn without_country<'a>(text: &'a str, country: &str) -> &'a str {
    match text.get(..country.len()) {
        Some(start) if !country.is_empty() && start.eq_ignore_ascii_case(country) => {
            text[country.len()..].strip_prefix('-').unwrap_or(text)
        }
        _ => text,
    }
}

fn subdivisions(country: &str) -> &'static [Subdivision] {
    SUBDIVISION_COUNTRY_MAP.get(country).copied().unwrap_or_default()
}

/// The code without the country.
fn local(subdivision: &Subdivision) -> &'static str {
    subdivision.code.split_once('-').map_or(subdivision.code, |(_, local)| local)
}

/// Codes by country and folded name; a name that two subdivisions share (a city and the county around it) is the first's.
fn names() -> &'static HashMap<(&'static str, String), &'static str> {
    static NAMES: OnceLock<HashMap<(&str, String), &str>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let us = US_STATES
            .iter()
            .flat_map(|(code, name)| [("US", folded(name), *code), ("US", folded(code), *code)]);
        let aliases = ALIASES.iter().map(|(country, name, code)| (*country, (*name).to_owned(), *code));
        let standard = SUBDIVISION_COUNTRY_MAP.entries().filter(|(country, _)| **country != "US");
        let standard =
            standard.flat_map(|(country, all)| all.iter().map(|s| (*country, folded(s.name), local(s))));
        let mut names = HashMap::new();
        for (country, name, code) in us.chain(aliases).chain(standard) {
            names.entry((country, name)).or_insert(code);
        }
        names
    })
}

fn by_name(country: &str, folded: &str) -> Option<&'static str> {
    let country = SUBDIVISION_COUNTRY_MAP.get_key(country)?;
    names().get(&(*country, folded.to_owned())).copied()
}

/// The subdivision that was probably meant.
#[cold]
fn nearest(country: &str, wanted: &str) -> Option<String> {
    if wanted.len() > LONGEST {
        return None;
    }
    if country == "US" && wanted.len() == 2 {
        // A zero for an O, a one for an I.
        let read = wanted.to_ascii_uppercase().replace('0', "O").replace('1', "I");
        return US_STATES.iter().find(|(code, _)| *code == read).map(|(_, name)| (*name).to_owned());
    }
    let all: Vec<&str> = match country {
        "US" => US_STATES.iter().map(|(_, name)| *name).collect(),
        _ => subdivisions(country).iter().map(|s| s.name).collect(),
    };
    let scored = all.into_iter().map(|name| (strsim::jaro_winkler(wanted, &folded(name)), name));
    let (score, name) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score >= 0.85).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    fn check(country: &str, table: &[(&str, &str)]) {
        laws::check(|input, out| state(input, country, out), table);
    }

    #[test]
    fn knows_us_states() {
        for input in ["Missouri", "missouri ", "MO", "mo", "Mo.", "US-MO", "M.O."] {
            check("US", &[(input, "MO")]);
        }
        check(
            "US",
            &[("D.C.", "DC"), ("Washington, D.C.", "DC"), ("Washington", "WA"), ("AE", "AE"), ("Guam", "GU")],
        );
        check(
            "US",
            &[
                ("Puerto Rico", "PR"),
                ("new  york", "NY"),
                ("U.S. Virgin Islands", "VI"),
                ("Virgin Islands", "VI"),
            ],
        );
        check("US", &[("Kans", ""), ("XX", ""), ("M0", ""), ("Ontario", ""), ("🙋", ""), ("", "")]);
        laws::survives_awkward_strings(|input, out| state(input, "US", out));
    }

    #[test]
    fn knows_other_countries() {
        check(
            "CA",
            &[("ON", "ON"), ("ontario", "ON"), ("QUÉBEC", "QC"), ("PQ", "QC"), ("CA-BC", "BC"), ("XX", "")],
        );
        check("AU", &[("nsw", "NSW"), ("New South Wales", "NSW"), ("XX", "")]);
        check(
            "DE",
            &[
                ("BE", "BE"),
                ("Bavaria", "BY"),
                ("Baden-Wurttemberg", "BW"),
                ("de-by", "BY"),
                ("Atlantis", ""),
            ],
        );
        check("MX", &[("JA", "JA"), ("jal", "JAL"), ("Jalisco", "JAL"), ("Nuevo León", "NLE")]);
        check("IN", &[("KA", "KA"), ("Karnataka", "KA"), ("Goa", "GA")]);
        check("CH", &[("Uri", "UR"), ("zh", "ZH")]);
        check("XX", &[("ab", "AB"), ("Somewhere", "")]);
        check("", &[("MO", "MO"), ("Missouri", "")]);
    }

    #[test]
    fn suggests_the_nearest_name() {
        for (input, country, meant) in [
            ("Kans", "US", Some("Kansas")),
            ("M0", "US", Some("Missouri")),
            ("Missourri", "US", Some("Missouri")),
            ("Calif.", "US", Some("California")),
            ("XX", "US", None),
            ("Ontaro", "CA", Some("Ontario")),
        ] {
            let problem = state(input, country, &mut String::new()).unwrap_err();
            assert_eq!(problem.suggestion.as_deref(), meant, "{input}");
        }
    }

    #[test]
    fn every_name_and_code_of_the_standard_has_a_code() {
        for (country, all) in SUBDIVISION_COUNTRY_MAP.entries() {
            for subdivision in *all {
                check(
                    country,
                    &[(local(subdivision), local(subdivision)), (subdivision.code, local(subdivision))],
                );
                assert!(state(subdivision.name, country, &mut String::new()).is_ok(), "{}", subdivision.code);
            }
        }
    }

    proptest! {
        #[test]
        fn holds_the_laws(input in prop_oneof![laws::any_text(), "[A-Za-z0-9]{1,3}"], country in "(US|CA|AU|MX|CH|GB|FR|)") {
            let _ = laws::normal(|input, out| state(input, &country, out), &input);
        }
    }
}
