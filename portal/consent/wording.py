"""How purposes are said in words: the same in the notice beside the form, in a policy's annex and in a receipt.

Owns no table. Every word comes from rows of purposes or from the catalogues; nothing here knows an agency or a person.
"""

from collections.abc import Iterable

from portal.consent.controller import CONTROLLER
from portal.consent.purposes import AGENCY, Purpose
from portal.language import formats
from portal.language.messages import translations


def recipients(whys: Iterable[Purpose], locale: str, agency: str | None = None) -> str:
    """Who receives data for these purposes; `agency` stands for the one enquired with, where it is known."""
    named = (
        agency if agency and other["kind"] == AGENCY else why.says(other["text"], locale)
        for why in whys
        for other in why.recipients
    )
    return "; ".join(dict.fromkeys(named))


def places(whys: Iterable[Purpose], locale: str) -> str:
    """The countries where data is kept for these purposes, each outside the EEA with what allows it and until when."""
    whys = list(whys)
    allowed = {tool["country"]: _allowed(why, tool, locale) for why in whys for tool in why.transfers}
    countries = dict.fromkeys(country for why in whys for country in why.locations)
    return ", ".join(allowed.get(country) or formats.country(country, locale) for country in countries | allowed)


def rights(whys: Iterable[Purpose], locale: str) -> str:
    """What a person may ask for, given the bases of these purposes."""
    _ = translations(locale).gettext
    always = _("See, correct, take with you, restrict, object to or erase your data. Complain to the AEPD.")
    return " ".join([always, _("Withdraw a consent at any time.")] if any(why.opt_in for why in whys) else [always])


def particulars(why: Purpose, locale: str, agency: str | None = None) -> list[tuple[str, str]]:
    """All that is true of one purpose, each with its label; `agency` as in `recipients`."""
    _ = translations(locale).gettext
    said = [
        (_("Purpose"), why.says(why.text, locale)),
        (_("Basis"), why.says(why.basis_text, locale)),
        (_("Data"), "; ".join(why.says(kind["text"], locale) for kind in why.data)),
        (_("Recipients"), recipients([why], locale, agency) or _("Nobody")),
        (_("Kept in"), places([why], locale)),
        (_("Kept for"), why.says(why.retention_text, locale)),
    ]
    if why.opt_in:
        said.append((_("Your choice"), why.says(why.label, locale)))
    return said


def controller(locale: str) -> str:
    """Who is responsible, with the address, in one line."""
    return ", ".join((*CONTROLLER[:-1], translations(locale).gettext(CONTROLLER[-1])))


def _allowed(why: Purpose, tool: dict[str, str], locale: str) -> str:
    name, says = formats.country(tool["country"], locale), why.says(tool["text"], locale)
    if not tool["until"]:
        return f"{name} ({says})"
    text = translations(locale).gettext("%(country)s (%(tool)s, until %(day)s)")
    return text % {"country": name, "tool": says, "day": formats.date_of(tool["until"], locale)}
