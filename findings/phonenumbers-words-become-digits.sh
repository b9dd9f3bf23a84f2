#!/usr/bin/env bash
# phonenumbers 9.0.43 (the Python port of libphonenumber): a note behind a number becomes digits of the number.
#
# Three letters anywhere make the text a vanity number, and every letter a digit of the keypad. So "234-5678 mom", a local number of seven
# digits with a word behind it, is read as +1 234 567 8666, a valid number that nobody wrote and somebody else may have. With an area code, the
# word makes a number too long by its letters, which is invalid, although the number before it is good. Lists of
# volunteers hold such words (cell, home, mom) in one of a few hundred cells.
#
# Needs: python3 with venv. Fails when the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check phonenumbers==9.0.43
env/bin/python - > told <<'PYTHON'
import phonenumbers as p

for text in ["234-5678", "234-5678 mom", "816-234-5678", "816-234-5678 mom", "816-234-5678 cell", "816-234-5678 x12"]:
    number = p.parse(text, "US")
    print(text, p.format_number(number, p.PhoneNumberFormat.E164), number.extension or "-", p.is_valid_number(number), sep=" | ")
PYTHON
cat told
diff told - <<'TOLD'
234-5678 | +12345678 | - | False
234-5678 mom | +12345678666 | - | True
816-234-5678 | +18162345678 | - | True
816-234-5678 mom | +18162345678666 | - | False
816-234-5678 cell | +181623456782355 | - | False
816-234-5678 x12 | +18162345678 | 12 | True
TOLD
echo "As seen."
