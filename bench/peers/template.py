"""The Django template of the list page, derived from the page our own site serves.

Markup, texts and their order are taken over as they are; only what differs from home to home and from request to
request is put into Django's words, by the two tables below. Where the page no longer shows a value as a table expects
it, `PageChanged` names it: change the table, and the pages are equal again.
"""

import re

from portal.catalogue.rows import Card
from portal.catalogue.statements import PAGE
from portal.web.presenting import Shown

LOADS = "{% load humanize i18n %}"
NAMES = ("ImmoMarket", "OptimaSys Group Spain S.L.", "Español")  # not for translation
CARD = re.compile(r'<li class="card".*?\n</li>\n', re.DOTALL)
OPTIONS = r'(?:<option value="[^"]+"(?: selected)?>[^<]*</option>)+'


class PageChanged(Exception):
    """The page does not show this any more, or not in this way."""


def template(page: str, home: Card, shown: Shown, price_min: int, count: int, last: str) -> str:
    """The template that gives `page` again: `home` is its first card, `last` the public id of its last."""
    cards = list(CARD.finditer(page))
    if not cards:
        raise PageChanged("cards")
    before, after = page[: cards[0].start()], page[cards[-1].end() :]
    around = _around(before + "{% cards %}" + after, price_min, count, last)
    card = "{% for home in homes %}" + _card(cards[0][0], home, shown) + "{% endfor %}"
    return LOADS + _translated(around.replace("{% cards %}", card))


def _card(card: str, home: Card, shown: Shown) -> str:
    price, picture = shown.price(home) or "", home.picture
    if picture is None or picture.colour is None:
        raise PageChanged("picture")
    beds, baths, built, plot = (fact.value for fact in shown.line(home))
    values = [
        (picture.media, "{{ home.media }}"),
        (f'width="{picture.width}" height="{picture.height}"',
         'width="{{ home.picture.width }}" height="{{ home.picture.height }}"'),
        (f" {picture.colour}", " {{ home.picture.colour }}"),
        ('fetchpriority="high"',
         '{% if forloop.first %}fetchpriority="high"{% else %}loading="lazy" decoding="async"{% endif %}'),
        (f">{price}<", ">€{{ home.price|intcomma }}<"),
        (f">{shown.price_note(home)}<",
         ">{% blocktranslate with price=home.total|intcomma %}"
         "€{{ price }} with taxes and costs{% endblocktranslate %}<"),
        (f'"{shown.address(home)}"', '"{% url "home" home.key %}"'),
        (shown.title(home), "{{ home.title }}"),
        (f">{beds}<", ">{% blocktranslate with count=home.bedrooms %}{{ count }} bed{% endblocktranslate %}<"),
        (f">{baths}<", ">{% blocktranslate with count=home.bathrooms %}{{ count }} bath{% endblocktranslate %}<"),
        (f">{built}<", '>{{ home.built_m2|floatformat:"-1g" }}\N{NO-BREAK SPACE}m²<'),
        (f">{plot}<",
         '>{% blocktranslate with area=home.plot_m2|floatformat:"-1g" %}'
         "plot {{ area }}\N{NO-BREAK SPACE}m²{% endblocktranslate %}<"),
        (home.agency, "{{ home.agency.name }}"),
        (f">{shown.seen(home)}<", ">{{ home.seen }}<"),
        (f"e-{home.energy_consumption}", "e-{{ home.energy_consumption }}"),
        (f">{home.energy_consumption}<", ">{{ home.energy_consumption }}<"),
    ]  # fmt: skip
    card = _replaced(card, values)
    flag = re.compile(r' <span class="flag flag-new">[^<]*</span>')
    return _replaced_all(card, [(flag.pattern, r"{% if home.is_new %}\g<0>{% endif %}")])


def _around(page: str, price_min: int, count: int, last: str) -> str:
    option = '<option value="{{ value }}"%s>%s</option>{%% endfor %%}'
    selected = "{%% if value == chosen.%s %%} selected{%% endif %%}"
    loops = [
        (OPTIONS + r"(?=\s*</optgroup>\s*<optgroup)", "{% for value in prices.buy %}"
         + option % (selected % "price_max", "€{{ value|intcomma }}")),
        (OPTIONS + r"(?=\s*</optgroup>\s*</select>)", "{% for value in prices.rent %}"
         + option % (selected % "rent_max", "€{{ value|intcomma }}")),
        (r'(?<=id="bedrooms" name="bedrooms">\n)(\s*<option value="">[^<]*</option>\n)' + OPTIONS,
         r"\1{% for value in bedrooms %}" + option % (
             selected % "bedrooms", "{% blocktranslate %}{{ value }} or more{% endblocktranslate %}")),
        (r'(?<=id="type" name="type">\n)(\s*<option value="">[^<]*</option>\n)' + OPTIONS,
         r"\1{% for value, label in types %}" + option % (selected % "type", "{{ label }}")),
        (r'(?<=<datalist id="towns">)(?:<option value="[^"]+"></option>)+',
         '{% for slug, name, homes in towns %}<option value="{{ name }}"></option>{% endfor %}'),
        (rf">{count:,} homes<", ">{% blocktranslate count counter=count with shown=count|intcomma %}{{ shown }} home"
         "{% plural %}{{ shown }} homes{% endblocktranslate %}<"),
    ]  # fmt: skip
    page = _replaced_all(page, loops)
    place = f">1–{PAGE} of {count:,}<"
    page = _replaced(page, [(place, ">{% blocktranslate with last=homes|length count=count|intcomma %}"
                                    "1–{{ last }} of {{ count }}{% endblocktranslate %}<")])  # fmt: skip
    asked = "{{ price_min }}"
    values = [
        (f"€{price_min:,}", "€{{ price_min|intcomma }}"),
        (f"price_min={price_min}", f"price_min={asked}"),
        (f'value="{price_min}"', f'value="{asked}"'),
        (f"after={last}", "after={{ following }}"),
    ]
    page = _replaced(page, values)
    page = re.sub(r'"/en/(buy|rent)(?=["?])', r'"{% url "search" "\1" %}', page)
    return re.sub(r'href="/(en/[^"{#]*)(?=["#])', r'href="{% url "page" "\1" %}', page)


def _replaced(text: str, values: list[tuple[str, str]]) -> str:
    for shown, expression in values:
        if shown not in text:
            raise PageChanged(shown)
        text = text.replace(shown, expression)
    return text


def _replaced_all(text: str, patterns: list[tuple[str, str]]) -> str:
    for pattern, expression in patterns:
        text, found = re.subn(pattern, expression, text)
        if not found:
            raise PageChanged(pattern)
    return text


def _translated(template: str) -> str:
    def marked(found: re.Match[str]) -> str:
        before, text, after = found.groups()
        return found[0] if text in NAMES else f'{before}{{% translate "{text}" %}}{after}'

    template = re.sub(r"(>\s*)([^<>{}\s][^<>{}]*?)(\s*<)", marked, template)
    return re.sub(r'(aria-label=")([^"{]+)(")', marked, template)
