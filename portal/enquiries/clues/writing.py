"""Writing: how the words are written. Disguised letters, markup and scripts, mashed keys, an unexpected language."""

import re
import unicodedata
from itertools import pairwise

from portal.enquiries.folding import INVISIBLE
from portal.enquiries.reading import Clue, Reading

_PROBE = re.compile(
    r"<\s{0,3}/?(?:script|iframe|object|embed|svg|meta|form|style)\b|\bon(?:error|load|click|mouseover|focus)\s{0,3}="
    r"|javascript:|document\.(?:cookie|domain|location)"
    r"|\bunion\s{1,3}(?:all\s{1,3})?select\b|\bselect\b.{1,80}\bfrom\b.{1,60}(?:--|;)"
    r"|'\s{0,3}or\s{0,3}'?\d'?\s{0,3}=|\b(?:drop|truncate)\s{1,3}table\b|\bwaitfor\s{1,3}delay\b|\bsleep\(\d|\bxp_cmdshell"
    r"|\$\{jndi:|\{\{.{0,40}\}\}|<%.{0,40}%>|<\?php|\.\./\.\./|/etc/passwd"
    r"|\$\((?:wget|curl|cat|id)\b|;\s{0,3}(?:wget|curl|cat|rm) "
    r"|\|\s{0,3}(?:cat|id|sh)\b|cmd\.exe|<!(?:entity|doctype)",
    re.IGNORECASE,
)
_LINK_MARKUP = re.compile(
    r"<\s{0,3}(?:a|img)\s[^>]{0,300}|\[/?(?:url|link|img)\b|\]\(\s{0,3}(?:https?:|www\.)", re.IGNORECASE
)
_MARKUP = re.compile(
    r"</?(?:b|i|u|p|br|div|span|h[1-6]|font|strong|em|table|center)\b[^>]{0,200}>|\[/?[biu]\]", re.IGNORECASE
)
_LATIN_INSIDE = re.compile("(?<=[A-Za-z])[\u200b\u200c\u2060\u180e](?=[A-Za-z.])|\\.[\u200b\u2060]|[\u2060]\\.")
_MIXED = re.compile("[a-z][\u0370-\u03ff\u0400-\u04ff]|[\u0370-\u03ff\u0400-\u04ff][a-z]", re.IGNORECASE)
_REPEATED = re.compile(r"(?:([^\W\d_]{1,4}?)\1{2,}|([^\W\d_]{3,5})\2)[^\W\d_]{0,2}")
_ROWS = (
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "poiuytrewqlkjhgfdsamnbvcxz",
)
# As Unicode names the letters, and who writes with them.
_SCRIPTS = {
    "CYRILLIC": ("ru", "uk", "bg", "sr", "be", "mk", "kk"), "GREEK": ("el",), "HEBREW": ("he", "iw"), "THAI": ("th",),
    "ARABIC": ("ar", "fa", "ur"), "CJK": ("zh", "ja", "ko"), "HIRAGANA": ("ja",), "KATAKANA": ("ja",),
    "HANGUL": ("ko",),
}  # fmt: skip
VOWELS = frozenset("aeiouyàáâäæåãèéêëìíîïòóôöøõùúûüÿœ")


def _probe(reading: Reading) -> int:
    # Far above what any question about a home can take off again.
    signals = reading.signals
    fields = (reading.words, signals.name[:500], signals.company[:500], signals.phone[:500], signals.trap[:500])
    return 150 if any(_PROBE.search(text) for text in fields) else 0


def _link_markup(reading: Reading) -> int:
    found = len(_LINK_MARKUP.findall(reading.words))
    return min(45 + 10 * found, 85) if found else 0


def _markup(reading: Reading) -> int:
    return min(8 * len(_MARKUP.findall(reading.words)), 24)


def _disguised(reading: Reading) -> int:
    text = reading.words + reading.signals.name[:500]
    inside = len(_LATIN_INSIDE.findall(text))
    styled = sum(_is_styled(letter) for letter in text if letter > "\u2100")
    mixed = len(_MIXED.findall(text))
    return 55 if inside >= 2 or styled >= 4 or mixed >= 2 else 0


def _is_styled(letter: str) -> bool:
    # Mathematical, circled, squared and full-width letters that stand for plain ones (Unicode's compatibility forms).
    plain = unicodedata.normalize("NFKC", letter)
    return plain != letter and plain.isascii() and plain.isalpha() and letter not in "™℠ℓ№"


def _gibberish(reading: Reading) -> int:
    tangled = sum(_is_tangled(word) for word in reading.words.split()[:8])
    name = any(_is_tangled(word) for word in reading.signals.name[:120].split())
    return (40 if tangled and len(reading.tokens) <= 3 else 0) + (50 if name else 0)


def _is_tangled(word: str) -> bool:
    """Whether capitals stand in a word as chance puts them: `hJkWqYtRz`."""
    if not (8 <= len(word) <= 40 and word.isalpha() and word.isascii()):
        return False
    turns = sum(one.islower() and two.isupper() for one, two in pairwise(word))
    return turns >= 3


def _mashed(reading: Reading) -> int:
    tokens = [token for token in reading.tokens if len(token) >= 3]
    mashed = sum(len(token) for token in tokens if _is_mashed(token))
    return 55 if mashed * 2 > sum(map(len, reading.tokens)) else 0


def _is_mashed(token: str) -> bool:
    """Whether hands only fell on the keys: a row of them, or the same few again and again."""
    if any(token in row for row in _ROWS) and len(token) >= 4:
        return True
    if len(token) >= 6 and _REPEATED.fullmatch(token[:40]):
        return True
    return len(token) >= 7 and token.isalpha() and token.isascii() and not VOWELS.intersection(token)


def _other_script(reading: Reading) -> int:
    letters = [letter for letter in reading.words[:400] if letter.isalpha()]
    foreign = [letter for letter in letters if letter > "\u0370"]
    if not letters or len(foreign) * 2 < len(letters):
        return 0
    script = unicodedata.name(foreign[0], "").partition(" ")[0].partition("-")[0]
    return 0 if _understood(reading).intersection(_SCRIPTS.get(script, ())) else 26


def _other_language(reading: Reading) -> int:
    told = {*_understood(reading), reading.signals.locale, reading.signals.answer_locale}
    return 10 if reading.language is not None and reading.language not in told else 0


def _understood(reading: Reading) -> set[str]:
    told = reading.headers.get("accept-language", "")[:500].lower()
    return {each.strip().partition(";")[0].partition("-")[0] for each in told.split(",")}


def _all_invisible(reading: Reading) -> int:
    return 30 if reading.words and not INVISIBLE.sub("", reading.words).strip() else 0


CLUES = (
    Clue("probe", "It holds code that tries to break into the site.", _probe),
    Clue("link_markup", "It holds links as markup, which only programs write into a form.", _link_markup),
    Clue("markup", "It holds markup, though without a link.", _markup),
    Clue("disguised_letters", "Letters are hidden or replaced by look-alikes, to pass under filters.", _disguised),
    Clue("gibberish", "Name or words look like random letters.", _gibberish),
    Clue("mashed_keys", "The words look like hands falling on the keys.", _mashed),
    Clue("other_script", "It is written in a script that neither page nor browser speak of.", _other_script),
    Clue("other_language", "It is written in a language that neither page nor browser speak of.", _other_language),
    Clue("nothing_visible", "The words hold nothing that can be seen.", _all_invisible),
)
