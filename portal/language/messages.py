"""Messages: gettext catalogues, read from the `.po` files beside this module; English is the key itself.

`N_` marks a text for extraction where it is written; `translations(locale).gettext` gives it in a language.
"""

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

CATALOGUES = Path(__file__).parent / "catalogues"


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for a marker
    """Mark a message for extraction without translating it yet."""
    return message


@cache
def translations(locale: str) -> gettext.NullTranslations:
    """The messages of one language; unknown languages and English give back the key."""
    path = CATALOGUES / f"{locale}.po"
    if not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=locale)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def sentence(text: str, **values: object) -> str:
    """A text with its gaps filled. A name that ends with a full stop, as `S.L.` does, ends its sentence with it too."""
    for name, value in values.items():
        if str(value).endswith("."):
            text = text.replace(f"%({name})s.", f"%({name})s")
    return text % values


def translated(locale: str, message: str) -> str:
    """One message in one language."""
    return translations(locale).gettext(message)
