"""The pages of an erased enquiry: whoever still holds an address of it is told that it is gone, and nothing else."""

import pytest
from sqlmodel import select

from portal import db, leads
from portal.leads import Lead
from portal.receipts import links
from portal.rights import erasure
from tests.cast import SIGNER
from tests.web.reading import get
from tests.web.test_enquire import JANE


@pytest.fixture
def settings(settings):
    """Everything is held: every score reaches 0."""
    return settings.model_copy(update={"screening_held": 0})


def test_every_page_of_an_erased_enquiry_is_gone_and_names_nobody(client, villa, database, settings):
    status = str(client.post(f"{villa}/enquire", data={**get(client, villa).form(), **JANE}).headers["location"])
    with database.read() as session:
        lead = session.exec(select(Lead)).one()
        ways = [
            status, f"/en/release/{SIGNER.sign('release', lead.release_nonce)}", links.address(session, lead, SIGNER)
        ]  # fmt: skip
    assert [client.get(way).status_code for way in ways] == [200, 200, 200]
    erasure.forget(database, settings, lead.reference, "art-17-1-b", "Ana", db.utcnow())
    for way in ways:
        answer = client.get(way)
        assert answer.status_code == 410 and answer.headers["cache-control"] == "no-store"
        assert "Jane" not in answer.text and lead.reference not in answer.text
    assert client.post(ways[1]).status_code == 410
    assert client.get(f"{ways[2]}/receipt.jsonld").status_code == 410
    assert "This enquiry has been erased" in client.get(status).text
    assert "Esta consulta se ha suprimido" in client.get(status.replace("/en/", "/es/")).text
    with database.read() as session:
        assert leads.person_of(session, lead) is None


def test_the_same_enquiry_sent_again_after_an_erasure_is_a_new_lead(client, villa, database, settings):
    form = {**get(client, villa).form(), **JANE}
    client.post(f"{villa}/enquire", data=form)
    with database.read() as session:
        reference = session.exec(select(Lead.reference)).one()
    erasure.forget(database, settings, reference, "art-17-1-b", "Ana", db.utcnow())
    assert client.post(f"{villa}/enquire", data=form).status_code == 303
    with database.read() as session:
        assert len(session.exec(select(Lead)).all()) == 2
