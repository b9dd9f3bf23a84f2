#!/usr/bin/env bash
# jellyfish 1.3.0: a phonetic code keeps accents, so that one name with and without its accent gets two codes.
#
# Phonetic codes are used as blocking keys: pairs whose codes differ are never compared. NYSIIS and the match rating codex answer with the
# accented letters in them, JASÉ for José and JAS for Jose, MÜLAR for Müller and MALAR for Muller. Soundex reads ü as u, but gives Łukasz the letter Ł of its own
# (Ł220 beside L220), and Metaphone drops it and begins with the next consonant. The package recordlinkage 0.16 takes its codes from here. Letters have to be
# folded before the code is made.
#
# Needs: python3 with venv. Fails when the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check jellyfish==1.3.0
env/bin/python - > told <<'PYTHON'
import jellyfish as j

for one, other in [("José", "Jose"), ("Müller", "Muller"), ("Łukasz", "Lukasz"), ("Şule", "Sule")]:
    for code in (j.soundex, j.nysiis, j.metaphone, j.match_rating_codex):
        a, b = code(one), code(other)
        print(code.__name__, one, a, other, b, "meet" if a == b else "do not meet", sep=" | ")
PYTHON
cat told
diff told - <<'TOLD'
soundex | José | J200 | Jose | J200 | meet
nysiis | José | JASÉ | Jose | JAS | do not meet
metaphone | José | JS | Jose | JS | meet
match_rating_codex | José | JSÉ | Jose | JS | do not meet
soundex | Müller | M460 | Muller | M460 | meet
nysiis | Müller | MÜLAR | Muller | MALAR | do not meet
metaphone | Müller | MLR | Muller | MLR | meet
match_rating_codex | Müller | MÜLR | Muller | MLR | do not meet
soundex | Łukasz | Ł220 | Lukasz | L220 | do not meet
nysiis | Łukasz | ŁAC | Lukasz | LAC | do not meet
metaphone | Łukasz | KSS | Lukasz | LKSS | do not meet
match_rating_codex | Łukasz | ŁKSZ | Lukasz | LKSZ | do not meet
soundex | Şule | S400 | Sule | S400 | meet
nysiis | Şule | ŞAL | Sule | SAL | do not meet
metaphone | Şule | SL | Sule | SL | meet
match_rating_codex | Şule | ŞL | Sule | SL | do not meet
TOLD
echo "As seen."
