"""Every text that people see is there in every language of the site, with the same gaps to fill."""

import re

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from portal.language import locales
from portal.language.messages import CATALOGUES, N_, translated, translations
from portal.settings import ROOT

TRANSLATED = [locale for locale in locales.SITE if locale != locales.DEFAULT]
with (ROOT / "portal" / "language" / "babel.cfg").open() as mapping:
    METHODS, _ = parse_mapping_cfg(mapping)


def catalogue(locale: str) -> Catalog:
    with (CATALOGUES / f"{locale}.po").open("rb") as file:
        return read_po(file, locale=locale)


@pytest.fixture(scope="session")
def written() -> dict[str, tuple[str, ...]]:
    """Every text in the code and the templates: its key, and its forms in English."""
    found = {}
    for _, _, message, _, _ in extract_from_dir(ROOT, METHODS):
        forms = message if isinstance(message, tuple) else (message,)
        found[forms[0]] = forms
    return found


def gaps(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s|%s", text))


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_text_is_translated_with_the_same_gaps(locale: str, written: dict[str, tuple[str, ...]]):
    texts: Catalog = catalogue(locale)
    missing, crooked = [], []
    for key, forms in written.items():
        message: Message | None = texts.get(key)
        given = message.string if message else ""
        given = given if isinstance(given, tuple) else (given,)
        if not all(given) or len(given) != (texts.num_plurals if len(forms) > 1 else 1):
            missing.append(key)
        elif any(gaps(text) != gaps(forms[-1]) for text in given):
            crooked.append(key)
    assert missing == []
    assert crooked == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_no_translation_outlives_its_text(locale: str, written: dict[str, tuple[str, ...]]):
    keys = {message.id[0] if isinstance(message.id, tuple) else message.id for message in catalogue(locale)}
    assert keys - {""} - set(written) == set()


@pytest.mark.parametrize("locale", TRANSLATED)
def test_nothing_is_fuzzy_and_no_text_begins_or_ends_with_a_space(locale: str):
    texts = catalogue(locale)
    assert [message.id for message in texts if message.fuzzy and message.id] == []
    for message in texts:
        if message.id and isinstance(message.string, str):
            assert message.string == message.string.strip()


def test_english_is_the_key_itself_and_a_language_we_lack_falls_back_to_it():
    assert N_("Newest first") == translated("en", "Newest first") == translated("xx", "Newest first")
    assert translated("es", "Newest first") == "Más recientes"
    assert translations("es").ngettext("home", "homes", 2) == "viviendas"


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("es-ES,es;q=0.9,en;q=0.8", "es"),
        ("de,es;q=0.5", "es"),
        ("en;q=0,es", "es"),
        ("fr", "en"),
        ("x;q=y", "en"),
        ("", "en"),
    ],
)
def test_the_site_answers_in_the_language_a_browser_likes_best(header: str, chosen: str):
    assert locales.negotiated(header) == chosen


def test_text_is_offered_in_the_readers_language_else_in_the_first_there_is():
    assert locales.first_of(("es", "en"), ["de", "en"]) == "en"
    assert locales.first_of(("es",), ["de", "nl"]) == "de"
    assert locales.first_of(("es",), []) is None
