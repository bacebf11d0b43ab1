"""The first policy: the controller's own Data Policy of 12 August 2021, published unchanged as version 1.

Its text stands beside this module, byte for byte as the controller gave it, and must never be edited: every enquiry
made under it is bound to its fingerprint.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session

from portal import ledger
from portal.consent import policies
from portal.consent.policies import PolicyVersion

TEXT = Path(__file__).parent / "texts" / "data-policy-1.en.txt"
SHA256 = "4a6f0fd9194f40ace8be950b33f72f724cd4e77a92304ac47187651f16f5d8f1"
EFFECTIVE = datetime(2021, 8, 12, tzinfo=UTC)
APPROVED_BY = "OptimaSys Group Spain S.L."


class PolicyAltered(Exception):
    """The text beside this module is not the one the controller gave."""


def publish_first_policy(session: Session, now: datetime) -> PolicyVersion:
    """The data policy's version 1, published where there is none yet. Raises `PolicyAltered`."""
    present = policies.every_version(session, policies.DATA_POLICY)
    if present:
        return present[-1]
    body = TEXT.read_bytes()
    if hashlib.sha256(body).hexdigest() != SHA256:
        raise PolicyAltered(f"{TEXT.name} is not the text with the SHA-256 {SHA256}")
    first = policies.add(
        session, policies.DATA_POLICY, "en", "Data Policy", body.decode(), "2021-08-12", EFFECTIVE, APPROVED_BY
    )
    about = {"document": first.document, "number": first.number, "locale": first.locale, "sha256": first.body_sha256}
    ledger.record(session, "policy_published", now, business=about)
    return first
