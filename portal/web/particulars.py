"""What a home's own page tells beyond its card: what it costs, which papers there are, what its price was.

Words and figures for the template, in one language. What the agency has not given is a row that says so.
"""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import NamedTuple

from portal.catalogue import costs, naming
from portal.catalogue.costs import CostRow
from portal.catalogue.prices import Row, Running
from portal.catalogue.rows import Card, Home
from portal.language import formats
from portal.language.messages import N_, translations
from portal.web.presenting import Shown

TAXES = {
    "itp": N_("Transfer tax (ITP), %(rate)s %%"),
    "iva": N_("Value added tax (IVA), %(rate)s %%"),
    "ajd": N_("Stamp duty (AJD), %(rate)s %%"),
}
UNKNOWN = {
    "no_price": N_("The agency gives the price on request; taxes and costs follow from it."),
    "not_euros": N_("Taxes are reckoned in euros; this price is not."),
    "elsewhere": N_("Taxes and costs come on top. We know the rates of Andalucía only, and this home is elsewhere."),
    "seller_decides": N_("Taxes and costs come on top. Which tax is due depends on who sells: ask the agency."),
    "no_rates": N_("Taxes and costs come on top."),
}
EVERY = {1: N_("a month"), 3: N_("a quarter"), 6: N_("every six months"), 12: N_("a year")}
RENTING = (N_("Deposit"), N_("Water, electricity and other bills"))
STATES = {"given": N_("Given"), "missing": N_("Not given"), "waiting": N_("Applied for"), "needless": N_("Not needed")}


class Cost(NamedTuple):
    """One line of a table of costs; `amount` is empty where the agency did not give it."""

    label: str
    note: str
    amount: str


class Paper(NamedTuple):
    """One paper: its state is `given`, `missing`, `waiting` or `needless`, `word` says it."""

    name: str
    state: str
    word: str
    particulars: str


class Event(NamedTuple):
    """One line of what happened to a home's price."""

    at: datetime
    what: str
    amount: str


def buying(shown: Shown, card: Card) -> list[Cost]:
    """What buying a home costs, the total last; only the price where the rest cannot be told; empty without a price."""
    if card.price_minor is None:
        return []
    _ = translations(shown.lang).gettext
    each = shown.price_per_metre(card)
    lines = [Cost(_("Price"), _("%(price)s per m² built") % {"price": each} if each else "", shown.price(card) or "")]
    found = shown.costs(card)
    if found is not None:
        lines += [_tax(row, shown) for row in found.rows]
        lines.append(Cost(_("To pay in all"), "", formats.money(found.total_minor, card.currency, shown.lang)))
    return lines


def why_no_costs(shown: Shown, card: Card) -> str:
    """Why there is no total; empty where there is one."""
    reason = costs.reason_unknown(shown.purchase(card), shown.today)
    return translations(shown.lang).gettext(UNKNOWN[reason]) if reason in UNKNOWN else ""


def running(shown: Shown, card: Card, costs: Running) -> list[Cost]:
    """What a home costs beside its price: to an owner as time goes by, beside the rent to a tenant."""
    _ = translations(shown.lang).gettext
    if card.offer != "sale":
        return [Cost(_(label), "", "") for label in RENTING]
    return [
        _regular(_("Property tax (IBI)"), costs.ibi_minor, 12, shown, card),
        _regular(_("Community of owners"), costs.community_minor, costs.community_months, shown, card),
        _regular(_("Rubbish collection"), costs.rubbish_minor, 12, shown, card),
    ]


def papers(shown: Shown, home: Home) -> list[Paper]:
    """The papers of a home that a buyer or tenant should see, with what the agency has given of each."""
    _ = translations(shown.lang).gettext
    card, sold, lived_in = home.card, home.card.offer == "sale", home.card.kind in naming.DWELLINGS
    energy, letters = _energy(shown, home)
    wanted = [
        (True, _("Cadastral reference"), "given" if home.cadastral_reference else "missing", home.cadastral_reference),
        (lived_in, _("First-occupation licence (LPO)"), "missing", ""),
        (sold and lived_in, _("Abridged information document (DIA)"), "missing", ""),
        (card.kind != "land", _("Energy certificate"), energy, letters),
        (sold, _("Land registry extract (nota simple)"), "missing", ""),
        (sold, _("Community debt certificate"), "missing", ""),
        (lived_in, _("Tourist licence"), "needless" if card.offer == "rent_long" else "missing", ""),
    ]
    return [Paper(name, state, _(STATES[state]), text or "") for due, name, state, text in wanted if due]


