"""The corpus is what its README says: well-formed, fairly mixed, not rewritten, and all of it gets through the form."""

import hashlib
import re
from collections import Counter
from itertools import islice

import pytest

from portal.language import locales
from portal.web import forms
from tests import corpus
from tests.corpus import Case

CASES = list(corpus.cases())
PINNED = {
    344: "81fb7f5eabc693eaddd9aae5b369b99353f6947846b0434dccf46f49094395fb",  # before there was a score
    492: "4328d3ef8b5b640483d36a11cac3cb99d2fe65a04b12d6a3a828ac81354ce093",
}
FIELDS = {
    "name", "email", "phone", "company", "words", "intent", "reach", "professional", "answer_locale", "timing",
    "funding", "trap",
}  # fmt: skip
EARLIER = {"network_hour", "address_day", "property_hour", "agency_hour", "same_words_day"}
HEADERS = {
    "accept", "accept-encoding", "accept-language", "connection", "content-type", "origin", "referer",
    "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user", "user-agent",
}  # fmt: skip


def header(case: Case, name: str, default: str) -> str:
    return dict(reversed(case.headers)).get(name, default)


def test_every_line_has_the_fields_headers_and_counts_it_should():
    for case in CASES:
        assert case.fields.keys() == FIELDS and {type(each) for each in case.fields.values()} == {str}, case.id
        assert case.earlier.keys() == EARLIER and {type(each) for each in case.earlier.values()} == {int}, case.id
        assert 0 <= case.earlier["property_hour"] <= case.earlier["agency_hour"], case.id
        assert {name for name, _ in case.headers} <= HEADERS, case.id
        assert type(case.honest) is bool and re.fullmatch(r"[a-z-]+: .+", case.note), case.id


def test_every_line_gets_past_the_guards():
    for case in CASES:
        assert header(case, "content-type", "").startswith("application/x-www-form-urlencoded"), case.id
        assert header(case, "sec-fetch-site", "none") != "cross-site", case.id
        assert header(case, "origin", "null") in {"null", corpus.ORIGIN}, case.id


def test_every_line_gets_through_the_form_which_takes_line_ends_out_of_names():
    for case in CASES:
        form = forms.sent(case.posted(), case.locale)
        assert case.locale in locales.SITE and form.validate(), (case.id, form.errors)
        assert not re.search(r"[\r\n]", form.name.data + form.phone.data + form.company.data), case.id


def test_ids_are_unique_and_no_words_are_used_twice():
    assert len({case.id for case in CASES}) == len(CASES)
    words = Counter(case.fields["words"] for case in CASES if case.fields["words"])
    assert words.most_common(1)[0][1] == 1


def test_honest_and_spam_take_turns_so_that_both_parts_are_half_and_half():
    assert len(CASES) >= 240 and len(CASES) % 2 == 0
    assert [case.honest for case in CASES] == [True, False] * (len(CASES) // 2)
    held_out = Counter(case.honest for case in CASES if case.held_out)
    assert held_out[True] == held_out[False] >= 24


@pytest.mark.parametrize("honest", [True, False])
def test_each_part_of_each_class_speaks_all_languages_and_has_nearly_all_kinds(honest: bool):
    of_class = [case for case in CASES if case.honest is honest]
    kinds = {case.kind for case in of_class}
    for held_out in (True, False):
        part = [case for case in of_class if case.held_out is held_out]
        assert {case.locale for case in part} == set(locales.SITE)
        assert len({case.kind for case in part}) >= 0.85 * len(kinds)


def test_the_readme_names_every_kind_and_no_other():
    text = corpus.FILE.with_name("README.md").read_text(encoding="utf-8")
    honest, _, spam = text.partition("### Spam")
    for part, wanted in ((honest, True), (spam, False)):
        listed = set(re.findall(r"^\| `([a-z-]+)` \|", part.partition("### Honest")[2] or part, re.MULTILINE))
        assert listed == {case.kind for case in CASES if case.honest is wanted}


@pytest.mark.parametrize("lines", PINNED)
def test_lines_once_written_stand_as_they_were(lines: int):
    with corpus.FILE.open("rb") as file:
        assert hashlib.sha256(b"".join(islice(file, lines))).hexdigest() == PINNED[lines]
