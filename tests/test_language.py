"""Every text that people see is there in every language of the site, with the same gaps to fill."""

import re

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from portal.catalogue import naming
from portal.language import locales
from portal.language.messages import CATALOGUES, N_, sentence, translated, translations
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


# How each language says none, one, two and five: French counts none as one.
COUNTED = {
    "en": ("0 homes", "1 home", "2 homes", "5 homes"),
    "es": ("0 viviendas", "1 vivienda", "2 viviendas", "5 viviendas"),
    "de": ("0 Immobilien", "1 Immobilie", "2 Immobilien", "5 Immobilien"),
    "fr": ("0 bien", "1 bien", "2 biens", "5 biens"),
    "nl": ("0 woningen", "1 woning", "2 woningen", "5 woningen"),
    "sv": ("0 bostäder", "1 bostad", "2 bostäder", "5 bostäder"),
}
DAYS = {
    "en": ("Confirmed 1 day ago", "Confirmed 5 days ago"),
    "es": ("Confirmado hace 1 día", "Confirmado hace 5 días"),
    "de": ("Vor 1 Tag bestätigt", "Vor 5 Tagen bestätigt"),
    "fr": ("Confirmé il y a 1 jour", "Confirmé il y a 5 jours"),
    "nl": ("1 dag geleden bevestigd", "5 dagen geleden bevestigd"),
    "sv": ("Bekräftad för 1 dag sedan", "Bekräftad för 5 dagar sedan"),
}


@pytest.mark.parametrize("locale", locales.SITE)
def test_what_is_counted_takes_the_form_of_its_number(locale: str):
    count = translations(locale).ngettext
    shown = [count("%(count)s home", "%(count)s homes", n) % {"count": n} for n in (0, 1, 2, 5)]
    assert tuple(shown) == COUNTED[locale]
    ago = [count("Confirmed %(days)s day ago", "Confirmed %(days)s days ago", n) % {"days": n} for n in (1, 5)]
    assert tuple(ago) == DAYS[locale]


@pytest.mark.parametrize(
    ("locale", "title"),
    [
        ("en", "Villa in Nueva Andalucía, Marbella"),
        ("es", "Chalet en Nueva Andalucía, Marbella"),
        ("de", "Villa in Nueva Andalucía, Marbella"),
        ("fr", "Villa à Nueva Andalucía, Marbella"),
        ("nl", "Villa in Nueva Andalucía, Marbella"),
        ("sv", "Villa i Nueva Andalucía, Marbella"),
    ],
)
def test_a_home_is_called_by_type_and_place_in_every_language(locale: str, title: str):
    assert naming.title("villa", "sale", "Marbella", "Nueva Andalucía", locale) == title


@pytest.mark.parametrize("locale", locales.SITE)
def test_every_kind_and_offer_has_a_name_of_its_own(locale: str):
    names = {
        naming.title(kind, offer, "Marbella", None, locale) for kind in naming.KINDS for offer in naming.TITLES
    }  # fmt: skip
    assert len(names) == len(naming.KINDS) * len(naming.TITLES)
    slugs = {naming.slug(kind, "sale", "Marbella", None, locale) for kind in naming.KINDS}
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in slugs)


def test_a_feature_is_told_in_the_readers_language_and_one_we_do_not_know_as_the_agency_wrote_it():
    assert naming.feature("sea VIEWS ", "de") == "Meerblick"
    assert naming.feature("Elevator", "sv") == "Hiss"
    assert naming.feature("Bodega con cava", "de") == "Bodega con cava"


def test_french_sets_its_spaces_before_signs_and_inside_quotation_marks():
    for message in catalogue("fr"):
        given = message.string if isinstance(message.string, tuple) else (message.string,)
        for text in given if message.id else ():
            assert not re.search(r"(?<![\u202f])[;!?](?!\w)", text), text
            assert not re.search(r"(?<![\xa0\d]):(?!/)", text), text
            assert not re.search(r"«(?!\xa0)|(?<!\xa0)»|'", text), text


ENDING = re.compile(r"%\((agency|name|recorder|office)\)s\.")


@pytest.mark.parametrize("locale", locales.SITE)
def test_no_sentence_that_ends_with_a_name_doubles_its_full_stop(locale: str):
    keys = [
        message.id
        for lang in TRANSLATED for message in catalogue(lang)
        if isinstance(message.string, str) and any(map(ENDING.search, (message.id, message.string)))
    ]  # fmt: skip
    for path in (ROOT / "templates").rglob("*.*"):
        formatted = re.findall(r'_\("((?:[^"\\]|\\.)*)"\) \| format\(', path.read_text())
        assert not set(keys) & set(formatted), f"{path.name}: `sentence` in place of `format`"
    for key in keys:
        names = {gap[2:-2]: "Norte S.L." for gap in gaps(key)}
        assert "S.L.." not in sentence(translated(locale, key), **names)
    assert sentence("Text by %(agency)s.", agency="Sol") == "Text by Sol."


def test_english_is_the_key_itself_and_a_language_we_lack_falls_back_to_it():
    assert N_("Newest first") == translated("en", "Newest first") == translated("xx", "Newest first")
    assert translated("es", "Newest first") == "Más recientes"
    assert translations("es").ngettext("home", "homes", 2) == "viviendas"


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("es-ES,es;q=0.9,en;q=0.8", "es"),
        ("it,es;q=0.5", "es"),
        ("en;q=0,es", "es"),
        ("fr", "fr"),
        ("de-CH,fr;q=0.9", "de"),
        ("pt", "en"),
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
