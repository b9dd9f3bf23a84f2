//! Title case for names that were typed in one case.

use unicode_normalization::char::is_combining_mark;

/// Particles of family names: small before another word.
const PARTICLES: &[&str] = &[
    "van", "von", "vom", "zu", "zur", "de", "del", "della", "di", "da", "das", "dos", "du", "der", "den",
    "ter", "ten", "af", "av", "'t", "’t",
];
/// Small between a particle and another word.
const AFTER_PARTICLE: &[&str] = &["la", "las", "los", "le", "lo", "het"];
/// Names in Mac- that have a second capital whoever bears them.
const MAC: &[&str] =
    &["macarthur", "macdougall", "maceachern", "macgillivray", "macgregor", "macintyre", "macpherson"];
/// Words of two consonants that are no initials.
const NOT_INITIALS: &[&str] = &["ng", "st", "mc", "mr", "ms", "dr", "sr", "mt", "ft"];
/// What takes a capital behind its apostrophe although it is long.
const BEFORE_APOSTROPHE: &[&str] = &["dell", "dall", "nell", "sant", "degl", "sha"];
const NUMERALS: &[&str] = &["ii", "iii", "iv", "vii", "viii"];
const APOSTROPHES: [char; 3] = ['\'', '’', '`'];

/// Appends the words of `text` in title case, single spaces between them.
pub(super) fn push(text: &str, out: &mut String) {
    let mut words = text.split_whitespace().peekable();
    let (mut first, mut after_particle) = (true, false);
    while let Some(word) = words.next() {
        if !first {
            out.push(' ');
        }
        let is_particle =
            words.peek().is_some() && (is(word, PARTICLES) || after_particle && is(word, AFTER_PARTICLE));
        if is_particle {
            out.extend(word.chars().map(|c| c.to_ascii_lowercase()));
        } else if is(word.trim_end_matches(['.', ',']), NUMERALS) || first && is_initials(word) {
            out.extend(word.chars().map(|c| c.to_ascii_uppercase()));
        } else {
            push_word(word, out);
        }
        after_particle = is_particle;
        first = false;
    }
}

fn is(word: &str, list: &[&str]) -> bool {
    list.iter().any(|entry| entry.eq_ignore_ascii_case(word))
}

/// `AJ`, `DJ`, `JR` as a first name: two letters that nobody can pronounce as one word.
fn is_initials(word: &str) -> bool {
    let &[a, b] = word.as_bytes() else { return false };
    let is_consonant = |c: u8| c.is_ascii_alphabetic() && !b"aeiouy".contains(&c.to_ascii_lowercase());
    is_consonant(b)
        && (is_consonant(a) || a.is_ascii_alphabetic() && b.eq_ignore_ascii_case(&b'j'))
        && !is(word, NOT_INITIALS)
}

/// One word: a capital at its start, behind hyphens and dots, behind `O'` and `Mc`; everything else small.
fn push_word(word: &str, out: &mut String) {
    let mut capital_at = Some(0);
    let mut part = 0;
    let mut previous = ' ';
    for (at, c) in word.char_indices() {
        if APOSTROPHES.contains(&c) {
            if at > part && takes_capital(&word[part..at], letters(&word[at + c.len_utf8()..])) {
                part = at + c.len_utf8();
                capital_at = Some(part);
            }
            out.push(c);
        } else if !is_part(c) {
            part = at + c.len_utf8();
            capital_at = Some(part);
            out.push(c);
        } else if capital_at == Some(at) {
            out.push(capital(c));
            capital_at = if at == part {
                second_capital(letters(&word[at..])).map(|offset| at + offset)
            } else {
                None
            };
        } else {
            push_small(c, previous, &word[at + c.len_utf8()..], out);
        }
        // A word may begin with its apostrophe.
        if APOSTROPHES.contains(&c) && capital_at == Some(at) {
            part = at + c.len_utf8();
            capital_at = Some(part);
        }
        previous = c;
    }
}

