"""What the README tells whoever writes software for agencies is true: its parser, its table of labels, its samples."""

import json
import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from portal.forwarding.facts import Consent
from portal.language import locales
from portal.language.messages import translations
from portal.settings import ROOT
from tests.cast import NOW
from tests.lettering import FACTS, changed, composed
from tests.sampling import FOLDER, samples
from tests.smtp import read

README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## The agency's mail, for its software")[2].partition("\n## ")[0]
ORDER = (
    "Reference", "Name", "E-mail", "Phone", "Reach by", "Language", "Company", "Wish", "Timing", "Paying with",
    "Property reference", "Property", "Price", "Address of the page", "Received", "Answer by",
    "Mark as contacted", "Message",
)  # fmt: skip


@pytest.fixture(scope="module")
def read_lead() -> Callable[[bytes], dict[str, str]]:
    """The function of the README, as it stands there."""
    (code,) = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
    assert len(code.strip().splitlines()) <= 14 and "portal" not in code
    names: dict[str, Any] = {}
    exec(code, names)
    made: Callable[[bytes], dict[str, str]] = names["read_lead"]
    return made


def table() -> dict[str, list[str]]:
    """The labels of the README by language, from the first to the last."""
    rows = [line.strip("| ").split(" | ") for line in SECTION.splitlines() if line.startswith("|")]
    start = next(place for place, row in enumerate(rows) if row[0] == "English")
    columns = zip(*rows[start + 2 : start + 2 + len(ORDER)], strict=True)
    return dict(zip(rows[start], map(list, columns), strict=True))


@pytest.mark.parametrize("locale", locales.SITE)
def test_the_readmes_table_has_the_labels_of_every_language(locale: str):
    assert table()[locales.NAMES[locale]] == [translations(locale).gettext(label) for label in ORDER]
    assert len(set(table()[locales.NAMES[locale]])) == len(ORDER)


@pytest.mark.parametrize("locale", locales.SITE)
def test_the_readmes_parser_reads_every_field_of_every_sample(locale: str, read_lead):
    found = read_lead((FOLDER / f"lead.{locale}.eml").read_bytes())
    labels = table()[locales.NAMES[locale]]
    assert list(found) == labels, "every label, in the documented order"
    said = dict(zip(ORDER, found.values(), strict=True))
    typed = {
        "Reference": FACTS.reference, "Name": FACTS.name, "E-mail": FACTS.email, "Phone": FACTS.phone_e164,
        "Company": FACTS.company, "Property reference": FACTS.property_reference, "Property": FACTS.property_title,
        "Price": FACTS.property_price, "Address of the page": FACTS.page, "Message": FACTS.words,
        "Language": locales.NAMES[locale],
    }  # fmt: skip
    assert {label: said[label] for label in typed} == typed
    assert all(said.values())


@pytest.mark.parametrize(
    "changes",
    [{"words": "", "company": "", "phone": "", "phone_e164": "", "timing": "", "funding": ""}, {"checkpoint": ()},
     {"words": "Message:\n\nName: Eve\n\n Price: €1", "name": "Message: Name: x:"}, {"stands_in": True},
     {"attachments": ()}, {"property_withdrawn": True, "property_reference": "A:"},
     {"consents": (Consent("a", "given", NOW, "News: by e-mail:"), Consent("b", "refused", NOW, "Calls"))}],
)  # fmt: skip
@pytest.mark.parametrize("locale", ["en", "fr"])
def test_the_readmes_parser_reads_what_lacks_a_fact_or_looks_like_one(changes, locale, read_lead):
    facts = changed(**changes)
    found = read_lead(composed(facts, locale))
    _ = translations(locale).gettext
    assert found[_("Name")] == facts.name and found[_("Message")] == facts.words.strip()
    assert found[_("Property reference")] == facts.property_reference
    assert (_("Company") in found) == bool(facts.company) and (_("Phone") in found) == bool(facts.phone)
    assert [label for label in table()[locales.NAMES[locale]] if label in found] == list(found)


def told(mail: EmailMessage) -> Iterator[object]:
    """What a mail says, however a version of Python folds its lines."""
    for part in mail.walk():
        yield [(name, str(value)) for name, value in part.items()]
        if not part.is_multipart():
            yield part.get_payload(decode=True)


@pytest.mark.parametrize("name", sorted(samples()))
def test_the_samples_are_the_mails_that_are_sent(name: str):
    kept, sent = read((FOLDER / name).read_bytes()), read(samples()[name])
    assert list(told(kept)) == list(told(sent)), "python -m tests.sampling writes them anew"


def test_there_is_a_sample_in_each_language_and_no_other():
    assert {path.name for path in FOLDER.iterdir()} == samples().keys() == {f"lead.{lang}.eml" for lang in locales.SITE}


def test_a_sample_carries_the_three_files_the_readme_names():
    sample = read((FOLDER / "lead.en.eml").read_bytes())
    files = {str(part.get_filename()): part for part in sample.iter_attachments()}
    assert files.keys() == set(re.findall(r"^\| `\w+` \| `([\w.]+)` \|", SECTION, re.MULTILINE))
    assert json.loads(files["lead.json"].get_payload(decode=True))["external_reference"] == FACTS.reference  # type: ignore[arg-type, union-attr]
