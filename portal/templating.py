"""The Jinja environment of pages and mails: autoescaped, strict about names, one for each language.

Text templates (`.txt`) are not escaped, everything else is. An undefined name is an error, not an empty string.
"""

import hashlib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from portal import addresses
from portal.language import formats
from portal.language.messages import translations
from portal.settings import ROOT

TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"


@cache
def environment(locale: str) -> Environment:
    """The environment of one language: `_`, the formats, the addresses, and `static`, bound to it."""
    built = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(disabled_extensions=("txt",), default_for_string=True, default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        extensions=["jinja2.ext.i18n"],
    )
    built.install_gettext_translations(translations(locale), newstyle=False)  # type: ignore[attr-defined]
    built.globals.update(lang=locale, addresses=addresses, static=static)
    built.filters.update(
        money=lambda minor, currency="EUR": formats.money(minor, currency, locale),
        area=lambda value: formats.area(value, locale),
        number=lambda value: formats.number(value, locale),
        day=lambda value: formats.day(value, locale),
        moment=lambda value: formats.moment(value, locale),
        minute=lambda value: formats.minute(value, locale),
        paragraphs=lambda text: [part.strip() for part in text.split("\n\n") if part.strip()],
    )
    return built


def render(template: str, locale: str, **context: Any) -> str:
    """One template in one language."""
    return environment(locale).get_template(template).render(context)


def static(name: str) -> str:
    """The address of a static file with its content's fingerprint, so that it may be cached for ever."""
    return f"/static/{name}?v={_fingerprint(STATIC / name)}"


@lru_cache(maxsize=256)
def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]