/// True for letters, digits, and the marks and joiners that belong to them.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '\u{200C}' | '\u{200D}')
}

fn letters(rest: &str) -> &str {
    rest.split(|c| !is_part(c)).next().unwrap_or_default()
}

/// `O'Neil`, `De'Andre`, `Dell'Anna`, but `Smith's`.
fn takes_capital(before: &str, after: &str) -> bool {
    // Marks do not count, so that composed and decomposed letters are the same.
    let count = |part: &str| part.chars().filter(|c| !is_combining_mark(*c)).count();
    match count(before) {
        1 => count(after) >= 2,
        2 => count(after) >= 3,
        _ => is(before, BEFORE_APOSTROPHE),
    }
}

/// Where the second capital of `McDonald` and `MacArthur` stands.
fn second_capital(part: &str) -> Option<usize> {
    if part.len() >= 4 && part.get(..2).is_some_and(|mc| mc.eq_ignore_ascii_case("mc")) {
        Some(2)
    } else {
        is(part, MAC).then_some(3)
    }
}

/// The capital of a letter where it is one character; Georgian has capitals, but no title case.
fn capital(c: char) -> char {
    if c.is_uppercase() && !matches!(c, '\u{1C90}'..='\u{1CBF}') {
        return c;
    }
    if matches!(c, '\u{1C90}'..='\u{1CBF}') {
        return c.to_lowercase().next().unwrap_or(c);
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) if !matches!(c, 'ა'..='ჿ') => one,
        _ => c,
    }
}

/// The small letter; `İ` is a Turkish i, and a sigma at the end of a word has its own form.
fn push_small(c: char, previous: char, rest: &str, out: &mut String) {
    match c {
        'İ' => out.push('i'),
        'Σ' if previous.is_alphabetic() && !rest.starts_with(is_part) => out.push('ς'),
        _ => out.extend(c.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{laws, name};

    #[test]
    fn knows_the_forms_of_names() {
        laws::check(
            name,
            &[
                ("MCDONALD", "McDonald"),
                ("mccarthy", "McCarthy"),
                ("MACDONALD", "Macdonald"),
                ("MACARTHUR", "MacArthur"),
                ("MACK", "Mack"),
                ("MCA", "Mca"),
                ("O'NEIL", "O'Neil"),
                ("o’brien", "O’Brien"),
                ("D'ANGELO", "D'Angelo"),
                ("DE'ANDRE", "De'Andre"),
                ("DELL'ANNA", "Dell'Anna"),
                ("SMITH'S", "Smith's"),
                ("SMITH-JONES", "Smith-Jones"),
                ("ANNE-MARIE MCKAY", "Anne-Marie McKay"),
                ("VAN DER BERG", "van der Berg"),
                ("de la cruz", "de la Cruz"),
                ("MARIA DE LOS ANGELES", "Maria de los Angeles"),
                ("VAN 'T HOF", "van 't Hof"),
                ("LA TOYA", "La Toya"),
                ("VAN", "Van"),
                ("DE", "De"),
                ("ST. JOHN", "St. John"),
                ("ST.JOHN", "St.John"),
                ("JOHN SMITH JR.", "John Smith Jr."),
                ("SMITH III", "Smith III"),
                ("smith iv", "Smith IV"),
                ("J.R.", "J.R."),
                ("j.r. smith", "J.R. Smith"),
                ("JR", "JR"),
                ("dj", "DJ"),
                ("AJ", "AJ"),
                ("TJ SMITH", "TJ Smith"),
                ("JO", "Jo"),
                ("ED", "Ed"),
                ("NG", "Ng"),
                ("TY", "Ty"),
                ("J", "J"),
                ("MARY J.", "Mary J."),
                ("(BOB)", "(Bob)"),
                ("\"BOB\" SMITH", "\"Bob\" Smith"),
                ("'OHANA", "'Ohana"),
                ("JOHN 3RD", "John 3rd"),
            ],
        );
    }
}
