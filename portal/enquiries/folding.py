"""Folding: text brought to the one plain form in which words are compared, whatever was done to hide them. Pure."""

import re
import unicodedata

INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200d\u2060-\u2064\ufe00-\ufe0f]")
MIXED = re.compile("(?=[^ ]{0,40}[a-z])[^ ]{0,40}[\u0370-\u03ff\u0400-\u04ff]")
TOKEN = re.compile(r"[^\W_]+")
# Cyrillic and Greek letters that look like Latin ones, as they are put into Latin words to hide them.
_LOOKALIKE = str.maketrans("авеıкмнорстухіјѕԁԛԝαβεικνορτυχγ", "abeikmhopctyxijsdqwabeikvoptuxy")
_DIGIT_FOR_LETTER = re.compile("(?<=[a-z])[013457](?=[a-z])")
_LETTER = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t"}


def folded(text: str) -> str:
    """Words in lower case without accents, disguise or punctuation, between single spaces: `¡Última VISITA!` →
    ` ultima visita `."""
    seen = unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).casefold()
    bare = "".join(letter for letter in unicodedata.normalize("NFD", seen) if not unicodedata.combining(letter))
    return f" {' '.join(_undisguised(token) for token in TOKEN.findall(bare))} "


def _undisguised(token: str) -> str:
    if MIXED.match(token):
        token = token.translate(_LOOKALIKE)
    return _DIGIT_FOR_LETTER.sub(lambda digit: _LETTER[digit[0]], token)
