#!/usr/bin/env bash
# vobject 0.9.9: a birthday without a year, as Apple's Contacts exports it, becomes a date in the year 1604.
#
# vCard 3.0 has no form for a day and a month alone. Apple writes the leap year 1604 and says in a parameter, X-APPLE-OMIT-YEAR=1604, that it is none. The
# parser keeps the parameter and hands over the date as it stands, so a reader that does not know the parameter stores
# people who are more than 400 years old, and whoever is born on the same day shares a whole birth date.
#
# Needs: python3 with venv. Fails when the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check vobject==0.9.9
env/bin/python - > told <<'PYTHON'
import vobject

card = "\r\n".join([
    "BEGIN:VCARD", "VERSION:3.0", "N:Reed;Ann;;;", "FN:Ann Reed", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-05-03", "END:VCARD", "",
])
bday = vobject.readOne(card).bday
print(bday.value, bday.params)
PYTHON
cat told
diff told - <<'TOLD'
1604-05-03 {'X-APPLE-OMIT-YEAR': ['1604']}
TOLD
echo "As seen."
