"""Subject: what the enquiry speaks of. The table of words stands in `topics.toml`."""

import re

from portal.enquiries.clues import browser, linking, sender, topics
from portal.enquiries.reading import Clue, Reading

FEW_WORDS, MANY_WORDS = 6, 14
AFTER_HOMES = ("topic_canvassing", "topic_secrets", "topic_windfall")
OF_HOMES = (topics.HOME, topics.AROUND)
ONE_WORD = topics.POINTS["light"]
# A price of wares: “from 15 €”, “ab 99 €”, “only $25”. A home's price is no such small sum.
_SMALL_PRICE = re.compile(
    r"\b(?:from|only|just|for|at|ab|nur|für|desde|solo|sólo|por|dès|à partir de|seulement|vanaf|voor|slechts"
    r"|från|bara|endast)"
    r" (?:[€$£]|eur |usd )?\s?\d{1,3}(?:[.,]\d\d?)?\s?(?:[€$£]|eur|usd|dollar|euro|kr\b)"
    r"|\b(?:from|only|just|for|at|ab|voor|vanaf) [€$£]\s?\d{1,3}(?:[.,]\d\d?)?\b(?![.,]?\d)"
    r"|\d\s?(?:[€$£]|eur|euros?|dollars?|kr|kronor|pounds?) (?:each|apiece|a piece|la pièce|styck|cada un[oa]"
    r"|per (?:piece|photo|image|word|stuk|stück|foto|bild)|pro (?:stück|bild|foto|wort)"
    r"|por (?:foto|imagen|unidad|palabra)|par (?:photo|image|mot))\b",
    re.IGNORECASE,
)

# A sum by the day or the hour: a wage, or a promise of one. Rents go by the month, or by the week on holiday.
_BY_DAY = re.compile(
    r"(?:[€$£]\s?\d[\d.,]{0,9}|\d[\d.,]{0,9}\s?(?:[€$£]|euros?\b|eur\b|usd\b|dollars?\b|kr\b))\s?(?:-\s?[€$£]?\d{1,6}\s?)?"
    r"(?:a|an|per|pro|par|al|por|am|om|/|the)\s?(?:day|hour|tag|stunde|día|dia|hora|jour|heure|dag|uur|dagen|timme|timmen)\b"
    r"|\bdaily\b.{0,20}[€$£]|[€$£]\s?\d[\d.,]{0,9}(?:\s?-\s?[€$£]?\d[\d.,]{0,9})? daily",
    re.IGNORECASE,
)

# A discount as shops give it, and two sums with “to” between them, as lenders name them.
_DISCOUNT = re.compile(
    r"\d{1,2}\s?(?:%|percent|prozent|procent|por ciento|pour cent)\s?(?:de |di )?"
    r"(?:off\b|discount|reduction|réduction|remise|rabat|nachlass|descuento|dto\b|korting|скидк|cheaper)",
    re.IGNORECASE,
)
_SUMS = re.compile(
    r"\b(\d{1,9}(?:[ .,  ]\d{3}){0,3})\s?(?:€|eur|euros?)?\s?(?:-|–|to|a|à|hasta|bis|tot|till|до)"
    r"\s?€?\s?(\d{1,9}(?:[ .,  ]\d{3}){1,3}|\d{5,9})\b",
    re.IGNORECASE,
)
FAR_APART = 20  # times the smaller sum: nobody's budget for one home


def _topic(code: str) -> Clue:
    return Clue(code, topics.TOPICS[code].says, lambda reading: reading.topics.get(code, 0))


def _small_price(reading: Reading) -> int:
    return 16 if _SMALL_PRICE.search(reading.words) else 0


def _sum_by_day(reading: Reading) -> int:
    return 24 if _BY_DAY.search(reading.words) else 0


def _discount(reading: Reading) -> int:
    return 16 if _DISCOUNT.search(reading.words) else 0


def _sums_apart(reading: Reading) -> int:
    pairs = ([int(re.sub(r"\D", "", each)) for each in match.groups()] for match in _SUMS.finditer(reading.words))
    return 24 if any(0 < low * FAR_APART <= high for low, high in pairs) else 0


def _no_home(reading: Reading) -> int:
    if len(reading.tokens) < FEW_WORDS or _of_home(reading) or reading.language is None:
        return 0
    return 24 if len(reading.tokens) < MANY_WORDS else 38


def _impersonal(reading: Reading) -> int:
    # Who fills forms by the thousand has nothing to say of this home, and is known by one more sign at least.
    if not reading.tokens or _of_home(reading):
        return 0
    return 30 if browser.is_program(reading) or sender.is_robot(reading) else 0


def _of_home(reading: Reading) -> bool:
    return any(reading.topics[code] for code in OF_HOMES) or linking.leads_to_homes(reading)


def _asks_about_home(reading: Reading) -> int:
    # One such word stands in any text; from the second on they tell something. Who is after the owner or the money
    # speaks of homes as well, and is not cleared by it; who offers something begins with the home to be read.
    if any(reading.topics.get(code, 0) >= topics.POINTS["heavy"] for code in AFTER_HOMES):
        return 0
    relief = max(0, reading.topics[topics.HOME] - ONE_WORD)
    return -relief // 2 if reading.topics.get("topic_offer", 0) >= topics.POINTS["heavy"] else -relief


CLUES = (
    *(_topic(code) for code in topics.TOPICS if code not in OF_HOMES),
    Clue("small_price", "It names a small price, as of wares or services.", _small_price),
    Clue("sum_by_day", "It names a sum by the day or the hour, as wages are.", _sum_by_day),
    Clue("discount", "It names a discount in percent, as shops do.", _discount),
    Clue("sums_apart", "It names two sums so far apart that only who lends money means both.", _sums_apart),
    Clue("impersonal", "It says nothing of a home, and something else in it tells of a program.", _impersonal),
    Clue("no_home", "In more than a few words there is none about a home.", _no_home),
    Clue(topics.HOME, topics.TOPICS[topics.HOME].says, _asks_about_home),
)
