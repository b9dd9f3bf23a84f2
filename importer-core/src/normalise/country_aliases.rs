//! Names of countries beside the English ones of the standard.

/// Alpha-2 code and names; letter case, accents, spaces and punctuation do not matter.
pub(super) const ALIASES: &[(&str, &[&str])] = &[
    ("AE", &["UAE", "Emirates"]),
    ("AT", &["Österreich"]),
    ("BA", &["Bosnia"]),
    ("BE", &["België", "Belgique", "Belgien"]),
    ("BN", &["Brunei"]),
    ("BR", &["Brasil"]),
    ("CD", &["DR Congo", "DRC", "Democratic Republic of the Congo", "Congo-Kinshasa"]),
    ("CG", &["Republic of the Congo", "Congo-Brazzaville"]),
    ("CH", &["Schweiz", "Suisse", "Svizzera"]),
    ("CI", &["Ivory Coast"]),
    ("CN", &["PR China", "People's Republic of China", "中国"]),
    ("CV", &["Cape Verde"]),
    ("CZ", &["Czech Republic", "Česko", "Česká republika"]),
    ("DE", &["Deutschland", "Federal Republic of Germany", "BRD"]),
    ("DK", &["Danmark"]),
    ("ES", &["España"]),
    ("FI", &["Suomi"]),
    ("FM", &["Micronesia"]),
    (
        "GB",
        &[
            "UK",
            "United Kingdom",
            "Great Britain",
            "Britain",
            "England",
            "Scotland",
            "Wales",
            "Northern Ireland",
        ],
    ),
    ("GR", &["Hellas", "Ελλάδα"]),
    ("HR", &["Hrvatska"]),
    ("HU", &["Magyarország"]),
    ("IE", &["Éire", "Republic of Ireland"]),
    ("IN", &["Bharat"]),
    ("IR", &["Iran"]),
    ("IS", &["Ísland"]),
    ("IT", &["Italia"]),
    ("JP", &["Nippon", "日本"]),
    ("KP", &["North Korea", "DPRK"]),
    ("KR", &["South Korea", "Republic of Korea", "한국", "대한민국"]),
    ("LA", &["Laos"]),
    ("MK", &["Macedonia"]),
    ("MM", &["Burma"]),
    ("MO", &["Macau"]),
    ("NL", &["Holland", "Nederland", "Netherlands"]),
    ("NO", &["Norge"]),
    ("PH", &["Pilipinas"]),
    ("PL", &["Polska"]),
    ("PS", &["Palestine", "Palestinian Territories"]),
    ("RU", &["Russia", "Россия"]),
    ("SE", &["Sverige"]),
    ("SH", &["Saint Helena"]),
    ("SZ", &["Swaziland"]),
    ("SY", &["Syria"]),
    ("TL", &["East Timor"]),
    ("TR", &["Turkey"]),
    ("TW", &["Taiwan", "台灣"]),
    ("TZ", &["Tanzania"]),
    ("UA", &["Україна"]),
    (
        "US",
        &[
            "USA",
            "United States",
            "America",
            "U.S. of America",
            "Estados Unidos",
            "EE.UU.",
            "EEUU",
            "États-Unis",
        ],
    ),
    ("VA", &["Vatican", "Vatican City"]),
    ("VE", &["Venezuela"]),
    ("VG", &["British Virgin Islands"]),
    ("VI", &["US Virgin Islands", "United States Virgin Islands"]),
    ("XK", &["Kosovo", "XK", "XKX"]),
];

#[cfg(test)]
mod tests {
    use super::super::{country, laws};
    use super::*;

    #[test]
    fn every_alias_is_understood() {
        for (code, names) in ALIASES {
            for name in *names {
                laws::check(country, &[(name, code)]);
            }
        }
    }
}
