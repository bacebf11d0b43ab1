"""The words of a receipt for machines: DPV 2.3 and ISO/IEC TS 27560, as far as receipts use them.

Every term of a vocabulary of DPV that can stand in a receipt is here or in a row of `purpose`; a test looks each up in
the published list. The vocabularies themselves are never fetched: the context stands in every receipt.
"""

from typing import Any

VOCABULARY = "DPV 2.3 (2026-02-25)"  # meanings move between versions
RECEIPT = ("dpv-27560:receipt", "dpv-27560:receipt-eu-gdpr")
RECORD = ("dpv-27560:record", "dpv-27560:record-eu-gdpr")

PREFIXES = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "loc": "https://w3id.org/dpv/loc#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "legal-eu": "https://w3id.org/dpv/legal/eu#",
    "legal-es": "https://w3id.org/dpv/legal/es#",
    "dpv-27560": "https://w3id.org/dpv/schema/dpv-27560#",
    "dct": "http://purl.org/dc/terms/",
    "schema": "https://schema.org/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "im": "https://immomarket.net/ns/receipt#",
}
LINKS = (
    "dct:conformsTo", "dct:publisher", "dct:source", "dpv:hasActivityStatus", "dpv:hasApplicableLaw",
    "dpv:hasAuthority", "dpv:hasDataController", "dpv:hasDataSource", "dpv:hasDataSubject", "dpv:hasJurisdiction",
    "dpv:hasLegalBasis", "dpv:hasLocation", "dpv:hasNecessity", "dpv:hasPersonalData", "dpv:hasProcessing",
    "dpv:hasPurpose", "dpv:hasRecipient", "dpv:isExercisedAt", "dpv:isIndicatedBy",
)  # fmt: skip
TIMES = ("dct:created", "dct:date", "dct:issued", "dpv:isIndicatedAtTime")

CONTEXT: dict[str, Any] = {
    **PREFIXES,
    **{link: {"@type": "@id"} for link in LINKS},
    **{time: {"@type": "xsd:dateTime"} for time in TIMES},
    "proof": {"@id": "im:proof", "@type": "@json"},
}

STATES = {
    "given": "dpv:ConsentGiven",
    "renewed": "dpv:RenewedConsentGiven",
    "refused": "dpv:ConsentRefused",
    "withdrawn": "dpv:ConsentWithdrawn",
    "expired": "dpv:ConsentExpired",
}
# What people may ask for, by the article that gives it to them; A7-3 is of consents only, A77 goes to the authority.
RIGHTS = ("A15", "A16", "A17", "A18", "A20", "A21")
# What is done with the data of a purpose: everything is collected and kept, some of it is passed on.
PROCESSING = ("dpv:Collect", "dpv:Store", "dpv:Use")


def country(code: str) -> str:
    """A country of ISO 3166 as DPV names it."""
    return f"loc:{code}"
