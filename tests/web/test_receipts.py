"""The receipt page and its file: to be read by whoever has the address, kept by nobody, gone with the person."""

import subprocess
import sys

import pytest
from sqlmodel import select

from portal import addresses
from portal.leads import Lead, LeadPerson
from portal.ledger import keys, sealing
from portal.receipts import links
from portal.templating import STATIC
from tests.cast import NOW, SIGNER
from tests.web.reading import get
from tests.web.test_enquire import JANE


@pytest.fixture
def enquired(client, villa) -> str:
    """The address of the status page of Jane's enquiry."""
    return str(client.post(f"{villa}/enquire", data={**get(client, villa).form(), **JANE}).headers["location"])


@pytest.fixture
def receipt(enquired, database) -> str:
    """The path of Jane's receipt."""
    with database.read() as session:
        return links.address(session, session.exec(select(Lead)).one(), SIGNER)


def erase(database) -> None:
    database.write(lambda session: session.delete(session.exec(select(LeadPerson)).one()))


def test_the_page_tells_what_was_recorded_given_agreed_shown_and_passed_on(client, receipt, database):
    page = get(client, receipt)
    assert page.status == 200
    for words in (
        "Jane Smith",
        "jane@example.com",
        "Villa in Nueva Andalucía, Marbella",
        "MB-1042",
        "€1,250,000",
        "Costa Norte Homes",
        "You did not agree",
        "On its way since",
        "Responsible: OptimaSys Group Spain S.L.",
        "Steps you ask for before a contract",
        "Your enquiry was recorded",
        "promised",
        "Calle Alfredo Palma 10",
    ):
        assert words in page.text, words
    with database.read() as session:
        assert page.texts("lead-reference") == [session.exec(select(Lead.reference)).one()]


def test_page_and_file_are_kept_by_nobody_and_found_by_no_search_engine(client, receipt):
    page, file = get(client, receipt), client.get(f"{receipt}/receipt.jsonld")
    assert page.response.headers["cache-control"] == file.headers["cache-control"] == "no-store"
    assert page.tree.xpath(".//meta[@name='robots']/@content") == ["noindex"]
    assert file.headers["x-robots-tag"] == "noindex"
    assert page.response.headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert file.headers["content-type"].startswith("application/ld+json")
    assert "etag" not in page.response.headers and "etag" not in file.headers


def test_the_page_links_to_its_file_and_to_the_verifier(client, receipt):
    page = get(client, receipt)
    file, verifier = page.tree.xpath(".//main//a[@download]/@href")
    assert file == f"{receipt}/receipt.jsonld"
    answer = client.get(file)
    assert "-receipt.jsonld" in answer.headers["content-disposition"]
    assert answer.json()["@type"] == "dpv:ConsentReceipt"
    assert client.get(verifier).headers["content-type"].startswith("text/x-python")


def test_after_the_person_is_erased_page_and_file_are_gone(client, receipt, database):
    erase(database)
    for address in (receipt, f"{receipt}/receipt.jsonld"):
        answer = client.get(address)
        assert answer.status_code == 410 and "The data it was about has been erased" in answer.text
        assert answer.headers["cache-control"] == "no-store"
    database.write(lambda session: session.delete(session.exec(select(links.ReceiptLink)).one()))
    assert client.get(receipt).status_code == 410


def test_a_link_that_is_not_ours_finds_nothing(client, receipt, enquired):
    for address in (
        "/en/receipts/forged",
        receipt[:-1],
        receipt.replace("receipts", "release"),
        enquired.replace("enquiries", "receipts"),
        addresses.receipt("en", SIGNER.sign("receipt", 7)),
    ):
        assert client.get(address).status_code == 404, address


def test_no_page_shows_the_way_to_the_receipt(client, receipt, enquired):
    token = receipt.rpartition("/")[2]
    assert token not in client.get(enquired).text


def test_page_and_file_speak_the_language_of_their_address(client, receipt):
    page = get(client, receipt.replace("/en/", "/de/"))
    assert "Beleg Ihrer Anfrage" in page.text and "Jane Smith" in page.text
    document = client.get(receipt.replace("/en/", "/de/") + "/receipt.jsonld").json()
    process = document["dpv:hasRecordOfActivity"][0]["dpv:hasProcess"][0]
    assert process["dct:title"] == {"@value": "Ihre Anfrage", "@language": "de"}
    assert document["dpv:hasRecordOfActivity"][0]["dpv:hasNotice"][0]["dct:language"] == "en", "as it was shown"


class TestHeld:
    @pytest.fixture
    def settings(self, settings):
        """Everything is held: every score reaches 0."""
        return settings.model_copy(update={"screening_held": 0})

    def test_a_held_enquiry_has_no_receipt_yet(self, client, receipt):
        page = get(client, receipt)
        assert page.status == 200 and "Once it is passed on, your receipt stands at this address." in page.text
        assert "Jane" not in page.response.text and client.get(f"{receipt}/receipt.jsonld").status_code == 404


def test_the_file_proves_each_event_once_the_ledger_is_sealed(client, receipt, database, settings):
    def proofs() -> list[tuple[bool, bool]]:
        part = client.get(f"{receipt}/receipt.jsonld").json()["proof"]
        return [(bool(event["promise"]), bool(event["proof"])) for event in part["events"]]

    assert "The newest head of the ledger" not in get(client, receipt).text
    keys.new(settings, database, NOW)
    assert set(proofs()) == {(True, False)} and "promised" in get(client, receipt).text
    key = keys.sealing(settings)
    assert key is not None
    sealed = sealing.seal(database, key, NOW, everything=True)
    assert set(proofs()) == {(True, True)}
    page = get(client, receipt)
    assert "promised" not in page.text and f"Events signed for: {sealed.size}." in page.text
    with database.read() as session:
        head = sealing.latest(session)
    assert head is not None and head.note in page.tree.xpath("string(.//main)")


def test_the_verifier_accepts_the_file_and_no_other(client, receipt, database, settings, tmp_path):
    keys.new(settings, database, NOW)
    key = keys.sealing(settings)
    assert key is not None
    sealing.seal(database, key, NOW, everything=True)
    text = client.get(f"{receipt}/receipt.jsonld").text
    outcomes = []
    for content in (text, text.replace("dpv:ConsentRefused", "dpv:ConsentGiven")):
        (tmp_path / "receipt.jsonld").write_text(content)
        command = [sys.executable, STATIC / "immomarket_verify.py", tmp_path / "receipt.jsonld", "--key", key.vkey]
        outcomes.append(subprocess.run(command, capture_output=True, check=False).returncode)
    assert outcomes == [0, 1]
