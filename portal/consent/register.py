"""The register of processing activities that the GDPR asks of a controller (Art. 30.1), made from purposes alone.

Owns no table. What it says of a moment is what the notice, the annex and the receipts said at that moment.
"""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from portal.consent import policies, purposes
from portal.consent.controller import AUTHORITY, CONTROLLER
from portal.consent.policies import PolicyUnknown
from portal.consent.purposes import Purpose
from portal.language.formats import utc

# What these are is the same for every purpose: whoever sends the form, and how all that is stored is kept safe.
PEOPLE = "people who enquire about a property"
SECURITY = (
    "encrypted transport", "one transaction, synced to disk", "an identity in one table, every column with its rule",
    "a sealed ledger under salted commitments", "networks counted under keys that live two days at most",
)  # fmt: skip


def register(session: Session, at: datetime) -> dict[str, Any]:
    """The register as of a moment: the controller, and each activity with everything Art. 30.1 asks for. In English."""
    return {
        "controller": ", ".join(CONTROLLER),
        "authority": AUTHORITY[0],
        "at": utc(at),
        "policy": _policy(session, at),
        "activities": [_activity(why) for why in purposes.in_force(session, at)],
        "security": list(SECURITY),
    }


def _policy(session: Session, at: datetime) -> str | None:
    try:
        version = policies.in_force(session, policies.DATA_POLICY, "en", at)
    except PolicyUnknown:
        return None
    return f"{version.document}/{version.number}"


def _activity(why: Purpose) -> dict[str, Any]:
    return {
        "code": why.code, "since": utc(why.valid_from), "title": why.title, "purpose": why.text, "purpose_iri": why.dpv,
        "basis": why.basis_text, "basis_iri": why.basis_iri, "people": PEOPLE,
        "data": [kind["text"] for kind in why.data], "data_iris": [kind["iri"] for kind in why.data],
        "recipients": [other["text"] for other in why.recipients], "countries": why.locations,
        "transfers": why.transfers, "kept": why.retention_text, "period": why.retention,
        "consent": {"label": why.label, "months": why.consent_months} if why.opt_in else None,
    }  # fmt: skip
