"""Which languages the site speaks, and which a visitor wants to be answered in."""

from collections.abc import Iterable

# Complete in every text; the first is the language of the message keys and the fallback.
SITE = ("en", "es", "de", "fr", "nl", "sv")
# Each by its own name, as a reader looks for it.
NAMES = {
    "en": "English", "es": "Español", "de": "Deutsch", "fr": "Français", "nl": "Nederlands", "sv": "Svenska",
}  # fmt: skip
DEFAULT = "en"


def negotiated(accept_language: str) -> str:
    """The site language a browser likes best (RFC 9110 §12.5.4), else English."""
    for wanted in _by_quality(accept_language):
        if wanted in SITE:
            return wanted
    return DEFAULT


def first_of(wanted: Iterable[str], offered: Iterable[str]) -> str | None:
    """The first wanted language that is offered, else the first offered, else None."""
    offered = list(offered)
    return next(
        (locale for locale in wanted if locale in offered),
        offered[0] if offered else None,
    )


def _by_quality(header: str) -> list[str]:
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(header[:500].split(",")):
        tag, _, parameters = part.partition(";")
        try:
            quality = float(parameters.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        ranked.append((-quality, position, tag.strip().lower()[:2]))
    return [tag for quality, _, tag in sorted(ranked) if quality < 0]
