"""The screening: honest visitors get through, spam does not, each reason is explained, and nothing typed breaks it."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.enquiries import screening
from portal.enquiries.clues import sender, topics
from portal.enquiries.screening import Thresholds
from portal.enquiries.signals import Earlier, Signals
from tests import screened
from tests.clients import CHROMIUM, FIREFOX, QUIET

BROWSER = (*((name.lower(), value) for name, value in CHROMIUM.items()), ("origin", "https://portal.example"))
ASKED = Signals(
    name="Emma Hall",
    email="emma.hall@gmail.com",
    company="",
    phone="",
    words="Is the pool heated? Could we view it?",
    locale="en",
    answer_locale="en",
    professional=False,
    headers=BROWSER,
)


def codes(**changes: object) -> dict[str, int]:
    verdict = screening.screen(replace(ASKED, **changes), screened.THRESHOLDS)
    return {reason.code: reason.points for reason in verdict.reasons}


def outcome(**changes: object) -> str:
    return screening.screen(replace(ASKED, **changes), screened.THRESHOLDS).outcome


@pytest.mark.parametrize("held_out", [False, True], ids=["tuned", "held out"])
def test_the_corpus_is_split_within_the_bounds_promised(held_out: bool):
    shares = screened.shares(screened.verdicts(held_out))
    assert shares["honest_spam"] == 0 and shares["honest_held"] <= 0.03, shares
    assert shares["spam_forwarded"] <= 0.10, shares


@pytest.mark.drill
@pytest.mark.parametrize("held_out", [False, True], ids=["tuned", "held out"])
def test_how_the_corpus_is_split(held_out: bool):
    judged = screened.verdicts(held_out)
    print(f"\n{'Held out' if held_out else 'Tuned'}: {len(judged)} enquiries, thresholds {screened.THRESHOLDS}")  # noqa: T201
    print("\n".join(screened.tables(judged)))  # noqa: T201


def test_each_clue_has_a_code_of_its_own_and_is_explained_in_words():
    clues = [clue.code for clue in screening.CLUES]
    assert len(set(clues)) == len(clues) and set(clues) == set(screening.EXPLAINED)
    for code in clues:
        assert re.fullmatch(r"[a-z_]+", code) and re.fullmatch(r"[A-Z].{20,140}\.", screening.explained(code)), code
    assert screening.explained("of_old") == "of_old"


def test_the_score_is_the_sum_of_its_reasons_and_the_thresholds_decide():
    signals = replace(
        ASKED, words="Cheap pills and more at https://pills.example and https://more.example, order today!"
    )
    verdict = screening.screen(signals, Thresholds(50, 100))
    assert verdict.score == sum(reason.points for reason in verdict.reasons) > 0
    assert screening.screen(signals, Thresholds(verdict.score, verdict.score + 1)).outcome == "held"
    assert screening.screen(signals, Thresholds(verdict.score + 1, verdict.score + 1)).outcome == "forward"
    assert screening.screen(signals, Thresholds(1, verdict.score)).outcome == "spam"
    assert screening.screen(ASKED, Thresholds(50, 100)).score == 0


@pytest.mark.parametrize("headers", [CHROMIUM, FIREFOX, QUIET], ids=["Chromium", "Firefox", "no fetch metadata"])
@pytest.mark.parametrize("words", ["", "hi", "Still available?", "👀🏠❓", "¿Sigue disponible?", "还在吗？"])
def test_a_browser_and_few_words_are_forwarded(headers: dict[str, str], words: str):
    assert outcome(headers=tuple((name.lower(), value) for name, value in headers.items()), words=words) == "forward"


@pytest.mark.parametrize("headers", [(), (("user-agent", "python-httpx/0.28"),)], ids=["no headers", "a program"])
@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", "Is the pool heated, and could we view the house on Saturday?"),
        ("es", "¿Sigue disponible el piso? ¿Se podría visitar el sábado?"),
        ("de", "Ist die Wohnung noch frei, und könnten wir sie am Samstag besichtigen?"),
        ("fr", "La maison est-elle toujours disponible ? Pourrions-nous la visiter samedi ?"),
        ("nl", "Is de woning nog beschikbaar en kunnen we zaterdag komen kijken?"),
        ("sv", "Är lägenheten fortfarande till salu, och går det att ordna en visning på lördag?"),
    ],
)
def test_honest_words_are_forwarded_whatever_sent_them(headers: tuple[tuple[str, str], ...], locale: str, words: str):
    assert outcome(headers=headers, locale=locale, answer_locale=locale, words=words) == "forward"


@pytest.mark.parametrize(
    ("trap", "most"),
    [("", 0), ("Emma Hall", 10), ("emma.hall@gmail.com", 10), ("+44 20 7946 0142", 10), ("14 rue des Tilleuls", 10)],
)
def test_a_trap_that_the_browser_filled_is_a_hint_only(trap: str, most: int):
    assert codes(trap=trap).get("trap_filled", 0) <= most and outcome(trap=trap) == "forward"


@pytest.mark.parametrize("trap", ["http://shop.example/", "www.shop.example", "<a href=x>x</a>", ASKED.words])
def test_a_trap_filled_with_a_link_or_the_words_again_tells_more(trap: str):
    assert codes(trap=trap)["trap_filled"] > 50


@pytest.mark.parametrize(
    "link",
    [
        "https://www.idealista.com/inmueble/98124410/",
        "https://portal.example/en/p/k7q2mxdn4p-villa",
        "https://www.google.com/maps/@36.5298,-4.8830,17z",
        "https://maps.app.goo.gl/x7Y2",
        "www.rightmove.co.uk/9912",
        "https://www.openstreetmap.org/#map=18/36.59612/-4.63718",
    ],
)
def test_links_to_portals_maps_and_ourselves_cost_nothing(link: str):
    assert not {"links", "short_link", "little_but_links"} & codes(words=f"Is it this one? {link}").keys()


@pytest.mark.parametrize(
    "words",
    [
        "<script>fetch('//evil.example')</script>",
        "1' UNION SELECT name FROM users--",
        "{{7*7}}",
        "${jndi:ldap://x}",
        "|cat /etc/passwd",
        "<svg/onload=alert(1)>",
        "<?php system('id'); ?>",
    ],
)
def test_no_question_about_a_home_clears_a_script(words: str):
    asking = "Is the house, the garden, the pool, the terrace, the garage and the kitchen still available to view? "
    assert outcome(words=asking + words) == "spam"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "x@mailinator.com"}, "disposable_domain"),
        ({"email": "x@eu.mailinator.com"}, "disposable_domain"),
        ({"email": "x@host.internal"}, "undeliverable_domain"),
        ({"email": "x@host.c0m"}, "undeliverable_domain"),
        ({"name": "Joe Bcc: list@shop.example"}, "header_in_field"),
        ({"name": "Joe https://x.example"}, "link_in_name"),
        ({"name": "RobertTefGR"}, "robot_name"),
        ({"name": "hJkWqYtRzMn"}, "gibberish"),
        ({"words": "asdf qwer asdfasdf"}, "mashed_keys"),
        ({"words": "c\u200bas\u200bi\u200bno"}, "disguised_letters"),
        ({"words": "саsinо bоnus"}, "disguised_letters"),
        ({"words": "𝗚𝗲𝗹𝗱 now"}, "disguised_letters"),
        ({"words": "see shop[.]example"}, "obfuscated_link"),
        ({"words": "see shop dot com now"}, "obfuscated_link"),
        ({"words": "see https://bit.ly/3xK9a"}, "short_link"),
        ({"words": "[url=https://x.example]x[/url]"}, "link_markup"),
        ({"words": "Купить диплом недорого"}, "other_script"),
        ({"words": "write to me at x@y.example"}, "other_address"),
        ({"headers": (*BROWSER, ("accept", "*/*"))}, "headers_malformed"),
        ({"headers": (("user-agent", "python-requests/2.32"),)}, "program"),
        ({"headers": ()}, "program"),
        ({"headers": tuple(h for h in BROWSER if "sec-fetch" not in h[0])}, "fetch_missing"),
        ({"headers": tuple((n, "cors" if n == "sec-fetch-mode" else v) for n, v in BROWSER)}, "fetch_odd"),
        ({"earlier": Earlier(network_hour=40)}, "many_from_network"),
        ({"earlier": Earlier(address_day=30)}, "many_from_address"),
        ({"words": ASKED.words * 3, "earlier": Earlier(same_words_day=40)}, "same_words"),
    ],
)
def test_each_sign_is_seen(changes: dict[str, object], code: str):
    assert codes(**changes).get(code, 0) > 0


def test_short_words_may_be_many_peoples():
    assert "same_words" not in codes(words="Still available?", earlier=Earlier(same_words_day=400))


def test_disguise_is_taken_off_before_words_are_compared():
    for words in ("Buy viagra", "Buy v1agra", "Buy ＶＩＡＧＲＡ", "Buy vi\u00adagra", "Buy viаgrа", "Buy víagra"):
        assert codes(words=words).get("topic_medicine", 0) > 50, words


def test_the_list_of_disposable_domains_is_dated_sorted_and_names_no_relay():
    text = sender.FILE.read_text(encoding="utf-8")
    domains = [line for line in text.splitlines() if not line.startswith("#")]
    assert re.search(r"As of 20\d\d-\d\d-\d\d\.", text) and "renew" in text
    assert domains == sorted(set(domains)) and len(domains) > 300
    assert all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", domain) for domain in domains)
    assert not {"mozmail.com", "duck.com", "simplelogin.com", "privaterelay.appleid.com", "gmail.com"} & set(domains)


def test_no_beginning_of_a_word_stands_for_a_topic_and_for_a_home_at_once():
    of = {}
    for found in topics.beginnings():
        assert len(found.text) >= 3, found
        of.setdefault(found.text, set()).add(found.topic)
    assert not [text for text, codes in of.items() if topics.HOME in codes and len(codes) > 1]


PIECES = st.sampled_from(
    [
        "a",
        "A",
        "aA",
        ".",
        "..",
        "a.",
        "-",
        "@",
        "a@",
        "/",
        "../",
        "<",
        "<a ",
        "[",
        "](",
        "{{",
        "'",
        "' or ",
        "http://",
        "www.",
        " dot ",
        "\u200b",
        "\u2060",
        "а",
        "𝗚",
        "ⓐ",
        "é",
        "e\u0301",
        " ",
        "\n",
        "1",
        "1,",
        "€",
        "€1",
        " from 1",
        "select ",
        "x" * 50,
        "aab",
        "qwe",
        "\U0001f600",
        "漢",
        "ا",
        "\ud800",
        "ß",
        "ﷺ",
    ]
)
HOSTILE = st.one_of(
    st.builds(lambda piece, times: piece * times, PIECES, st.integers(1, 2000)),
    st.lists(PIECES, max_size=400).map("".join),
    st.text(max_size=2000),
)


@settings(max_examples=150, deadline=None)
@given(
    words=HOSTILE,
    name=HOSTILE,
    email=HOSTILE,
    trap=HOSTILE,
    value=HOSTILE,
    name_of=st.sampled_from([h for h, _ in BROWSER]),
)
def test_nothing_typed_breaks_it_and_the_same_gives_the_same(words, name, email, trap, value, name_of):
    signals = replace(
        ASKED,
        words=words,
        name=name,
        company=name,
        email=email,
        phone=trap,
        trap=trap,
        headers=(*BROWSER[3:], (name_of, value)),
    )
    verdict = screening.screen(signals, screened.THRESHOLDS)
    assert verdict == screening.screen(signals, screened.THRESHOLDS)
    assert verdict.score >= 0 and all(screening.explained(reason.code) != reason.code for reason in verdict.reasons)
