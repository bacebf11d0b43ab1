"""The receipt of an enquiry: to read, to print, and as a file that can be checked without us.

Its address is a bearer token that stands in the visitor's mail alone. It shows the person, so nobody keeps it and no
search engine finds it; while the enquiry is held nothing is shown yet, and after an erasure never again (410).
"""

import json
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portal import leads
from portal.consent import wording
from portal.consent.controller import CONTROLLER
from portal.language.messages import N_
from portal.ledger import bundles, keys
from portal.receipts import documents, links
from portal.receipts.reading import UNSEEN, Facts, read
from portal.web.rendering import PRIVATE, page
from portal.web.site import Site, language, site
from portal.web.transactions import reading

STATES = {
    "given": N_("You agreed"),
    "refused": N_("You did not agree"),
    "withdrawn": N_("You withdrew it"),
    "renewed": N_("You renewed it"),
    "expired": N_("Its time was over"),
}
# In the order in which they happen, for those of one moment.
EVENTS = {
    "lead_recorded": N_("Your enquiry was recorded"),
    "consent_given": N_("You agreed"),
    "consent_refused": N_("You did not agree"),
    "receipt_issued": N_("This receipt was issued"),
    "lead_marked_spam": N_("Taken for spam"),
    "lead_released": N_("Released after a check"),
    "disclosure_intended": N_("To be passed to the agency"),
    "mail_accepted": N_("A mail server took our e-mail"),
    "disclosure_passed": N_("Passed to the agency’s mail server"),
    "mail_delivered": N_("Our e-mail has arrived"),
    "mail_refused": N_("A mail server refused our e-mail"),
    "mail_bounced": N_("Our e-mail came back"),
    "mail_complained": N_("Our e-mail was called unwanted"),
    "mail_parked": N_("An e-mail waits for a person"),
    "mail_resent": N_("An e-mail is sent again"),
    "mail_cancelled": N_("An e-mail was not sent"),
    "agency_answered": N_("The agency answered"),
    "consent_withdrawn": N_("You withdrew it"),
    "consent_renewed": N_("You renewed it"),
    "consent_expired": N_("Its time was over"),
    "lead_rectified": N_("Your data was corrected"),
    "payload_shredded": N_("Data was erased"),
}


class Event(NamedTuple):
    """One event of the ledger as the page lists it; `number` is its place in the tree, None while it is promised."""

    text: str
    at: datetime
    number: int | None


class _Shown(NamedTuple):
    lead: leads.Lead
    facts: Facts | None
    proof: dict[str, Any]


async def show(request: Request) -> Response:
    """The receipt; while the enquiry is held, the sentence that it will stand here."""
    lang, token, here = language(request), request.path_params["token"], site(request)
    lead, facts, proof = await reading(request, _shown, here, token)
    if facts is None:
        return await page(request, "receipts/waiting.html", lang, private=True, lead=lead)
    return await page(
        request, "receipts/receipt.html", lang, private=True, facts=facts, lead=lead, token=token, wording=wording,
        leads=leads, states=STATES, controller=CONTROLLER, proof=proof, file=_name(lead), events=_events(proof),
    )  # fmt: skip


async def download(request: Request) -> Response:
    """The receipt for machines, with its proofs; 404 while the enquiry is held."""
    lang, token, here = language(request), request.path_params["token"], site(request)
    lead, document = await reading(request, _document, here, token, lang)
    headers = {
        **PRIVATE, "X-Robots-Tag": "noindex", "Content-Disposition": f'attachment; filename="{_name(lead)}"'
    }  # fmt: skip
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return Response(f"{text}\n", 200, headers, "application/ld+json")


def _shown(session: Session, here: Site, token: str) -> _Shown:
    lead = links.linked(session, here.signer, token)
    if lead.screening != "forward":
        return _Shown(lead, None, {})
    proof = bundles.of_lead(session, lead.reference, keys.promise(here.settings), halves=(), without=UNSEEN)
    return _Shown(lead, read(session, lead), proof)


def _document(session: Session, here: Site, token: str, lang: str) -> tuple[leads.Lead, dict[str, Any]]:
    lead = links.linked(session, here.signer, token)
    if lead.screening != "forward":
        raise HTTPException(404)
    key = keys.promise(here.settings)
    return lead, documents.proved(session, read(session, lead), here.settings.origin, lang, key)


def _events(proof: dict[str, Any]) -> list[Event]:
    leaves = [(json.loads(each["leaf"]), each["proof"]) for each in proof["events"]]
    order = list(EVENTS)
    leaves.sort(key=lambda pair: (pair[0]["at"], order.index(pair[0]["type"]) if pair[0]["type"] in EVENTS else -1))
    return [
        Event(EVENTS.get(leaf["type"], leaf["type"]), datetime.fromisoformat(leaf["at"]), _number(found))
        for leaf, found in leaves
    ]


def _number(proof: str | None) -> int | None:
    """The place in the tree that a proof is for: its second line, after `index`."""
    return int(proof.split("\n")[1].removeprefix("index ")) if proof else None


def _name(lead: leads.Lead) -> str:
    return f"{lead.reference}-receipt.jsonld"