def events(shown: Shown, card: Card, history: list[Row]) -> list[Event]:
    """When a home was published, when its price changed, when it was last confirmed; newest first."""
    _ = translations(shown.lang).gettext
    told = [Event(card.last_seen_at, _confirmed(shown, card), shown.price(card) or "")]
    told += [Event(row.at, _happened(shown, row), _amount(shown, row)) for row in history]
    if card.published_at is not None and not any(row.kind == "first_published" for row in history):
        told.append(Event(card.published_at, _("First published here"), ""))
    return sorted(told, key=lambda event: event.at, reverse=True)


def _tax(row: CostRow, shown: Shown) -> Cost:
    _ = translations(shown.lang).gettext
    amount = formats.money(row.amount_minor, "EUR", shown.lang)
    if row.per_mille is None or row.since is None:
        note = _("Estimate, after the tariffs of %(law)s") % {"law": row.law}
        return Cost(_("Notary, registry and paperwork"), note, amount)
    rate = formats.number(Decimal(row.per_mille) / 10, shown.lang)
    note = _("%(law)s, in force since %(day)s") % {"law": row.law, "day": _day(row.since, shown.lang)}
    return Cost(_together(_(TAXES[row.key]) % {"rate": rate}), note, amount)


def _regular(label: str, minor: int | None, months: int | None, shown: Shown, card: Card) -> Cost:
    if not minor:
        return Cost(label, "", "")
    _ = translations(shown.lang).gettext
    amount = formats.money(minor, card.currency, shown.lang)
    if months not in EVERY:
        return Cost(label, _("The agency does not say for which period"), amount)
    return Cost(label, "", f"{amount} {_(EVERY[months])}")


def _energy(shown: Shown, home: Home) -> tuple[str, str]:
    _ = translations(shown.lang).gettext
    card = home.card
    if card.energy_state == "rated" and (card.energy_consumption or home.energy_emissions):
        letters = (_("Consumption"), card.energy_consumption), (_("Emissions"), home.energy_emissions)
        told = [_("%(label)s: %(text)s") % {"label": label, "text": letter} for label, letter in letters if letter]
        return "given", ", ".join(told)
    return {"exempt": "needless", "in_process": "waiting"}.get(card.energy_state, "missing"), ""


def _confirmed(shown: Shown, card: Card) -> str:
    _ = translations(shown.lang).gettext
    if card.market_status not in ("available", "unknown"):
        return _("Confirmed by the agency")
    if card.offer == "sale":
        return _("Confirmed by the agency: still for sale")
    return _("Confirmed by the agency: still to let")


def _happened(shown: Shown, row: Row) -> str:
    _ = translations(shown.lang).gettext
    if row.kind == "first_published":
        return _("First published here")
    if row.price_minor is None:
        return _("Price no longer given")
    if not row.previous_minor:
        return _("Price changed")
    apart = row.price_minor - row.previous_minor
    share = (Decimal(abs(apart) * 100) / row.previous_minor).quantize(Decimal("0.1")).normalize()
    words = _("Reduced by %(amount)s (%(share)s %%)") if apart < 0 else _("Raised by %(amount)s (%(share)s %%)")
    amount = formats.money(abs(apart), row.currency, shown.lang)
    return _together(words % {"amount": amount, "share": formats.number(share, shown.lang)})


def _together(text: str) -> str:
    # No line ends between a figure and its per cent sign.
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def _amount(shown: Shown, row: Row) -> str:
    return "" if row.price_minor is None else formats.money(row.price_minor, row.currency, shown.lang)


def _day(day: date, lang: str) -> str:
    return formats.day(datetime.combine(day, time(12), UTC), lang)
