"""The first policy: the controller's own Data Policy of 12 August 2021, published unchanged as version 1.

Its text stands beside this module, byte for byte as the controller gave it, and must never be edited: every enquiry
made under it is bound to its fingerprint. With it come the purposes that the portal begins with.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from portal.consent import annexes, announcing, policies, purposes
from portal.consent.policies import PolicyVersion
from portal.consent.purposes import AGENCY, Purpose
from portal.language.messages import N_

TEXT = Path(__file__).parent / "texts" / "data-policy-1.en.txt"
SHA256 = "4a6f0fd9194f40ace8be950b33f72f724cd4e77a92304ac47187651f16f5d8f1"
EFFECTIVE = datetime(2021, 8, 12, tzinfo=UTC)
APPROVED_BY = "OptimaSys Group Spain S.L."

DPV = "https://w3id.org/dpv#"
PD = "https://w3id.org/dpv/pd#"
GDPR = "https://w3id.org/dpv/legal/eu/gdpr#"

NAME = {"iri": f"{PD}Name", "text": N_("your name")}
EMAIL = {"iri": f"{PD}EmailAddress", "text": N_("your e-mail address")}
PHONE = {"iri": f"{PD}TelephoneNumber", "text": N_("your phone number, if you give it")}
WORDS = {"iri": f"{PD}Communication", "text": N_("what you write")}
SEARCH = {"iri": f"{PD}Preference", "text": N_("what you tell of your search and how to answer you")}
NETWORK = {"iri": f"{PD}IPAddress", "text": N_("the address of your network, under a key that is destroyed")}
BROWSER = {"iri": f"{PD}UserAgent", "text": N_("what your browser says of itself")}
# The Commission's decision on the United Kingdom, as renewed in December 2025.
UNITED_KINGDOM = {
    "country": "GB", "iri": f"{GDPR}A45-3", "text": N_("adequacy decision of the European Commission"),
    "until": "2031-12-27",
}  # fmt: skip
PLACES: dict[str, Any] = {"locations": ["ES", "FR", "GB"], "transfers": [UNITED_KINGDOM]}


class PolicyAltered(Exception):
    """The text beside this module is not the one the controller gave."""


def publish_first_policy(session: Session, now: datetime) -> PolicyVersion:
    """The data policy's version 1 with its purposes, published where there is none yet. Raises `PolicyAltered`."""
    if not purposes.every_row(session):
        purposes.add(session, first_purposes())
    present = policies.every_version(session, policies.DATA_POLICY)
    for version in present:
        if version.id is not None and version.effective_at is not None:  # published before annexes were
            annexes.freeze(session, version.id, version.effective_at)
    if present:
        return present[-1]
    body = TEXT.read_bytes()
    if hashlib.sha256(body).hexdigest() != SHA256:
        raise PolicyAltered(f"{TEXT.name} is not the text with the SHA-256 {SHA256}")
    first = policies.add(
        session, policies.DATA_POLICY, "en", "Data Policy", body.decode(), "2021-08-12", EFFECTIVE, APPROVED_BY
    )
    announcing.record_published(session, first, now)
    return first


def first_purposes() -> list[Purpose]:
    """What the portal processes data for from its first day, as rows to be put in."""
    return [
        Purpose(
            code="enquiry", valid_from=EFFECTIVE, position=1, title=N_("Your enquiry"),
            text=N_("To record your enquiry, pass it to the agency and show you what became of it."),
            dpv=f"{DPV}RequestedServiceProvision", basis="6.1.b", basis_iri=f"{GDPR}A6-1-b-enter-into-contract",
            basis_text=N_("Steps you ask for before a contract (GDPR, Art. 6.1.b)."),
            data=[NAME, EMAIL, PHONE, WORDS, SEARCH], recipients=[{"kind": AGENCY, "text": N_("the agency")}],
            retention="P12M",
            retention_text=N_("Twelve months after the last step; then blocked for three years and destroyed."),
            **PLACES,
        ),
        Purpose(
            code="security", valid_from=EFFECTIVE, position=2, title=N_("Security"),
            text=N_("To keep abuse away."), dpv=f"{DPV}MisusePreventionAndDetection", basis="6.1.f",
            basis_iri=f"{GDPR}A6-1-f", basis_text=N_("Our interest in a site that is safe (Art. 6.1.f)."),
            data=[NETWORK, BROWSER], recipients=[], retention="P2D", retention_text=N_("Two days at most."), **PLACES,
        ),
        Purpose(
            code="proof", valid_from=EFFECTIVE, position=3, title=N_("Proof"),
            text=N_("To prove what was recorded, agreed and passed on."), dpv=f"{DPV}LegalCompliance", basis="6.1.c",
            basis_iri=f"{GDPR}A6-1-c", basis_text=N_("Our duty to account for it (Art. 6.1.c)."),
            data=[NAME, EMAIL, PHONE, WORDS], recipients=[], retention="P3Y",
            retention_text=N_("Three years after it was last relied on; erased with your data before, if you ask."),
            **PLACES,
        ),
        Purpose(
            code="marketing_portal", valid_from=EFFECTIVE, position=4, title=N_("Similar homes by e-mail"),
            text=N_("Only if you tick the box: to e-mail you about similar homes."), dpv=f"{DPV}DirectMarketing",
            basis="6.1.a", basis_iri=f"{GDPR}A6-1-a", basis_text=N_("For that, your consent (Art. 6.1.a)."),
            opt_in=True, control="marketing", label=N_("ImmoMarket may also e-mail me about similar homes."),
            consent_months=24, data=[NAME, EMAIL, SEARCH], recipients=[], retention="P24M",
            retention_text=N_("Until you withdraw, and two years at most unless you renew it."), **PLACES,
        ),
    ]  # fmt: skip
