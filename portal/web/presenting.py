"""How a home is told: price, facts, flag and energy in words, in one language.

What is missing is said, never left out: a card keeps its shape whatever the agency did not give.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import NamedTuple

from babel import Locale, UnknownLocaleError

from portal import addresses
from portal.catalogue import costs, naming
from portal.catalogue.agencies import Agency
from portal.catalogue.costs import Costs, Purchase
from portal.catalogue.photos import Frame
from portal.catalogue.publishers import Publisher
from portal.catalogue.rows import Card, Home
from portal.language import formats
from portal.language.messages import N_, translations

NEW = timedelta(days=7)
TELLING = 10  # answers that a median says something of
PERIODS = {"month": N_("a month"), "week": N_("a week"), "day": N_("a day")}
MARKET = {
    "under_offer": N_("Under offer"),
    "reserved": N_("Reserved"),
    "sold": N_("Sold"),
    "let": N_("Let"),
    "off_market": N_("Not on the market"),
}
POOLS = {
    "yes": N_("Yes"),
    "no": N_("No"),
    "private": N_("Private"),
    "communal": N_("Communal"),
    "unknown": "",
}
ENERGY = {
    "exempt": N_("The agency says that this home needs no energy certificate."),
    "in_process": N_("The energy certificate has been applied for and is not there yet."),
    "unknown": N_("The agency has not given the energy certificate."),
}
ENERGY_SHORT = {
    "exempt": N_("Energy: exempt"),
    "in_process": N_("Energy: in progress"),
    "unknown": N_("Energy: not given"),
}


class Fact(NamedTuple):
    """A figure with its label; `given` is False where the agency did not say."""

    label: str
    value: str
    given: bool = True


class Told(NamedTuple):
    """A home as its card tells it, in the order in which the template takes it apart.

    What is empty or None is not there; `missing` says why there is no energy letter.
    """

    address: str
    title: str
    price: str | None
    period: str
    former_price: str | None
    flag: str
    is_new: bool
    note: str
    facts: tuple[Fact, ...]
    energy: str | None
    missing: str
    agency: str
    seen: str
    frame: Frame | None


@dataclass(frozen=True)
class Shown:
    """Homes in the words of one language, at one time."""

    lang: str
    now: datetime

    def told(self, card: Card) -> Told:
        """Everything a card shows, in words: a list asks for it once a home, and its template only fills in."""
        return _told(self.lang, self.quarter, card)

    def record(self, agency: Agency | Publisher) -> str:
        """How fast an agency answers; empty where it answered too little lately to say."""
        if agency.response_seconds is None or agency.response_count < TELLING:
            return ""
        hours = -(-agency.response_seconds // 3600) or 1
        translate = translations(self.lang)
        said = translate.ngettext(
            "Answers within %(hours)s working hour, by its own word: the median of %(answers)s enquiries in 90 days.",
            "Answers within %(hours)s working hours, by its own word: the median of %(answers)s enquiries in 90 days.",
            hours,
        )
        figures = {"hours": hours, "answers": agency.response_count}
        return said % {name: formats.number(value, self.lang) for name, value in figures.items()}

    def title(self, card: Card) -> str:
        """The name of a home: type and place."""
        return naming.title(card.kind, card.offer, card.town, card.area, self.lang)

    def heading(self, card: Card) -> str:
        """The name of a home, for its heading."""
        return naming.heading(card.kind, card.offer, card.town, card.area, self.lang)

    def address(self, card: Card, lang: str | None = None) -> str:
        """The page of a home, in this language or another."""
        slug = naming.slug(card.kind, card.offer, card.town, card.area, lang or self.lang)
        return addresses.property_page(lang or self.lang, card.public_id, slug)

    def enquire(self, card: Card, lang: str | None = None) -> str:
        """The form about a home, alone."""
        slug = naming.slug(card.kind, card.offer, card.town, card.area, lang or self.lang)
        return addresses.enquire(lang or self.lang, card.public_id, slug)

    def gallery(self, card: Card, lang: str | None = None) -> str:
        """The page of all photos of a home."""
        slug = naming.slug(card.kind, card.offer, card.town, card.area, lang or self.lang)
        return addresses.gallery(lang or self.lang, card.public_id, slug)

    def price(self, card: Card) -> str | None:
        """The price, None where the agency gives it on request."""
        return None if card.price_minor is None else formats.money(card.price_minor, card.currency, self.lang)

    def former_price(self, card: Card) -> str | None:
        """The price before a reduction; None where there was none."""
        if card.price_minor is None or (card.previous_price_minor or 0) <= card.price_minor:
            return None
        return formats.money(card.previous_price_minor or 0, card.currency, self.lang)

    def period(self, card: Card) -> str:
        """What a rent is counted by: `a month`; empty for a sale."""
        return self._(PERIODS.get(card.price_period or "", "")) if card.offer != "sale" else ""

    def whole_price(self, card: Card) -> str:
        """The price with what it is counted by, as one text; empty where the agency gives it on request."""
        return f"{self.price(card) or ''} {self.period(card)}".strip() if card.price_minor is not None else ""

    def price_note(self, card: Card) -> str:
        """The line under the price: all there is to pay, where that can be told."""
        if card.price_minor is None:
            return self._("The agency gives the price on request")
        if card.offer != "sale":
            return self._("Holiday let") if card.offer == "rent_short" else self._("Long-term rental")
        total = costs.total_minor(self.purchase(card), self.today)
        if total is None:
            return self._("plus taxes and costs")
        return self._("%(price)s with taxes and costs") % {"price": formats.money(total, card.currency, self.lang)}

    def price_note_short(self, card: Card) -> str:
        """The same, where there is little room."""
        total = costs.total_minor(self.purchase(card), self.today)
        if total is None:
            return self.price_note(card)
        return self._("%(price)s with costs") % {"price": formats.money(total, card.currency, self.lang)}

    def price_per_metre(self, card: Card) -> str:
        """The price of a built m² of a home for sale; empty where one of the two is not given."""
        if card.price_minor is None or not card.built_m2 or card.offer != "sale" or card.kind not in naming.DWELLINGS:
            return ""
        return formats.money(round(card.price_minor / card.built_m2 / 100) * 100, card.currency, self.lang)

    def costs(self, card: Card) -> Costs | None:
        """The taxes and fees of buying a home today; None where they cannot be told."""
        return costs.purchase_costs(self.purchase(card), self.today)

    def purchase(self, card: Card) -> Purchase:
        """A home as the law of its taxes looks at it."""
        return Purchase(card.price_minor, card.new_build, card.province, card.offer, card.kind, card.currency)

    @cached_property
    def today(self) -> date:
        """The day in Spain."""
        return self.now.astimezone(formats.ZONE).date()

    @cached_property
    def quarter(self) -> datetime:
        """The quarter of an hour that has begun: words depend on nothing finer, because pages are kept so long."""
        return self.now.replace(minute=self.now.minute // 15 * 15, second=0, microsecond=0)

    def flag(self, card: Card) -> tuple[str, bool] | None:
        """The one word beside the price, and whether it says new. A home with a former price has none."""
        if card.market_status in MARKET:
            return self._(MARKET[card.market_status]), False
        if self.former_price(card):
            return None
        if card.published_at is not None and self.quarter - card.published_at < NEW:
            return self._("New"), True
        return (self._("New build"), False) if card.new_build else None

    def line(self, card: Card) -> list[Fact]:
        """The facts of a card, at most four: beds, baths, built, then plot or terrace."""
        outside, ngettext = self._outside(card), translations(self.lang).ngettext
        if card.kind not in naming.DWELLINGS:
            size = self._size(self._("%s built"), card.built_m2)
            facts = [size, outside] if card.kind not in ("land", "ruin") else [outside or size]
            return [fact for fact in facts if fact] or [Fact("", self._("size not given"), given=False)]
        beds = self._count(card.bedrooms, ngettext("%s bed", "%s bed", card.bedrooms or 0), self._("beds not given"))
        facts = [
            Fact("", self._("studio")) if card.kind == "studio" and not card.bedrooms else beds,
            self._count(card.bathrooms, ngettext("%s bath", "%s bath", card.bathrooms or 0), self._("baths not given")),
            self._size("%s", card.built_m2) or Fact("", self._("built size not given"), given=False),
            outside,
        ]
        return [fact for fact in facts if fact]

    def figures(self, home: Home) -> list[Fact]:
        """The key figures of a home's own page; what a dwelling ought to have is named where it is missing."""
        card, dwelling = home.card, home.card.kind in naming.DWELLINGS
        known = [
            (self._("bedrooms"), self._plain(card.bedrooms), dwelling),
            (self._("bathrooms"), self._plain(card.bathrooms), dwelling),
            (self._("built"), self._area(card.built_m2), card.kind != "land"),
            (self._("plot"), self._area(card.plot_m2), card.kind in ("land", "villa", "country_house")),
            (self._("terrace"), self._area(card.terrace_m2), False),
            (self._("year built"), str(home.year_built or ""), False),
        ]
        return [
            Fact(label, value or self._("not given"), given=bool(value))
            for label, value, wanted in known
            if value or wanted
        ]

    def details(self, home: Home) -> list[Fact]:
        """Label and value of everything else we know; unknown ones say so."""
        yes_or_no = {True: self._("Yes"), False: self._("No"), None: ""}
        pairs = [
            (self._("Type"), self._(naming.KINDS[home.card.kind])),
            (self._("Reference"), home.card.reference),
            (self._("Pool"), self._(POOLS[home.pool]) if POOLS[home.pool] else ""),
            (self._("New build"), yes_or_no[home.card.new_build]),
        ]
        if home.part_ownership:
            pairs.append((self._("Ownership"), self._("A share of the property is sold")))
        if home.leasehold:
            pairs.append((self._("Ownership"), self._("Leasehold")))
        missing = self._("Not given by the agency")
        return [Fact(label, value or missing, given=bool(value)) for label, value in pairs]

    def feature(self, text: str) -> str:
        """What an agency mentions, in this language where the word is a common one."""
        return naming.feature(text, self.lang)

    def is_common(self, feature: str) -> bool:
        """Whether what an agency mentions is told in this language; else nobody told us its language."""
        return naming.is_common(feature)

    def seen(self, card: Card) -> str:
        """How long ago the agency's export last confirmed a home."""
        days = (self.today - card.last_seen_at.astimezone(formats.ZONE).date()).days
        if days <= 1:
            return self._("Confirmed yesterday") if days == 1 else self._("Confirmed today")
        return translations(self.lang).ngettext(
            "Confirmed %(days)s day ago", "Confirmed %(days)s days ago", days
        ) % {"days": days}  # fmt: skip

    def energy_missing(self, state: str, short: bool = False) -> str:
        """Why there is no energy letter."""
        return self._((ENERGY_SHORT if short else ENERGY).get(state, ENERGY["unknown"]))

    def language(self, code: str) -> str:
        """The name of a language, in the reader's own."""
        try:
            return Locale.parse(code, sep="-").get_display_name(self.lang) or code
        except (UnknownLocaleError, ValueError):
            return code

    def _(self, message: str) -> str:
        return translations(self.lang).gettext(message) if message else ""

    def _plain(self, value: int | None) -> str:
        return "" if value is None else formats.number(value, self.lang)

    def _area(self, value: Decimal | None) -> str:
        return formats.area(value, self.lang) if value else ""

    def _count(self, value: int | None, text: str, missing: str) -> Fact:
        return Fact("", text % value) if value is not None else Fact("", missing, given=False)

    def _size(self, text: str, value: Decimal | None) -> Fact | None:
        return Fact("", text % self._area(value)) if value else None

    def _outside(self, card: Card) -> Fact | None:
        return self._size(self._("plot %s"), card.plot_m2) or self._size(self._("terrace %s"), card.terrace_m2)


@lru_cache(2048)  # lists overlap: nearly every home of a new one was told before, and nothing about it has changed
def _told(lang: str, quarter: datetime, card: Card) -> Told:
    shown, picture = Shown(lang, quarter), card.picture
    flag, is_new = shown.flag(card) or ("", False)
    energy = card.energy_consumption if card.energy_state == "rated" else None
    return Told(
        shown.address(card), shown.title(card), shown.price(card), shown.period(card), shown.former_price(card), flag,
        is_new, shown.price_note(card), tuple(shown.line(card)), energy,
        "" if energy else shown.energy_missing(card.energy_state, short=True), card.agency, shown.seen(card),
        picture.frame if picture else None,
    )  # fmt: skip
