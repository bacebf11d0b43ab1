"""Receipts for machines: every one has all that ISO/IEC TS 27560 asks for, in words that DPV 2.3 knows.

The shapes beside these tests were written from the standard's table of fields; each mandatory field has a negative
control here, so that a shape which checks nothing is found.
"""

import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyshacl import validate

from portal.catalogue.agencies import Agency, Office
from portal.consent import founding
from portal.consent.choices import Choice
from portal.consent.notices import Notice
from portal.consent.policies import PolicyVersion
from portal.leads import Disclosure, Lead, LeadPerson
from portal.receipts import documents, terms
from portal.receipts.reading import Facts
from tests.cast import NOW

# rdflib's own reader of JSON-LD still builds the graph that rdflib tells others to leave.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

ORIGIN = "https://portal.example"
SHAPES = rdflib.Graph().parse(Path(__file__).parent / "shapes" / "receipt.ttl")
DPV = "https://w3id.org/dpv"
HASH = "ab" * 32


def choice(state: str = "given", **changes: Any) -> Choice:
    holds = NOW + timedelta(days=730) if state in ("given", "renewed") else None
    values = {
        "id": 1, "lead_id": 1, "purpose": "marketing_portal", "state": state, "by": "visitor", "control": "marketing",
        "label": "E-mail me about similar homes.", "notice_id": 1, "page": "/en/p/x-villa", "at": NOW,
        "expires_at": holds,
    }  # fmt: skip
    return Choice(**{**values, **changes})


def disclosure(passed: bool = True, number: int = 1) -> Disclosure:
    return Disclosure(
        id=number,
        lead_id=1,
        agency_id=1,
        contact_id=1,
        mail_id=number,
        intended_at=NOW,
        passed_at=NOW if passed else None,
    )


def facts(**changes: Any) -> Facts:
    """Jane's enquiry, with everything a receipt can hold."""
    person = LeadPerson(lead_id=1, name="Jane Smith", email="jane@example.com", words="May we see it?")
    values: dict[str, Any] = {
        "lead": Lead(
            id=1, reference="IM-7K4Q-2MXD", received_at=NOW, agency_id=1, property_id=1, property_reference="MB-1042",
            property_title="Villa", property_price="€1", intent="viewing", locale="en", page="/en/p/x-villa",
            form_version=1, notice_id=1, ledger_event_id="e",
        ),
        "person": person,
        "agency": Agency(id=1, slug="costa-norte", name="Costa Norte Homes", phone="+34 952 000 142", created_at=NOW),
        "office": Office(id=1, agency_id=1, name="Costa Norte Homes", street="Avenida del Prado 14", town="Marbella"),
        "notice": Notice(
            id=1, agency_id=1, policy_version_id=1, locale="en", form_version=1, text="Recorded by …", sha256=HASH,
            purposes="", controls=[], first_served_at=NOW,
        ),
        "policy": PolicyVersion(
            id=1, document="data-policy", number=1, locale="en", title="Data Policy", body="…", body_sha256=HASH,
            revised_on="2021-08-12", effective_at=datetime(2021, 8, 12, tzinfo=UTC),
        ),
        "purposes": founding.first_purposes(),
        "choices": [choice()],
        "disclosures": [disclosure()],
        "issued_at": NOW,
    }  # fmt: skip
    return Facts(**{**values, **changes})


def graph(document: dict[str, Any]) -> rdflib.Graph:
    return rdflib.Graph().parse(data=json.dumps(document), format="json-ld")


def complaints(document: dict[str, Any]) -> str:
    """What the shapes find wrong; empty where nothing is."""
    conforms, _, text = validate(graph(document), shacl_graph=SHAPES, inference="none", abort_on_first=True)
    return "" if conforms else str(text)


WHOLE = documents.document(facts(), ORIGIN, "en")

