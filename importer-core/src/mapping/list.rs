use super::blank::is_blank;
use super::value::{self, Context};
use crate::contracts::FieldKind;

/// Appends the normal forms of the entries of a cell, one per line, to a list that begins at `start`.
///
/// Entries that are there already, or are the primary value, are left out, and so are entries without a normal form: they
/// stay in the original. A declared separator takes the place of the usual ones.
pub(super) fn push(
    kind: FieldKind,
    cell: &str,
    separator: Option<&str>,
    context: &Context<'_>,
    primary: &str,
    start: usize,
    out: &mut String,
) {
    let mut add = |entry: &str| add(kind, entry, context, primary, start, out);
    if let Some(separator) = separator {
        // Lines are kept apart in any case: that is the form in which a list is written.
        cell.split('\n').flat_map(|line| line.split(separator)).for_each(|entry| _ = add(entry));
        return;
    }
    // An entry of some form contains these marks: `a/b@example.org`, `+49 30/2123456`, `816-234-5678, ext. 4`. So they
    // separate entries only where the whole is none.
    let (hard, soft): (&[char], fn(char) -> bool) = match kind {
        FieldKind::PhoneList => (&['\n', ';', '|'], |c| matches!(c, ',' | '/')),
        _ => (&['\n', ';', ','], |c| matches!(c, '|' | '/') || c.is_whitespace()),
    };
    for part in cell.split(hard) {
        if !add(part) && part.contains(soft) {
            part.split(soft).for_each(|entry| _ = add(entry));
        }
    }
}

/// True when the entry has a normal form, which is in the list then.
fn add(
    kind: FieldKind,
    entry: &str,
    context: &Context<'_>,
    primary: &str,
    start: usize,
    out: &mut String,
) -> bool {
    if is_blank(entry) {
        return true;
    }
    let before = out.len();
    if before > start {
        out.push('\n');
    }
    let at = out.len();
    if !value::push(kind, entry, None, context, out) {
        out.truncate(before);
        return false;
    }
    let (list, entry) = out.split_at(at);
    if entry == primary || list[start..].lines().any(|line| line == entry) {
        out.truncate(before);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::defaults::Defaults;
    use super::*;

    fn check(kind: FieldKind, cell: &str, separator: Option<&str>, primary: &str, expected: &str) {
        let mut out = String::from("before");
        push(kind, cell, separator, &Context::of(&Defaults::default()), primary, 6, &mut out);
        assert_eq!(out, format!("before{expected}"), "{cell:?}");
        let mut again = String::new();
        push(kind, expected, separator, &Context::of(&Defaults::default()), primary, 0, &mut again);
        assert_eq!(again, expected, "a list is its own normal form");
    }

    #[test]
    fn emails() {
        let emails = |cell, expected| check(FieldKind::EmailList, cell, None, "me@x.org", expected);
        emails(
            "A@x.org; b@x.org,c@x.org | d@x.org\ne@x.org f@x.org",
            "a@x.org\nb@x.org\nc@x.org\nd@x.org\ne@x.org\nf@x.org",
        );
        emails("a@x.org; A@X.ORG; me@x.org", "a@x.org");
        emails("a@x.org; not one; ", "a@x.org");
        emails("\"Cruz, Ana\" <ana@x.org>; Bo Li <bo@x.org>", "ana@x.org\nbo@x.org");
        emails("a/b@x.org; c|d@x.org", "a/b@x.org\nc|d@x.org");
        emails(" ;, ", "");
    }

    #[test]
    fn phones() {
        let phones = |cell, expected| check(FieldKind::PhoneList, cell, None, "+18162345678", expected);
        phones("816-234-5678; (913) 234-5678", "+19132345678");
        phones("913-234-5678, 913-234-5679 / 913-234-5670", "+19132345678\n+19132345679\n+19132345670");
        phones("+49 30/2123456 | 913-234-5678", "+49302123456\n+19132345678");
        phones("913-234-5678, ext. 4", "+19132345678");
        phones("call me", "");
    }

    #[test]
    fn a_declared_separator_holds() {
        check(FieldKind::EmailList, "a@x.org and b@x.org", Some(" and "), "", "a@x.org\nb@x.org");
    }
}
