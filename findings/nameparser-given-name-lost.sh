#!/usr/bin/env bash
# nameparser 2.6.0: a suffix between two commas takes the given name with it, and a given name that is also a title takes the family name's place.
#
# "Smith, Jr., John" is how many registers write it. Everything behind the first comma becomes the suffix, "Jr., John", and the
# person has no given name at all, while "Smith, John, Jr." is read. King Lee and Prince Nelson lose their family name: the given name is taken for a title and
# the family name for a given one. Judge, Baron and Bishop instead leave the given name empty. Earl, Duke and Major are read as names.
#
# Needs: python3 with venv. Fails when the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check nameparser==2.6.0
env/bin/python - > told <<'PYTHON'
from nameparser import HumanName

for text in ["Smith, John, Jr.", "Smith, Jr., John", "King Lee", "Prince Nelson", "Baron Davis", "Judge Reinhold", "Earl Jones", "Duke Adams", "Major Reed"]:
    name = HumanName(text)
    print(text, name.title or "-", name.first or "-", name.last or "-", name.suffix or "-", sep=" | ")
PYTHON
cat told
diff told - <<'TOLD'
Smith, John, Jr. | - | John | Smith | Jr.
Smith, Jr., John | - | - | Smith | Jr., John
King Lee | King | Lee | - | -
Prince Nelson | Prince | Nelson | - | -
Baron Davis | Baron | - | Davis | -
Judge Reinhold | Judge | - | Reinhold | -
Earl Jones | - | Earl | Jones | -
Duke Adams | - | Duke | Adams | -
Major Reed | - | Major | Reed | -
TOLD
echo "As seen."