# Where each mandatory field stands in the receipt: the activity record is 0, the consent record 1; in it the process
# of its purpose is 0. Of the entities the person is 0, the controller 1, the agency 2.
RECORDS = ("dpv:hasRecordOfActivity",)
ACTIVITIES, CONSENT = (*RECORDS, 0), (*RECORDS, 1)
FIELDS: list[tuple[str | int, ...]] = [
    *(
        (name,)
        for name in (
            "@type", "dct:conformsTo", "dct:identifier", "dpv:hasIdentifier", "schema:schemaVersion", "dct:created",
            "dct:language", "dct:publisher", "dpv:hasRecordOfActivity",
        )
    ),
    ACTIVITIES,
    *(
        (*record, name)
        for record in (ACTIVITIES, CONSENT)
        for name in (
            "@type", "dct:conformsTo", "dct:identifier", "dpv:hasIdentifier", "dct:created", "dpv:hasDataSubject",
            "dpv:hasJurisdiction", "dpv:hasApplicableLaw", "dpv:hasAuthority", "dpv:hasNotice", "dpv:hasEntity",
            "dpv:hasRight", "dpv:hasProcess",
        )
    ),
    *((*CONSENT, "dpv:hasConsentControl", number) for number in (0, 1)),
    *((*CONSENT, "dpv:hasConsentControl", number, "dpv:isExercisedAt") for number in (0, 1)),
    (*CONSENT, "dpv:hasRight", 0),
    (*CONSENT, "dpv:hasConsentStatus"),
    *(
        (*CONSENT, "dpv:hasConsentStatus", 0, name)
        for name in (
            "@type", "dpv:isIndicatedBy", "dpv:isIndicatedAtTime", "dpv:hasIndicationMethod", "dpv:hasDuration",
        )
    ),
    (*CONSENT, "dpv:hasConsentStatus", 0, "@type", 0),
    (*CONSENT, "dpv:hasConsentStatus", 0, "@type", 1),
    (*CONSENT, "dpv:hasConsentStatus", 0, "dpv:hasDuration", "rdf:value"),
    *((*ACTIVITIES, "dpv:hasNotice", number) for number in (0, 1)),
    *(
        (*ACTIVITIES, "dpv:hasNotice", number, name)
        for number in (0, 1)
        for name in ("@type", "dct:date", "dct:language", "im:sha256")
    ),
    (*ACTIVITIES, "dpv:hasNotice", 0, "dct:description"),
    (*ACTIVITIES, "dpv:hasNotice", 1, "dct:source"),
    (*ACTIVITIES, "dpv:hasRight", 6),
    (*ACTIVITIES, "dpv:hasRight", 2, "dpv:isExercisedAt"),
    *(
        (*ACTIVITIES, "dpv:hasProcess", 0, name)
        for name in (
            "@type", "dct:description", "dpv:hasPurpose", "dpv:hasLegalBasis", "dpv:hasPersonalData",
            "dpv:hasNecessity", "dpv:hasProcessing", "dpv:hasDataSource", "dpv:hasDataController", "dpv:hasRecipient",
            "dpv:hasStorageCondition",
        )
    ),
    (*ACTIVITIES, "dpv:hasProcess", 0, "dpv:hasStorageCondition", -1),
    (*ACTIVITIES, "dpv:hasProcess", 0, "dpv:hasStorageCondition", -1, "dpv:hasDuration"),
    *(
        (*ACTIVITIES, "dpv:hasProcess", 0, "dpv:hasProcess", 0, name)
        for name in ("@type", "dpv:hasProcessing", "dpv:hasRecipient", "dct:created", "dpv:hasActivityStatus")
    ),
]  # fmt: skip
# An entity is one node, however often a record names it: what a party lacks, it must lack everywhere.
PARTIES = [
    (party, name)
    for party in (1, 2)
    for name in ("@id", "@type", "dpv:hasIdentifier", "dpv:hasName", "dpv:hasAddress", "dpv:hasContact")
] + [(0, "@type"), (0, "dpv:hasIdentifier")]


