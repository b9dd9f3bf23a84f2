#!/usr/bin/env bash
# deunicode 1.6.2: letters of names become punctuation or nothing, so that two names become one when punctuation is dropped.
#
# The Azerbaijani schwa becomes "@", the Arabic alif nothing, ta marbuta "@", alif maqsura "~", ain and hamza a quote; the Hebrew alef and ayin become quotes.
# Whoever compares people by their transliterated letters, as matching does, reads Əli as li, and so the same as the family name Li;
# Arabic and Hebrew names that differ in such a letter meet likewise. More than 300 letters of the basic plane hold no letter or digit afterwards.
# A matching form needs letters of its own for them before it transliterates the rest.
#
# Needs: cargo. Fails when the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "folds"
version = "0.1.0"
edition = "2021"

[dependencies]
deunicode = "=1.6.2"
TOML
cat > src/main.rs <<'RUST'
use deunicode::{deunicode, deunicode_char};

fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

fn main() {
    for (one, other) in [("Əli", "Li"), ("Әли", "Ли"), ("سالم", "سلم"), ("فاطمة", "فطم"), ("אבי", "בי")] {
        let (a, b) = (deunicode(one), deunicode(other));
        println!("{one} {a:?} {other} {b:?} same letters: {}", letters(&a) == letters(&b));
    }
    let lost = ('\u{80}'..='\u{ffff}').filter(|c| c.is_alphabetic());
    let lost = lost.filter(|c| deunicode_char(*c).is_some_and(|text| letters(text).is_empty()));
    println!("more than 300 letters of the basic plane become none: {}", lost.count() > 300);
}
RUST
cargo run -q > told
cat told
diff told - <<'TOLD'
Əli "@li" Li "Li" same letters: true
Әли "@li" Ли "Li" same letters: true
سالم "slm" سلم "slm" same letters: true
فاطمة "fTm@" فطم "fTm" same letters: true
אבי "'by" בי "by" same letters: true
more than 300 letters of the basic plane become none: true
TOLD
echo "As seen."