def without(document: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    shortened = copy.deepcopy(document)
    node: Any = shortened
    for step in path[:-1]:
        node = node[step]
    del node[path[-1]]
    return shortened


def test_the_receipt_has_all_that_the_standard_asks_for():
    assert complaints(WHOLE) == ""


@pytest.mark.parametrize("path", FIELDS, ids=lambda path: " ".join(str(step) for step in path[-4:]))
def test_a_receipt_that_lacks_a_mandatory_field_is_found(path):
    assert complaints(without(WHOLE, path))


@pytest.mark.parametrize(("party", "name"), PARTIES)
def test_a_party_that_lacks_a_mandatory_field_is_found(party, name):
    shortened = copy.deepcopy(WHOLE)
    for record in shortened["dpv:hasRecordOfActivity"]:
        del record["dpv:hasEntity"][party][name]
    assert complaints(shortened)


def test_where_nothing_is_kept_is_found_to_be_missing():
    shortened = copy.deepcopy(WHOLE)
    process = shortened["dpv:hasRecordOfActivity"][0]["dpv:hasProcess"][0]
    process["dpv:hasStorageCondition"] = process["dpv:hasStorageCondition"][-1:]
    assert complaints(shortened)


def test_an_enquiry_dressed_up_as_a_consent_is_found():
    dressed = copy.deepcopy(WHOLE)
    activities = dressed["dpv:hasRecordOfActivity"][0]
    activities["dpv:hasConsentStatus"] = dressed["dpv:hasRecordOfActivity"][1]["dpv:hasConsentStatus"]
    assert complaints(dressed)


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
CHOICES = st.lists(
    st.builds(
        choice,
        st.sampled_from(list(terms.STATES)),
        by=st.sampled_from(["visitor", "portal", "Ana"]),
        label=TEXTS,
        at=st.timedeltas(timedelta(0), timedelta(days=700)).map(lambda ago: NOW - ago),
    ),
    max_size=3,
)
RETENTIONS = st.sampled_from(["P2D", "P12M", "P3Y"])


@st.composite
def anybodys(draw: st.DrawFn) -> Facts:
    """Any enquiry: hostile names, any history of choices and disclosures, purposes as they may come to be."""
    rows = founding.first_purposes()
    for row in rows:
        row.retention = draw(RETENTIONS)
        row.locations = draw(st.lists(st.sampled_from(["ES", "FR", "GB", "DE", "SE"]), min_size=1, unique=True))
        row.recipients = row.recipients + [{"kind": "other", "text": draw(TEXTS)}] * draw(st.integers(0, 1))
    agency = Agency(id=1, slug="a", name=draw(TEXTS), phone=draw(st.none() | TEXTS), created_at=NOW)
    return facts(
        agency=agency, purposes=rows, choices=draw(CHOICES),
        disclosures=[disclosure(draw(st.booleans()), number) for number in range(draw(st.integers(0, 3)))],
    )  # fmt: skip


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anybodys(), st.sampled_from(["en", "es", "de", "fr", "nl", "sv"]))
def test_every_receipt_has_all_that_the_standard_asks_for(enquiry, locale):
    document = documents.document(enquiry, ORIGIN, locale)
    assert complaints(document) == ""
    asked = {"dpv:ConsentRecord": 1 if enquiry.choices else 0, "dpv:RecordsOfActivities": 1}
    kinds = [record["@type"] for record in document["dpv:hasRecordOfActivity"]]
    assert {kind: kinds.count(kind) for kind in asked} == asked


def test_every_term_is_one_of_dpv(shared):
    known = set((shared / "vectors" / "dpv-2.3-terms.txt").read_text().split())
    every = facts(choices=[choice(state) for state in terms.STATES], disclosures=[disclosure(), disclosure(False, 2)])
    used = {str(node) for triple in graph(documents.document(every, ORIGIN, "en")) for node in triple}
    used = {node for node in used if node.startswith(DPV)}
    assert used <= known, sorted(used - known)
    named = {*terms.RECEIPT, *terms.RECORD, *terms.LINKS, *terms.TIMES, *terms.STATES.values(), *terms.PROCESSING}
    spelt = {f"{terms.PREFIXES[prefix]}{name}" for prefix, name in (term.split(":") for term in named)}
    assert {term for term in spelt if term.startswith(DPV)} <= known
    assert len(used) > 60


def test_the_receipt_keeps_the_person_out_of_all_that_is_not_proof():
    text = json.dumps(WHOLE, ensure_ascii=False)
    for secret in ("Jane", "jane@example.com", "May we see it?"):
        assert secret not in text


def test_states_over_time_all_stand_in_the_one_record_of_their_purpose():
    every = [choice(state, at=NOW + timedelta(days=number)) for number, state in enumerate(terms.STATES)]
    _, record = documents.document(facts(choices=every), ORIGIN, "en")["dpv:hasRecordOfActivity"]
    assert [state["@type"][0] for state in record["dpv:hasConsentStatus"]] == list(terms.STATES.values())
    assert record["dpv:hasProcess"][0]["dpv:hasNecessity"] == "dpv:Optional"


def test_what_another_hand_signed_is_told_from_the_person():
    withdrawn = facts(choices=[choice(), choice("withdrawn", by="Ana")])
    _, record = documents.document(withdrawn, ORIGIN, "en")["dpv:hasRecordOfActivity"]
    given, ended = (state["dpv:isIndicatedBy"] for state in record["dpv:hasConsentStatus"])
    assert given == record["dpv:hasDataSubject"] and ended != given
